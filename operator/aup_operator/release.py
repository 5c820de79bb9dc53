"""One pass of putting a tenant back: check the records, restore each object, verify.

Field ownership is given back with the values, so that the tenant's next apply meets no conflict of ours. Nothing is
guessed: where a record is missing or does not match its digest, nothing is touched and the reason is told.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor

import msgspec

from aup.api.suspension import Unenforced
from aup.api.suspension_record import KIND, RecordEntry, SuspensionRecord, SuspensionRecordStatus
from aup.errors import AupError, InputError
from aup.facts import decoded
from aup.review import Json
from aup_operator import exposure, managed_fields, record, removal
from aup_operator.discovery import Resource, Resources
from aup_operator.drivers import BY_KIND
from aup_operator.drivers.driver import Driver, Rank
from aup_operator.drivers.pod import terminating
from aup_operator.hold import FAILURES
from aup_operator.kube import JSON_PATCH, MERGE_PATCH, Kube, KubeError
from aup_operator.selection import Selection
from aup_operator.status import write

_TRIES = 5
"""To change who owns an object's fields, while its controllers write to it."""


class Put(msgspec.Struct, frozen=True):
    """What became of one recorded object: `restored`, `gone` (deleted or replaced by the tenant), or a failure."""

    result: str
    failure: Unenforced | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What a pass came to; everything is back when nothing is unenforced."""

    restored: int
    gone: int
    unenforced: list[Unenforced]


def damage(kube: Kube, names: Sequence[str]) -> str:
    """What is wrong with the named records; empty where all are there and say what was written."""
    for name in names:
        manifest = kube.get(f"{KIND.path}/{name}")
        if manifest is None:
            return f"SuspensionRecord {name} is missing; restore it from a backup, nothing is guessed"
        try:
            sound = record.intact(decoded(manifest, SuspensionRecord))
        except InputError:
            sound = False
        if not sound:
            return f"SuspensionRecord {name} was changed after it was written; restore it from a backup"
    return ""


def run(
    kube: Kube, pool: Executor, records: Sequence[SuspensionRecord], still: Selection, resources: Resources
) -> Outcome:
    """Put back every object of the records that is not done yet, what holds state first, and mark what is done.

    Once put back, an object is the tenant's again: a later pass for the rest does not touch it.

    Args:
        kube: The API server.
        pool: Threads for calls side by side.
        records: The tenant's.
        still: What suspensions that are still in force cover; that stays down.
        resources: What the API server serves.
    """
    waiting = [one for each in records for one in record.pending(each)]
    covered = still.closure(one for one in waiting if not one.created)
    entries = [one for one in waiting if not (still.covers_created(one) if one.created else one.uid in covered)]
    results: dict[str, Put] = {}
    for rank in Rank:
        batch = [one for one in entries if _rank(one) == rank]
        results |= zip((one.uid for one in batch), pool.map(lambda one: _put(kube, resources, one), batch), strict=True)
    for each in records:
        own = {one.uid: results[one.uid] for one in record.pending(each) if one.uid in results}
        if own:
            write(kube, KIND, each, _status(each, own), unchanged=True)
    removed = {removal.original_uid(one) for one in entries if removal.is_removed(one)}
    return Outcome(
        restored=sum(each.status.restored or 0 for each in records)
        + sum(one.result == "restored" for one in results.values()),
        gone=sum(each.status.gone or 0 for each in records)
        + sum(one.result == "gone" and uid not in removed for uid, one in results.items()),
        unenforced=[one.failure for one in results.values() if one.failure is not None],
    )


def _status(stored: SuspensionRecord, results: Mapping[str, Put]) -> SuspensionRecordStatus:
    done = [*stored.status.done, *(uid for uid, put in results.items() if put.failure is None)]
    return msgspec.structs.replace(
        stored.status,
        observed_generation=stored.metadata.generation,
        phase="Restored" if len(done) == len(stored.spec.entries) else "Holding",
        done=done,
        restored=(stored.status.restored or 0) + sum(one.result == "restored" for one in results.values()),
        gone=(stored.status.gone or 0) + sum(one.result == "gone" for one in results.values()),
    )


def _rank(entry: RecordEntry) -> Rank:
    """When an object's turn is; traffic is let through again before anything runs."""
    if entry.created:
        return Rank.STATE
    driver = _driver(entry)
    return driver.rank if driver else Rank.WORKLOAD


def _driver(entry: RecordEntry) -> Driver | None:
    return BY_KIND.get((entry.group, entry.kind))


def _put(kube: Kube, resources: Resources, entry: RecordEntry) -> Put:
    try:
        return Put("restored" if _restored(kube, resources, entry) else "gone")
    except FAILURES as error:
        return Put("failed", Unenforced(object=record.label(entry), reason=str(error)[:5000]))


def _restored(kube: Kube, resources: Resources, entry: RecordEntry) -> bool:
    """Put one object back; whether it is there. One of the same name with another UID is another object."""
    if entry.created:
        exposure.open_again(kube, entry)
        return True
    resource = resources.get((entry.group, entry.kind))
    if resource is None:
        return False  # the kind itself is gone, and its objects with it
    path = resource.path(entry.namespace, entry.name)
    if entry.manifest:
        return _created(kube, resource, entry)
    manifest = kube.get(path)
    if manifest is None or manifest["metadata"]["uid"] != entry.uid:
        return False
    driver = _driver(entry)
    operations = record.restore(manifest, entry)
    if operations:
        outdated = driver.outdated(manifest) if driver else {}
        if outdated:
            kube.patch(f"{path}/status", {"metadata": {"uid": entry.uid}, "status": outdated}, MERGE_PATCH)
        manifest = kube.patch(path, operations, JSON_PATCH)
        if record.restore(manifest, entry):
            raise AupError("something changes its fields as they are put back, such as a webhook; trying again")
    _give_back(kube, path, manifest, lambda there: managed_fields.given_back(there, entry.fields))
    problem = driver.unfinished(manifest) if driver else ""
    if problem:
        raise AupError(problem)
    return True


def _created(kube: Kube, resource: Resource, entry: RecordEntry) -> bool:
    """Create an object again; one of its name may be there from a pass before, or the old one may still be ending."""
    driver, manifest = _driver(entry), msgspec.json.decode(entry.manifest)
    if driver is not None:
        manifest = driver.recreated(manifest)
    managed = manifest["metadata"].pop("managedFields", [])
    path = resource.path(entry.namespace, entry.name)
    try:
        there = kube.create(resource.collection(entry.namespace), manifest)
    except KubeError as error:
        if error.not_found or error.ending:
            return False  # the namespace is gone, or going
        found = kube.get(path)  # whatever the error: where a Service is there, it says that its address is taken
        if found is None or (found["metadata"]["uid"] == removal.original_uid(entry) and terminating(found)):
            raise  # the old one still ends; the next pass tries again
        there = found
    if managed:
        _give_back(kube, path, there, lambda there: managed_fields.handed_over(there, managed))
    return True


def _give_back(kube: Kube, path: str, manifest: Json | None, wanted: Callable[[Json], list[Json] | None]) -> None:
    """Change who owns the fields of an object, and nothing else; controllers may write to it at the same time."""
    for attempt in range(_TRIES):
        managed = wanted(manifest) if manifest is not None else None
        if manifest is None or managed is None:
            return
        metadata = manifest["metadata"]
        body = {"metadata": {key: metadata[key] for key in ("uid", "resourceVersion")} | {"managedFields": managed}}
        try:
            kube.patch(path, body, MERGE_PATCH)
        except KubeError as error:
            if not error.conflict or attempt == _TRIES - 1:
                raise
            manifest = kube.get(path)
        else:
            return

"""One pass of putting a tenant back: check the records, restore each object, verify.

Nothing is guessed: where a record is missing or does not match its digest, nothing is touched and the reason is told.
"""

from collections.abc import Sequence
from concurrent.futures import Executor

import msgspec

from aup.api.suspension import Unenforced
from aup.api.suspension_record import KIND, RecordEntry, SuspensionRecord, SuspensionRecordStatus
from aup.errors import InputError
from aup.facts import decoded
from aup.review import Json
from aup_operator import record
from aup_operator.drivers import BY_KIND, RESTORE_ORDER
from aup_operator.drivers.driver import Driver
from aup_operator.drivers.pod import terminating
from aup_operator.hold import FAILURES
from aup_operator.kube import JSON_PATCH, Kube, KubeError
from aup_operator.status import write


class Put(msgspec.Struct, frozen=True):
    """What became of one recorded object: `restored`, `gone` (deleted or replaced by the tenant), or a failure."""

    result: str
    failure: Unenforced | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What a pass came to; done when nothing is left to put back."""

    restored: int
    gone: int
    unenforced: list[Unenforced]

    @property
    def done(self) -> bool:
        """Whether everything is back."""
        return not self.unenforced


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


def run(kube: Kube, pool: Executor, records: Sequence[SuspensionRecord]) -> Outcome:
    """Put back every object of the records that is not done yet, what holds state first, and mark what is done.

    Once put back, an object is the tenant's again: a later pass for the rest does not touch it.
    """
    entries = [one for each in records for one in record.pending(each)]
    results: dict[str, Put] = {}
    for position in range(len(RESTORE_ORDER)):
        batch = [one for one in entries if _position(one) == position]
        results |= zip((one.uid for one in batch), pool.map(lambda one: _put(kube, one), batch), strict=True)
    for each in records:
        own = {one.uid: results[one.uid] for one in record.pending(each)}
        done = [*each.status.done, *(uid for uid, put in own.items() if put.failure is None)]
        status = SuspensionRecordStatus(
            observed_generation=each.metadata.generation,
            phase="Restored" if len(done) == len(each.spec.entries) else "Holding",
            done=done,
            restored=(each.status.restored or 0) + sum(one.result == "restored" for one in own.values()),
            gone=(each.status.gone or 0) + sum(one.result == "gone" for one in own.values()),
        )
        write(kube, KIND, each, status)
    return Outcome(
        restored=sum(each.status.restored or 0 for each in records)
        + sum(one.result == "restored" for one in results.values()),
        gone=sum(each.status.gone or 0 for each in records) + sum(one.result == "gone" for one in results.values()),
        unenforced=[one.failure for one in results.values() if one.failure is not None],
    )


def _position(entry: RecordEntry) -> int:
    return RESTORE_ORDER.index(entry.kind)


def _put(kube: Kube, entry: RecordEntry) -> Put:
    try:
        return Put("restored" if _restored(kube, entry) else "gone")
    except FAILURES as error:
        label = f"{entry.kind} {entry.namespace}/{entry.name}"
        return Put("failed", Unenforced(object=label, reason=str(error)[:5000]))


def _restored(kube: Kube, entry: RecordEntry) -> bool:
    """Put one object back; whether it is there. One of the same name with another UID is another object."""
    driver = BY_KIND[entry.api_version, entry.kind]
    path = driver.path(entry.namespace, entry.name)
    if entry.manifest:
        return _created(kube, driver, entry)
    manifest = kube.get(path)
    if manifest is None or manifest["metadata"]["uid"] != entry.uid:
        return False
    operations = record.restore(manifest, entry)
    if operations:
        kube.patch(path, operations, JSON_PATCH)
    return True


def _created(kube: Kube, driver: Driver, entry: RecordEntry) -> bool:
    """Create a bare Pod again; one of its name may be there from a pass before, or the old one may still be ending."""
    manifest: Json = msgspec.json.decode(entry.manifest)
    try:
        kube.create(driver.collection(entry.namespace), manifest)
    except KubeError as error:
        if error.not_found:
            return False  # the namespace is gone
        if not error.conflict:
            raise
        there = kube.get(driver.path(entry.namespace, entry.name))
        if there is None or (there["metadata"]["uid"] == entry.uid and terminating(there)):
            raise  # the old one still ends; the next pass tries again
    return True

"""One pass of holding a tenant down: find, record, read back, change, and count what still runs.

A pass may end anywhere and the next one goes on: what is recorded is found again by UID, what is down already needs no
patch, and nothing is changed that is not recorded.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from itertools import groupby
from typing import TypeVar

import msgspec

from aup.api.meta import TENANT_LABEL
from aup.api.suspension import Suspension, Unenforced
from aup.api.suspension_record import KIND, RecordEntry, Requested, SuspensionRecord
from aup.errors import AupError
from aup.facts import decoded
from aup.review import Json
from aup_operator import exposure, record, removal
from aup_operator.discovery import Served
from aup_operator.find import GRACE_SECONDS, Found, FoundPod, Listed, Target, find_pods, look, looked_after
from aup_operator.kube import JSON_PATCH, Kube, KubeError
from aup_operator.namespaces import TenantNamespace
from aup_operator.selection import Selection
from aup_operator.status import write

FAILURES = (AupError, OSError)
"""What a call to the API server may end with when it does not succeed."""

_TOO_LARGE = "It is too large to be recorded. It is left as it is, its Pods are deleted, and the freeze holds new ones."
_TOO_MANY = "It is one of very many made during the suspension: neither recorded nor changed. Its Pods are denied."
MOST_RECORDS = 900
"""Below what a status can name (1,000): a tenant that makes new objects all the time must not use it up."""

_STATIC = "It is a static Pod: only who may write files on its node can stop it. Remove its manifest there."
_REQUESTED_CHARACTERS, _MOST_REQUESTED = 1024, 200


class Scope(msgspec.Struct, frozen=True):
    """What a pass is about: the suspensions in force, what they cover, and where."""

    suspensions: Sequence[Suspension]
    selection: Selection
    namespaces: Sequence[TenantNamespace]

    @property
    def tenant(self) -> str:
        """The tenant."""
        return self.suspensions[0].spec.tenant


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass came to: `unmanaged` is held by the denial of its Pods alone, `drifted` had come up again."""

    recorded: int
    records: list[str]
    held: int = 0
    running: int = 0
    removed: int = 0
    unenforced: list[Unenforced] = []
    unmanaged: list[Unenforced] = []
    drifted: list[str] = []


class OvertakenError(AupError):
    """The suspensions that a pass was about have changed meanwhile; the next pass sees what they are now."""


def records_of(kube: Kube, tenant: str, named: Iterable[str] = ()) -> list[SuspensionRecord]:
    """The tenant's records that still hold something down."""
    return _holding(_stored(kube, tenant, named))


def _holding(records: Iterable[SuspensionRecord]) -> list[SuspensionRecord]:
    return [one for one in records if one.status.phase != "Restored"]


def _stored(kube: Kube, tenant: str, named: Iterable[str]) -> list[SuspensionRecord]:
    """All the tenant's records: those with its label, and those that a status names.

    A record that was restored from a backup may have lost its label.
    """
    listed = kube.list(KIND.path, label_selector=f"{TENANT_LABEL}={tenant}")
    known = {manifest["metadata"]["name"]: manifest for manifest in listed}
    for name in set(named) - known.keys():
        manifest = kube.get(f"{KIND.path}/{name}")
        if manifest is not None:
            known[name] = manifest
    return [decoded(known[name], SuspensionRecord) for name in sorted(known)]


def write_ahead(
    kube: Kube,
    pool: Executor,
    suspension: Suspension,
    stored: Sequence[SuspensionRecord],
    entries: Iterable[RecordEntry],
) -> list[SuspensionRecord]:
    """Record what is not recorded yet, and read it back; no name of a record is given twice.

    Returns:
        All records that hold something, the new ones behind those stored before.

    Raises:
        AupError: What was read back is not what was written.
    """
    known = _holding(stored)
    recorded = recorded_uids(known)
    new = [one for one in entries if one.uid not in recorded]
    prefix = record.name_of(suspension)
    first = 1 + max((_number(one.metadata.name, prefix) for one in stored), default=0)
    return [*known, *pool.map(lambda manifest: _written(kube, manifest), record.records(suspension, new, first))]


def recorded_uids(records: Iterable[SuspensionRecord]) -> set[str]:
    """The UIDs of what records still hold."""
    return {one.uid for each in records for one in record.pending(each)}


def _written(kube: Kube, manifest: Json) -> SuspensionRecord:
    name = manifest["metadata"]["name"]
    kube.create(KIND.path, manifest)
    stored = kube.get(f"{KIND.path}/{name}")
    written = decoded(stored, SuspensionRecord) if stored else None
    if written is None or not record.intact(written):
        raise AupError(f"SuspensionRecord {name} does not read back as written")
    return written


def _number(name: str, prefix: str) -> int:
    head, _, number = name.rpartition("-")
    return int(number) if head == prefix else 0


def take_down(kube: Kube, pool: Executor, targets: Sequence[Target]) -> list[Unenforced]:
    """Patch what is not down yet, what starts others first; what fails is told and tried again in the next pass."""

    def patch(target: Target) -> None:
        kube.patch(target.path, target.down, JSON_PATCH)

    up = [target for target in targets if target.down]
    return [
        failure
        for _, stage in groupby(up, key=lambda target: target.driver.stage)
        for failure in each(pool, list(stage), patch)
    ]


def delete_pods(kube: Kube, pool: Executor, pods: Sequence[FoundPod], *, overdue: bool) -> list[Unenforced]:
    """Delete Pods, each only if it is still the one found; once overdue, none gets more than 30 s to end."""

    def delete(pod: FoundPod) -> None:
        kube.delete(pod.path, pod.uid, min(pod.patience, GRACE_SECONDS) if overdue else None)

    return each(pool, pods, delete)


_T = TypeVar("_T", bound=Listed)


def each(pool: Executor, targets: Sequence[_T], action: Callable[[_T], None]) -> list[Unenforced]:
    """Do something to each target at the pool's width; what failed, with why. An object that is gone is no failure."""

    def tried(target: _T) -> Unenforced | None:
        try:
            action(target)
        except KubeError as error:
            return None if error.not_found else Unenforced(object=target.label, reason=str(error)[:5000])
        except FAILURES as error:
            return Unenforced(object=target.label, reason=str(error)[:5000])
        return None

    return [failure for failure in pool.map(tried, targets) if failure is not None]


def stray(pods: Iterable[FoundPod], found: Found, *, overdue: bool) -> list[FoundPod]:
    """The Pods to delete: those that no held controller looks after; once overdue, all that are left.

    Those are also the Pods that a tenant gave years to end.
    """
    return [
        pod
        for pod in pods
        if not pod.mirror
        and (
            (not pod.terminating and (overdue or not looked_after(pod, found.seen)))
            or (overdue and pod.ends_in > GRACE_SECONDS)
        )
    ]


def run(
    kube: Kube,
    pool: Executor,
    scope: Scope,
    served: Served,
    *,
    overdue: bool,
    enforced: bool,
    now: datetime,
    in_force: Callable[[], bool],
    progress: Callable[[Outcome], None],
) -> Outcome:
    """One whole pass over a tenant whose namespaces are frozen already.

    Args:
        kube: The API server.
        pool: Threads for calls side by side.
        scope: The suspensions in force, of which the first opens new records, and what they cover.
        served: What the API server serves.
        overdue: Whether controllers have had their time to take their Pods down.
        enforced: Whether everything was down before, so that what is up now came up again.
        now: The instant of the pass.
        in_force: Whether the suspensions are still as they were when the pass began. Asked before anything is recorded
            and before anything is changed, since another operator may be lifting them: what was found up may be so
            because that one has put it back.
        progress: Told the outcome so far once everything is recorded, before anything is changed.

    Raises:
        OvertakenError: The suspensions are not as they were.
    """
    named = [name for one in scope.suspensions for name in one.status.records]
    recorded = pool.submit(_stored, kube, scope.tenant, named)
    found, pods = look(kube, pool, served.drivers, scope.namespaces, scope.selection)
    doomed = stray(pods, found, overdue=overdue)
    targets, failed = recordable(found.targets)
    bare, lost = recordable([pod for pod in doomed if not pod.owner and not pod.terminating])
    stored = recorded.result()
    known = _holding(stored)
    before = recorded_uids(known)
    policies = exposure.entries(scope.suspensions, scope.namespaces)
    archive = removal.archive(kube, scope.suspensions, scope.namespaces, known, served.resources)
    entries = [*(one.entry for one in targets), *(one.entry for one in bare), *policies, *archive.entries]
    to_do = bool(doomed or any(one.uid not in before for one in entries) or any(one.down for one in targets))
    if to_do:
        if not in_force():
            raise OvertakenError
        # Read again behind what runs: what another operator has taken down by then, it has recorded before.
        stored = _stored(kube, scope.tenant, named)
        before = recorded_uids(_holding(stored))
    if len(_holding(stored)) >= MOST_RECORDS:
        targets, too_many = known_alone(targets, before)
        failed += too_many
        entries = [one for one in entries if one.uid in before]
    records = write_ahead(kube, pool, scope.suspensions[0], stored, entries)
    up_again = [target for target in targets if enforced and target.down]
    _remember(kube, records, [target for target in up_again if target.uid in before], now)
    count = sum(len(one.spec.entries) for one in records)
    names = [one.metadata.name for one in records]
    progress(Outcome(recorded=count, records=names))
    if to_do and not in_force():
        raise OvertakenError
    failed += lost + found.unlisted + archive.unenforced
    failed += exposure.close(kube, scope.suspensions, scope.namespaces)
    failed += take_down(kube, pool, targets)
    failed += delete_pods(kube, pool, doomed, overdue=overdue)
    kept = removal.remove(kube, archive)
    failed += kept
    failed += [Unenforced(object=pod.label, reason=_STATIC) for pod in pods if pod.mirror]
    left = find_pods(kube, pool, scope.namespaces, scope.selection, found.seen)
    return Outcome(
        recorded=count,
        records=names,
        held=max(len(recorded_uids(records)) - len(failed), 0),
        running=len(left),
        removed=len(archive.entries) - len(kept) + archive.done,
        unenforced=failed,
        unmanaged=[*found.unknown, *_parents(doomed, found)],
        drifted=[
            *(target.label for target in up_again),
            *(pod.label for pod in _come_up(doomed, found, enforced=enforced)),
        ],
    )


def recordable(targets: Sequence[_T]) -> tuple[list[_T], list[Unenforced]]:
    """The objects that a record can hold, and those too large for one.

    What cannot be recorded is not changed, so that it cannot be restored wrongly; its Pods are deleted all the same
    and the freeze keeps new ones away.
    """
    fits = {target.uid: record.fits(target.entry) for target in targets}
    return (
        [target for target in targets if fits[target.uid]],
        [Unenforced(object=target.label, reason=_TOO_LARGE) for target in targets if not fits[target.uid]],
    )


def known_alone(targets: Sequence[_T], recorded: Collection[str]) -> tuple[list[_T], list[Unenforced]]:
    """The objects that are recorded already, and why the others are left as they are."""
    return (
        [target for target in targets if target.uid in recorded],
        [Unenforced(object=target.label, reason=_TOO_MANY) for target in targets if target.uid not in recorded],
    )


def _come_up(pods: Iterable[FoundPod], found: Found, *, enforced: bool) -> list[FoundPod]:
    """The Pods that came up by themselves though nothing ran before; those of a held object are told as that object."""
    return [one for one in pods if enforced and not one.terminating and not looked_after(one, found.seen)]


def _parents(pods: Iterable[FoundPod], found: Found) -> list[Unenforced]:
    """The controllers of deleted Pods that no driver pauses."""
    unknown = sorted({pod.parent for pod in pods if pod.owner and pod.owner not in found.seen})
    reason = "aup cannot pause it. Its Pods are deleted, and the API server refuses new ones."
    return [Unenforced(object=parent, reason=reason) for parent in unknown]


def _remember(kube: Kube, records: Iterable[SuspensionRecord], up_again: Iterable[Target], now: datetime) -> None:
    """Keep what was wanted of recorded fields meanwhile, beside the originals."""
    wanted = {
        (target.uid, field.path): Requested(uid=target.uid, path=field.path, value=field.value, at=now)
        for target in up_again
        for field in record.differing(target.entry, target.down)
        if len(field.value) <= _REQUESTED_CHARACTERS
    }
    for one in records if wanted else ():
        own = recorded_uids([one])
        new = {key: each for key, each in wanted.items() if key[0] in own}
        if new:
            kept = {(each.uid, each.path): each for each in one.status.requested} | new
            latest = list(kept.values())[-_MOST_REQUESTED:]
            write(kube, KIND, one, msgspec.structs.replace(one.status, requested=latest), unchanged=True)

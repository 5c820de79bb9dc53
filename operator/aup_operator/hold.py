"""One pass of holding a tenant down: find, record, read back, change, and count what still runs.

A pass may end anywhere and the next one goes on: what is recorded is found again by UID, what is down already needs no
patch, and nothing is changed that is not recorded.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor

import msgspec
import urllib3

from aup.api.meta import TENANT_LABEL
from aup.api.suspension import Suspension, Unenforced
from aup.api.suspension_record import KIND, RecordEntry, SuspensionRecord
from aup.errors import AupError
from aup.facts import decoded
from aup.review import Json, count, mapping
from aup_operator import record
from aup_operator.drivers import DRIVERS
from aup_operator.drivers.driver import Driver
from aup_operator.drivers.pod import POD, controller, ending_seconds, recreatable, runs, terminating
from aup_operator.kube import JSON_PATCH, Kube, KubeError
from aup_operator.namespaces import TenantNamespace
from aup_operator.ownership import looked_after

FAILURES = (AupError, OSError, urllib3.exceptions.HTTPError)
"""What a call to the API server may end with when it does not succeed."""


_GRACE_SECONDS = 30
"""What a Pod gets to end once its time is over: Kubernetes' own default."""


class Target(msgspec.Struct, frozen=True):
    """An object to hold down, as it is now."""

    driver: Driver
    manifest: Json

    @property
    def uid(self) -> str:
        """The object's UID."""
        return str(self.manifest["metadata"]["uid"])

    @property
    def path(self) -> str:
        """The object's path on the API server."""
        return self.driver.path(self.manifest["metadata"]["namespace"], self.manifest["metadata"]["name"])

    def entry(self) -> RecordEntry:
        """What has to be recorded of it; a Pod whole."""
        return record.entry(self.driver, self.manifest, recreatable(self.manifest) if self.driver is POD else None)

    @property
    def label(self) -> str:
        """`Kind namespace/name`, for people."""
        metadata = self.manifest["metadata"]
        return f"{self.driver.kind} {metadata['namespace']}/{metadata['name']}"


class Outcome(msgspec.Struct, frozen=True):
    """What a pass came to."""

    recorded: int
    records: list[str]
    held: int
    running: int
    unenforced: list[Unenforced]


def records_of(kube: Kube, tenant: str, named: Iterable[str] = ()) -> list[SuspensionRecord]:
    """The tenant's records that still hold something down: those with its label, and those that a status names.

    A record that was restored from a backup may have lost its label.
    """
    listed = kube.list(KIND.path, label_selector=f"{TENANT_LABEL}={tenant}")
    known = {manifest["metadata"]["name"]: manifest for manifest in listed}
    for name in set(named) - known.keys():
        manifest = kube.get(f"{KIND.path}/{name}")
        if manifest is not None:
            known[name] = manifest
    everything = (decoded(known[name], SuspensionRecord) for name in sorted(known))
    return [one for one in everything if one.status.phase != "Restored"]


class Found(msgspec.Struct, frozen=True):
    """What there is to hold down, and by UID all objects whose controllers then take their own Pods down."""

    targets: list[Target]
    controllers: dict[str, Json]


def find(kube: Kube, namespaces: Iterable[TenantNamespace]) -> Found:
    """Every object of the tenant that a driver holds down, in the order of a suspension.

    An object that the controller of another one found here looks after is left to it. An owner reference alone does
    not make it so: the owner must exist and select it, or a tenant could hide objects behind forged references.
    """
    targets: list[Target] = []
    seen: dict[str, Json] = {}
    for namespace in namespaces:
        for driver in DRIVERS:
            for item in kube.list(driver.collection(namespace.name)):
                if not driver.changes(item):
                    continue  # a finished Job's controller does nothing more
                seen[item["metadata"]["uid"]] = item
                if not (driver.owner and looked_after(item, seen)):
                    targets.append(Target(driver, item))
    order = {driver.kind: position for position, driver in enumerate(DRIVERS)}
    return Found(sorted(targets, key=lambda target: order[target.driver.kind]), seen)


def find_pods(kube: Kube, namespaces: Iterable[TenantNamespace]) -> list[Target]:
    """Every Pod of the tenant that runs or may start."""
    return [
        Target(POD, pod) for namespace in namespaces for pod in kube.list(POD.collection(namespace.name)) if runs(pod)
    ]


def write_ahead(
    kube: Kube, suspension: Suspension, known: Sequence[SuspensionRecord], targets: Sequence[Target]
) -> list[SuspensionRecord]:
    """Record what is not recorded yet, and read it back.

    Returns:
        All records, the new ones behind those known before.

    Raises:
        AupError: What was read back is not what was written.
    """
    recorded = {one.uid for each in known for one in record.pending(each)}
    entries = [target.entry() for target in targets if target.uid not in recorded]
    complete = list(known)
    prefix = record.name_of(suspension)
    first = 1 + max((_number(one.metadata.name, prefix) for one in known), default=0)
    for manifest in record.records(suspension, entries, first):
        kube.create(KIND.path, manifest)
        stored = kube.get(f"{KIND.path}/{manifest['metadata']['name']}")
        written = decoded(stored or {}, SuspensionRecord) if stored else None
        if written is None or not record.intact(written):
            raise AupError(f"SuspensionRecord {manifest['metadata']['name']} does not read back as written")
        complete.append(written)
    return complete


def _number(name: str, prefix: str) -> int:
    head, _, number = name.rpartition("-")
    return int(number) if head == prefix else 0


def take_down(kube: Kube, pool: Executor, targets: Sequence[Target]) -> list[Unenforced]:
    """Patch what is not down yet; what fails is reported and tried again in the next pass."""

    def patch(target: Target) -> None:
        operations = record.hold(target.manifest, target.driver.changes(target.manifest))
        if operations:
            kube.patch(target.path, operations, JSON_PATCH)

    return each(pool, targets, patch)


def delete_pods(kube: Kube, pool: Executor, pods: Sequence[Target], *, overdue: bool) -> list[Unenforced]:
    """Delete Pods, each only if it is still the one found; once overdue, none gets more than 30 s to end."""

    def delete(target: Target) -> None:
        spec = mapping(target.manifest.get("spec"))
        wanted = count(spec.get("terminationGracePeriodSeconds"), _GRACE_SECONDS)
        kube.delete(target.path, target.uid, min(wanted, _GRACE_SECONDS) if overdue else None)

    return each(pool, pods, delete)


def each(pool: Executor, targets: Sequence[Target], action: Callable[[Target], None]) -> list[Unenforced]:
    """Do something to each target at the pool's width; what failed, with why. An object that is gone is no failure."""

    def tried(target: Target) -> Unenforced | None:
        try:
            action(target)
        except KubeError as error:
            return None if error.not_found else Unenforced(object=target.label, reason=str(error)[:5000])
        except FAILURES as error:
            return Unenforced(object=target.label, reason=str(error)[:5000])
        return None

    return [failure for failure in pool.map(tried, targets) if failure is not None]


def stray(pods: Iterable[Target], controllers: dict[str, Json], *, overdue: bool) -> list[Target]:
    """The Pods to delete: those that no held controller looks after; once overdue, all that are left.

    Those are also the Pods that a tenant gave years to end.
    """
    return [
        pod
        for pod in pods
        if (not terminating(pod.manifest) and (overdue or not looked_after(pod.manifest, controllers)))
        or (overdue and ending_seconds(pod.manifest) > _GRACE_SECONDS)
    ]


def run(
    kube: Kube,
    pool: Executor,
    suspension: Suspension,
    namespaces: Sequence[TenantNamespace],
    *,
    overdue: bool,
    progress: Callable[[Outcome], None],
) -> Outcome:
    """One whole pass over a tenant whose namespaces are frozen already.

    Args:
        kube: The API server.
        pool: Threads for calls side by side.
        suspension: The Suspension that opens new records.
        namespaces: The tenant's namespaces.
        overdue: Whether controllers have had their time to take their Pods down.
        progress: Told the outcome so far once everything is recorded, before anything is changed.
    """
    found = find(kube, namespaces)
    doomed = stray(find_pods(kube, namespaces), found.controllers, overdue=overdue)
    bare = [pod for pod in doomed if not controller(pod.manifest) and not terminating(pod.manifest)]
    targets, failed = recordable(found.targets)
    kept, lost = recordable(bare)
    records = write_ahead(
        kube, suspension, records_of(kube, suspension.spec.tenant, suspension.status.records), [*targets, *kept]
    )
    progress(_outcome(records, 0, 0, []))
    failed += lost + take_down(kube, pool, targets)
    failed += delete_pods(kube, pool, doomed, overdue=overdue)
    held = len(targets) + len(doomed) - len(failed)
    return _outcome(records, max(held, 0), len(find_pods(kube, namespaces)), failed)


def recordable(targets: Sequence[Target]) -> tuple[list[Target], list[Unenforced]]:
    """The objects that a record can hold, and those too large for one.

    What cannot be recorded is not changed, so that it cannot be restored wrongly; its Pods are deleted all the same
    and the freeze keeps new ones away.
    """
    fits = {target.uid: record.fits(target.entry()) for target in targets}
    reason = "It is too large to be recorded. It is left as it is, its Pods are deleted, and the freeze holds new ones."
    return (
        [target for target in targets if fits[target.uid]],
        [Unenforced(object=target.label, reason=reason) for target in targets if not fits[target.uid]],
    )


def _outcome(records: Sequence[SuspensionRecord], held: int, running: int, unenforced: list[Unenforced]) -> Outcome:
    return Outcome(
        recorded=sum(len(one.spec.entries) for one in records),
        records=[one.metadata.name for one in records],
        held=held,
        running=running,
        unenforced=unenforced,
    )

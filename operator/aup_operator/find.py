"""What a tenant has that a suspension takes down: listed in pages and kept as little as can be.

Of each object only what the record and the patch need is kept, so that memory does not grow with the objects' size.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from itertools import product

import msgspec

from aup.api.suspension import Unenforced
from aup.api.suspension_record import RecordEntry
from aup.review import Json, count, mapping, text
from aup_operator import record
from aup_operator.drivers.driver import Driver
from aup_operator.drivers.pod import POD, controller, ending_seconds, mirrors, recreatable, runs, terminating
from aup_operator.kube import Kube, KubeError
from aup_operator.namespaces import TenantNamespace
from aup_operator.ownership import selects
from aup_operator.record import Operations
from aup_operator.selection import Selection

GRACE_SECONDS = 30
"""What a Pod gets to end once its time is over: Kubernetes' own default."""

_FORBIDDEN = 403


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An object as far as it has to be known: what to record of it as it is now, and its labels."""

    entry: RecordEntry
    labels: Mapping[str, str]

    @property
    def uid(self) -> str:
        """The object's UID."""
        return self.entry.uid

    @property
    def owner(self) -> str:
        """The UID that its controller reference names; empty for none."""
        return self.entry.owner

    @property
    def label(self) -> str:
        """`Kind namespace/name`, for people."""
        return record.label(self.entry)


class Target(Listed, frozen=True, kw_only=True):
    """An object to hold down, and the patch that takes it down: empty for one that is down already.

    `selector` is what its own controller selects by.
    """

    driver: Driver
    down: Operations
    selector: Json | None

    @property
    def path(self) -> str:
        """The object's path on the API server."""
        return self.driver.path(self.entry.namespace, self.entry.name)


class FoundPod(Listed, frozen=True, kw_only=True):
    """A Pod that runs or may start. `entry` has it whole where it is bare, since it has to be created again.

    `parent` is the controller that it names, for people. `ends_in` are the seconds that a deleted one may still take,
    `patience` those that its spec gives it.
    """

    parent: str
    terminating: bool
    mirror: bool
    ends_in: int
    patience: int

    @property
    def path(self) -> str:
        """The Pod's path on the API server."""
        return POD.path(self.entry.namespace, self.entry.name)


class Found(msgspec.Struct, frozen=True):
    """What there is to take down, in the order of a suspension, and what of it could not be looked at.

    `seen` has all objects by UID, also those that are left to the controller of another. `unlisted` are kinds that
    could not be listed, `unknown` those of them that others than Kubernetes brought.
    """

    targets: list[Target]
    seen: dict[str, Target]
    unlisted: list[Unenforced]
    unknown: list[Unenforced]


def look(
    kube: Kube, pool: Executor, drivers: Sequence[Driver], namespaces: Sequence[TenantNamespace], selection: Selection
) -> tuple[Found, list[FoundPod]]:
    """What there is to take down and the Pods that run, all listed at the pool's width."""
    pods = pool.map(lambda namespace: _pods(kube, namespace), namespaces)
    found = find(kube, pool, drivers, namespaces, selection)
    return found, _covered([pod for each in pods for pod in each], selection, found.seen)


def find(
    kube: Kube, pool: Executor, drivers: Sequence[Driver], namespaces: Sequence[TenantNamespace], selection: Selection
) -> Found:
    """Every object that a driver holds down and the selection covers.

    An object that the held controller of another one looks after is left to it. Such an owner must exist and select
    it, where its kind selects: an owner reference alone is a claim, behind which a tenant could hide objects.
    """
    unlisted: list[Unenforced] = []
    unknown: list[Unenforced] = []
    seen: dict[str, Target] = {}
    everywhere = list(product(drivers, namespaces))
    listed = pool.map(lambda pair: _listed(kube, *pair), everywhere)
    for (driver, _), (items, failure) in zip(everywhere, listed, strict=True):
        if failure is not None:
            (unlisted if driver.built_in else unknown).append(failure)
        for item in items:
            # One object may be served by two groups; a finished Job's controller does nothing more.
            if item.entry.fields and item.uid not in seen:
                seen[item.uid] = item
    covered = selection.closure(target.entry for target in seen.values())
    targets = [target for target in seen.values() if target.uid in covered and not _looked_after(target, seen, covered)]
    return Found(sorted(targets, key=lambda target: target.driver.stage), seen, unlisted, unknown)


def find_pods(
    kube: Kube, pool: Executor, namespaces: Sequence[TenantNamespace], selection: Selection, seen: Mapping[str, Target]
) -> list[FoundPod]:
    """Every Pod that runs or may start and that the selection covers."""
    listed = pool.map(lambda namespace: _pods(kube, namespace), namespaces)
    return _covered([pod for each in listed for pod in each], selection, seen)


def _listed(kube: Kube, driver: Driver, namespace: TenantNamespace) -> tuple[list[Target], Unenforced | None]:
    try:
        return [target_of(driver, item) for item in kube.list(driver.collection(namespace.name))], None
    except KubeError as error:
        if error.not_found:
            return [], None  # the kind is not served any more
        return [], Unenforced(object=f"{driver.kind} {namespace.name}/*", reason=_refused(driver, error))


def _pods(kube: Kube, namespace: TenantNamespace) -> list[FoundPod]:
    return [pod_of(item) for item in kube.list(POD.collection(namespace.name)) if runs(item)]


def _covered(pods: list[FoundPod], selection: Selection, seen: Mapping[str, Target]) -> list[FoundPod]:
    if selection.everything:
        return pods
    covered = selection.closure([*(target.entry for target in seen.values()), *(pod.entry for pod in pods)])
    return [pod for pod in pods if pod.uid in covered]


def looked_after(pod: FoundPod, seen: Mapping[str, Target]) -> bool:
    """Whether the controller of a held object takes the Pod down by itself."""
    owner = seen.get(pod.owner)
    return owner is not None and owner.selector is not None and selects(owner.selector, pod.labels)


def _looked_after(target: Target, seen: Mapping[str, Target], covered: frozenset[str]) -> bool:
    owner = seen.get(target.owner)
    if owner is None or owner.uid not in covered:
        return False
    if (owner.driver.group, owner.driver.kind) not in target.driver.owners:
        return False
    return owner.selector is None or selects(owner.selector, target.labels)


def target_of(driver: Driver, manifest: Json) -> Target:
    """What has to be known of an object, as the API server lists it."""
    changes = driver.changes(manifest)
    selector = mapping(manifest.get("spec")).get("selector")
    return Target(
        driver=driver,
        entry=record.entry(driver, manifest, changes),
        down=record.hold(manifest, changes),
        labels=mapping(manifest["metadata"].get("labels")),
        selector=mapping(selector) or None,
    )


def pod_of(manifest: Json) -> FoundPod:
    """What has to be known of a Pod, as the API server lists it."""
    owner = controller(manifest)
    spec = mapping(manifest.get("spec"))
    return FoundPod(
        entry=record.entry(POD, manifest, (), None if owner else recreatable(manifest)),
        labels=mapping(manifest["metadata"].get("labels")),
        parent=f"{text(owner.get('kind'))} {manifest['metadata']['namespace']}/{text(owner.get('name'))}"
        if owner
        else "",
        terminating=terminating(manifest),
        mirror=mirrors(manifest),
        ends_in=ending_seconds(manifest),
        patience=count(spec.get("terminationGracePeriodSeconds"), GRACE_SECONDS),
    )


def _refused(driver: Driver, error: KubeError) -> str:
    if error.code != _FORBIDDEN or driver.built_in:
        return str(error)[:5000]
    return (
        f"aup may not list {driver.plural}.{driver.group}, so none of them is paused; their Pods are deleted and new "
        "ones are refused. To have them paused, add a ClusterRole with the label "
        "aup.asergo.com/aggregate-to-operator=true that allows get, list and patch on them."
    )

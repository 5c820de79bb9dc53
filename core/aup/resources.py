"""How much a container and a Pod may take, counted as the Kubernetes scheduler counts.

Source: `PodRequests` and `PodLimits` in `k8s.io/component-helpers/resource`: regular containers and sidecars add up, an
init container counts while it runs beside the sidecars started before it, pod-level values replace the sum, and the
RuntimeClass overhead comes on top.
"""

from collections.abc import Sequence

import msgspec

from aup.quantity import NANO, parse
from aup.review import Json, Review, listing, mapping, text
from aup.workload import Container, PodTemplate, Workload

Amounts = dict[str, int]
"""Resource name to nano-units."""


class Asked(msgspec.Struct, frozen=True):
    """What a container's `resources` ask for: the most of each resource, the larger of its limit and its request.

    `unreadable` has each amount that is no quantity, as (`limits.cpu`, why). A negative amount counts as nothing, so
    that it cannot make room for another.
    """

    amounts: Amounts
    unreadable: list[tuple[str, str]]


class PodAsks(msgspec.Struct, frozen=True):
    """What each container of a Pod asks for, and the most that one such Pod may take of each resource."""

    containers: tuple[Asked, ...]
    amounts: Amounts


def container_asks(container: Container) -> Asked:
    """What one container asks for."""
    return _asked(container.spec.get("resources"))


def pod_asks(template: PodTemplate) -> PodAsks:
    """What one Pod of the template asks for; remembered, for the same few requests stand in nearly every manifest."""
    spec, containers = template.spec, [(one.kind, one.spec.get("resources")) for one in template.containers]
    written = msgspec.json.encode([containers, spec.get("resources"), spec.get("overhead")])
    known = _KNOWN.get(written)
    if known is None:
        asked = tuple(map(container_asks, template.containers))
        known = PodAsks(asked, _pod_amounts(template, asked))
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        if len(written) <= _LONGEST_KNOWN:
            _KNOWN[written] = known
    return known


_MOST_KNOWN, _LONGEST_KNOWN = 1024, 16 * 1024
_KNOWN: dict[bytes, PodAsks] = {}
"""What was asked for last, by what is written; what is very long is not kept."""


def _pod_amounts(template: PodTemplate, containers: Sequence[Asked]) -> Amounts:
    running: Amounts = {}
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container, asked in zip(template.containers, containers, strict=True):
        kind = container.kind
        if kind == "regular":
            running = _sum(running, asked.amounts)
        elif kind == "sidecar":
            sidecars = _sum(sidecars, asked.amounts)
            starting = _most(starting, sidecars)
        elif kind == "init":
            starting = _most(starting, _sum(sidecars, asked.amounts))
        # the API allows an ephemeral container no resources
    total = _most(_sum(running, sidecars), starting)
    if "resources" in template.spec:
        total = total | _asked(template.spec["resources"]).amounts
    if "overhead" in template.spec:
        total = _sum(total, _asked({"requests": template.spec["overhead"]}).amounts)
    return total


def pod_extras(template: PodTemplate) -> Asked:
    """What a Pod may take beside its containers' resources: disk, bandwidth, devices by claim.

    An emptyDir on disk may take its `sizeLimit` of ephemeral storage; one in memory takes from its containers' memory
    limits and counts there. `unreadable` has field paths from the object's root.
    """
    spec, annotations = template.spec, template.annotations
    if not annotations and "volumes" not in spec and "resourceClaims" not in spec:
        return _NOTHING
    amounts: Amounts = {}
    unreadable: list[tuple[str, str]] = []
    for name, key in BANDWIDTHS.items() if annotations else ():
        if key in annotations:
            _add(amounts, unreadable, name, annotations[key], f"{template.annotations_path}[{key}]")
    for index, volume in enumerate(listing(spec.get("volumes"))):
        if isinstance(volume, dict) and "emptyDir" in volume:
            directory = mapping(volume["emptyDir"])
            if directory.get("sizeLimit") is not None and directory.get("medium") != "Memory":
                at = f"{template.path}.volumes[{index}].emptyDir.sizeLimit"
                _add(amounts, unreadable, "ephemeral-storage", directory["sizeLimit"], at)
    claims = listing(spec.get("resourceClaims"))
    if claims:
        amounts["resourceclaims"] = len(claims) * NANO
    return Asked(amounts, unreadable)


BANDWIDTHS = {
    "ingress-bandwidth": "kubernetes.io/ingress-bandwidth",
    "egress-bandwidth": "kubernetes.io/egress-bandwidth",
}
"""Names of bandwidths, and the annotations of a Pod that state them in bits per second."""


class Claim(msgspec.Struct, frozen=True):
    """A PersistentVolumeClaim, or the template of one: the path of its `resources`, and how much storage it asks for.

    `of_pod` says that each Pod brings one; `unreadable` is as in `Asked`.
    """

    path: str
    storage: int
    of_pod: bool
    unreadable: list[tuple[str, str]]


def claims(review: Review, workload: Workload) -> list[Claim]:
    """The claims that an object is or makes: templates beside its Pods, and ephemeral volumes in them."""
    if review.kind == "PersistentVolumeClaim" and not review.group:
        return [_claim(mapping(review.object.get("spec")), "spec", of_pod=False)]
    found = []
    for template in workload.templates:
        for index, volume in enumerate(listing(template.spec.get("volumes"))):
            if isinstance(volume, dict) and "ephemeral" in volume:
                made = mapping(mapping(volume["ephemeral"]).get("volumeClaimTemplate"))
                path = f"{template.path}.volumes[{index}].ephemeral.volumeClaimTemplate.spec"
                found.append(_claim(mapping(made.get("spec")), path, of_pod=True))
    spec = review.object.get("spec")
    if workload.templates and isinstance(spec, dict) and "volumeClaimTemplates" in spec:
        for index, made in enumerate(listing(spec["volumeClaimTemplates"])):
            path = f"spec.volumeClaimTemplates[{index}].spec"
            found.append(_claim(mapping(mapping(made).get("spec")), path, of_pod=True))
    return found


def _claim(spec: Json, path: str, *, of_pod: bool) -> Claim:
    asked = _asked(spec.get("resources"))
    return Claim(f"{path}.resources", asked.amounts.get("storage", 0), of_pod, asked.unreadable)


def pods_at_once(review: Review, workload: Workload) -> int:
    """How many Pods a workload may run at a time.

    A CronJob whose `concurrencyPolicy` allows it counts twice: a run and the one that it overtakes. How many more may
    pile up depends on time; each of their Jobs and Pods is judged as it comes, and the tenant's totals hold them all.
    """
    if review.kind == "CronJob" and review.group == "batch":
        policy = text(mapping(review.object.get("spec")).get("concurrencyPolicy"))
        return workload.replicas * (1 if policy in {"Forbid", "Replace"} else 2)
    return workload.replicas


_NOTHING = Asked({}, [])


def _add(amounts: Amounts, unreadable: list[tuple[str, str]], name: str, written: object, at: str) -> None:
    try:
        amounts[name] = amounts.get(name, 0) + max(parse(written), 0)
    except ValueError as error:
        unreadable.append((at, str(error)))


def _asked(resources: object) -> Asked:
    if not resources or not isinstance(resources, dict):
        return _NOTHING
    amounts: Amounts = {}
    unreadable: list[tuple[str, str]] = []
    for part in ("limits", "requests"):
        written = resources.get(part)
        for name, amount in written.items() if isinstance(written, dict) else ():
            try:
                nanos = parse(amount)
            except ValueError as error:
                unreadable.append((f"{part}.{name}", str(error)))
                continue
            if nanos >= amounts.setdefault(name, 0):
                amounts[name] = nanos
    return Asked(amounts, unreadable)


def _sum(one: Amounts, other: Amounts) -> Amounts:
    """Both together; where one is empty the other itself, for amounts are never changed once they are put together."""
    if not one or not other:
        return one or other
    total = one.copy()
    for name, amount in other.items():
        total[name] = total.get(name, 0) + amount
    return total


def _most(one: Amounts, other: Amounts) -> Amounts:
    if not one or not other:
        return one or other
    total = one.copy()
    for name, amount in other.items():
        if amount > total.setdefault(name, amount):
            total[name] = amount
    return total

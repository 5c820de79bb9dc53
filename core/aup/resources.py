"""How much a container and a Pod may take, counted as the Kubernetes scheduler counts.

Source: `PodRequests` and `PodLimits` in `k8s.io/component-helpers/resource`: regular containers and sidecars add up, an
init container counts while it runs beside the sidecars started before it, pod-level values replace the sum, and the
RuntimeClass overhead comes on top.
"""

from collections.abc import Mapping, Sequence

import msgspec

from aup.quantity import parse
from aup.workload import Container, PodTemplate

Amounts = dict[str, int]
"""Resource name to nano-units."""


class Asked(msgspec.Struct, frozen=True):
    """What a container's `resources` ask for: the most of each resource, the larger of its limit and its request.

    `unreadable` has each amount that is no quantity, as (`limits.cpu`, why). A negative amount counts as nothing, so
    that it cannot make room for another.
    """

    amounts: Amounts
    unreadable: list[tuple[str, str]]


def container_asks(container: Container) -> Asked:
    """What one container asks for."""
    return _asked(container.spec.get("resources"))


def pod_amounts(template: PodTemplate, containers: Sequence[Asked]) -> Amounts:
    """The most that one Pod of the template may take of each resource; `containers` is what each of them asks for."""
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
    total = _most(_sum(running, sidecars), starting) if starting else running
    if "resources" in template.spec:
        total = total | _asked(template.spec["resources"]).amounts
    if "overhead" in template.spec:
        total = _sum(total, _asked({"requests": template.spec["overhead"]}).amounts)
    return total


_NOTHING = Asked({}, [])


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


def _sum(one: Amounts, other: Mapping[str, int]) -> Amounts:
    if not one:
        return {**other}
    total = one.copy()
    for name, amount in other.items():
        total[name] = total.get(name, 0) + amount
    return total


def _most(one: Amounts, other: Mapping[str, int]) -> Amounts:
    return one | {name: max(one.get(name, 0), amount) for name, amount in other.items()}

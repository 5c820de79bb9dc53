"""How much a container and a Pod may take, counted as the Kubernetes scheduler counts.

Source: `PodRequests` and `PodLimits` in `k8s.io/component-helpers/resource`: regular containers and sidecars add up, an
init container counts while it runs beside the sidecars started before it, pod-level values replace the sum, and the
RuntimeClass overhead comes on top.
"""

from collections.abc import Iterable, Mapping

from aup.quantity import parse
from aup.review import Json, mapping
from aup.workload import Container, PodTemplate

Amounts = dict[str, int]
"""Resource name to nano-units."""


def container_amounts(container: Container) -> Amounts:
    """The most that a container may take of each resource: the larger of its limit and its request."""
    resources = mapping(container.spec.get("resources"))
    return _most((_amounts(resources.get("limits")), _amounts(resources.get("requests"))))


def pod_amounts(template: PodTemplate) -> Amounts:
    """The most that one Pod of the template may take of each resource."""
    running: Amounts = {}
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container in template.containers:
        amounts = container_amounts(container)
        match container.kind:
            case "regular":
                running = _sum((running, amounts))
            case "sidecar":
                sidecars = _sum((sidecars, amounts))
                starting = _most((starting, sidecars))
            case "init":
                starting = _most((starting, _sum((sidecars, amounts))))
            case "ephemeral":
                pass  # the API allows them no resources
    total = _most((_sum((running, sidecars)), starting))
    own = mapping(template.spec.get("resources"))
    total |= _most((_amounts(own.get("limits")), _amounts(own.get("requests"))))
    return _sum((total, _amounts(template.spec.get("overhead"))))


def unreadable(resources: Json) -> Iterable[tuple[str, str]]:
    """Each amount in a `resources` object that is no quantity, as (`limits.cpu`, why)."""
    for part in ("limits", "requests"):
        for name, amount in mapping(resources.get(part)).items():
            try:
                parse(amount)
            except ValueError as error:
                yield f"{part}.{name}", str(error)


def _amounts(value: object) -> Amounts:
    """Readable amounts; a negative one counts as nothing, so that it cannot make room for another."""
    amounts: Amounts = {}
    for name, amount in mapping(value).items():
        try:
            amounts[name] = max(parse(amount), 0)
        except ValueError:
            continue
    return amounts


def _sum(parts: Iterable[Mapping[str, int]]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _most(parts: Iterable[Mapping[str, int]]) -> Amounts:
    most: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            most[name] = max(most.get(name, 0), amount)
    return most

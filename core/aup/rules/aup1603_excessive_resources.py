"""AUP1603 excessive-resources: more than the quota for a container, a Pod, or a workload."""

from collections.abc import Iterator, Mapping

from aup.model import Finding, Subject, rule
from aup.quantity import parse, render
from aup.resources import container_asks, pod_amounts

# Asergo's figures for a tenant without a quota of its own: half of, the whole of, and twice a common 32-core server.
DEFAULTS = {
    "perContainer": {"cpu": parse("16"), "memory": parse("64Gi")},
    "perPod": {"cpu": parse("32"), "memory": parse("128Gi")},
    "perWorkload": {"cpu": parse("64"), "memory": parse("256Gi")},
}
_UNITS = {"perContainer": "container", "perPod": "Pod", "perWorkload": "workload"}


@rule(id="AUP1603", clause="1.6", parameters=DEFAULTS)
def excessive_resources(subject: Subject) -> Iterator[Finding]:
    """The workload asks for more than its quota allows.

    Why: Resources are shared; a quota keeps one customer from taking what others pay for. A Pod is counted as the
    scheduler counts it, a workload as its Pod times replicas or parallelism.

    Fix: Ask for less, use fewer replicas, or have your quota raised.
    """
    workload = subject.workload
    for template in workload.templates:
        asked = [container_asks(container) for container in template.containers]
        for container, asks in zip(template.containers, asked, strict=True):
            at = f"{container.path}.resources"
            for field, why in asks.unreadable:
                yield Finding(f"{at}.{field}", why, container.name)
            yield from _over(subject, "perContainer", at, asks.amounts, container.name)
        pod = pod_amounts(template, asked)
        yield from _over(subject, "perPod", template.path, pod)
        if workload.replicas > 1:
            total = {resource: amount * workload.replicas for resource, amount in pod.items()}
            yield from _over(subject, "perWorkload", workload.replicas_path, total)


def _over(subject: Subject, scope: str, at: str, asked: Mapping[str, int], container: str = "") -> list[Finding]:
    limits = subject.limits.get(scope)
    if not limits:
        return []
    over = [resource for resource, most in limits.items() if asked.get(resource, 0) > most]
    return [Finding(at, _told(scope, each, asked[each], limits[each]), container, asked[each], each) for each in over]


def _told(scope: str, resource: str, amount: int, most: int) -> str:
    binary = resource != "cpu"
    wants, allows = render(amount, binary=binary), render(most, binary=binary)
    return f"{resource} {wants}, where a {_UNITS[scope]} may have {allows}"

"""AUP1603 excessive-resources: more than the quota for a container, a Pod, or a workload."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.quantity import parse, render
from aup.resources import Amounts, container_asks, pod_amounts

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
            for field, why in asks.unreadable:
                yield Finding(f"{container.path}.resources.{field}", why, container.name)
            for resource in _over(subject, "perContainer", asks.amounts):
                yield _finding(
                    subject, "perContainer", f"{container.path}.resources", resource, asks.amounts, container.name
                )
        pod = pod_amounts(template, asked)
        for resource in _over(subject, "perPod", pod):
            yield _finding(subject, "perPod", template.path, resource, pod)
        if workload.replicas > 1:
            total = {resource: amount * workload.replicas for resource, amount in pod.items()}
            for resource in _over(subject, "perWorkload", total):
                yield _finding(subject, "perWorkload", workload.replicas_path, resource, total)


def _over(subject: Subject, scope: str, asked: Amounts) -> list[str]:
    """The resources of which too much is asked for."""
    limits = subject.limits.get(scope)
    return [each for each in asked if each in limits and asked[each] > limits[each]] if limits else []


def _finding(subject: Subject, scope: str, at: str, resource: str, asked: Amounts, container: str = "") -> Finding:
    amount, most = asked[resource], subject.limits[scope][resource]
    binary = resource != "cpu"
    wants, allows = render(amount, binary=binary), render(most, binary=binary)
    found = f"{resource} {wants}, where a {_UNITS[scope]} may have {allows}"
    return Finding(at, found, container, amount, resource)

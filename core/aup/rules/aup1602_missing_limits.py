"""AUP1602 missing-limits: a container that may take all there is."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.review import mapping

BOUNDED = ("cpu", "memory")
_ALL = frozenset(BOUNDED)


@rule(id="AUP1602", clause="1.6")
def missing_limits(subject: Subject) -> Iterator[Finding]:
    """The container has no limit for a resource that it shares with other customers.

    Why: Without a limit one container can take all processor time or memory of its machine, and the workloads beside
    it slow down or are killed.

    Fix: Set resources.limits.cpu and resources.limits.memory on the container, or once for the whole Pod in
    spec.resources.limits.
    """
    for template in subject.workload.templates:
        shared = mapping(mapping(template.spec.get("resources")).get("limits"))
        for container in template.containers:
            if container.kind == "ephemeral":
                continue  # the API allows them no resources
            limits = mapping(mapping(container.spec.get("resources")).get("limits"))
            if limits.keys() >= _ALL:
                continue
            missing = [resource for resource in BOUNDED if resource not in limits and resource not in shared]
            if missing:
                found = f"no limit for {' and '.join(missing)}"
                yield Finding(f"{container.path}.resources.limits", found, container.name)

"""AUP1304 container-escape: a container with a tool that breaks out of containers."""

from collections.abc import Iterator

from aup.detection import detected
from aup.model import Finding, Subject, rule


@rule(id="AUP1304", clause="1.3", detects="container_escape", kinds=[("", "ConfigMap")])
def container_escape(subject: Subject) -> Iterator[Finding]:
    """The container looks like a way to break out of containers.

    Why: What breaks out of a container owns the machine and every tenant on it (AUP 1.3). A known tool or way out is
    enough to reject; tools that only look at the isolation warn.

    Fix: Remove it. To look into a container use `kubectl debug` with an ordinary image; to test the provider's
    isolation ask for written consent and a permit first.
    """
    return detected(subject, "container_escape")

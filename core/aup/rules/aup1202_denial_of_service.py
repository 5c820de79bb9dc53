"""AUP1202 denial-of-service: a container with a denial-of-service tool."""

from collections.abc import Iterator

from aup.detection import detected
from aup.model import Finding, Subject, rule


@rule(id="AUP1202", clause="1.2", detects="denial_of_service", kinds=[("", "ConfigMap")])
def denial_of_service(subject: Subject) -> Iterator[Finding]:
    """The container looks like a denial-of-service tool.

    Why: A flood takes its target off the network, and the network of everybody here with it. Load test tools such as
    k6, Locust or wrk are not meant. What takes all memory or processes of its machine counts as well.

    Fix: Remove it. To test the load that your own service bears use a load test tool; if this is something else, use a
    name that says so, or ask for a permit.
    """
    return detected(subject, "denial_of_service")

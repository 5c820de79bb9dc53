"""AUP1201 malicious-code: a container with malware, a command-and-control framework or a web shell."""

from collections.abc import Iterator

from aup.detection import detected
from aup.model import Finding, Subject, rule


@rule(id="AUP1201", clause="1.2", detects="malicious_code", kinds=[("", "ConfigMap")])
def malicious_code(subject: Subject) -> Iterator[Finding]:
    """The container looks like malware or what controls it.

    Why: Botnets, remote control of broken-in machines and web shells harm others and are closed to all (AUP 1.2: virus,
    worm, trojan). A known name or maker's image is enough to reject; lesser signs only warn, and two of different kinds
    reject.

    Fix: Remove it, and look how it came in: change the credentials that the workload could read. If this is something
    else, use a name that says so; for research or an agreed exercise ask for a permit.
    """
    return detected(subject, "malicious_code")

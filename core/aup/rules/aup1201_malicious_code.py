"""AUP1201 malicious-code: a container with malware, a command-and-control framework or a web shell."""

from collections.abc import Iterator

from aup.detection import detected
from aup.model import Finding, Subject, rule


@rule(id="AUP1201", clause="1.2", detects="malicious_code", kinds=[("", "ConfigMap")])
def malicious_code(subject: Subject) -> Iterator[Finding]:
    """The container looks like malware, what controls it, or a script that acts as it does.

    Why: Botnets, remote control of broken-in machines and web shells harm others (AUP 1.2: virus, worm, trojan). A
    known name or maker's image is enough to reject, and so is a script that opens a shell to the outside, sends
    credentials away or runs what it hides; lesser signs only warn, and two of different kinds reject.

    Fix: Remove it, and if it is not yours change the credentials that the workload could read. Build what you need into
    the image instead of fetching and running it at the start. For research or an agreed exercise ask for a permit.
    """
    return detected(subject, "malicious_code")

"""AUP1203 mass-scanning: a container that scans the Internet."""

from collections.abc import Iterator

from aup.detection import detected
from aup.model import Finding, Subject, rule


@rule(id="AUP1203", clause="1.2", detects="mass_scanning", kinds=[("", "ConfigMap")])
def mass_scanning(subject: Subject) -> Iterator[Finding]:
    """The container looks like a scan of foreign networks.

    Why: Scans of whole networks are unauthorized monitoring, and get the provider's addresses onto block lists. A mass
    scanner alone warns; with all addresses as its range, or 10000 packets a second and more, it rejects.

    Fix: Scan only what is yours, at a lower rate, or ask for a permit that names the range.
    """
    return detected(subject, "mass_scanning")

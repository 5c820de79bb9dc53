"""AUP1204 proxyware: a container that sells the network's bandwidth."""

from collections.abc import Iterator

from aup.detection import detected
from aup.model import Finding, Subject, rule


@rule(id="AUP1204", clause="1.2", detects="proxyware", kinds=[("", "ConfigMap")])
def proxyware(subject: Subject) -> Iterator[Finding]:
    """The container looks like proxyware, which sells this network's bandwidth to strangers.

    Why: What its unknown users do comes from the tenant's addresses: scraping, fraud, attacks. The tenant answers for
    all of it, and the addresses lose their name.

    Fix: Remove it. If this is something else, use a name, address or option that says so, or ask for a permit.
    """
    return detected(subject, "proxyware")

"""AUP1205 open-proxy: a container that is a proxy for everybody."""

from collections.abc import Iterator

from aup.detection import detected
from aup.model import Finding, Subject, rule


@rule(id="AUP1205", clause="1.2", detects="open_proxy", kinds=[("", "ConfigMap")])
def open_proxy(subject: Subject) -> Iterator[Finding]:
    """The container looks like a proxy that is open to everybody.

    Why: Whoever uses an open proxy or an exit node acts from the tenant's addresses and cannot be found. A proxy or VPN
    of one's own is no such thing: its name alone only warns.

    Fix: Let in only your own users: a password or client certificate, a list of networks, a Service that is not public.
    Remove an exit node, or ask for a permit.
    """
    return detected(subject, "open_proxy")

"""AUP1206 tor-relay: a container that is a relay of Tor."""

from collections.abc import Iterator

from aup.detection import detected
from aup.model import Finding, Subject, rule


@rule(id="AUP1206", clause="1.2", detects="tor_relay", kinds=[("", "ConfigMap")])
def tor_relay(subject: Subject) -> Iterator[Finding]:
    """The container looks like a Tor relay, bridge or exit.

    Why: A relay passes strangers' traffic through the provider's network; an exit acts for them under its addresses. A
    client or an onion service relays nothing and at most warns.

    Fix: Remove the relay, or set `ORPort 0` and `ExitRelay 0` for a client or an onion service; ask for a permit to run
    one.
    """
    return detected(subject, "tor_relay")

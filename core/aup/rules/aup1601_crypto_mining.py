"""AUP1601 crypto-mining: a container that runs a crypto miner."""

from collections.abc import Iterator

from aup.detection import detected
from aup.model import Finding, Subject, rule


@rule(id="AUP1601", clause="1.6", detects="crypto_mining", kinds=[("", "ConfigMap")])
def crypto_mining(subject: Subject) -> Iterator[Finding]:
    """The container looks like a crypto miner.

    Why: Mining takes all the compute it can get, from everybody on the machine. A known miner's name, a pool's address
    or a miner's own option is enough to reject; lesser signs only warn, and two of different kinds reject.

    Fix: Remove the miner. If this is something else, use a name, address or option that says so, or ask for a permit.
    """
    return detected(subject, "crypto_mining")

"""AUP1601 crypto-mining: a container that runs a crypto miner."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule


@rule(id="AUP1601", clause="1.6")
def crypto_mining(subject: Subject) -> Iterator[Finding]:
    """The container runs a crypto miner.

    Why: Mining takes all the compute it can get, from everybody on the machine.

    Fix: Remove the miner. If this is something else, ask for a permit and say what it is.
    """
    yield from ()

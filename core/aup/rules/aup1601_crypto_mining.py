"""AUP1601 crypto-mining: a container that runs a crypto miner."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.signatures.matcher import Evidence, evidence, image_evidence, text_of, verdict

SHOWN = 3
MOST_TEXT = 256 * 1024
"""Bytes of commands and environment in one object: honest ones have a few thousand, and judging takes its time."""


@rule(id="AUP1601", clause="1.6")
def crypto_mining(subject: Subject) -> Iterator[Finding]:
    """The container looks like a crypto miner.

    Why: Mining takes all the compute it can get, from everybody on the machine. A known miner's name, a pool's address
    or a miner's own option is enough to reject; lesser signs only warn, and two of different kinds reject.

    Fix: Remove the miner. If this is something else, use a name, address or option that says so, or ask for a permit.
    """
    size = 0
    for container in subject.workload.containers():
        text = text_of(container)
        size += len(text)
        if size > MOST_TEXT:
            found_text = f"over {MOST_TEXT} bytes of commands and environment, too many to judge"
            yield Finding(container.path, found_text, container.name)
            return
        yield from _told(evidence(container, text), container.name)
    for template in subject.workload.templates:
        for at, reference in template.image_volumes():
            yield from _told(image_evidence(at, reference))


def _told(found: list[Evidence], container: str = "") -> Iterator[Finding]:
    strength = verdict(found) if found else None
    if strength in {"strong", "medium"}:
        said = "; ".join(one.said for one in found[:SHOWN])
        yield Finding(found[0].at, said, container, advisory=strength == "medium")

"""AUP1601 crypto-mining: a container that runs a crypto miner."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.signatures.matcher import Evidence, evidence, image_evidence, text_of, verdict, worth_reading

SHOWN = 3
MOST_TEXT = 128 * 1024
"""Bytes of commands and environment in one object: honest ones have a few thousand (Linux takes no argument as long as
this, MAX_ARG_STRLEN in execve(2)), and judging takes its time."""


@rule(id="AUP1601", clause="1.6")
def crypto_mining(subject: Subject) -> Iterator[Finding]:
    """The container looks like a crypto miner.

    Why: Mining takes all the compute it can get, from everybody on the machine. A known miner's name, a pool's address
    or a miner's own option is enough to reject; lesser signs only warn, and two of different kinds reject.

    Fix: Remove the miner. If this is something else, use a name, address or option that says so, or ask for a permit.
    """
    size = 0
    for template in subject.workload.templates:
        text = text_of(template.containers)
        size += len(text)
        if size > MOST_TEXT:
            yield Finding(template.path, f"over {MOST_TEXT} bytes of commands and environment, too many to judge")
            return
        if worth_reading(text):
            for container in template.containers:
                yield from _told(evidence(container), container.name)
    for template in subject.workload.templates:
        for at, reference in template.image_volumes():
            yield from _told(image_evidence(at, reference))


def _told(found: list[Evidence], container: str = "") -> Iterator[Finding]:
    strength = verdict(found) if found else None
    if strength in {"strong", "medium"}:
        said = "; ".join(one.said for one in found[:SHOWN])
        yield Finding(found[0].at, said, container, advisory=strength == "medium")

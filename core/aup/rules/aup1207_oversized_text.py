"""AUP1207 oversized-text: more commands and environment than anybody needs, and than can be judged."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.signatures.scan import TOO_MUCH


@rule(id="AUP1207", clause="1.2", signs={TOO_MUCH})
def oversized_text(subject: Subject) -> Iterator[Finding]:
    """The workload has more commands and environment than can be judged.

    Why: What is too long to look through could hide anything. Linux takes no argument as long as that, and what honest
    workloads say on a command line is a few thousand characters.

    Fix: Put long scripts and data into the image or a volume, and keep commands, arguments and environment short.
    """
    at, found = subject.scan.too_much
    if at:
        yield Finding(at, found)

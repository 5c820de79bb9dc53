"""From evidence to findings: strong evidence rejects, medium evidence warns."""

from collections.abc import Iterator

from aup.api.signature_list import Topic
from aup.model import Finding, Subject
from aup.signatures.evidence import verdict

SHOWN = 3
"""Pieces of evidence that one finding names."""


def detected(subject: Subject, topic: Topic) -> Iterator[Finding]:
    """A finding for each container, volume or ConfigMap key with evidence of a topic that is worth telling."""
    for container, found in subject.scan.evidence(topic):
        strength = verdict(found)
        if strength in {"strong", "medium"}:
            said = "; ".join(one.said for one in found[:SHOWN])
            yield Finding(found[0].at, said, container, advisory=strength == "medium")

"""One object's text, looked at once for all topics: the sieve says which, and only their exact search is done."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec

from aup.api.signature_list import Topic
from aup.signatures.detectors import Detectors
from aup.signatures.evidence import Evidence
from aup.signatures.mining import MONERO
from aup.signatures.reading import Reading, read
from aup.signatures.shell import SHORTEST_BASE64, decoded
from aup.signatures.sieve import NO_TOPICS, flat, flat_json, long_words
from aup.workload import Container, PodTemplate, Workload

MOST_TEXT = 128 * 1024
"""Bytes of commands and environment in one object: honest ones have a few thousand (Linux takes no argument as long as
this, MAX_ARG_STRLEN in execve(2)), and judging takes its time."""

_MINING: frozenset[Topic] = frozenset(["crypto_mining"])


class Suspect(msgspec.Struct, frozen=True):
    """A container in which the sieve found topics, read."""

    container: Container
    reading: Reading
    topics: frozenset[Topic]


class Scan:
    """What there is to find in an object; nothing is looked at before somebody asks."""

    def __init__(self, detectors: Detectors, workload: Workload) -> None:
        self._detectors = detectors
        self._workload = workload
        self._too_large = ""

    @cached_property
    def topics(self) -> frozenset[Topic]:
        """The topics that are worth an exact search."""
        return NO_TOPICS.union(*(one.topics for one in self._suspects), self._of_volumes)

    @property
    def too_large(self) -> str:
        """The pod template with which the text gets longer than `MOST_TEXT`; such an object is not read."""
        return self._too_large if not self._suspects else ""

    @cached_property
    def _suspects(self) -> list[Suspect]:
        size = 0
        found: list[Suspect] = []
        for template in self._workload.templates:
            text = text_of(template.containers)
            size += len(text)
            if size > MOST_TEXT:
                self._too_large = template.path
                return []
            if worth_reading(self._detectors, text):
                found += (one for container in template.containers if (one := suspect(self._detectors, container)))
        return found

    @cached_property
    def _of_volumes(self) -> frozenset[Topic]:
        references = [reference for template in self._workload.templates for _, reference in _image_volumes(template)]
        return self._detectors.sieve.topics(flat(references)) if references else NO_TOPICS

    def evidence(self, topic: Topic) -> Iterator[tuple[str, list[Evidence]]]:
        """The evidence for a topic, strongest first: a container's name, empty for a volume, and what is in it."""
        matcher = self._detectors.matchers[topic]
        for one in self._suspects:
            if topic in one.topics:
                yield one.container.name, matcher.container(one.container, one.reading)
        if topic in self._of_volumes:
            for template in self._workload.templates:
                for at, reference in _image_volumes(template):
                    yield "", matcher.image(at, reference)


def text_of(containers: Sequence[Container]) -> bytes:
    """The text of containers as the sieve reads it."""
    text = flat_json([container.written() for container in containers])
    return flat(word for container in containers for word in container.texts()) if text is None else text


def worth_reading(detectors: Detectors, text: bytes) -> bool:
    """Whether a flat text may hold evidence enough, or has something to open before that is known."""
    return b"$" in text or bool(detectors.sieve.topics(text)) or any(map(_beyond_anchors, _long(text)))


def suspect(detectors: Detectors, container: Container) -> Suspect | None:
    """A container with the topics in it; None where the sieve finds none."""
    text = text_of((container,))
    if not worth_reading(detectors, text):
        return None
    reading = read(container)
    whole = text + flat(reading.texts())
    topics = detectors.sieve.topics(whole) | (_MINING if any(map(MONERO.search, _long(whole))) else NO_TOPICS)
    return Suspect(container, reading, topics) if topics else None


def _long(text: bytes) -> list[str]:
    return long_words(text, SHORTEST_BASE64 - len("=="))


def _beyond_anchors(word: str) -> bool:
    """Whether a word hides another text or is a wallet, for which there is no anchor."""
    return bool(decoded(word) or MONERO.search(word))


def _image_volumes(template: PodTemplate) -> Iterator[tuple[str, str]]:
    return template.image_volumes() if "volumes" in template.spec else iter(())

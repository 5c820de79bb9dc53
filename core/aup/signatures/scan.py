"""One object's text, looked at once for all topics: the sieve says which, and only their exact search is done."""

from collections.abc import Iterator, Sequence

import msgspec

from aup.api.signature_list import Topic
from aup.review import Json
from aup.signatures import config_maps
from aup.signatures.decoding import MOST, has_long_word, hidden
from aup.signatures.detectors import TO_OPEN, Detectors
from aup.signatures.evidence import Evidence
from aup.signatures.mining import MONERO
from aup.signatures.reading import Reading, read
from aup.signatures.sieve import NO_TOPICS, flat, flat_json, long_words
from aup.workload import Container, Workload

MOST_TEXT = 64 * 1024
"""Bytes of commands and environment in one object: judging takes its time, and among a thousand public manifests the
longest has a third of that."""

TOO_MUCH = "too much text"
"""Among the topics of an object that has more text than is read."""

_SHORTEST_WALLET = 95

_MINING: frozenset[str] = frozenset(["crypto_mining"])


class Suspect(msgspec.Struct, frozen=True):
    """A container or a ConfigMap's value (which has no container) in which the sieve found topics, read."""

    at: str
    container: Container | None
    reading: Reading
    topics: frozenset[str]


class _Found(msgspec.Struct, frozen=True):
    """What the sieve has found; `too_much` says where an object has more text than is read, which is not searched."""

    suspects: tuple[Suspect, ...] = ()
    of_volumes: frozenset[str] = NO_TOPICS
    too_much: tuple[str, str] = ("", "")

    @property
    def topics(self) -> frozenset[str]:
        if self.too_much[0]:
            return self.of_volumes | {TOO_MUCH}
        return self.of_volumes.union(*(one.topics for one in self.suspects)) if self.suspects else self.of_volumes


class Scan:
    """What there is to find in an object; nothing is looked at before somebody asks."""

    def __init__(self, detectors: Detectors, workload: Workload, config_map: Json | None = None) -> None:
        self._detectors = detectors
        self._workload = workload
        self._config_map = config_map
        self._known: _Found | None = None

    @property
    def topics(self) -> frozenset[str]:
        """The topics that are worth an exact search, or `TOO_MUCH`."""
        return self._found().topics

    @property
    def too_much(self) -> tuple[str, str]:
        """Where there is more text than is read, and how much is; such an object is not searched. Else two blanks."""
        return self._found().too_much

    def _found(self) -> _Found:
        if self._known is None:
            self._known = self._search()
        return self._known

    def _search(self) -> _Found:
        if self._config_map is not None:
            return _Found(tuple(_of_config_map(self._detectors, self._config_map)))
        size = 0
        suspects: list[Suspect] = []
        of_volumes = _of_volumes(self._detectors, self._workload)
        for template in self._workload.templates:
            text = text_of(template.containers)
            size += len(text)
            if size > MOST_TEXT:
                much = f"over {MOST_TEXT} bytes of commands and environment, too many to judge"
                return _Found((), of_volumes, (template.path, much))
            if worth_reading(self._detectors, text):
                suspects += (one for container in template.containers if (one := suspect(self._detectors, container)))
        if not suspects:
            return _Found((), of_volumes)
        packed = next((one for one in suspects if one.reading.exceeded), None)
        if packed:
            return _Found((), of_volumes, (packed.at, f"over {MOST} bytes packed in a few, too many to judge"))
        return _Found(tuple(suspects), of_volumes)

    def evidence(self, topic: Topic) -> Iterator[tuple[str, list[Evidence]]]:
        """The evidence for a topic, strongest first: a container's name, empty for a volume, and what is in it."""
        matcher = self._detectors.matchers[topic]
        for one in self._found().suspects:
            if topic not in one.topics:
                continue
            if one.container is None:
                yield "", matcher.reading(one.reading)
            else:
                yield one.container.name, matcher.container(one.container, one.reading)
        if topic in self._found().of_volumes:
            for template in self._workload.templates:
                for at, reference in template.image_volumes():
                    yield "", matcher.image(at, reference)


def text_of(containers: Sequence[Container]) -> bytes:
    """The text of containers as the sieve reads it."""
    text = flat_json([container.written() for container in containers])
    return flat(word for container in containers for word in container.texts()) if text is None else text


def worth_reading(detectors: Detectors, text: bytes) -> bool:
    """Whether a flat text may hold evidence enough, or has something to open before that is known."""
    return b"$" in text or bool(detectors.sieve.topics(text)) or _hides(text)


def suspect(detectors: Detectors, container: Container) -> Suspect | None:
    """A container with the topics in it; None where the sieve finds none."""
    text = text_of((container,))
    if not worth_reading(detectors, text):
        return None
    reading = read(container)
    whole = b"".join((text, flat(reading.texts()), flat(hidden(text))))
    topics = _topics(detectors, whole)
    return Suspect(container.path, container, reading, topics) if topics or reading.exceeded else None


def _of_config_map(detectors: Detectors, manifest: Json) -> Iterator[Suspect]:
    """The values in which the sieve finds topics; of scripts all are read, for their variables may hide anything."""
    for one in config_maps.texts(manifest):
        text = flat([one.key, one.text])  # a key may name a variable
        needles = detectors.sieve.anchors(text)
        if needles or one.sort == "script" or _hides(text):
            reading = config_maps.reading([one], needles)
            topics = _topics(detectors, flat(reading.texts()))
            if topics:
                yield Suspect(one.path, None, reading, topics)


def _topics(detectors: Detectors, text: bytes) -> frozenset[str]:
    """The topics of a flat text in which all is opened."""
    return (detectors.sieve.topics(text) | (_MINING if _has_wallet(text) else NO_TOPICS)) - {TO_OPEN}


def _hides(text: bytes) -> bool:
    """Whether a flat text has what no anchor tells: an encoded text, or a wallet."""
    return has_long_word(text) and (bool(hidden(text)) or _has_wallet(text))


def _has_wallet(text: bytes) -> bool:
    """Whether there is a word with the shape of a wallet, for which there is no anchor."""
    return any(map(MONERO.search, long_words(text, _SHORTEST_WALLET)))


def _of_volumes(detectors: Detectors, workload: Workload) -> frozenset[str]:
    references = [reference for template in workload.templates for _, reference in template.image_volumes()]
    return detectors.sieve.topics(flat(references)) - {TO_OPEN} if references else NO_TOPICS

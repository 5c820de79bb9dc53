"""Whether a text can hold a signature at all, in one pass whose cost does not grow with the number of signatures.

Each signature stands for an anchor, a piece of text without which it cannot match; an Aho-Corasick automaton looks for
all anchors at once. Nearly every text holds none, and the exact and slow search is then left out.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from ahocorasick_rs import BytesAhoCorasick, Implementation

# A shell drops quotes and backslashes and splits words at the rest; so does the sieve, with a line for each word.
_BLANKS = b" \t\r\f\v\x1c\x1d\x1e\x1f;|&()`"
_SPLIT = bytes.maketrans(_BLANKS, b"\n" * len(_BLANKS))
_DROPPED = b"'\"\\"
_STRINGS = bytes.maketrans(_BLANKS + b'"', b"\n" * len(_BLANKS) + b"\n")
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_CLASSES = bytes(ord("A") if each in _LETTERS else each if each == ord("\n") else ord(".") for each in range(256))
NO_TOPICS: frozenset[str] = frozenset()

Anchors = Iterable[tuple[str, str]]
"""Each anchor with its group: lower case, without blanks and quotes; a line feed in front stands for a word's begin."""


def flat(texts: Iterable[str]) -> bytes:
    """The texts in UTF-8 with a line for each word as a shell would split them, quotes and backslashes dropped."""
    joined = "\n".join(("", *texts, ""))
    if "\\\n" in joined:
        joined = joined.replace("\\\n", "")  # a line that goes on
    if not joined.isascii():
        joined = "\n".join(("", *joined.split(), ""))  # at all blanks that Unicode has
    return joined.encode(errors="surrogatepass").translate(_SPLIT, _DROPPED)


def flat_json(value: object) -> bytes | None:
    """The strings of a JSON value as `flat` gives them, between more lines; None where that takes a closer look.

    Escapes and letters beyond ASCII are rare, and all else is done by the encoder and one table.
    """
    data = msgspec.json.encode(value)
    if b"\\" in data or not data.isascii():
        return None
    return data.translate(_STRINGS, b"'")


def has_run(text: bytes, letters: int) -> bool:
    """Whether a text has so many letters, digits, `+` and `/` in a row."""
    return b"A" * letters in text.translate(_CLASSES)


def long_words(text: bytes, letters: int) -> list[str]:
    """The words of a flat text that are so long, where it has a run of so many; nearly always none."""
    if not has_run(text, letters):
        return []
    return [word.decode(errors="surrogatepass") for word in text.split(b"\n") if len(word) >= letters]


class Plan(msgspec.Struct, frozen=True):
    """What to look for to find one topic.

    Args:
        anchors: See `Anchors`; an anchor may stand in several groups.
        enough: The combinations of groups that make a text worth the exact search, the rarest group of each first:
            a text without any of these is let go at once.
    """

    anchors: Sequence[tuple[str, str]]
    enough: Sequence[Sequence[str]]


class Sieve:
    """An automaton over the anchors of all topics."""

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        groups: dict[bytes, frozenset[tuple[str, str]]] = {}
        first: set[tuple[str, str]] = set()
        self._enough: list[tuple[str, frozenset[tuple[str, str]]]] = []
        for topic, plan in plans.items():
            alone = {group: frozenset([(topic, group)]) for group in {group for _, group in plan.anchors}}
            for anchor, group in plan.anchors:
                text = anchor.encode()
                groups[text] = groups[text] | alone[group] if text in groups else alone[group]
            first |= {(topic, each[0]) for each in plan.enough}
            self._enough += [(topic, frozenset((topic, group) for group in each)) for each in plan.enough]
        self._first = _automaton([anchor for anchor, each in groups.items() if not first.isdisjoint(each)])
        self._all = _automaton(list(groups))
        self._groups = list(groups.values())
        self._anchors = list(groups)

    def topics(self, text: bytes) -> frozenset[str]:
        """The topics of which a flat text holds anchors enough."""
        found = self._found(text)
        return self._topics(found) if found else NO_TOPICS

    def anchors(self, text: bytes) -> list[str]:
        """The anchors of a flat text that has enough of them, without the line feeds around them; else none."""
        found = self._found(text)
        if not found or not self._topics(found):
            return []
        return sorted({self._anchors[index].decode().strip("\n") for index in found})

    def _found(self, text: bytes) -> set[int]:
        """The numbers of the anchors in a flat text; none where it has none that a combination begins with."""
        lower = text.lower() if text.isascii() else _folded(text)
        if not self._first.find_matches_as_indexes(lower):
            return set()
        return {index for index, _, _ in self._all.find_matches_as_indexes(lower, overlapping=True)}

    def _topics(self, found: Iterable[int]) -> frozenset[str]:
        groups = frozenset().union(*(self._groups[index] for index in found))
        return frozenset(topic for topic, each in self._enough if each <= groups)


def _automaton(anchors: list[bytes]) -> BytesAhoCorasick:
    """In the compact form: a full table is half as large again as the caches, and dearer between other work."""
    return BytesAhoCorasick(anchors, implementation=Implementation.ContiguousNFA)


def _folded(text: bytes) -> bytes:
    """Lower case by way of upper case, where a character such as the dotless i becomes one of the anchors' own."""
    return text.decode(errors="surrogatepass").upper().lower().encode(errors="surrogatepass")

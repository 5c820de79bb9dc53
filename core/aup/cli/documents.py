"""YAML and JSON documents with the position of every value, from one parse.

libyaml gives the events and this module builds values and positions from them without recursion, so that depth, size
and the growth through aliases are bounded while reading and not after.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from aup.cli import scalars

DEEPEST = 200
"""Levels of nesting; Kubernetes' own deepest schemas have about 60."""
MOST_VALUES = 1_000_000
"""Values in one document, aliases counted as often as they are used."""
MOST_PROBLEMS = 20
"""Problems told about one file; after that, reading it stops."""

Place = tuple[int, "dict[str, Place] | list[Place] | None"]
"""Where a value stands: the index of its first character (of its key, in a mapping), and its children's places."""

TEMPLATE = "a template and not a manifest; render it first, for example: helm template CHART | aup check -"

_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_TEMPLATE = re.compile(r"^[ \t]*(?:- +)*(?:\{\{|\{%)|: +(?:\{\{|\{%)", re.MULTILINE)
BRACES = re.compile(r"\{\{|\{%")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_ENDED = "found unexpected end of stream"
_HINTS = {
    "mapping values are not allowed in this context": "quote a value that holds ': ', or mend the indentation",
    "did not find expected key": "mend the indentation of this line or the one before",
    "did not find expected '-' indicator": "mend the indentation of this line or the one before",
    "could not find expected ':'": "a key needs a colon; mend this line or the one before",
    "found character that cannot start any token": "put the value in quotes",
    _ENDED: "close the quote that begins here",
    "found undefined alias": "an alias (*name) needs its anchor (&name) earlier in the same document",
}


class Document(msgspec.Struct, frozen=True):
    """One document; the indexes in `place` count from `base`."""

    value: Any
    place: Place
    base: int


class Problem(msgspec.Struct, frozen=True):
    """Why a part of a file cannot be read: the index of the character, what is wrong and what to do."""

    at: int
    problem: str


class _UnreadableError(Exception):
    def __init__(self, at: int, problem: str) -> None:
        super().__init__(problem)
        self.at = at
        self.problem = problem


def documents(text: str) -> Iterator[Document | Problem]:
    """The documents of a file in order, empty ones too; a broken one is a problem and does not hide those after it."""
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        code = ord(forbidden.group())
        yield Problem(forbidden.start(), f"the control character U+{code:04X}; remove it, or write it as an escape")
        return
    start = 0
    for _ in range(MOST_PROBLEMS):
        try:
            yield from _read(text[start:], start)
        except _UnreadableError as error:
            at = start + error.at
            yield _template(text, start, at) or Problem(at, error.problem)
            following = _SEPARATOR.search(text, max(at, start + 1))
            if following is None:
                return
            start = following.start()
        else:
            return
    yield Problem(start, f"{MOST_PROBLEMS} problems so far; the rest of this file is not read, mend these first")


def joined_surrogates(text: str) -> str:
    r"""JSON with `\ud83d\ude00` written as the one character that it stands for, which YAML has no escape pair for."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    return _SURROGATES.sub(_joined, text)


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return pair[1] + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _template(text: str, start: int, at: int) -> Problem | None:
    """The problem of a template that is not rendered, if the broken document has its braces up to the broken line."""
    begins = start
    for separator in _SEPARATOR.finditer(text, start, at):
        begins = separator.start()
    line_end = text.find("\n", at)
    found = _TEMPLATE.search(text, begins, len(text) if line_end < 0 else line_end)
    if found is None:
        return None
    braces = BRACES.search(text, found.start())
    return Problem(braces.start() if braces else at, TEMPLATE)


def _read(text: str, base: int) -> Iterator[Document]:
    loader = yaml.CSafeLoader(text)
    try:
        builder = _Builder()
        while loader.check_event():
            finished = builder.take(loader.get_event())
            if finished:
                yield Document(*finished, base)
                builder = _Builder()
    except yaml.MarkedYAMLError as error:
        mark = error.context_mark if error.problem == _ENDED and error.context_mark else error.problem_mark
        at = mark.index if mark else 0
        raise _UnreadableError(at, _told(text, at, error)) from None
    except yaml.YAMLError as error:
        raise _UnreadableError(0, f"not valid YAML: {error}") from None
    finally:
        loader.dispose()


def _told(text: str, at: int, error: yaml.MarkedYAMLError) -> str:
    if text[at : at + 1] == "\t":
        return "not valid YAML: a tab as indentation; use spaces"
    problem = error.problem or "unknown problem"
    return f"not valid YAML: {problem}; {_HINTS.get(problem, 'mend this line or the one before')}"


def _at(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0


class _Collection:
    """A mapping or list that is still being read."""

    __slots__ = ("anchor", "at", "before", "height", "key", "key_at", "merged", "places", "value")

    def __init__(self, event: yaml.CollectionStartEvent, before: int) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.at: int = _at(event)
        self.anchor: str | None = event.anchor
        self.value: dict[str, Any] | list[Any] = {} if is_mapping else []
        self.places: dict[str, Place] | list[Place] = {} if is_mapping else []
        self.before = before
        self.height = 0
        self.key: str | None = None
        self.key_at = 0
        self.merged: list[tuple[dict[str, Any], dict[str, Place]]] = []


class _Known:
    """What an anchor names: the value, its places, how many values it holds and how deep it is."""

    __slots__ = ("height", "place", "size", "value")

    def __init__(self, value: Any, place: Place, size: int, height: int) -> None:
        self.value = value
        self.place = place
        self.size = size
        self.height = height


class _Builder:
    """Builds one document's value and places from its events."""

    def __init__(self) -> None:
        self._open: list[_Collection] = []
        self._anchors: dict[str, _Known | None] = {}
        self._count = 0
        self._done: tuple[Any, Place] = (None, (0, None))

    def take(self, event: yaml.Event | None) -> tuple[Any, Place] | None:
        """Take the next event; the value and its place once the document is whole."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentEndEvent):
            return self._done
        return None

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        at = _at(event)
        self._counted(1, at)
        try:
            if event.tag and event.tag != "!":
                value = scalars.tagged(event.tag, event.value)
            else:
                value = scalars.plain(event.value) if event.implicit[0] else event.value
        except ValueError as error:
            raise _UnreadableError(at, str(error)) from None
        if event.anchor:
            self._anchors[event.anchor] = _Known(value, (at, None), 1, 0)
        self._add(value, (at, None), 0, merges=value == "<<" and event.implicit[0])

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        at = _at(event)
        fitting = scalars.MAP_TAG if isinstance(event, yaml.MappingStartEvent) else scalars.SEQ_TAG
        if event.tag not in {None, "!", fitting}:
            raise _UnreadableError(at, scalars.unknown_tag(event.tag))
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise _UnreadableError(at, "a mapping or list as a key; a key is text")
        if len(self._open) >= DEEPEST:
            raise _UnreadableError(at, f"nested deeper than {DEEPEST} levels; no Kubernetes object is")
        if event.anchor:
            self._anchors[event.anchor] = None  # known, and not to be used within itself
        self._open.append(_Collection(event, self._count))
        self._counted(1, at)

    def _end(self) -> None:
        ended = self._open.pop()
        if isinstance(ended.value, dict) and isinstance(ended.places, dict):
            for value, places in ended.merged:
                for key in value:
                    if key not in ended.value:
                        ended.value[key] = value[key]
                        ended.places[key] = places[key]
        place: Place = (ended.at, ended.places)
        if ended.anchor:
            self._anchors[ended.anchor] = _Known(ended.value, place, self._count - ended.before, ended.height + 1)
        self._add(ended.value, place, ended.height + 1)

    def _alias(self, event: yaml.AliasEvent) -> None:
        at = _at(event)
        if event.anchor not in self._anchors:
            raise _UnreadableError(at, f"not valid YAML: found undefined alias; {_HINTS['found undefined alias']}")
        known = self._anchors[event.anchor]
        if known is None:
            raise _UnreadableError(at, f"the alias *{event.anchor} stands inside what it names; write it out")
        if len(self._open) + known.height > DEEPEST:
            raise _UnreadableError(at, f"nested deeper than {DEEPEST} levels through aliases; write it out")
        self._counted(known.size, at)
        self._add(known.value, (at, known.place[1]), known.height)

    def _counted(self, more: int, at: int) -> None:
        self._count += more
        if self._count > MOST_VALUES:
            raise _UnreadableError(
                at, f"more than {MOST_VALUES:,} values in one document; split it, or use fewer aliases"
            )

    def _add(self, value: Any, place: Place, height: int, *, merges: bool = False) -> None:
        """Put a whole value where it belongs: as the document, a list's item, a mapping's key or its value."""
        if not self._open:
            self._done = (value, place)
            return
        inside = self._open[-1]
        inside.height = max(inside.height, height)
        if isinstance(inside.value, list) and isinstance(inside.places, list):
            inside.value.append(value)
            inside.places.append(place)
        elif isinstance(inside.value, dict) and isinstance(inside.places, dict):
            if inside.key is None:
                inside.key, inside.key_at = _key(value, place[0], inside.value, merges=merges), place[0]
            elif inside.key == _MERGE:
                inside.merged += _merged(value, place)
                inside.key = None
            else:
                inside.value[inside.key] = value
                inside.places[inside.key] = (inside.key_at, place[1])
                inside.key = None


_MERGE = "\0<<"  # no key can be this: the character is forbidden


def _key(value: Any, at: int, siblings: dict[str, Any], *, merges: bool) -> str:
    """The key as Kubernetes writes it in JSON: numbers and booleans become text."""
    if merges:
        return _MERGE
    if value is None or isinstance(value, (dict, list)):
        raise _UnreadableError(at, "an empty key, a mapping or a list as a key; a key is text")
    key = str(value).lower() if isinstance(value, bool) else str(value)
    if key in siblings:
        raise _UnreadableError(at, f"the key {key!r} stands twice in the same mapping; remove one")
    return key


def _merged(value: Any, place: Place) -> list[tuple[dict[str, Any], dict[str, Place]]]:
    """The mappings that a merge key (`<<`) brings in, the strongest first."""
    pairs = [(value, place[1])]
    if isinstance(value, list) and isinstance(place[1], list):
        pairs = [(one, where[1]) for one, where in zip(value, place[1], strict=True)]
    mappings = [(one, where) for one, where in pairs if isinstance(one, dict) and isinstance(where, dict)]
    if len(mappings) != len(pairs):
        raise _UnreadableError(place[0], "a merge key (<<) takes a mapping or a list of mappings")
    return mappings

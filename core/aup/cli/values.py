"""Values and positions from the events of libyaml's parser.

Depth, size and the growth through aliases are bounded while reading and not after. `aup check` spends most of its
time here, so there is one call for each scalar and two for each collection, and everything rare is out of their way.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from aup.cli import scalars

DEEPEST = 200
"""Levels of nesting; Kubernetes' own deepest schemas have about 60. Each takes two levels of Python's stack."""
TOO_DEEP = f"nested deeper than {DEEPEST} levels; no Kubernetes object is"
MOST_VALUES = 1_000_000
"""Values in one document, aliases counted as often as they are used."""

Place = tuple[int, "dict[str, Place] | list[Place] | None"]
"""Where a value stands: the index of its first character (of its key, in a mapping), and its children's places."""
Places = dict[str, Place] | list[Place] | None

UNDEFINED = "found undefined alias; an alias (*name) needs its anchor (&name) earlier in the same document"

_Merged = list[tuple[dict[str, Any], dict[str, Place]]]


class UnreadableError(Exception):
    """What makes a document unreadable, and the index of the character where it stands."""

    def __init__(self, at: int, problem: str) -> None:
        super().__init__(problem)
        self.at = at
        self.problem = problem


class _Known(msgspec.Struct, frozen=True):
    """What an anchor names: the value, its places, how many values it holds and how deep it is."""

    value: Any
    places: Places
    size: int
    height: int


def values(text: str) -> Iterator[tuple[Any, Place]]:
    """The value of each document with its places, empty documents too.

    Raises:
        UnreadableError: A document cannot be read; those after it are not.
        yaml.YAMLError: The text is no YAML.
    """
    # The stubs say that events may lack their marks, which the parser's never do: so they are Any here and below.
    next_event: Any = CParser(text).get_event
    next_event()  # the start of the stream
    while next_event().__class__ is DocumentStartEvent:
        event = next_event()
        at = event.start_mark.index
        reader = _Reader(next_event)
        if event.__class__ is ScalarEvent:
            value, places = reader.scalar(event), None
        else:
            value, places = reader.inner(event)
        next_event()  # the end of the document
        yield value, (at, places)


class _Reader:
    """Reads one document from the parser's events."""

    __slots__ = ("_anchors", "_count", "_deepest", "_depth", "_next")

    def __init__(self, next_event: Any) -> None:
        self._next = next_event
        self._anchors: dict[str, _Known | None] = {}
        self._count = 0
        self._depth = 0
        self._deepest = 0

    def scalar(self, event: Any) -> Any:
        """The value of a scalar."""
        self._count += 1
        if self._count > MOST_VALUES:
            raise _too_many(event)
        value = event.value
        if event.tag is not None:
            value = _tagged(event)
        elif event.implicit[0] and value[:1] in scalars.BEGINNINGS:
            value = _plain(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Known(value, None, 1, 0)
        return value

    def inner(self, event: Any) -> tuple[Any, Places]:
        """The value that begins with this event and is no scalar, and its places."""
        if event.__class__ is AliasEvent:
            return self._alias(event)
        is_mapping = event.__class__ is MappingStartEvent
        if event.tag is not None:
            _check_tag(event, scalars.MAP_TAG if is_mapping else scalars.SEQ_TAG)
        if self._depth >= DEEPEST:
            raise UnreadableError(event.start_mark.index, TOO_DEEP)
        before, outside = self._count, self._deepest
        self._count += 1
        if self._count > MOST_VALUES:
            raise _too_many(event)
        self._depth += 1
        self._deepest = self._depth
        if event.anchor is not None:
            self._anchors[event.anchor] = None  # known, and not to be used within itself
        value, places = self._mapping() if is_mapping else self._sequence()
        self._depth -= 1
        if event.anchor is not None:
            self._anchors[event.anchor] = _Known(value, places, self._count - before, self._deepest - self._depth)
        self._deepest = max(outside, self._deepest)
        return value, places

    def _sequence(self) -> tuple[list[Any], list[Place]]:
        items: list[Any] = []
        places: list[Place] = []
        next_event = self._next
        while True:
            event = next_event()
            at = event.start_mark.index
            if event.__class__ is ScalarEvent:
                items.append(self.scalar(event))
                places.append((at, None))
            elif event.__class__ is SequenceEndEvent:
                return items, places
            else:
                value, inside = self.inner(event)
                items.append(value)
                places.append((at, inside))

    def _mapping(self) -> tuple[dict[str, Any], dict[str, Place]]:
        fields: dict[str, Any] = {}
        places: dict[str, Place] = {}
        merged: _Merged = []
        next_event = self._next
        while True:
            event = next_event()
            at = event.start_mark.index
            if event.__class__ is ScalarEvent:
                key = self.scalar(event)
                if key == "<<" and event.implicit[0]:
                    merged += self._merged(next_event())
                    continue
            elif event.__class__ is MappingEndEvent:
                _add_merged(merged, fields, places)
                return fields, places
            else:
                key = self._alias_as_key(event)
            if key.__class__ is not str:
                key = _text_of_key(key, at)
            if key in fields:
                raise UnreadableError(at, f"the key {key!r} stands twice in the same mapping; remove one")
            event = next_event()
            if event.__class__ is ScalarEvent:
                fields[key] = self.scalar(event)
                places[key] = (at, None)
            else:
                fields[key], inside = self.inner(event)
                places[key] = (at, inside)

    def _merged(self, event: Any) -> _Merged:
        """The mappings that a merge key (`<<`) brings in, the strongest first."""
        value, places = (self.scalar(event), None) if event.__class__ is ScalarEvent else self.inner(event)
        pairs = [(value, places)]
        if isinstance(value, list) and isinstance(places, list):
            pairs = [(one, where[1]) for one, where in zip(value, places, strict=True)]
        mappings = [(one, where) for one, where in pairs if isinstance(one, dict) and isinstance(where, dict)]
        if len(mappings) != len(pairs):
            raise UnreadableError(event.start_mark.index, "a merge key (<<) takes a mapping or a list of mappings")
        return mappings

    def _alias(self, event: Any) -> tuple[Any, Places]:
        at = event.start_mark.index
        if event.anchor not in self._anchors:
            raise UnreadableError(at, f"not valid YAML: {UNDEFINED}")
        known = self._anchors[event.anchor]
        if known is None:
            raise UnreadableError(at, f"the alias *{event.anchor} stands inside what it names; write it out")
        if self._depth + known.height > DEEPEST:
            raise UnreadableError(at, f"nested deeper than {DEEPEST} levels through aliases; write it out")
        self._deepest = max(self._deepest, self._depth + known.height)
        self._count += known.size
        if self._count > MOST_VALUES:
            raise _too_many(event)
        return known.value, known.places

    def _alias_as_key(self, event: Any) -> Any:
        if event.__class__ is AliasEvent:
            return self._alias(event)[0]
        if event.tag is not None:
            _check_tag(event, scalars.MAP_TAG if event.__class__ is MappingStartEvent else scalars.SEQ_TAG)
        raise UnreadableError(event.start_mark.index, "a mapping or list as a key; a key is text")


def _plain(event: Any) -> scalars.Scalar:
    try:
        return scalars.plain(event.value)
    except ValueError as error:
        raise UnreadableError(event.start_mark.index, str(error)) from None


def _tagged(event: Any) -> scalars.Scalar:
    if event.tag == "!":  # stands for no tag at all
        return _plain(event) if event.implicit[0] else str(event.value)
    try:
        return scalars.tagged(event.tag, event.value)
    except ValueError as error:
        raise UnreadableError(event.start_mark.index, str(error)) from None


def _check_tag(event: Any, fitting: str) -> None:
    if event.tag not in {"!", fitting}:
        raise UnreadableError(event.start_mark.index, scalars.unknown_tag(event.tag))


def _add_merged(merged: _Merged, fields: dict[str, Any], places: dict[str, Place]) -> None:
    """Add what merge keys brought in: a mapping's own fields win, then those that were merged first."""
    for value, where in merged:
        for key in value:
            if key not in fields:
                fields[key] = value[key]
                places[key] = where[key]


def _text_of_key(key: Any, at: int) -> str:
    """The key as Kubernetes writes it in JSON: numbers and booleans become text."""
    if key is None or isinstance(key, (dict, list)):
        raise UnreadableError(at, "an empty key, a mapping or a list as a key; a key is text")
    return str(key).lower() if isinstance(key, bool) else str(key)


def _too_many(event: Any) -> UnreadableError:
    return UnreadableError(
        event.start_mark.index, f"more than {MOST_VALUES:,} values in one document; split it, or use fewer aliases"
    )

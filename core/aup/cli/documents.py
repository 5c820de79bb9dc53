"""YAML and JSON documents with the position of every value, from one parse, and what is wrong with the broken ones."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from aup.cli.values import TOO_DEEP, Place, UnreadableError, values

MOST_PROBLEMS = 20
"""Problems told about one file; after that, reading it stops."""

TEMPLATE = "a template and not a manifest; render it first, for example: helm template CHART | aup check -"

_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_TEMPLATE = re.compile(r"^[ \t]*(?:- +)*(?:\{\{|\{%)|: +(?:\{\{|\{%)", re.MULTILINE)
BRACES = re.compile(r"\{\{|\{%")
_ALLOWED_ASCII = re.compile(r"[\t\n\r\x20-\x7e]*")
_ALLOWED = "[\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*"  # compiling it takes milliseconds
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_ENDED = "found unexpected end of stream"
_TOO_DEEP = "exceeded maximum nesting depth"  # what libyaml says by itself, from PyYAML 6.0.4 on
_HINTS = {
    "mapping values are not allowed in this context": "quote a value that holds ': ', or mend the indentation",
    "did not find expected key": "mend the indentation of this line or the one before",
    "did not find expected '-' indicator": "mend the indentation of this line or the one before",
    "could not find expected ':'": "a key needs a colon; mend this line or the one before",
    "found character that cannot start any token": "put the value in quotes",
    _ENDED: "close the quote that begins here",
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


def documents(text: str) -> Iterator[Document | Problem]:
    """The documents of a file in order, empty ones too; a broken one is a problem and does not hide those after it."""
    allowed = _ALLOWED_ASCII.match(text) if text.isascii() else re.match(_ALLOWED, text)
    end = allowed.end() if allowed else 0
    if end < len(text):
        yield Problem(end, f"the control character U+{ord(text[end]):04X}; remove it, or write it as an escape")
        return
    start = 0
    for _ in range(MOST_PROBLEMS):
        try:
            yield from _read(text[start:], start)
        except UnreadableError as error:
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
    try:
        for value, place in values(text):
            yield Document(value, place, base)
    except yaml.MarkedYAMLError as error:
        mark = error.context_mark if error.problem == _ENDED and error.context_mark else error.problem_mark
        at = mark.index if mark else 0
        raise UnreadableError(at, _told(text, at, error)) from None
    except yaml.YAMLError as error:
        raise UnreadableError(0, f"not valid YAML: {error}") from None


def _told(text: str, at: int, error: yaml.MarkedYAMLError) -> str:
    if text[at : at + 1] == "\t":
        return "not valid YAML: a tab as indentation; use spaces"
    problem = error.problem or "unknown problem"
    if problem == _TOO_DEEP:
        return TOO_DEEP
    return f"not valid YAML: {problem}; {_HINTS.get(problem, 'mend this line or the one before')}"

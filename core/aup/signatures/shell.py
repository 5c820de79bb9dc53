"""Command text in words, roughly as a shell would split it: for looking at, never for running.

Linear in the text: one regular expression without ambiguity, quotes undone, known variables put in once, and nested
scripts (quoted or base64) followed to a small depth.
"""

import binascii
import re
from collections.abc import Iterator

from aup.signatures import words as word_lists

_FINDERS = word_lists()["finders"]
_QUOTED = r"""'[^']*+(?:'|\Z) | "(?:[^"\\]|\\.)*+(?:"|\\?\Z) | \\(?:.|\Z)"""
_LEXEME = re.compile(
    rf"""(?<!\S)\#[^\n]*+
      | (?P<end>[\n;|&()`]++)
      | (?P<word>(?:[^\s'"\\;|&()`]++ | {_QUOTED})++)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTE = re.compile(_QUOTED, re.VERBOSE | re.DOTALL)
_QUOTING = re.compile(r"""['"\\]""")
_VARIABLE = re.compile(r"\$(?:\{(\w++)(?::?[-=]([^{}]*+))?[^{}]*+\}|(\w++))", re.ASCII)
_KUBERNETES_VARIABLE = re.compile(r"\$\(([\w.-]++)\)", re.ASCII)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*+)=(.*)", re.ASCII | re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}", re.ASCII)
SHORTEST_BASE64 = 24
"""Characters of a word that is opened as base64; a shorter one hides no command worth hiding."""

_SCRIPT = re.compile(r"[\s;|&`]")
_DEPTH = 3
_FIRST = 4  # words of a command among which its program is looked for
_ROOM = 65_536  # characters that variables may add in all; short scripts could otherwise grow without bound


class Scope:
    """Values of variables, from the environment and from assignments seen so far, and the room left to put them in."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values
        self._room = _ROOM

    def value(self, name: str, otherwise: str) -> str:
        """A variable's value, or `otherwise` where it has none or is too long for the room left."""
        value = self.values.get(name, otherwise)
        if len(value) > self._room:
            return otherwise[:1]
        self._room -= len(value)
        return value


def commands(text: str, scope: Scope, depth: int = 0) -> Iterator[list[str]]:
    """Each simple command in the text as its words; assignments are added to `scope`."""
    words: list[str] = []
    for lexeme in _LEXEME.finditer(text):
        kind = lexeme.lastgroup
        if kind == "end":
            yield words
            words = []
        elif kind == "word":
            word = lexeme[0]
            quoted = _QUOTING.search(word) is not None
            if quoted or "$" in word or "=" in word or len(word) >= SHORTEST_BASE64:
                yield from _opened(_QUOTE.sub(_unquoted, word) if quoted else word, words, scope, depth)
            else:
                words.append(word)
    yield words


def is_script(word: str) -> bool:
    """Whether a word of an argument vector is shell text and not one word."""
    return _SCRIPT.search(word) is not None


def given(text: str, scope: Scope) -> str:
    """The text with Kubernetes' own `$(NAME)` put in."""
    return _KUBERNETES_VARIABLE.sub(lambda match: scope.value(match[1], match[0]), text) if "$(" in text else text


def assigned(word: str) -> tuple[str, str] | None:
    """Name and value of a word `NAME=value`."""
    match = _ASSIGNMENT.fullmatch(word)
    return (match[1], match[2]) if match else None


def decoded(word: str) -> str:
    """The text that a word hides in base64; empty where it hides none."""
    if len(word) < SHORTEST_BASE64 or _BASE64.fullmatch(word) is None:
        return ""
    bare = word.rstrip("=")
    try:
        data = binascii.a2b_base64(bare + "=" * (-len(bare) % 4))
    except ValueError:
        return ""
    if not data.isascii():  # most words: no exception to raise
        return ""
    text = data.decode("ascii")
    return text if text.replace("\n", "").replace("\t", "").replace("\r", "").isprintable() else ""


def _unquoted(quoted: re.Match[str]) -> str:
    """What a shell makes of a quoted part; an escaped line feed goes on with the line."""
    part = quoted[0]
    if part[0] == "\\":
        return part[1:].replace("\n", "") if len(part) > 1 else part
    return (
        part[1:-1] if len(part) > 1 and part[-1] == part[0] else part[1:].removesuffix("\\" if part[0] == '"' else "")
    )


def _opened(word: str, words: list[str], scope: Scope, depth: int) -> Iterator[list[str]]:
    """Put variables into a word, and the word into `words`; yields the commands of a script inside it."""
    if "$" in word:
        word = _VARIABLE.sub(lambda match: _value(match, scope), word)
    assignment = assigned(word)
    if assignment:
        scope.values[assignment[0]] = assignment[1]
    nested = word if is_script(word) else decoded(word)
    if nested and depth < _DEPTH and _FINDERS.isdisjoint(words[:_FIRST]):
        yield from commands(nested, scope, depth + 1)
    if nested != word or depth == _DEPTH:
        words.extend(word.split())
    elif assignment:
        words.append(f"{assignment[0]}=")


def _value(match: re.Match[str], scope: Scope) -> str:
    name = match[1] or match[3]
    return " " if name == "IFS" else scope.value(name, match[2] or match[0])

r"""Command text in words, roughly as a shell would split it: for looking at, never for running.

Linear in the text: one regular expression without ambiguity, quotes undone, known variables put in once, and nested
scripts (quoted, encoded or escaped as in `\x78`) followed to a small depth.
"""

import re
from collections.abc import Iterator
from itertools import count

import msgspec

from aup.signatures import words as word_lists
from aup.signatures.decoding import SHORTEST as SHORTEST_BASE64
from aup.signatures.decoding import Room, decoded, escaped, unwrapped

__all__ = ["SHORTEST_BASE64", "Command", "Scope", "Word", "assigned", "commands", "decoded", "given", "is_script"]

_FINDERS = word_lists()["finders"]
_QUOTED = r"""'[^']*+(?:'|\Z) | "(?:[^"\\]|\\.)*+(?:"|\\?\Z) | \\(?:.|\Z)"""
_DOLLAR_QUOTED = r"'(?:[^'\\]|\\.)*+(?:'|\\?\Z)"
_LEXEME = re.compile(
    rf"""(?<!\S)\#[^\n]*+
      | (?P<end>[\n;|&()`]++)
      | (?P<word>(?:[^\s'"\\;|&()`]++ | (?<=\$){_DOLLAR_QUOTED} | {_QUOTED} | (?<=[<>])&)++)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTE = re.compile(rf"""\$(?:{_DOLLAR_QUOTED} | (?=")) | {_QUOTED}""", re.VERBOSE | re.DOTALL)
_QUOTING = re.compile(r"""['"\\]""")
_DOLLAR_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|(.))", re.ASCII | re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}
_VARIABLE = re.compile(
    r"\$(?:\{(!?\w++(?:\[(?:\w{1,4}|[@*])\])?)(?::?[-=]([^{}]*+)|([%#/:])([^{}]*+))?[^{}]*+\}|(\w++))", re.ASCII
)
_KUBERNETES_VARIABLE = re.compile(r"\$\(([\w.-]++)\)", re.ASCII)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*+)=(.*)", re.ASCII | re.DOTALL)
_ADDITION = re.compile(r"([A-Za-z_]\w*+)\+=(.*)", re.ASCII | re.DOTALL)
_JOINED = re.compile(r"""(?<=[^\\])(["'])\s*\+\s*\1""")
"""`"xm" + "rig"`, as most languages put texts together."""

_LIST = re.compile(r"[\s,()\[\]{}]+")

_SCRIPT = re.compile(r"[\s;|&`]")
_DEPTH = 3
_LINE = 40  # characters; base64 is wrapped at no fewer
_NESTED = 32  # brackets in brackets that are told apart
_FIRST = 4  # words of a command among which its program is looked for
_ROOM = 65_536  # characters that variables may add in all; short scripts could otherwise grow without bound
_ASSIGNED = 512  # characters that are kept of a command whose output is a variable's value
_CONVERSION = re.compile(r"%%|%[-+0-9.]*+[a-zA-Z]")
_ITEMS = 64  # of an array that are kept
_LONGEST_SUM = 4_096  # characters that `A+=x` makes of a variable
_TELLERS = frozenset(["echo", "printf", "which"])
_SIMPLE = frozenset(["\n", ";", "&&", "\n\n"])  # what nearly always ends a command

Word = tuple[str, str]
"""A word with its field path."""


class Command(msgspec.Struct, frozen=True):
    """A simple command, redirections among its words.

    Args:
        words: Its words, quotes undone.
        runs: False for words of which none is known to be the program.
        script: Commands with the same number stand in one text.
        pipeline: Commands with the same number are joined by `|`.
        piped: Whether its input comes from the command before.
        holder: The command among whose words this one stands, as a quoted script or between brackets.
        bracket: How it stands there: `$(` also for backquotes, `<(`, `>(`, or empty for a script in a word.
        scripts: Those of its words that are scripts; their commands stand on their own.
        spots: Before which of the words each of the scripts stands.
        assumed: What its program is called, where the image decides which it is.
    """

    words: list[Word]
    runs: bool
    script: int = 0
    pipeline: int = 0
    piped: bool = False
    holder: "Command | None" = None
    bracket: str = ""
    scripts: list[str] = []
    spots: list[int] = []
    assumed: str = ""

    def printed(self) -> str:
        """What `echo`, `printf` and `which` print of its words."""
        words = [*self._in_order()]
        name = base(words[0]) if words else ""
        if name == "which":
            return words[-1]
        rest = words[1:]
        while rest and rest[0][:1] == "-":
            rest = rest[1:]
        text = _formatted(rest) if name == "printf" and rest and "%" in rest[0] else " ".join(rest)
        return escaped(text) or text

    def _in_order(self) -> Iterator[str]:
        last = 0
        for spot, each in zip(self.spots, self.scripts, strict=False):
            yield from (word for _, word in self.words[last:spot])
            yield each
            last = spot
        yield from (word for _, word in self.words[last:])


class Scope:
    """Values of variables, from the environment and from assignments seen so far, and the room left to put them in."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values
        self.packed = Room()
        self.number = count(1).__next__
        """Gives a number that no other script or pipeline has."""
        self._room = _ROOM

    def value(self, name: str, otherwise: str) -> str:
        """A variable's value, or `otherwise` where it has none or is too long for the room left."""
        value = self.values.get(name, otherwise)
        if len(value) > self._room:
            return otherwise[:1]
        self._room -= len(value)
        return value


def commands(
    text: str, scope: Scope, at: str = "", holder: Command | None = None, *, runs: bool = True, depth: int = 0
) -> Iterator[Command]:
    """Each simple command in the text, which stands at a field path; assignments are added to `scope`."""
    lexer = _Lexer(scope, runs, holder)
    current = lexer.current
    text = unwrapped(text) if len(text) > _LINE else text
    for lexeme in _LEXEME.finditer(_JOINED.sub("", text) if "+" in text else text):
        kind = lexeme.lastgroup
        if kind == "word":
            word = lexeme[0]
            quoted = _QUOTING.search(word) is not None
            glued = lexeme.start() == lexer.glued and bool(current.words) and len(current.words[-1][1]) < _ASSIGNED
            if quoted or glued or "$" in word or "=" in word or len(word) >= SHORTEST_BASE64:
                whole = _QUOTE.sub(_unquoted, word) if quoted else word
                whole = current.words.pop()[1] + whole if glued else whole
                yield from _opened(at, whole, current, scope, depth)
                if quoted and "{" not in word and ('",' in word or "'," in word):
                    yield from _items(at, _LIST.split(whole), current, scope, depth)
            else:
                current.words.append((at, word))
        elif kind == "end":
            if lexeme[0] not in _SIMPLE or lexer.nested:
                yield from lexer.ended(lexeme)
            elif current.words:
                yield current
                lexer.begin(current)
            current = lexer.current
    if lexer.nested:
        yield from lexer.rest()
    elif current.words:
        yield current


class _Lexer:
    """Which command the next word belongs to."""

    __slots__ = ("_runs", "_scope", "_script", "current", "glued", "nested")

    def __init__(self, scope: Scope, runs: bool, holder: Command | None) -> None:
        self._scope = scope
        self._runs = runs
        self._script = scope.number()
        self.nested: list[tuple[str, Command]] = []
        self.glued = -1
        """Where a word goes on with the last one, whose end was `$(echo …)`."""
        self.current = Command([], runs, self._script, scope.number(), holder=holder)

    def ended(self, lexeme: re.Match[str]) -> Iterator[Command]:
        """The commands that end at `;`, `|`, `(` and the like."""
        marks = lexeme[0]
        before = self.current
        if (marks == "&" and lexeme.string[lexeme.end() : lexeme.end() + 1] == ">") or (
            marks == "|" and before.words and before.words[-1][1].endswith(">")
        ):
            return  # a redirection
        for mark in marks.replace("||", ";"):
            before = self.current
            if mark == "(" or (mark == "`" and not (self.nested and self.nested[-1][0] == "`")):
                yield from self._into(mark, before)
            elif mark in ")`" and self.nested:
                if before.words:
                    yield before
                self.glued = lexeme.end() if self._out(before) else -1
            elif mark == "|":
                if before.words:
                    yield before
                self.begin(before, piped=True)
            elif before.words:
                yield before
                self.begin(before)

    def rest(self) -> Iterator[Command]:
        """The commands that the end of the text ends."""
        if self.current.words:
            yield self.current
        yield from (outer for mark, outer in reversed(self.nested) if mark != "(" and outer.words)

    def begin(self, before: Command, *, piped: bool = False) -> None:
        """Begin the command after this one."""
        grouped = bool(self.nested) and self.nested[-1][0] == "("
        pipeline = before.pipeline if piped or grouped else self._scope.number()
        self.current = Command([], self._runs, self._script, pipeline, piped, before.holder, before.bracket)

    def _into(self, mark: str, before: Command) -> Iterator[Command]:
        sign = before.words[-1][1][-1:] if before.words else ""
        inner = "$" if mark == "`" else sign if sign in {"$", "<", ">"} else ""
        if len(self.nested) == _NESTED or not inner:
            if before.words:
                yield before
            if len(self.nested) < _NESTED:
                self.nested.append(("(", before))
            self.begin(before, piped=before.piped and not before.words)
            return
        self.nested.append((mark if mark == "`" else inner, before))
        self.current = Command([], self._runs, self._script, self._scope.number(), False, before, f"{inner}(")

    def _out(self, inner: Command) -> bool:
        """Go on with what stands around a bracket; whether the bracket's output is now the last word."""
        mark, outer = self.nested.pop()
        last = outer.words[-1][1] if outer.words else ""
        assignment = assigned(last) if "=" in last else None
        if mark == "(":
            if assignment and not assignment[1]:
                self._array(assignment[0], [word for _, word in inner.words[:_ITEMS]])
            self.current = Command([], self._runs, self._script, outer.pipeline, False, outer.holder, outer.bracket)
            return False
        self.current = outer
        told = inner.printed() if mark in "$`" and not inner.piped and _tells(inner) else ""
        if assignment and assignment[1] in {"$", ""}:  # NAME=$(inner): its value is what a word `$(inner)` would be
            written = " ".join(word for _, word in inner.words)
            self._scope.values[assignment[0]] = told or f"$({written[:_ASSIGNED]})"
        elif told and (last.endswith("$") or mark == "`"):
            before = outer.words.pop() if last.endswith("$") else (inner.words[0][0], "")
            outer.words.extend((before[0], each) for each in (before[1].removesuffix("$") + told).split())
            return bool(outer.words)
        return False

    def _array(self, name: str, items: list[str]) -> None:
        values = self._scope.values
        values[name] = items[0] if items else ""
        values[f"{name}[@]"] = values[f"{name}[*]"] = " ".join(items)
        for index, item in enumerate(items):
            values[f"{name}[{index}]"] = item


def _tells(inner: Command) -> bool:
    return len(inner.words) + len(inner.scripts) > 1 and bool(inner.words) and base(inner.words[0][1]) in _TELLERS


def _formatted(words: list[str]) -> str:
    """What `printf` makes of a format and its arguments, for all of which it is used again and again."""
    rest = iter(words[1:])
    following = next(rest, "")
    text = ""
    while True:

        def put(match: re.Match[str]) -> str:
            nonlocal following
            if match[0] == "%%":
                return "%"
            value, following = following, next(rest, "")
            return value

        text += _CONVERSION.sub(put, words[0])
        if not following or len(text) > _LONGEST_SUM or _CONVERSION.search(words[0]) is None:
            return text


def base(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


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


def _unquoted(quoted: re.Match[str]) -> str:
    """What a shell makes of a quoted part; an escaped line feed goes on with the line."""
    part = quoted[0]
    if part[0] == "\\":
        return part[1:].replace("\n", "") if len(part) > 1 else part
    if part[0] == "$":
        return _DOLLAR_ESCAPE.sub(_character, part[2:].removesuffix("'"))
    return (
        part[1:-1] if len(part) > 1 and part[-1] == part[0] else part[1:].removesuffix("\\" if part[0] == '"' else "")
    )


def _character(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    if digits:
        return chr(int(digits, 16))
    return chr(int(match[3], 8)) if match[3] else _LETTERS.get(match[4], match[4])


def _opened(at: str, word: str, current: Command, scope: Scope, depth: int) -> Iterator[Command]:
    """Put variables into a word, and the word into a command; yields the commands of a script inside it."""
    if "$" in word:
        word = _VARIABLE.sub(lambda match: _value(match, scope), word)
        if ("$@" in word or "$*" in word) and len(word) > len("$@"):
            word = word.replace("$@", "").replace("$*", "")
    assignment = _kept(word, scope)
    script = is_script(word)
    called = not script and "(" in word
    nested = word if script or called else decoded(word, scope.packed)
    if assignment and not nested:
        nested = decoded(assignment[1], scope.packed)
    if "\\" in word:
        nested = escaped(word) or nested
    if script and "\\n" in word and current.words and base(current.words[0][1]) in _TELLERS:
        nested = word.replace("\\n", "\n")
    looked_for = not _FINDERS.isdisjoint(each for _, each in current.words[:_FIRST]) and "system(" not in nested
    if nested and depth < _DEPTH and not looked_for:
        yield from commands(nested, scope, at, current, runs=current.runs, depth=depth + 1)
    if script:
        current.scripts.append(word)
        current.spots.append(len(current.words))
    if nested != word or called or depth == _DEPTH:
        current.words.extend([(at, each) for each in word.split()])
    elif assignment:
        current.words.append((at, f"{assignment[0]}="))


def _kept(word: str, scope: Scope) -> tuple[str, str] | None:
    """Name and value of `NAME=value`, which is kept as one that `NAME+=value` makes is."""
    assignment = assigned(word)
    if assignment:
        scope.values[assignment[0]] = assignment[1]
    elif "+=" in word and (added := _ADDITION.fullmatch(word)):
        scope.values[added[1]] = (scope.values.get(added[1], "") + added[2])[:_LONGEST_SUM]
    return assignment


def _items(at: str, items: list[str], current: Command, scope: Scope, depth: int) -> Iterator[Command]:
    """A list in code, as a command: `run(["curl","moon"])`; what its words hide too."""
    words = [(at, item) for item in items if item]
    if words:
        yield Command(words, current.runs, current.script, scope.number(), holder=current)
    for _, item in words if depth < _DEPTH else ():
        nested = decoded(item, scope.packed)
        if nested:
            yield from commands(nested, scope, at, current, runs=current.runs, depth=depth + 1)


def _value(match: re.Match[str], scope: Scope) -> str:
    name = match[1] or match[5]
    if name == "IFS":
        return " "
    if name[0] == "!":  # the variable whose name is another one's value
        name = scope.values.get(name[1:], "")
    value = scope.value(name, match[2] or match[0])
    return _edited(value, match[3], match[4]) if match[3] and value != match[0] else value


def _edited(value: str, operator: str, rest: str) -> str:
    """`${A%x}`, `${A#x}`, `${A:1:2}` and `${A/x/y}`, each with text in place of a pattern."""
    if operator == "%":
        return value.removesuffix(rest.removeprefix("%"))
    if operator == "#":
        return value.removeprefix(rest.removeprefix("#"))
    if operator == ":":
        start, _, size = rest.strip().partition(":")
        begin = int(start) if start.removeprefix("-").isdecimal() and len(start) < len("100000") else 0
        return value[begin:][: int(size)] if size.isdecimal() and len(size) < len("100000") else value[begin:]
    everywhere = rest.startswith("/")
    wanted, _, other = rest.removeprefix("/").partition("/")
    grown = other[: max(1, len(wanted))]
    return value.replace(wanted, grown, -1 if everywhere else 1) if wanted else value

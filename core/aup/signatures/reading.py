"""A container's text as it is looked at: scripts opened, variables put in, split into commands and their words."""

from collections.abc import Iterator

import msgspec

from aup.signatures import words
from aup.signatures.shell import Scope, commands, decoded, given, is_script
from aup.workload import Container

_SHELLS = words()["shells"]
_QUOTING = frozenset("$'\"\\")
_FIRST = 4  # words among which a shell is looked for

Word = tuple[str, str]
"""A word with its field path."""


class Command(msgspec.Struct, frozen=True):
    """A simple command; `runs` is false for words of which none is known to be the program."""

    words: list[Word]
    runs: bool


class Variable(msgspec.Struct, frozen=True):
    """An environment variable, and the commands in its value where it is a script."""

    path: str
    name: str
    value: str
    commands: list[Command]


class Reading(msgspec.Struct, frozen=True):
    """What a container's command, arguments, hooks, probes and environment say."""

    commands: list[Command]
    environment: list[Variable]

    def texts(self) -> Iterator[str]:
        """Every word, name and value."""
        for variable in self.environment:
            yield from (variable.name, variable.value)
        nested = (command for variable in self.environment for command in variable.commands)
        yield from (word for command in (*self.commands, *nested) for _, word in command.words)


def read(container: Container) -> Reading:
    """Read a container."""
    environment = list(container.environment())
    scope = Scope({name: value for _, name, value in environment if value})
    vectors = [command for vector in container.commands() for command in _vector(vector, scope)]
    return Reading(vectors, [_variable(path, name, value, scope) for path, name, value in environment])


def _vector(vector: list[Word], scope: Scope) -> Iterator[Command]:
    """A command with its arguments, and the scripts among them, which only shells run."""
    plain: list[Word] = []
    runs = any(word == "-c" or word.rpartition("/")[2] in _SHELLS for _, word in vector[:_FIRST])
    for at, written in vector:
        word = given(written, scope)
        shown = is_script(word) or (runs and not _QUOTING.isdisjoint(word))
        script = word if shown else decoded(word)
        yield from _script(at, script, scope, runs=runs)
        if script != word:
            plain.append((at, word))
    yield Command(plain, runs=True)


def _variable(path: str, name: str, value: str, scope: Scope) -> Variable:
    script = value if is_script(value) else decoded(value)
    return Variable(path, name, value, list(_script(f"{path}.value", script, scope, runs=False)) if script else [])


def _script(at: str, script: str, scope: Scope, *, runs: bool) -> Iterator[Command]:
    for command in commands(script, scope):
        if command:
            yield Command([(at, word) for word in command], runs)

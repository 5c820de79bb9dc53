"""A container's text as it is looked at: scripts opened, variables put in, split into commands and their words."""

from collections.abc import Iterator

import msgspec

from aup.image import parse
from aup.signatures import words
from aup.signatures.decoding import decoded
from aup.signatures.filters import unfiltered
from aup.signatures.shell import Command, Scope, Word, base, commands, given, is_script
from aup.workload import Container

__all__ = ["Command", "Reading", "Variable", "Word", "read"]

_SHELLS = words()["shells"]
_QUOTING = frozenset("$'\"\\")
_FIRST = 4  # words among which a shell is looked for


class Variable(msgspec.Struct, frozen=True):
    """An environment variable, and the commands in its value where it is a script."""

    path: str
    name: str
    value: str
    commands: list[Command]


class Reading(msgspec.Struct, frozen=True):
    """What a container's command, arguments, hooks, probes and environment say.

    `exceeded` is true where more is packed in them than is read, which nobody honest needs.
    """

    commands: list[Command]
    environment: list[Variable]
    exceeded: bool = False
    worked_out: dict[str, object] = {}
    """What one topic has worked out and others need too, by its name."""

    def texts(self) -> Iterator[str]:
        """Every word, name and value."""
        for variable in self.environment:
            yield from (variable.name, variable.value)
        yield from (word for command in self.all_commands() for _, word in command.words)

    def all_commands(self) -> Iterator[Command]:
        """Those of scripts in the environment too."""
        yield from self.commands
        for variable in self.environment:
            yield from variable.commands


def read(container: Container) -> Reading:
    """Read a container."""
    scope = Scope({})
    environment = []
    for path, name, written in container.environment():
        value = given(written, scope)  # of the variables above it, as Kubernetes does
        if value:
            scope.values[name] = value
        environment.append((path, name, value))
    vectors: list[Command] = []
    assumed = "" if container.spec.get("command") else base(parse(container.image).path)
    for vector in container.commands():
        vectors += _vector(vector, scope, assumed)
        assumed = ""  # hooks and probes name their programs
    for at, written in container.scripts():
        text = given(written, scope)
        whole = Command([], runs=False, script=scope.number(), scripts=[text])
        vectors += [whole, *script(at, text, scope, whole, runs=True)]
    variables = [variable(path, name, value, scope) for path, name, value in environment]
    return Reading(vectors, variables, scope.packed.exceeded)


def variable(path: str, name: str, value: str, scope: Scope) -> Variable:
    """An environment variable, read."""
    hidden = value if is_script(value) else decoded(value, scope.packed)
    return Variable(path, name, value, script(f"{path}.value", hidden, scope, runs=False) if hidden else [])


def script(at: str, text: str, scope: Scope, holder: Command | None = None, *, runs: bool) -> list[Command]:
    """The commands of a script, and those that come out of its pipelines."""
    found = [*commands(text, scope, at, holder, runs=runs)]
    if len(found) > 1:
        found += unfiltered(found, scope)
    return found


def _vector(vector: list[Word], scope: Scope, assumed: str) -> Iterator[Command]:
    """A command with its arguments, and the scripts among them, which only shells run."""
    plain = Command([], runs=True, script=scope.number(), pipeline=scope.number(), assumed=assumed)
    runs = any(word == "-c" or word.rpartition("/")[2] in _SHELLS for _, word in vector[:_FIRST])
    if runs:
        _number(vector, scope)
    for at, written in vector:
        word = given(written, scope)
        shown = is_script(word) or (runs and not _QUOTING.isdisjoint(word))
        text = word if shown else decoded(word, scope.packed)
        if text:
            yield from script(at, text, scope, plain, runs=runs)
        if shown:
            plain.scripts.append(word)
        else:
            plain.words.append((at, word))
    yield plain


def _number(vector: list[Word], scope: Scope) -> None:
    """What stands behind a script is `$0`, `$1` and so on to it."""
    words = [word for _, word in vector]
    script = next(
        (at + 1 for at, word in enumerate(words[:_FIRST]) if word[:1] == "-" and word[-1:] == "c"), len(words)
    )
    for number, word in enumerate(words[script + 1 : script + 11]):
        scope.values[str(number)] = given(word, scope)

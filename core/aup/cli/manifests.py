"""Kubernetes objects read from files and standard input, each with the line of every field."""

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import click

from aup.cli.documents import BRACES, TEMPLATE, Document, Problem, documents, joined_surrogates
from aup.cli.report import Trouble
from aup.cli.values import Place
from aup.review import Json, mapping, text

LARGEST = 10 * 1024 * 1024
"""Bytes of one file; an object in etcd has at most 1.5 MB."""

_USUAL = 64 * 1024
"""Bytes of nearly every file. They are read first: Python sets aside as much memory as it is asked to read at most."""

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
"""The files that are read in a folder."""

_MARK = "apiVersion"
"""What stands in every file that holds a Kubernetes object."""

_INDEX = re.compile(r"\[([0-9]{1,9})\]")


class Source:
    """A file's text and its size in bytes; `name` is how people know it, safe to print."""

    def __init__(self, name: str, text: str, size: int = 0) -> None:
        self.name = name
        self.text = text
        self.size = size

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(newline.end() for newline in re.finditer("\n", self.text))]

    def position(self, index: int) -> tuple[int, int]:
        """Line and column of a character, both counted from 1."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def trouble(self, at: int, message: str, *, foreign: bool = False) -> Trouble:
        """A trouble with the text at a character."""
        line, column = self.position(at)
        return Trouble(self.name, line, column, message, foreign=foreign)


class Manifest:
    """One object and where its fields stand."""

    def __init__(self, source: Source, json: Json, place: Place, base: int) -> None:
        self.source = source
        self.json = json
        self._place = place
        self._base = base

    def index(self, path: str) -> int:
        """The character where a field stands, or the deepest field above it that is there."""
        return self._base + _located(self._place, path)

    def line(self, path: str) -> int:
        """The line of a field, or of the deepest field above it that is there."""
        return self.source.position(self.index(path))[0]


def read(path: str) -> Iterator[Manifest | Trouble]:
    """The objects in a file (`-` is standard input), `List`s opened, and what is wrong with it."""
    source = opened(path)
    if isinstance(source, Trouble):
        yield source
    else:
        yield from objects(source)


def objects(source: Source) -> Iterator[Manifest | Trouble]:
    """The objects in a file that is open already, and what is wrong with it."""
    for document in documents(source.text):
        if isinstance(document, Problem):
            yield source.trouble(document.at, document.problem, foreign=document.problem == TEMPLATE)
        elif document.value is not None:
            yield from _objects(source, document)


def foreign(source: Source) -> bool:
    """Whether a file cannot hold a Kubernetes object, which is seen without reading it as YAML."""
    return _MARK not in source.text


def expanded(paths: Iterable[str]) -> Iterator[str | Trouble]:
    """The files to read: each path itself, or every manifest in it if it is a folder, in alphabetical order."""
    for path in paths:
        if path in {"-", ""} or not _is(Path.is_dir, Path(path)):
            yield path
        else:
            yield from _inside(path)


def _inside(folder: str) -> Iterator[str | Trouble]:
    """The manifests in a folder and all below it, but for hidden entries; links to folders are not followed."""
    found: list[str] = []
    unreadable = False
    pending = [Path(folder)]
    while pending:
        current = pending.pop()
        try:
            entries = [entry for entry in current.iterdir() if not entry.name.startswith(".")]
        except OSError as error:
            unreadable = True
            yield Trouble(shown(str(current)), 0, 0, _denied(error))
            continue
        for entry in entries:
            if _is(Path.is_dir, entry):
                pending += [] if entry.is_symlink() else [entry]
            elif entry.suffix in SUFFIXES and (_is(Path.is_file, entry) or entry.is_symlink()):
                found.append(str(entry))  # not a pipe, which could block; a broken link is told when it is read
    if not found and not unreadable:
        yield Trouble(shown(folder), 0, 0, "no .yaml, .yml or .json file in this folder; name the right one")
    yield from sorted(found)


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    """Whether a path is of that kind; one that cannot be looked at is not, and reading it tells why."""
    try:
        return kind(path)
    except OSError:
        return False


def shown(path: str) -> str:
    """A path that can be printed whatever its bytes are; `-` is standard input."""
    return "<stdin>" if path == "-" else click.format_filename(path) or "''"


def opened(path: str) -> Source | Trouble:
    """The text of a file (`-` is standard input), or why there is none."""
    name = shown(path)
    try:
        if path == "-":
            data = _bytes(sys.stdin.buffer)
        else:
            with open(path, "rb") as file:  # noqa: PTH123 - a Path takes an empty name for the current folder
                data = _bytes(file)
    except (OSError, ValueError) as error:
        return Trouble(name, 0, 0, _denied(error))
    if path == "-" and not data.strip():
        return Trouble(name, 0, 0, "empty; if a command writes it, that one has failed or has nothing to say")
    if len(data) > LARGEST:
        return Trouble(name, 0, 0, "larger than 10 MiB; split it into smaller files")
    try:
        written = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        return Source(name, before).trouble(len(before), "not UTF-8; save the file in that encoding")
    return Source(name, joined_surrogates(written.removeprefix("\ufeff")), len(data))


def _bytes(file: BinaryIO) -> bytes:
    """All of a file, or one byte more than the most that is read."""
    data = file.read(_USUAL)
    return data if len(data) < _USUAL else data + file.read(LARGEST + 1 - _USUAL)


def _denied(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError():
            return "no such file or folder; mend the path"
        case PermissionError():
            return "may not be read; give yourself read permission"
        case OSError():
            return f"cannot be read: {error.strerror or error}"
        case _:
            return f"cannot be read: {error}"


def _objects(source: Source, document: Document) -> Iterator[Manifest | Trouble]:
    pending: list[tuple[Any, Place]] = [(document.value, document.place)]
    while pending:
        value, place = pending.pop()
        problem = _no_object(value)
        if problem:
            yield source.trouble(document.base + place[0], problem, foreign=True)
            continue
        items, places = value.get("items"), mapping(place[1]).get("items", (0, None))[1]
        if value["kind"].endswith("List") and isinstance(items, list) and isinstance(places, list):
            typed = [_typed(value, item) for item in items]
            pending += reversed(list(zip(typed, places, strict=True)))
        else:
            manifest = Manifest(source, value, place, document.base)
            templated = _templated(value)
            yield source.trouble(manifest.index(templated), TEMPLATE, foreign=True) if templated else manifest


def _no_object(value: Any) -> str:
    """Why a value is no Kubernetes object; empty if it is one."""
    if isinstance(value, list):
        return "a list and not an object; put each object into a document of its own, separated by ---"
    if not isinstance(value, dict):
        return "a single value and not an object; a manifest begins with apiVersion and kind"
    for key in ("apiVersion", "kind"):
        if key not in value:
            return f"no {key}; every Kubernetes object has apiVersion and kind"
        if not isinstance(value[key], str) or not value[key]:
            return f"{key} is not text; write for example {'v1' if key == 'apiVersion' else 'Pod'}"
    return ""


def _templated(manifest: Json) -> str:
    """The field that shows a template whose braces stand in quotes: no name can hold them. Empty if there is none."""
    metadata = mapping(manifest.get("metadata"))
    fields = ("name", "generateName", "namespace")
    return next((f"metadata.{field}" for field in fields if BRACES.search(text(metadata.get(field)))), "")


def _typed(parent: Json, item: Any) -> Any:
    """A list's item with the type that the list states for all: the API leaves it out of a `PodList`'s items."""
    kind = parent["kind"].removesuffix("List")
    if not isinstance(item, dict) or not kind or "kind" in item or "apiVersion" in item:
        return item
    return {"apiVersion": parent["apiVersion"], "kind": kind, **item}


def _located(place: Place, path: str) -> int:
    at, children = place
    while path:
        if isinstance(children, dict):
            key, path = _next_key(children, path.removeprefix("."))
            if not key:
                break
            at, children = children[key]
        elif isinstance(children, list):
            index = _INDEX.match(path)
            if not index or int(index[1]) >= len(children):
                break
            at, children = children[int(index[1])]
            path = path[index.end() :]
        else:
            break
    return at


def _next_key(children: dict[str, Place], path: str) -> tuple[str, str]:
    """The longest key that the path goes on with, in brackets or not, and the rest of the path."""
    found, rest = "", ""
    bracketed = path.startswith("[")
    for key in children:
        if len(key) > len(found):
            if bracketed and path.startswith(f"[{key}]"):
                found, rest = key, path[len(key) + 2 :]
            elif path.startswith(key) and path[len(key) : len(key) + 1] in {"", ".", "["}:
                found, rest = key, path[len(key) :]
    return found, rest

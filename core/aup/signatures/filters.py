"""What small programs in a pipeline make of a text: `echo girmx | rev | sh`."""

import codecs
from collections.abc import Callable, Iterator

from aup.signatures import words as word_lists
from aup.signatures.decoding import Room, escaped, from_base32, from_base64, from_hex, readable
from aup.signatures.shell import Command, Scope, Word, assigned, commands

_LAUNCHERS = word_lists()["launchers"]
_PRINTERS = frozenset(["echo", "printf"])


def program(words: list[Word]) -> int:
    """Which word is the program, behind assignments and launchers such as `nice -n 19`; -1 where none is."""
    for index, (_, word) in enumerate(words):
        launcher = word.rpartition("/")[2] in _LAUNCHERS
        if not (launcher or word.startswith("-") or word[:1].isdigit() or assigned(word)):
            return index
    return -1


def unfiltered(found: list[Command], scope: Scope) -> Iterator[Command]:
    """The commands that come out of pipelines that turn a text into another one."""
    wanted = {each.pipeline for each in found if each.words[0][1].rpartition("/")[2] in _FILTERS}
    joined: dict[int, list[Command]] = {}
    for each in found if wanted else ():
        if each.pipeline in wanted:
            joined.setdefault(each.pipeline, []).append(each)
    for pipeline in joined.values():
        text = _through(pipeline, scope.packed)
        if text:
            last = pipeline[-1]
            yield from commands(text, scope, last.words[0][0], last, runs=last.runs, depth=1)


def _through(pipeline: list[Command], room: Room) -> str:
    data, changed = b"", False
    for command in pipeline:
        words = [word for _, word in command.words]
        name = words[0].rpartition("/")[2]
        change = _FILTERS.get(name)
        if name in _PRINTERS:
            printed = " ".join([*(each for each in words[1:] if not each.startswith("-")), *command.scripts])
            data = (escaped(printed) or printed).encode(errors="surrogatepass")
        elif change:
            here = [each.removeprefix("<<<") for each in words if each.startswith("<<<")]
            if here and not data:
                data = (here[0] or " ".join(command.scripts) or words[-1]).encode(errors="surrogatepass")
            data, changed = change(data, words, room), True
    return readable(data) if changed else ""


def _base64(data: bytes, words: list[str], room: Room) -> bytes:
    decodes = any(each.startswith(("-d", "-D", "--d", "-id", "-di")) for each in words)
    return room.unpacked(from_base64("".join(_text(data).split()))) if decodes else data


def _base32(data: bytes, words: list[str], room: Room) -> bytes:
    return room.unpacked(from_base32("".join(_text(data).split()))) if "-d" in words or "--decode" in words else data


def _xxd(data: bytes, words: list[str], room: Room) -> bytes:
    return room.unpacked(from_hex("".join(_text(data).split()))) if any("r" in each for each in words[1:]) else data


def _reversed(data: bytes, _words: list[str], _room: Room) -> bytes:
    return "\n".join(line[::-1] for line in _text(data).split("\n")).encode(errors="surrogatepass")


def _turned(data: bytes, words: list[str], _room: Room) -> bytes:
    """Rot13, the only such change that is used to hide text."""
    rotates = any(each.lower().startswith(("n-z", "[n-z")) for each in words)
    return codecs.encode(_text(data), "rot13").encode(errors="surrogatepass") if rotates else data


def _unpacked(data: bytes, _words: list[str], room: Room) -> bytes:
    return room.unpacked(data)


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


_FILTERS: dict[str, Callable[[bytes, list[str], Room], bytes]] = {
    "base64": _base64,
    "openssl": _base64,
    "base32": _base32,
    "xxd": _xxd,
    "rev": _reversed,
    "tr": _turned,
    "gunzip": _unpacked,
    "gzip": _unpacked,
    "zcat": _unpacked,
}

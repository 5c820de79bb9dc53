"""What small programs in a pipeline make of a text: `echo girmx | rev | sh`."""

import re
from collections.abc import Callable, Iterator

from aup.signatures import words as word_lists
from aup.signatures.decoding import Room, from_base32, from_base64, from_hex, readable
from aup.signatures.shell import Command, Scope, Word, assigned, base, commands

_LAUNCHERS = word_lists()["launchers"]
_LOADERS = ("ld-linux", "ld-musl")
_PRINTERS = frozenset(["echo", "printf"])
_RUNNERS = word_lists()["shells"] | {"at", "batch", "crontab"}
_RANGE = re.compile(r"([ -~])-([ -~])")
_LONGEST_SET = 256
_WITH_VALUE = {
    "chroot": frozenset(["--userspec", "--groups"]),
    "env": frozenset(["-u", "--unset", "-C", "--chdir"]),
    "exec": frozenset(["-a"]),
    "screen": frozenset(["-S", "-dmS", "-t", "-c"]),
    "su": frozenset(["-s", "--shell", "-g", "--group"]),
    "sudo": frozenset(["-u", "--user", "-g", "--group"]),
    "timeout": frozenset(["-s", "--signal", "-k", "--kill-after"]),
    "xargs": frozenset(["-I", "-n", "-P", "-d", "-L", "-a", "-E"]),
}
"""Options of launchers whose value is the next word."""


def program(words: list[Word]) -> int:
    """Which word is the program, behind assignments and launchers such as `nice -n 19`; -1 where none is."""
    launcher = ""
    value = False
    for index, (_, word) in enumerate(words):
        if value:
            value = False
        elif word.startswith("-"):
            value = word in _WITH_VALUE.get(launcher, ())
        elif (name := base(word)) in _LAUNCHERS or name.startswith(_LOADERS):
            launcher = name
        elif not (word[:1].isdigit() or word[:1] in "*@" or assigned(word)):  # the last for tables of cron
            return index
    return -1


def unfiltered(found: list[Command], scope: Scope) -> Iterator[Command]:
    """The commands that come out of pipelines that turn a text into another one."""
    wanted = {each.pipeline for each in found if base(each.words[0][1]) in _FILTERS}
    wanted |= {each.pipeline for each in found if each.piped and base(each.words[0][1]) in _RUNNERS}
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
    runs = base(pipeline[-1].words[0][1]) in _RUNNERS
    for command in pipeline:
        words = [word for _, word in command.words]
        name = words[0].rpartition("/")[2]
        change = _FILTERS.get(name)
        if name in _PRINTERS and not command.piped:
            changed = runs and (not command.scripts or name == "printf")
            data = command.printed().encode(errors="surrogatepass")
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
    """What `tr` makes of a text, with letters and ranges of them."""
    sets = [_members(each) for each in words[1:] if not each.startswith("-")]
    if len(sets) == 1 and "-d" in words:
        return _text(data).translate(dict.fromkeys(map(ord, sets[0]))).encode(errors="surrogatepass")
    if len(sets) < len("ab") or not sets[0] or not sets[1]:
        return data
    to = sets[1].ljust(len(sets[0]), sets[1][-1])
    return _text(data).translate(dict(zip(map(ord, sets[0]), to, strict=False))).encode(errors="surrogatepass")


def _members(written: str) -> str:
    """The letters of a set as `tr` takes it: `a-dX` is abcdX."""
    return _RANGE.sub(lambda each: "".join(map(chr, range(ord(each[1]), ord(each[2]) + 1))), written[:_LONGEST_SET])


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

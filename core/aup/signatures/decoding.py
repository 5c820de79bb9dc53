"""Text that a word hides: base64, base32 and hexadecimal digits, compressed or not, and escaped characters.

Every step is linear in what it is given, and what is unpacked is bounded, so that a few bytes cannot become many.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterator

from aup.signatures.sieve import has_run

SHORTEST = 24
"""Characters of a word that is opened; a shorter one hides no command worth hiding, unless a program decodes it."""

MOST = 256 * 1024
"""Bytes that a compressed text is unpacked to, in all."""

TOO_MUCH = "\0 more is packed than is read"
"""Stands among the texts of `hidden` where compressed words hold more than `MOST`, which nobody honest needs."""

_SHORTEST_HEX = 32
_DEPTH = 3
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}", re.ASCII)
_BASE32 = re.compile(r"[A-Z2-7]++=*+", re.ASCII)
_HEX = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})++)", re.ASCII)
_RUN = re.compile(r"[A-Za-z0-9+/]{22,}+={0,2}", re.ASCII)
_PREFIXES = frozenset("bBrRuU")  # of a literal in Python, whose quotes are gone
_ESCAPED = re.compile(r"(?<!\\)\\++(?:x([0-9a-fA-F]{2})|u00([0-9a-fA-F]{2})|0?([0-3][0-7]{2}))", re.ASCII)
_WRAPPED = re.compile(
    r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{40,}+[ \t]*+\r?\n[ \t]*+)++(?:[A-Za-z0-9+/]++={0,2})?+", re.ASCII
)
_FLAT_ESCAPED = re.compile(r"(?:u00|x)([0-9a-fA-F]{2})|()0?([01][0-7]{2})", re.ASCII)  # without backslashes
_FLAT_RUN = re.compile(r"(?:x[0-9a-fA-F]{2}){6,}+|(?:u00[0-9a-fA-F]{2}){4,}+|(?:0?[01][0-7]{2}){6,}+", re.ASCII)
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b")
OPENERS = (
    *("printf", "xxd", "base64", "base32", "b64decode", "openssl", "gunzip", "zcat", "gzip"),
    *("\nrev\n", "\ntr\n", "\n-e\n", "\n-ne\n", "\n-en\n", "/rev\n", "/tr\n"),
)
"""Anchors (see `sieve`) of programs that make other words of short ones; only exact reading tells which."""

_DIGEST = re.compile(rb"@sha256:[0-9a-f]{64}(?![0-9a-f])")  # of an image
_LONG = SHORTEST - len("==")


class Room:
    """How much may still be unpacked, and whether that was too little."""

    def __init__(self) -> None:
        self.left = MOST
        self.exceeded = False

    def unpacked(self, data: bytes) -> bytes:
        """What gzip or zlib made of some bytes; they themselves where it was neither."""
        if data[:2] not in _ZLIB:
            return data
        try:
            packed = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
            found = packed.decompress(data, self.left + 1)
        except zlib.error:
            return data
        self.exceeded = self.exceeded or len(found) > self.left
        self.left = max(0, self.left - len(found))
        return found


def readable(data: bytes) -> str:
    """Bytes as text, empty where they are none: what is hidden for a shell or a program to run can be read."""
    if data[1::2] and not any(data[1::2]):
        data = data[::2]  # UTF-16, as PowerShell takes it
    try:
        text = data.decode()
    except ValueError:
        return ""
    return text if text.replace("\n", "").replace("\t", "").replace("\r", "").isprintable() else ""


def decoded(word: str, room: Room | None = None) -> str:
    """The text that a word hides in base64, base32 or hexadecimal digits; empty where it hides none."""
    if len(word) < SHORTEST:
        return ""
    bare = word.lstrip("<@")
    if len(bare) < SHORTEST or _BASE64.fullmatch(bare) is None:
        return ""
    room = room or Room()
    return _decoded(bare, room) or (_decoded(bare[1:], room) if bare[0] in _PREFIXES else "")


def escaped(word: str) -> str:
    r"""The word with `\x78`, `\u0078` and `\170` undone; empty where there is none."""
    if "\\" not in word or _ESCAPED.search(word) is None:
        return ""
    return readable(_ESCAPED.sub(_character, word).encode(errors="surrogatepass"))


def has_long_word(text: bytes) -> bool:
    """Whether a flat text has a word that is long enough for `hidden` or a wallet, beside the digests of images."""
    return has_run(text, _LONG) and (b"@sha256:" not in text or has_run(_DIGEST.sub(b"", text), _LONG))


def hidden(text: bytes) -> list[str]:
    """What the long words of a flat text hide, and what is hidden in that; see `sieve.flat`. Nearly always nothing."""
    if not has_long_word(text):
        return []
    room = Room()
    found: list[str] = []
    pending = [(_DIGEST.sub(b"", text).decode(errors="surrogatepass"), 0)]
    while pending:
        lines, depth = pending.pop()
        for word in (*lines.split("\n"), *_wrapped(lines)):
            if len(word) >= _LONG:
                texts = [*_inside(word, room)]
                found += texts
                if depth < _DEPTH:
                    pending += [("\n".join(each.split()), depth + 1) for each in texts]
    return [*found, TOO_MUCH] if room.exceeded else found


def unwrapped(text: str) -> str:
    """The text with base64 that is wrapped over lines put into one word."""
    return _WRAPPED.sub(lambda match: "".join(match[0].split()), text) if _may_wrap(text) else text


def _wrapped(lines: str) -> list[str]:
    return ["".join(match[0].split()) for match in _WRAPPED.finditer(lines)] if _may_wrap(lines) else []


def _may_wrap(text: str) -> bool:
    return "base64" in text or "b64decode" in text


def _inside(word: str, room: Room) -> Iterator[str]:
    whole = decoded(word, room)
    if whole:
        yield whole
        return
    for run in _RUN.findall(word):
        text = decoded(run, room) if run != word else ""
        if text:
            yield text
        for escapes in _FLAT_RUN.finditer(run):
            text = readable(_FLAT_ESCAPED.sub(_character, escapes[0]).encode())
            if text.strip():
                yield text


def _decoded(word: str, room: Room) -> str:
    for decode in _DECODERS:
        data = decode(word)
        if data:
            text = readable(room.unpacked(data))
            if text:
                return text
    return ""


def from_base64(word: str) -> bytes:
    """Bytes from base64 with or without its padding; none where it is no base64."""
    if _BASE64.fullmatch(word) is None:
        return b""
    bare = word.rstrip("=")
    try:
        return binascii.a2b_base64(bare + "=" * (-len(bare) % 4))
    except ValueError:
        return b""


def from_hex(word: str) -> bytes:
    """Bytes from hexadecimal digits; none where they are none."""
    match = _HEX.fullmatch(word)
    return bytes.fromhex(match[1]) if match else b""


def from_base32(word: str) -> bytes:
    """Bytes from base32; none where it is no base32."""
    if _BASE32.fullmatch(word) is None:
        return b""
    bare = word.rstrip("=")
    try:
        return base64.b32decode(bare + "=" * (-len(bare) % 8))
    except ValueError:
        return b""


def _long_hex(word: str) -> bytes:
    return from_hex(word) if len(word) >= _SHORTEST_HEX else b""


_DECODERS: tuple[Callable[[str], bytes], ...] = (_long_hex, from_base64, from_base32)


def _character(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    character = chr(int(digits, 16) if digits else int(match[3], 8))
    return character if character.isprintable() else " "

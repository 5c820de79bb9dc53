"""Words of a text that may be a host, a wallet or an address, in one spelling; only the text's length costs."""

import re
import unicodedata
from collections.abc import Iterator

import msgspec

_KEPT = "abcdefghijklmnopqrstuvwxyz0123456789.:_-"
_QUOTES = b"'\"\\"
_TABLE = bytes(ord(chr(each).lower()) if chr(each).lower() in _KEPT else ord(" ") for each in range(128)) + b" " * 128
_ESCAPES = re.compile(r"\\[nrt]")
_PERCENT = re.compile(r"%([0-9a-fA-F]{2})")
_SPLIT = re.compile(r"[^\w.:-]+")
_DOTS = re.compile("[\u3002\uff0e\uff61]")  # what IDNA takes for a full stop
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_QUOTING = re.compile("['\"\\\\]")
_WALLET_SPLIT = re.compile(r"[.:_-]+")
_SHORTEST_WALLET = 20
_LONGEST_HOST = 253
_LONGEST_ADDRESS = 64
_HEX = "0123456789abcdef:."
_V4_PARTS = 4
_DOTS_OF_V4 = (_V4_PARTS - 1, _V4_PARTS)  # the last one may end a sentence or the name
_LENGTH_OF_HEX = len("0x7f000001")
_V4_BITS, _V6_BITS = 32, 128
_V4_MASK = 2**_V4_BITS - 1
_V6_GROUPS = 8
_MAPPED = 0xFFFF  # what stands before an IPv4 address inside IPv6

Address = tuple[int, int]
"""An address as a number, with how many bits it has: 32 or 128."""


def tokens(text: str) -> set[str]:
    """Its words of letters, digits and `.:_-`, lower case, with quotes undone and with quotes as ends of words."""
    if "%" in text:
        text = f"{text}\n{_PERCENT.sub(lambda found: chr(int(found[1], 16)), text)}"
    if "\\" in text:
        text = f"{text}\n{_ESCAPES.sub(' ', text)}"
    if text.isascii():
        data = text.encode()
        found = set(data.translate(_TABLE).decode().split())
        if any(quote in data for quote in (b"'", b'"', b"\\")):
            found.update(data.translate(_TABLE, _QUOTES).decode().split())
        return found
    return set(_beyond_ascii(text))


class Words(msgspec.Struct, frozen=True):
    """Tokens sorted by what they may be: `pieces` stand between colons too, `dotted` are those with a dot."""

    pieces: set[str]
    dotted: list[str]
    coloned: list[str]

    def long(self) -> Iterator[str]:
        """The parts of what may hold a wallet with something else, such as `WALLET.worker`."""
        for piece in self.pieces:
            if len(piece) > _SHORTEST_WALLET and not piece.isalnum():
                yield from _WALLET_SPLIT.split(piece)

    def hosts(self) -> Iterator[str]:
        """What may be the name of a host, without what stands around it, such as the `-x` of an option."""
        for piece in self.dotted:
            name = piece.strip(".-_")
            if name[-1:].isdigit() and name.rpartition(".")[2].isdigit():
                continue  # an address or a version
            yield name
            if piece[0] == "-" and piece[1:2] not in {"-", ""}:
                yield name[1:]

    def addresses(self) -> Iterator[Address]:
        """The IP addresses, whatever their spelling."""
        for token in self.coloned:
            if token.count(":") > 1 and len(token) <= _LONGEST_ADDRESS:
                one = address(token.rstrip(".")) or address(token.partition(":")[2].rstrip("."))
                if one:
                    yield one
        for piece in self.dotted:
            if piece[0].isdigit() and piece.count(".") in _DOTS_OF_V4 and len(piece) <= _LONGEST_ADDRESS:
                number = _v4(piece.rstrip("."))
                if number is not None:
                    yield number, _V4_BITS
        for piece in self.pieces:
            if piece.startswith("0x") and len(piece) == _LENGTH_OF_HEX and (number := _v4(piece)) is not None:
                yield number, _V4_BITS


def words(found: set[str]) -> Words:
    """Sort tokens by what they may be."""
    coloned = [token for token in found if ":" in token]
    pieces = found.union(*(token.split(":") for token in coloned)) if coloned else found
    return Words(pieces, [piece for piece in pieces if "." in piece], coloned)


def above(host: str, most: int) -> Iterator[str]:
    """The name and those above it that have at most so many labels, shortest first."""
    if len(host) > _LONGEST_HOST:
        return
    labels = host.rsplit(".", most)
    if len(labels) <= most:
        labels = ["", *labels]
    for count in range(1, len(labels)):
        yield ".".join(labels[-count:])


def address(text: str) -> Address | None:
    """An IPv4 or IPv6 address as a number; an IPv4 address inside IPv6 (`::ffff:192.0.2.1`) is the IPv4 address."""
    if ":" not in text:
        number = _v4(text)
        return None if number is None else (number, _V4_BITS)
    number = _v6(text)
    if number is None:
        return None
    return (number & _V4_MASK, _V4_BITS) if number >> _V4_BITS == _MAPPED else (number, _V6_BITS)


def spellings(name: str) -> set[str]:
    """A host's name as `tokens` may give it, in letters and in IDNA's ASCII form, without `*.` and dots around it."""
    plain = _plain(name).strip().lower().removeprefix("*.").strip(".")
    try:
        coded = plain.encode("idna")
        return {plain, coded.decode(), coded.decode("idna")} - {""}
    except UnicodeError:
        return {plain} - {""}


def _v4(text: str) -> int | None:
    """An IPv4 address as C's inet_aton reads it in full: four parts, decimal, octal or hexadecimal, or one in hex."""
    try:
        numbers = [_number(part) for part in text.split(".")]
    except ValueError:
        return None
    if len(numbers) == _V4_PARTS and max(numbers) <= 0xFF:  # noqa: PLR2004 - a byte
        return int.from_bytes(bytes(numbers))
    return numbers[0] if len(text) == _LENGTH_OF_HEX and text.startswith("0x") and len(numbers) == 1 else None


def _v6(text: str) -> int | None:
    """An IPv6 address in any of its spellings; as quick as can be, for texts that are full of them."""
    if text.strip(_HEX):
        return None
    before, colon, last = text.rpartition(":")
    if "." in last:
        four = _v4(last)
        if four is None:
            return None
        text = f"{before}{colon}{four >> 16:x}:{four & 0xFFFF:x}"
    head, gap, tail = text.partition("::")
    left, right = head.split(":") if head else [], tail.split(":") if tail else []
    missing = _V6_GROUPS - len(left) - len(right)
    if missing < 1 if gap else missing:
        return None
    try:
        groups = [int(group, 16) for group in (*left, *(["0"] * missing), *right)]
    except ValueError:
        return None
    number = 0
    for group in groups:
        if group > 0xFFFF:  # noqa: PLR2004 - sixteen bits
            return None
        number = number << 16 | group
    return number


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part, 16)
    if not part.isdigit() or not part.isascii():
        raise ValueError(part)
    return int(part, 8 if part[0] == "0" and part != "0" else 10)


def _beyond_ascii(text: str) -> Iterator[str]:
    plain = _plain(text).lower()
    for form in (plain, _QUOTING.sub("", plain)):
        yield from filter(None, _SPLIT.split(form))


def _plain(text: str) -> str:
    """In compatibility form, with a full stop for what IDNA takes for one, without characters that are not seen."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", _DOTS.sub(".", text)))

"""Wallets told by their checksums: a word that has one by chance is as rare as one in four thousand millions.

A wallet alone says that somebody is paid, not that somebody mines. Cheap tests of length and letters come first.
Sources: docs.getmonero.org (addresses, base58 in blocks), BIP-173 and BIP-350 (bech32, bech32m), EIP-55 (Ethereum),
rusty-kaspa (crypto/addresses), chainparams.cpp of each coin (version bytes).
"""

import re
from collections.abc import Iterable

import msgspec

_SHORTEST, _LONGEST = 26, 128
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_BASE58 = re.compile(rf"[{_ALPHABET}]++", re.ASCII)
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_VALUES = {letter: value for value, letter in enumerate(_BECH32)}
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_KASPA_GENERATORS = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
_BECH32M = 0x2BC830A3
_ETHEREUM = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)

_BLOCK, _BLOCK_LETTERS = 8, 11
_BLOCK_SIZES = {2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8}  # letters to bytes
_MONERO_NETWORKS = frozenset([18, 19, 42])
_MONERO_LENGTHS = (95, 106)
_LONGEST_BASE58 = 35
_CHECKSUM = 4

# First letters of base58check addresses, and the version bytes behind them with their coins.
_VERSIONS = {
    0: "bitcoin",
    5: "bitcoin",
    22: "dogecoin",
    30: "dogecoin",
    48: "litecoin",
    50: "litecoin",
    60: "ravencoin or verus",
    76: "dash",
    102: "verus",
}
_FIRST = frozenset("139ADLMRXi")
_COINS_BY_PREFIX = {"bc": "bitcoin", "ltc": "litecoin", "xch": "chia"}


class Wallet(msgspec.Struct, frozen=True):
    """An address that somebody is paid at; `proven` by its checksum, or of the shape alone."""

    coin: str
    proven: bool


def wallet(word: str) -> Wallet | None:
    """The wallet that a word is, if any."""
    if not _SHORTEST <= len(word) <= _LONGEST:
        return None
    first = word[0]
    if first == "0":
        return _ethereum(word)
    if first in "48Z" and len(word) >= _MONERO_LENGTHS[0]:
        return _monero(word)
    prefix, separator, data = word.lower().rpartition("1") if ":" not in word else word.partition(":")
    if separator == ":":
        return Wallet("kaspa", proven=True) if prefix == "kaspa" and _kaspa(prefix, data) else None
    if prefix in _COINS_BY_PREFIX:
        return _bech32(word, prefix, data)
    return _base58check(word) if first in _FIRST and len(word) <= _LONGEST_BASE58 else None


def _monero(word: str) -> Wallet | None:
    zephyr = word.startswith("ZEPH")
    if (not zephyr and len(word) not in _MONERO_LENGTHS) or _BASE58.fullmatch(word) is None:
        return None
    data = _blocks(word)
    if data is None or (not zephyr and data[0] not in _MONERO_NETWORKS):
        return None
    if keccak256(data[:-_CHECKSUM])[:_CHECKSUM] != data[-_CHECKSUM:]:
        return None
    return Wallet("zephyr" if zephyr else "monero", proven=True)


def _blocks(word: str) -> bytes | None:
    """Monero's base58: eight bytes in eleven letters, block by block."""
    found = b""
    for start in range(0, len(word), _BLOCK_LETTERS):
        letters = word[start : start + _BLOCK_LETTERS]
        size = _BLOCK_SIZES.get(len(letters))
        number = _number(letters)
        if size is None or number >> (8 * size):
            return None
        found += number.to_bytes(size, "big")
    return found


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * len(_ALPHABET) + _VALUES[letter]
    return number


def _base58check(word: str) -> Wallet | None:
    if _BASE58.fullmatch(word) is None:
        return None
    number = _number(word)
    size = 1 + 20 + _CHECKSUM
    if number >> (8 * size):
        return None
    data = number.to_bytes(size, "big")
    coin = _VERSIONS.get(data[0])
    leading = len(word) - len(word.lstrip("1"))
    zeros = size - len(data.lstrip(b"\0"))
    if coin is None or leading != zeros:
        return None
    from hashlib import sha256  # noqa: PLC0415 - loading OpenSSL takes longer than judging a file, and few need it

    return Wallet(coin, proven=True) if sha256(sha256(data[:-4]).digest()).digest()[:4] == data[-4:] else None


def _bech32(word: str, prefix: str, data: str) -> Wallet | None:
    if (
        word not in {word.lower(), word.upper()}
        or not _BECH32_VALUES.keys() >= set(data)
        or len(data) <= len("qchecks")
    ):
        return None
    values = [_BECH32_VALUES[letter] for letter in data]
    expanded = [*(ord(each) >> 5 for each in prefix), 0, *(ord(each) & 31 for each in prefix)]
    expected = 1 if values[0] == 0 and prefix != "xch" else _BECH32M
    if _polymod([*expanded, *values], _GENERATORS, 25) != expected:
        return None
    return Wallet(_COINS_BY_PREFIX[prefix], proven=True)


def _kaspa(prefix: str, data: str) -> bool:
    if not _BECH32_VALUES.keys() >= set(data):
        return False
    values = [_BECH32_VALUES[letter] for letter in data]
    return _polymod([*(ord(each) & 31 for each in prefix), 0, *values], _KASPA_GENERATORS, 35) == 1


def _polymod(values: Iterable[int], generators: tuple[int, ...], shift: int) -> int:
    checksum = 1
    for value in values:
        top = checksum >> shift
        checksum = ((checksum & ((1 << shift) - 1)) << 5) ^ value
        for bit, generator in enumerate(generators):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum


def _ethereum(word: str) -> Wallet | None:
    if _ETHEREUM.fullmatch(word) is None:
        return None
    digits = word[2:]
    lower = digits.lower()
    if digits in {lower, digits.upper()}:
        return Wallet("ethereum", proven=False)
    hashed = keccak256(lower.encode()).hex()
    written = "".join(letter.upper() if hashed[at] in "89abcdef" else letter for at, letter in enumerate(lower))
    return Wallet("ethereum", proven=True) if written == digits else None


_ROUNDS = 24
_LANES = 25
_RATE = 136
_MASK = (1 << 64) - 1


def _round_constants() -> tuple[int, ...]:
    """Of each round of Keccak-f[1600], from its linear feedback register (The Keccak reference, section 1.2)."""
    constants, register = [], 1
    for _ in range(_ROUNDS):
        constant = 0
        for bit in range(7):
            constant |= (register & 1) << ((1 << bit) - 1)
            register = (register << 1) ^ (0x171 if register >> 7 else 0)
        constants.append(constant)
    return tuple(constants)


_CONSTANTS = _round_constants()


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Monero and Ethereum use it: padded otherwise than SHA3-256, which came later."""
    padded = bytearray(data + b"\x01" + b"\0" * (-(len(data) + 1) % _RATE))
    padded[-1] |= 0x80
    lanes = [0] * _LANES
    for start in range(0, len(padded), _RATE):
        for index in range(_RATE // 8):
            at = start + 8 * index
            lanes[index] ^= int.from_bytes(padded[at : at + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def _permuted(lanes: list[int]) -> list[int]:
    for constant in _CONSTANTS:
        columns = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        lanes = [lane ^ columns[(i + 4) % 5] ^ _turned(columns[(i + 1) % 5], 1) for i, lane in enumerate(lanes)]
        x, y, moving = 1, 0, lanes[1]
        for step in range(1, _ROUNDS + 1):
            x, y = y, (2 * x + 3 * y) % 5
            moving, lanes[x + 5 * y] = lanes[x + 5 * y], _turned(moving, step * (step + 1) // 2 % 64)
        rows = lanes
        lanes = [
            rows[i] ^ (~rows[i - i % 5 + (i + 1) % 5] & _MASK & rows[i - i % 5 + (i + 2) % 5]) for i in range(_LANES)
        ]
        lanes[0] ^= constant
    return lanes


def _turned(lane: int, by: int) -> int:
    return (lane << by | lane >> (64 - by)) & _MASK

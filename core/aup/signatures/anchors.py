"""The anchors of the mining signatures: text without which the matcher cannot find anything worth telling.

What the matcher folds (letter case, separators inside a name, digits behind a variable's name, how many dashes an
option has) is left out of the anchor. A test holds the two against each other.
"""

import re
from collections.abc import Callable, Iterator
from itertools import combinations

from aup.signatures import Signature, Signatures, Target
from aup.signatures.sieve import Sieve

SURE = "sure"
"""The group of anchors of which one is enough; the others are named after the kind of evidence they belong to."""

_COIN_WORD = "a coin's name beside it"
_LOGIN = ("pool option", "user option", "password option")
_OPTIONS = {
    "pool option": ("\n-o", "-url", "-pool"),
    "user option": ("\n-u", "-user", "-wal"),
    "password option": ("\n-p", "-pass"),
    "algorithm": ("-coin",),
    # What stands behind these is looked up only there.
    SURE: ("\n-a\n", "\n-a=", "-algo", "\nalgo", "\nmining_algo", "\nminer_algo"),
}
_PARTS = re.compile(r"[a-z0-9]+")


def sieve(signatures: Signatures) -> Sieve:
    """The sieve of the mining signatures."""
    anchors = set(_anchors(signatures))
    weak = sorted({group for _, group in anchors} - {SURE, _COIN_WORD, *_LOGIN})
    return Sieve(sorted(anchors), [(SURE,), _LOGIN, ("name", _COIN_WORD), *combinations(weak, 2)])


def _anchors(signatures: Signatures) -> Iterator[tuple[str, str]]:
    for target, anchor in _ANCHORS.items():
        for token, signature in signatures.get(target, {}).items():
            yield anchor(token), _group(target, signature)
    yield from ((option, group) for group, options in _OPTIONS.items() for option in options)


def _group(target: Target, signature: Signature) -> str:
    if target == "word":
        return _COIN_WORD
    # A coin's name is weak behind an option, and with a colon it is a payout address.
    return signature.kind if signature.strength == "weak" and target != "coin" else SURE


def _longest(parts: list[str]) -> str:
    return max(parts, key=len)


def _name(token: str) -> str:
    return _longest(_PARTS.findall(token))


def _flag(token: str) -> str:
    bare = token.lstrip("-")
    return bare if "-" in bare else f"-{bare}"


_ANCHORS: dict[Target, Callable[[str], str]] = {  # algorithms count behind an option or in a variable only
    "image": _name,
    "program": _name,
    "word": str,
    "repository": str,
    "host": str,
    "scheme": lambda token: f"{token}://",
    "flag": _flag,
    "phrase": lambda token: _longest(token.split()),
    "coin": lambda token: f"{token}:",
    "variable": lambda token: f"\n{token.lower().removesuffix('_*')}",
}

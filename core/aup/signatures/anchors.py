"""The anchors of a topic's signatures: text without which the matcher cannot find anything worth telling.

What the matcher folds (letter case, separators inside a name, digits behind a variable's name, how many dashes an
option has) is left out of the anchor. A test holds the two against each other.
"""

import re
from collections.abc import Callable, Iterator
from itertools import chain, combinations

from aup.api.signature_list import Target, Topic
from aup.signatures import Signature, Signatures, words
from aup.signatures.behaviours import ANCHORS, ENOUGH
from aup.signatures.matcher import SEPARATORS, SHORT
from aup.signatures.sieve import Plan

SURE = "sure"
"""The group of anchors of which one is enough; the others are named after the kind of evidence they belong to."""

_BACKER = "a word that backs up a name"
_PAYEE = "user option"
_LOGIN = ("pool option", _PAYEE, "password option")
_OPTIONS = {
    "pool option": ("\n-o", "-url", "-pool"),
    _PAYEE: ("\n-u", "-user", "-wal"),
    "password option": ("\n-p", "-pass"),
    "algorithm": ("-coin",),
    # What stands behind these is looked up only there.
    SURE: ("\n-a\n", "\n-a=", "-algo", "\nalgo", "\nmining_algo", "\nminer_algo"),
}
_MINING = [(anchor, group) for group, anchors in _OPTIONS.items() for anchor in anchors]
_INTERPRETERS = words()["shells"] | {"java", "node", "php", "ruby"}
_PARTS = re.compile(r"[a-z0-9]+")


def plan(topic: Topic, signatures: Signatures) -> Plan:
    """What the sieve looks for to find a topic."""
    enough = ENOUGH.get(topic, ())
    anchors = {*_anchors(signatures), *(_MINING if topic == "crypto_mining" else ()), *ANCHORS.get(topic, ())}
    weak = sorted({group for _, group in anchors} - {SURE, _PAYEE, _BACKER, *_LOGIN, *chain.from_iterable(enough)})
    return Plan(sorted(anchors), [(SURE,), (_PAYEE,), _LOGIN, ("name", _BACKER), *combinations(weak, 2), *enough])


def _anchors(signatures: Signatures) -> Iterator[tuple[str, str]]:
    # A name stands under two targets, and its anchors are the same under both.
    tokens = {
        (token, anchors, _group(target, signature))
        for target, anchors in _ANCHORS.items()
        for token, signature in signatures.get(target, {}).items()
    }
    return ((anchor, group) for token, anchors, group in tokens for anchor in anchors(token))


def _group(target: Target, signature: Signature) -> str:
    if target == "word":
        return _BACKER
    # A coin's name is weak behind an option, and with a colon it is a payout address.
    return signature.kind if signature.strength == "weak" and target != "coin" else SURE


def _name(token: str) -> list[str]:
    if len(token) <= SHORT:
        return [f"{before}{token}{after}" for before in "\n/:" for after in "\n/:@."]
    first, *others = _PARTS.findall(token)
    found = [first]
    for part in others:
        found = [f"{before}{separator}{part}" for before in found for separator in SEPARATORS]
    return found


def _phrase(token: str) -> list[str]:
    program, _, argument = token.partition(" ")
    if program in _INTERPRETERS:
        return [argument]
    return [f"{before}{program}\n" for before in "\n/"]


def _flag(token: str) -> list[str]:
    bare, equals, value = token.lstrip("-").partition("=")
    if equals:  # it may stand in a file, without dashes
        return [value] if len(value) > len(bare) and " " not in value else [bare, bare.replace("-", "_")]
    return [bare if "-" in bare else f"-{bare}"]


_ANCHORS: dict[Target, Callable[[str], list[str]]] = {  # algorithms count behind an option or in a variable only
    "image": _name,
    "program": _name,
    "word": lambda token: [token],
    "repository": lambda token: [token],
    "host": lambda token: [token],
    "scheme": lambda token: [f"{token}://"],
    "flag": _flag,
    "phrase": _phrase,
    "coin": lambda token: [f"{token}:"],
    "variable": lambda token: [f"\n{token.lower().removesuffix('_*')}"],
}

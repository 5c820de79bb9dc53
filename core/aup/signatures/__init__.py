"""Signatures as data: one YAML file a topic, with what each entry is evidence of, how strongly, and who says so."""

from collections.abc import Iterable
from functools import cache
from itertools import chain
from typing import get_args

import msgspec

from aup import tables
from aup.api.signature_list import SignatureList, Strength, Target, Topic

TOPICS: tuple[Topic, ...] = get_args(Topic)


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Tokens of one sort: what they are looked up against, what they are evidence of, how strong, and who says so."""

    matches: Target
    tells: str
    kind: str
    strength: Strength
    source: str
    license: str
    tokens: tuple[tuple[str, ...], ...]


Signatures = dict[Target, dict[str, Signature]]
"""Target to token to its signature; finding one costs the same however many there are."""


@cache
def written(topic: Topic) -> tuple[Signature, ...]:
    """The signatures of a topic that come with aup, as its YAML file has them."""
    return tables.read(topic, tuple[Signature, ...])


def load(topic: Topic) -> Signatures:
    """The signatures of a topic that come with aup; `name` tokens count for images and programs.

    Raises:
        ValueError: A token stands twice under the same target.
    """
    found: Signatures = {}
    for signature in written(topic):
        for target in _targets(signature.matches):
            table = found.setdefault(target, {})
            for token in (token for row in signature.tokens for token in row):
                if token in table:
                    raise ValueError(f"{topic}: {token} stands twice under {target}")
                table[token] = signature
    return found


def extended(signatures: Signatures, lists: Iterable[SignatureList]) -> Signatures:
    """The signatures with those of a provider's lists; where both have a token, the list's counts."""
    found = {target: dict(table) for target, table in signatures.items()}
    for one in lists:
        for listed in one.spec.signatures:
            signature = Signature(
                matches=listed.matches,
                tells=listed.tells,
                kind=listed.kind,
                strength=listed.strength,
                source=one.spec.source,
                license=one.spec.license,
                tokens=(tuple(listed.tokens),),
            )
            for target in _targets(listed.matches):
                fold = str.upper if target == "variable" else str.lower
                found.setdefault(target, {}).update({fold(token): signature for token in listed.tokens if token})
    return found


def words() -> dict[str, frozenset[str]]:
    """The words that decide how a name beside them counts, by what they do."""
    return word_lists("words")


@cache
def word_lists(table: str) -> dict[str, frozenset[str]]:
    """The lists of a table that has words in rows."""
    read = tables.read(table, dict[str, list[list[str]]])
    return {name: frozenset(chain.from_iterable(rows)) for name, rows in read.items()}


def _targets(matches: Target) -> tuple[Target, ...]:
    return ("image", "program") if matches == "name" else (matches,)

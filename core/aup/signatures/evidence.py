"""One thing that speaks for a topic, and how strong several such things are together."""

from collections.abc import Iterable

import msgspec

from aup.api.signature_list import STRENGTHS, Strength


class Evidence(msgspec.Struct, frozen=True):
    """One thing that speaks for a topic: where, of what kind, how strongly, and in words."""

    at: str
    kind: str
    strength: Strength
    said: str


def verdict(found: Iterable[Evidence]) -> Strength | None:
    """How strong it is together: two medium ones of different kinds are strong, two such weak ones medium."""
    kinds: dict[Strength, set[str]] = {strength: set() for strength in STRENGTHS}
    for one in found:
        kinds[one.strength].add(one.kind)
    if kinds["strong"] or len(kinds["medium"]) > 1:
        return "strong"
    if kinds["medium"] or len(kinds["weak"]) > 1:
        return "medium"
    return "weak" if kinds["weak"] else None

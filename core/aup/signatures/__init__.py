"""Signatures as data: one YAML file a subject, each entry with what it is evidence of, strength and source."""

from importlib.resources import files
from typing import Literal

import msgspec

Strength = Literal["weak", "medium", "strong"]
STRENGTHS: tuple[Strength, ...] = ("weak", "medium", "strong")
"""Weakest first."""

Target = Literal[
    "name",
    "image",
    "program",
    "word",
    "repository",
    "scheme",
    "host",
    "flag",
    "phrase",
    "algorithm",
    "coin",
    "variable",
]


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens of one sort: what they are looked up against, what they are evidence of, how strong, and who says so."""

    matches: Target
    tells: str
    kind: str
    strength: Strength
    source: str
    tokens: tuple[tuple[str, ...], ...]


Signatures = dict[Target, dict[str, Signature]]
"""Target to token to its signature; finding one costs the same however many there are."""


def load(subject: str) -> Signatures:
    """The signatures of the YAML file named after the subject; `name` tokens count for images and programs.

    Raises:
        ValueError: A token stands twice under the same target.
    """
    read = msgspec.yaml.decode(files("aup.signatures").joinpath(f"{subject}.yaml").read_bytes(), type=list[Signature])
    found: Signatures = {}
    for signature in read:
        targets: tuple[Target, ...] = ("image", "program") if signature.matches == "name" else (signature.matches,)
        for target in targets:
            table = found.setdefault(target, {})
            for token in (token for row in signature.tokens for token in row):
                if token in table:
                    raise ValueError(f"{subject}: {token} stands twice under {target}")
                table[token] = signature
    return found


def words() -> dict[str, frozenset[str]]:
    """The words that decide how a name beside them counts, by what they do."""
    written = files("aup.signatures").joinpath("words.yaml").read_bytes()
    read = msgspec.yaml.decode(written, type=dict[str, list[list[str]]])
    return {name: frozenset(word for row in rows for word in row) for name, rows in read.items()}

"""Hosts that people may take for a protected name: letters of two scripts, look-alike letters, slips, words put to it.

The two tables that it needs are large, so each is loaded where it is first asked: what letters look like for a host
beyond ASCII, and which suffixes the public may register below for a policy with protected names.
"""

import unicodedata
from functools import cache, lru_cache
from typing import Any

import msgspec

from aup.tokens import above

_LIKE = str.maketrans("01345789i|", "oleastbgll")
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_ONE_SCRIPT = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
)
"""Scripts that are written together (Unicode UTS 39, "highly restrictive")."""
_NEUTRAL = frozenset({"COMMON", "INHERITED", "Unknown"})
_SURE_LOOK = 4
_SLIP, _SURE_SLIP = 5, 6
_MOST_LABELS = 127
_SEEN = 4
_BAITS = tuple(
    """
    account accounts alert auth banking billing bonus cancel card client com confirm customer help helpdesk id info
    invoice kyc limited log login logon mail my net notice online org pay payment payments portal recover recovery
    refund renew reset safe secure secured security service services sign signin signon sso support team unlock update
    validate validation verification verify wallet web webmail
    """.split()  # noqa: SIM905 - a list of words reads better than a list of strings
)
"""Words that a deception puts to a name."""


class Imitation(msgspec.Struct, frozen=True):
    """What a host imitates and how; `sure` where nobody would write it by chance."""

    how: str
    sure: bool = True


class _Protected(msgspec.Struct, frozen=True):
    """Protected names by the look of the label that people know them by, with that label.

    `dotted` has them with a dot for every hyphen, of which the longest has `most`; `slips` are looks long enough to
    tell a slip in them.
    """

    names: frozenset[str]
    dotted: dict[str, str]
    by_look: dict[str, tuple[str, str]]
    slips: tuple[str, ...]
    most: int


def beside(name: str, own: frozenset[str]) -> str:
    """The labels of a plain name before the domain of the tenant's that it is in; the whole name where it is in none.

    Its own domain is what the provider has verified, so nothing in that imitates anybody.
    """
    for one in above(name, _MOST_LABELS):
        if one in own:
            return name[: -len(one)].rstrip(".")
    return name


def mixed_scripts(name: str) -> str:
    """The first label of a plain name whose letters are of scripts that are not written together; else empty."""
    if name.isascii() and "xn--" not in name:
        return ""
    for label in readable(name).split("."):
        if not label.isascii():
            scripts = {_categories().alias(letter) for letter in label} - _NEUTRAL
            if len(scripts) > 1 and not any(scripts <= together for together in _ONE_SCRIPT):
                return label
    return ""


def imitated(name: str, protected: frozenset[str], own: frozenset[str]) -> Imitation | None:
    """How a plain name imitates a protected one that is in none of the tenant's `own` domains; None if it does not."""
    known = _prepared(_of_others(protected, own))
    rest = beside(name, own)
    if rest == name and (one := next((one for one in above(name, known.most) if one in known.names), "")):
        return Imitation(f'is in "{one}", which is not yours')
    words = rest.replace("-", ".").split(".")
    most = len(words) - (rest == name)  # the whole name is before no other domain
    for start in range(most):
        for end in range(start + 2, min(start + known.most, most) + 1):
            if one := known.dotted.get(".".join(words[start:end]), ""):
                return Imitation(f'puts "{one}" before another domain')
    if rest != name:
        return _below_own(rest.split("."), known)
    suffix = _suffixes().publicsuffix(name) or ""
    *others, last = name.removesuffix(suffix).strip(".").split(".")
    found = _of_registered(readable(last), known)
    if found is not None and found.sure:
        return found
    return next(filter(None, (_of_label(readable(label), known) for label in _seen(others))), found)


def _seen(labels: list[str]) -> list[str]:
    """The labels that people see of a long name: the first and the last ones."""
    return labels if len(labels) <= 2 * _SEEN else labels[:_SEEN] + labels[-_SEEN:]


def _below_own(labels: list[str], known: _Protected) -> Imitation | None:
    """What imitates in labels below a verified domain, where `gitlab` and `gitlab-hooks` are what somebody runs."""
    for label in _seen(labels):
        found = _disguised(readable(label), known)
        if found is not None and found.sure:
            return found
    return None


def _of_registered(label: str, known: _Protected) -> Imitation | None:
    """How the label that somebody has bought imitates a protected name: also by words and by a slip."""
    seen = look(label)
    if seen in known.by_look:
        written, name = known.by_look[seen]
        if label == written:
            return Imitation(f'is called like "{name}"')
        sure = len(written) >= (_SURE_SLIP if _is_plain(label) else _SURE_LOOK)
        return Imitation(f'looks like "{name}"', sure=sure)
    worded = _worded(seen, known)
    if worded is not None:
        return worded
    near = _near(seen, known.slips) if known.slips and len(seen) >= _SLIP - 1 else ""
    if not near:
        return None
    written, name = known.by_look[near]
    return Imitation(f'is one letter away from "{name}"', sure=len(written) >= _SURE_SLIP)


def _of_label(label: str, known: _Protected) -> Imitation | None:
    """How a label that stands before a domain imitates a protected name: a slip there is none."""
    return _disguised(label, known) or _worded(look(label), known)


def _disguised(label: str, known: _Protected) -> Imitation | None:
    """How the letters of a label imitate those of a protected name; sure where there are digits or foreign ones."""
    seen = look(label)
    if seen in known.by_look:
        written, name = known.by_look[seen]
        if label == written:
            return Imitation(f'is called like "{name}"', sure=False)
        if not _is_plain(label):
            return Imitation(f'looks like "{name}"', sure=len(written) >= _SURE_LOOK)
    return None


def _is_plain(label: str) -> bool:
    """Whether a label has the letters a to z and hyphens only, so that a likeness may be chance: mall and mail."""
    return label.isascii() and label.replace("-", "").isalpha()


def readable(name: str) -> str:
    """A plain name in the letters that people see."""
    return ".".join(map(_letters, name.split("."))) if "xn--" in name else name


def look(label: str) -> str:
    """What a label looks like at a glance, in ASCII where its letters have look-alikes there."""
    if not label.isascii():
        label = "".join(_letter(each) for each in label)
    label = label.translate(_LIKE)
    for pair, one in _PAIRS:
        label = label.replace(pair, one)
    return label


def _worded(seen: str, known: _Protected) -> Imitation | None:
    """A protected name with words put to it, with or without a hyphen between them."""
    words = seen.split("-")
    if len(words) > 1:
        name = next((known.by_look[word][1] for word in words if len(word) >= _SURE_LOOK and word in known.by_look), "")
        return Imitation(f'puts words to "{name}"', sure=not _baits().isdisjoint(words)) if name else None
    for bait in _baits():
        for rest in (seen.removesuffix(bait), seen.removeprefix(bait)):
            if rest != seen and len(rest) >= _SURE_LOOK and rest in known.by_look:
                return Imitation(f'puts words to "{known.by_look[rest][1]}"')
    return None


@lru_cache(maxsize=4096)
def _of_others(protected: frozenset[str], own: frozenset[str]) -> frozenset[str]:
    """The protected names that are in none of the tenant's own domains."""
    held = [name for name in protected if not own.isdisjoint(above(name, _MOST_LABELS))]
    return protected.difference(held) if held else protected


@lru_cache(maxsize=64)
def _prepared(names: frozenset[str]) -> _Protected:
    by_look: dict[str, tuple[str, str]] = {}
    for name in sorted(names):
        suffix = _suffixes().publicsuffix(name) or ""
        label = readable(name.removesuffix(suffix).strip(".").rpartition(".")[2])
        if label:
            by_look.setdefault(look(label), (label, name))
    slips = tuple(seen for seen, (label, _) in by_look.items() if len(label) >= _SLIP)
    dotted = {name.replace("-", "."): name for name in names}
    return _Protected(names, dotted, by_look, slips, max((name.count(".") + 1 for name in dotted), default=0))


def _near(seen: str, slips: tuple[str, ...]) -> str:
    """The first of some looks that one letter more, less, other, or two swapped, make of this one; else empty."""
    process, distance = _rapidfuzz()
    found = process.extractOne(seen, slips, scorer=distance, score_cutoff=1)
    return str(found[0]) if found else ""


def _letters(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode().decode("punycode").lower()
    except (UnicodeError, ValueError, OverflowError):
        return label


@lru_cache(maxsize=4096)
def _letter(letter: str) -> str:
    """What a letter looks like in lower-case ASCII: without its accents, or its look-alike there; else itself."""
    if letter.isascii():
        return letter
    base = unicodedata.normalize("NFKD", letter)[0]
    if base.isascii():
        return base.lower()
    for found in _confusables().is_confusable(base, preferred_aliases=[]) or ():
        for homoglyph in found["homoglyphs"]:
            if homoglyph["c"].isascii() and homoglyph["c"].isalnum():
                return str(homoglyph["c"]).lower()
    return base


@cache
def _baits() -> frozenset[str]:
    return frozenset(map(look, _BAITS))


@cache
def _suffixes() -> Any:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - 0.1 s, only for policies with protected names

    return PublicSuffixList()


def _rapidfuzz() -> tuple[Any, Any]:
    from rapidfuzz import process  # noqa: PLC0415 - as in aup.screening
    from rapidfuzz.distance import OSA  # noqa: PLC0415

    return process, OSA.distance


def _confusables() -> Any:
    from confusable_homoglyphs import confusables  # noqa: PLC0415 - 0.1 s, only for hosts beyond ASCII

    return confusables


def _categories() -> Any:
    from confusable_homoglyphs import categories  # noqa: PLC0415 - as above

    return categories

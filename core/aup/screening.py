"""Parties against the lists of those with whom no business may be done."""

import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from aup.api.screening_list import ListedParty, ScreeningList
from aup.api.tenant import TenantSpec

CERTAIN = 95.0
"""How alike (of 100) two names are that count as one: one slip in ten letters and more. Below it are namesakes."""

LIKELY = 85.0
"""How alike two names are that somebody has to look at: two or three slips, or another transliteration."""

PART_OF = 90.0
"""What a person's name counts for that lacks some of the listed one's parts, such as a middle name."""

SHORTEST = 5
"""Letters of a name that is compared by likeness; one letter is too much of a shorter one, which must be equal."""

_PIECE = 3  # letters at the begin and end of a word by which names to compare with are found
_RAREST = 2  # words of a name by which names to compare with are found; nothing is 85 of 100 alike without either
_NONE: "array[int]" = array("L")
_KNOWN = 4096  # tenants whose answer is kept

# Forms of a company, titles and small words, which are written, left out and abbreviated as everybody likes.
_FORMS = frozenset(
    [
        *("ab", "ag", "aktiebolag", "aktiengesellschaft", "anpartsselskab", "aps", "as", "asa", "bhd", "bv", "bvba"),
        *("co", "company", "corp", "corporation", "cv", "dba", "ead", "eirl", "eood", "ev", "fze", "fzco", "fzllc"),
        *("gesellschaft", "gmbh", "holding", "inc", "incorporated", "ivs", "jsc", "kft", "kg", "kk", "ks", "limited"),
        *("limitada", "llc", "llp", "lp", "ltd", "ltda", "mbh", "nv", "oao", "ood", "ooo", "oy", "oyj", "pao", "pjsc"),
        *("plc", "pte", "pty", "pvt", "sa", "sae", "sal", "sarl", "sas", "sdn", "sl", "spa", "spzoo", "srl", "sro"),
        *("zao", "zrt", "the", "and", "und", "et", "og", "mr", "mrs", "ms", "dr"),
        *("\u043e\u043e\u043e", "\u043f\u0430\u043e", "\u0437\u0430\u043e", "\u043e\u0430\u043e"),  # OOO, PAO, ZAO, OAO
    ]
)
_LETTERS = str.maketrans(
    {"\u00f8": "o", "\u0111": "d", "\u0142": "l", "\u00e6": "ae", "\u0153": "oe", "\u00fe": "th", "\u00f0": "d"}
    | {"\u0131": "i", "&": " and "}
)
_DROPPED = "./'`\u2019"
_ASCII = {each: " " for each in range(128) if not chr(each).isalnum()} | {ord(each): "" for each in "./'`"}


class Match(msgspec.Struct, frozen=True):
    """What a name of a tenant's is like.

    Args:
        name: The tenant's name, or country.
        listed: The name that it is like, as listed.
        score: How alike they are, of 100.
        reference: The entry and its programme, or the list.
        certain: Near enough to count as one; else somebody has to look.
        where: The field of the Tenant's spec.
    """

    name: str
    listed: str
    score: int
    reference: str
    certain: bool
    where: str


class Screening:
    """The entries of all lists, made ready to compare with."""

    def __init__(self) -> None:
        self._countries: dict[str, str] = {}
        self._parties: list[tuple[ListedParty, str]] = []
        self._names: list[str] = []
        self._of: array[int] = array("L")  # the party of each name
        self._pieces: dict[str, array[int]] = {}
        self._exact: dict[str, array[int]] = {}
        self._known: dict[tuple[str, str, tuple[str, ...]], tuple[Match, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self._parties or self._countries)

    def matches(self, spec: TenantSpec) -> tuple[Match, ...]:
        """What is listed of a tenant's country and names; the answer is kept for as long as the lists are."""
        key = (spec.legal_name, spec.country, tuple(spec.parties))
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            found = self._known[key] = tuple(self._screened(spec))
        return found

    def take(self, one: ScreeningList) -> None:
        """Add a list."""
        for country in one.spec.countries:
            self._countries.setdefault(country, one.spec.source)
        for party in one.spec.parties:
            number = len(self._parties)
            self._parties.append((party, one.spec.source))
            for name in dict.fromkeys((normal(party.name), *map(normal, party.aliases))):
                if name:
                    self._add(name, number)

    def _add(self, name: str, party: int) -> None:
        number = len(self._names)
        self._names.append(name)
        self._of.append(party)
        self._exact.setdefault(name, array("L")).append(number)
        for piece in _pieces(name):
            self._pieces.setdefault(piece, array("L")).append(number)

    def _screened(self, spec: TenantSpec) -> Iterator[Match]:
        source = self._countries.get(spec.country)
        if source is not None:
            yield Match(spec.country, spec.country, 100, source, certain=True, where="country")
        # The country is the customer's; where its owners and directors come from is not known.
        yield from self._like(spec.legal_name, "legalName", spec.country)
        for index, name in enumerate(spec.parties):
            yield from self._like(name, f"parties[{index}]", "")

    def _like(self, written: str, where: str, country: str) -> Iterator[Match]:
        """The parties that a name is like, the likest first, each once."""
        best: dict[int, float] = {}
        for number, score in self._scores(normal(written)):
            party = self._of[number]
            best[party] = max(score, best.get(party, 0.0))
        for number, score in sorted(best.items(), key=lambda item: (-item[1], item[0])):
            listed, source = self._parties[number]
            certain = score >= CERTAIN
            if country and listed.countries and country not in listed.countries:
                if not certain:
                    continue  # a namesake elsewhere
                certain = False
            reference = ", ".join(filter(None, (listed.reference, listed.programme or source)))
            yield Match(written, listed.name, int(score), reference, certain, where)

    def _scores(self, name: str) -> Iterator[tuple[int, float]]:
        if not name:
            return
        for number in self._exact.get(name, ()):
            yield number, 100.0
        if len(name) < SHORTEST:
            return
        near = sorted(self._near(name))
        if not near:
            return
        names = [self._names[number] for number in near]
        for index, score in _alike(name, names):
            if len(names[index]) >= SHORTEST:
                yield near[index], score
        words = set(name.split())
        for number, other in zip(near, names, strict=True):
            if self._parties[self._of[number]][0].type == "person" and _part_of(words, set(other.split())):
                yield number, PART_OF

    def _near(self, name: str) -> set[int]:
        """The names worth comparing with: they share the begin or end of one of its two rarest words."""
        found = [[self._pieces.get(piece, _NONE) for piece in _pieces(word)] for word in name.split()]
        found.sort(key=lambda lists: sum(map(len, lists)))
        return {number for lists in found[:_RAREST] for numbers in lists for number in numbers}


NO_SCREENING = Screening()


def prepared(lists: Iterable[ScreeningList]) -> Screening:
    """Make some lists ready to compare with."""
    made = Screening()
    for one in sorted(lists, key=lambda each: each.metadata.name):
        made.take(one)
    if made:
        _rapidfuzz()  # loaded now, not while a review waits
    return made or NO_SCREENING


def normal(name: str) -> str:
    """A name in the form that is compared: no accents, case, punctuation and legal forms, its words in order."""
    if name.isascii():
        words = name.lower().replace("&", " and ").translate(_ASCII).split()
    else:
        text = unicodedata.normalize("NFKD", name.casefold()).translate(_LETTERS)
        words = "".join(each if each.isalnum() else _between(each) for each in text).split()
    return " ".join(sorted([word for word in words if word not in _FORMS] or words))


def _between(character: str) -> str:
    """What stands for a character that is no letter or digit: nothing for accents, the unseen, and in S.A. or A/S."""
    return "" if character in _DROPPED or unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"} else " "


def _pieces(name: str) -> set[str]:
    """By what a name is found: begin and end of each word, so that a slip in one place hides no word."""
    return {piece for word in name.split() for piece in (f"{word[:_PIECE]}-", f"-{word[-_PIECE:]}")}


def _part_of(fewer: set[str], more: set[str]) -> bool:
    """Whether all parts of a person's name are in the other's, or the other way round, and they are two or more."""
    if len(fewer) > len(more):
        fewer, more = more, fewer
    return len(fewer) > 1 and len(fewer) < len(more) and fewer <= more


def _alike(name: str, names: list[str]) -> Iterator[tuple[int, float]]:
    """The names that are alike, by position: with their words in order, or with the words first that both have."""
    fuzz, process = _rapidfuzz()
    for _, score, index in process.extract(name, names, scorer=fuzz.ratio, score_cutoff=LIKELY, limit=None):
        yield index, score
    # A slip in a word's first letter puts it elsewhere in the order.
    for other, _, index in process.extract(name, names, scorer=fuzz.token_set_ratio, score_cutoff=LIKELY, limit=None):
        one, two = name.split(), other.split()
        both = [word for word in one if word in two]
        score = fuzz.ratio(
            " ".join([*both, *(word for word in one if word not in both)]),
            " ".join([*both, *(word for word in two if word not in both)]),
        )
        if score >= LIKELY:
            yield index, score


@cache
def _rapidfuzz() -> tuple[Any, Any]:
    """RapidFuzz, loaded where there is something to compare: that takes as long as judging hundreds of objects."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415

    return fuzz, process

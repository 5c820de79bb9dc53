"""What a workload or a customer is declared to be used for, as the table `uses.yaml` has it."""

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Literal

import msgspec

from aup import tables
from aup.api.meta import USE_ANNOTATION, Clause
from aup.api.tenant import TenantSpec
from aup.review import Review, mapping
from aup.wording import quoted
from aup.workload import Workload

_LONGEST = 2048
"""Characters of one declaration; all the words of the table together are not much longer."""

_MOST = 64
"""Categories of one declaration that are read."""

_ALIKE = str.maketrans(
    "\u0430\u0432\u0435\u0455\u0456\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0501\u04bb\u04cf\u0458\u051b\u051d\u0261\u03b1\u03b2\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131",
    "abesikmhopctyxdhljqwgabeikvoptuxi",
)
"""Letters of other scripts that look like Latin ones."""


class Use(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One category: its word, the clause that it concerns, what follows, what it means, and other words for it."""

    use: str
    verdict: Literal["deny", "warn", "allow"]
    means: str
    clause: Clause = ""
    also: list[str] = []


class Declared(msgspec.Struct, frozen=True):
    """A category that somebody declared: where, the word as written, and the category; None for an unknown word."""

    at: str
    written: str
    use: Use | None


@cache
def table() -> tuple[Use, ...]:
    """All categories, in the table's order."""
    return tables.read("uses", tuple[Use, ...])


def declared(review: Review, workload: Workload, tenant: TenantSpec | None) -> Iterator[Declared]:
    """What the object, its pod templates and the customer's record are declared to be used for."""
    annotations = mapping(review.object.get("metadata")).get("annotations")
    seen = []
    if isinstance(annotations, dict) and USE_ANNOTATION in annotations:
        seen.append((f"metadata.annotations[{USE_ANNOTATION}]", annotations[USE_ANNOTATION]))
    seen += [
        (f"{template.annotations_path}[{USE_ANNOTATION}]", template.annotations[USE_ANNOTATION])
        for template in workload.templates
        if USE_ANNOTATION in template.annotations and template.annotations_path != "metadata.annotations"
    ]
    if tenant is not None and tenant.uses:
        seen.append(("metadata.namespace", ",".join(tenant.uses)))
    for at, written in seen:
        for word, use in _read(written) if isinstance(written, str) else [(str(written), None)]:
            yield Declared(at, word, use)


def said(one: Declared) -> str:
    """A declared category in words."""
    use = one.use
    if use is None:
        return quoted(one.written)
    named = "" if one.written.lower() == use.use else f" ({use.use})"
    return f"{quoted(one.written)}{named}, a use that {use.means}"


def normal(word: str) -> str:
    """A word as it is looked up: compatibility form, look-alike letters as Latin ones, words joined by hyphens."""
    text = unicodedata.normalize("NFKD", word).casefold().translate(_ALIKE)
    shown = "".join(
        each for each in text if unicodedata.category(each) not in {"Mn", "Me", "Cf", "Cc"} or each.isspace()
    )
    return "-".join("".join(each if each.isalnum() else " " for each in shown).split())


@cache
def _words() -> dict[str, Use]:
    """Each word to its category, and without its hyphens too."""
    found: dict[str, Use] = {}
    for use in table():
        for word in (use.use, *use.also):
            for form in (word, word.replace("-", "")):
                if found.setdefault(form, use) is not use:
                    raise ValueError(f"{word} stands for {found[form].use} and {use.use}")
    return found


@lru_cache(maxsize=1024)
def _read(written: str) -> tuple[tuple[str, Use | None], ...]:
    """The categories of a declaration, each word as written with what it stands for."""
    found: dict[str, Use | None] = {}
    for part in _split(written[:_LONGEST])[:_MOST]:
        word = normal(part)
        if word:
            known = _words()
            found.setdefault(part.strip(), known.get(word) or known.get(word.replace("-", "")))
    return tuple(found.items())


def _split(written: str) -> list[str]:
    """At commas and what stands for them."""
    text = unicodedata.normalize("NFKC", written)
    for mark in ";|\n\u3001\u060c":
        text = text.replace(mark, ",")
    return text.split(",")

"""Software whose licence is known by its image, as the table `known_software.yaml` has it."""

import re
from datetime import date
from functools import cache, lru_cache

import msgspec

from aup import tables
from aup.image import parse
from aup.licenses.expressions import family
from aup.review import listing, mapping, text
from aup.workload import Container

_VERSION = re.compile(r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?![\w.])", re.ASCII)
_DATED = re.compile(r"RELEASE\.(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_EXPANDED = re.compile(r"\$\(([^)]*)\)")

Version = tuple[int, ...]


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Licences, of which the user has the choice, from a version on."""

    any_of: list[str]
    since: str = "0"


class Software(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Software in its maker's own images.

    `repositories` are in normal form; one that ends in `/*` stands for all below it, but those of `but`. `terms` are by
    version, oldest first, empty where they are not compared. `entitlement` is the product that must be licensed; where
    `variable` chooses the edition, its values in `free` (empty where it is not set) need none, or only those in `paid`
    do. `asOf` is the day of the knowledge.
    """

    name: str
    repositories: list[str]
    but: list[str] = []
    terms: list[Terms] = []
    entitlement: str = ""
    variable: str = ""
    free: list[str] = []
    paid: list[str] = []
    source: str
    as_of: date

    def terms_of(self, tag: str) -> list[Terms]:
        """The terms that an image with this tag may have: one for a full version, all for an unknown one."""
        version = _version(tag)
        if not version or not self.terms:
            return self.terms
        after = (*version[:-1], version[-1] + 1)
        begins = [_version(one.since) for one in self.terms]
        ends = [*begins[1:], None]
        return [
            one
            for one, begin, end in zip(self.terms, begins, ends, strict=True)
            if begin < after and (end is None or version < end)
        ]

    def product(self, container: Container) -> tuple[str, bool]:
        """The product that must be licensed to run it as the container does, and whether that is certain.

        It is empty where none is needed, and uncertain where the variable's value is not in the manifest.
        """
        if not self.variable or not self.entitlement:
            return self.entitlement, True
        value = _value(container, self.variable)
        if value is None:
            return self.entitlement, False
        chosen = value.strip().lower()
        needed = chosen not in self.free if self.free else chosen in self.paid
        return (self.entitlement if needed else ""), True


class Known(msgspec.Struct, frozen=True):
    """Software of an image: the licences that it may be under, which are several where its version is not known."""

    software: Software
    licenses: tuple[str, ...]
    families: frozenset[str]


@cache
def table() -> tuple[Software, ...]:
    """All known software, in the table's order."""
    return tables.read("known_software", tuple[Software, ...])


@lru_cache(maxsize=4096)
def of_image(reference: str) -> Known | None:
    """The software of an image by its maker's own repository; None if it is not known."""
    image = parse(reference)
    repository = f"{image.domain}/{image.path}"
    exact, below = _index()
    found = exact.get(repository)
    if found is None:
        found = next(
            (
                software
                for prefix, software in below
                if repository.startswith(prefix) and not _is_one(repository, software.but)
            ),
            None,
        )
    if found is None:
        return None
    licenses = tuple(dict.fromkeys(one for terms in found.terms_of(image.tag) for one in terms.any_of))
    return Known(found, licenses, frozenset(map(family, licenses)))


@cache
def _index() -> tuple[dict[str, Software], list[tuple[str, Software]]]:
    """Software by repository, and by what its repositories begin with."""
    exact: dict[str, Software] = {}
    below = []
    for software in table():
        for repository in software.repositories:
            if repository.endswith("/*"):
                below.append((repository.removesuffix("*"), software))
            elif exact.setdefault(repository, software) is not software:
                raise ValueError(f"{repository} stands for {exact[repository].name} and {software.name}")
    return exact, below


def _value(container: Container, variable: str) -> str | None:
    """The value of a variable, where the last counts; empty if it is not set, None if nobody can read it here."""
    values: dict[str, str | None] = {}
    for entry in map(mapping, listing(container.spec.get("env"))):
        written = None if entry.get("valueFrom") is not None else entry.get("value", "")
        if not isinstance(written, str) or any(values.get(one) is None for one in _EXPANDED.findall(written)):
            values[text(entry.get("name"))] = None
        else:
            values[text(entry.get("name"))] = _EXPANDED.sub(lambda found: values[found[1]] or "", written)
    return values.get(variable, "")


def _is_one(repository: str, names: list[str]) -> bool:
    return any(repository == name or repository.startswith(f"{name}/") for name in names)


def _version(tag: str) -> Version:
    """The version that a tag begins with, as far as it is written; empty where there is none."""
    found = _VERSION.match(tag) or _DATED.match(tag)
    return tuple(int(part) for part in found.groups() if part is not None) if found else ()

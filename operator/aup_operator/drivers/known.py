"""Kinds of other projects: how each is stopped is data, `known_kinds.yaml`."""

from functools import partial
from importlib.resources import files
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from aup.review import Json, listing, mapping
from aup_operator.drivers.driver import Change, Driver, Rank, Stage

_Pointer = Annotated[str, Meta(pattern="^/[^/]")]
_Text = Annotated[str, Meta(min_length=1)]
_Conditions = dict[_Pointer, Annotated[list[object], Meta(min_length=1)]]
"""By JSON Pointer, the values of which a field must have one; null stands for an absent field."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping of the file: a field that is not known is a mistake."""


class Owner(_Strict, frozen=True, kw_only=True):
    """A kind whose controller looks after objects of another."""

    group: str
    kind: _Text


class Step(_Strict, frozen=True, kw_only=True):
    """What is set where the conditions hold."""

    set: Annotated[dict[_Pointer, object], Meta(min_length=1)]
    only: _Conditions = {}


class KnownKind(_Strict, frozen=True, kw_only=True):
    """One kind of another project.

    The file's head says what its fields mean.
    """

    group: Annotated[str, Meta(pattern=r"\.")]
    versions: Annotated[list[_Text], Meta(min_length=1)]
    kind: _Text
    plural: _Text
    set: dict[_Pointer, object] = {}
    cases: list[Step] = []
    only: _Conditions = {}
    unless: _Conditions = {}
    finished: list[_Text] = []
    stage: Literal["PAUSER", "CRONJOB", "JOB", "SCALABLE"]
    rank: Literal["STATE", "WORKLOAD", "JOB", "CRONJOB", "PAUSER"]
    owners: list[Owner] = []
    says: Annotated[str, Meta(pattern=r"^[A-Z].*\.$")]
    source: Annotated[str, Meta(pattern="^https://")]

    def driver(self) -> Driver:
        """The kind's driver, for the newest version that was looked at."""
        return Driver(
            group=self.group,
            version=self.versions[0],
            kind=self.kind,
            plural=self.plural,
            stage=Stage[self.stage],
            rank=Rank[self.rank],
            changes=partial(_changes, self),
            owners=frozenset((owner.group, owner.kind) for owner in self.owners),
            says=self.says,
            source=self.source,
        )


def known_kinds() -> list[KnownKind]:
    """All kinds of the file."""
    return msgspec.yaml.decode(
        files("aup_operator.drivers").joinpath("known_kinds.yaml").read_bytes(), type=list[KnownKind]
    )


def _changes(known: KnownKind, manifest: Json) -> list[Change]:
    if not _all_hold(manifest, known.only) or any(_holds(manifest, *one) for one in known.unless.items()):
        return []
    if any(
        _is_true(condition, known.finished) for condition in listing(mapping(manifest.get("status")).get("conditions"))
    ):
        return []
    held = dict(known.set)
    for step in known.cases:
        if _all_hold(manifest, step.only):
            held |= step.set
    return [Change(path, value) for path, value in held.items()]


def _is_true(condition: object, types: list[str]) -> bool:
    return mapping(condition).get("type") in types and mapping(condition).get("status") == "True"


def _all_hold(manifest: Json, conditions: _Conditions) -> bool:
    return all(_holds(manifest, *one) for one in conditions.items())


def _holds(manifest: Json, pointer: str, values: list[object]) -> bool:
    value: object = manifest
    for part in pointer.split("/")[1:]:
        value = mapping(value).get(part.replace("~1", "/").replace("~0", "~"))
    return any(type(value) is type(one) and value == one for one in values)

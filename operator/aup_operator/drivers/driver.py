"""What a driver says of its kind."""

from collections.abc import Callable
from enum import IntEnum

import msgspec

from aup.review import Json


class Stage(IntEnum):
    """When a suspension comes to a kind: what starts others stops first."""

    PAUSER = 1
    CRONJOB = 2
    JOB = 3
    SCALABLE = 4
    DAEMONSET = 5
    POD = 6


class Rank(IntEnum):
    """When a lift comes to a kind: what holds state first, what starts others last."""

    STATE = 1
    WORKLOAD = 2
    DAEMONSET = 3
    POD = 4
    JOB = 5
    CRONJOB = 6
    PAUSER = 7


class Change(msgspec.Struct, frozen=True):
    """One field that holding an object down sets: a JSON Pointer and the value it gets."""

    path: str
    held: object


def _finished(_: Json) -> str:
    return ""


def _current(_: Json) -> Json:
    return {}


def _same(manifest: Json) -> Json:
    return manifest


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind is held down.

    `changes` gives the fields to set on an object, none for one that is to be left alone. `owners` are the kinds, as
    (API group, kind), whose controllers look after objects of this one, so that those are left to them. `says` is for
    people: what a suspension does to an object and what the lift restores; `source` is where that is documented.
    `outdated` gives what the status of an object that is held still says of the time before, as a merge patch that
    clears it; the lift does so first, since the kind's controller would act on it. `recreated` gives what an object
    that was deleted is created again from. `unfinished` tells what is still missing on an object that was put back,
    where its controller says so.
    """

    group: str
    version: str
    kind: str
    plural: str
    stage: Stage
    rank: Rank
    changes: Callable[[Json], list[Change]]
    owners: frozenset[tuple[str, str]] = frozenset()
    outdated: Callable[[Json], Json] = _current
    recreated: Callable[[Json], Json] = _same
    unfinished: Callable[[Json], str] = _finished
    says: str
    source: str

    @property
    def api_version(self) -> str:
        """Group and version, as in a manifest."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def built_in(self) -> bool:
        """Whether Kubernetes itself has the kind; the group of a custom resource has a dot."""
        return "." not in self.group

    @property
    def cluster_collection(self) -> str:
        """The path of the kind's objects in all namespaces."""
        return f"{self._base}/{self.plural}"

    def collection(self, namespace: str) -> str:
        """The path of the kind's objects in a namespace."""
        return f"{self._base}/namespaces/{namespace}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """The path of one object."""
        return f"{self.collection(namespace)}/{name}"

    @property
    def _base(self) -> str:
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"

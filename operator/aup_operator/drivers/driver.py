"""What a driver says of its kind."""

from collections.abc import Callable

import msgspec

from aup.review import Json


class Change(msgspec.Struct, frozen=True):
    """One field that holding an object down sets: a JSON Pointer and the value it gets."""

    path: str
    held: object


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind is held down.

    `changes` gives the fields to set on an object, none for one that is to be left alone. `owner` names a kind whose
    controller looks after objects of this one, so that those are left to it.
    """

    api_version: str
    kind: str
    plural: str
    changes: Callable[[Json], list[Change]]
    owner: str = ""

    @property
    def _base(self) -> str:
        return f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"

    def collection(self, namespace: str) -> str:
        """The path of the kind's objects in a namespace."""
        return f"{self._base}/namespaces/{namespace}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """The path of one object."""
        return f"{self.collection(namespace)}/{name}"

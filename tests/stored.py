"""An API server's lists without an API server."""

from collections.abc import Iterator

from aup.review import Json
from aup_operator.kube import Kube, KubeError


class Stored(Kube):
    """An API server that has these objects; collections that it refuses raise what is set for them."""

    def __init__(self, *objects: Json) -> None:
        super().__init__(None)
        self.objects = list(objects)
        self.refused: set[str] = set()
        self.pages: set[int] = set()

    def list(self, path: str, *, label_selector: str = "", page: int = 500) -> Iterator[Json]:
        """Objects of the path's kind and namespace, without their kind, as lists have them."""
        del label_selector
        *_, namespace, plural = path.split("/")
        self.pages.add(page)
        if path in self.refused:
            raise KubeError(500, "no")
        for one in self.objects:
            mine = one["metadata"].get("namespace")
            if _plural(one["kind"]) == plural and mine == (namespace if "/namespaces/" in path else None):
                yield {key: value for key, value in one.items() if key not in {"kind", "apiVersion"}}


def _plural(kind: str) -> str:
    name = kind.lower()
    return name[:-1] + "ies" if name.endswith("y") else name + ("es" if name.endswith("s") else "s")

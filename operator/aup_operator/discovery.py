"""What the API server serves: every resource by its kind, and a driver for each that a suspension holds down.

One request asks for all of it (aggregated discovery,
https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery); of a kind with a scale subresource
that nobody has told us of, its CustomResourceDefinition says which field counts.
"""

import logging
import time
from collections.abc import Iterator, Mapping

import msgspec

from aup.review import Json, listing, mapping, text
from aup_operator.drivers import DRIVERS, KNOWN
from aup_operator.drivers.driver import Driver
from aup_operator.drivers.scaled import pointer, scaled
from aup_operator.kube import Kube, KubeError

log = logging.getLogger(__name__)

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_FRESH_SECONDS = 15.0


class Resource(msgspec.Struct, frozen=True):
    """One kind as it is served: in the version that its group prefers."""

    group: str
    version: str
    plural: str
    namespaced: bool
    listed: bool
    scale: bool

    def collection(self, namespace: str) -> str:
        """The path of the kind's objects in a namespace."""
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{base}/namespaces/{namespace}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """The path of one object."""
        return f"{self.collection(namespace)}/{name}"


Resources = Mapping[tuple[str, str], Resource]
"""Everything that is served, by API group and kind."""


class Served(msgspec.Struct, frozen=True):
    """What is served, and the drivers for it in the order of a suspension."""

    resources: Resources
    drivers: tuple[Driver, ...]


class Discovery:
    """Asks the API server what it serves, and remembers it for some seconds."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._served: Served | None = None
        self._until = 0.0
        self._replica_paths: dict[tuple[str, str], str] = {}

    def served(self, *, now: bool = False) -> Served:
        """What the API server serves now, or, where that is enough, did up to 15 s ago."""
        if now or self._served is None or time.monotonic() >= self._until:
            core = self._kube.request("GET", "/api", accept=_DISCOVERY)
            groups = self._kube.request("GET", "/apis", accept=_DISCOVERY)
            resources = {
                (resource.group, kind): resource for document in (core, groups) for kind, resource in read(document)
            }
            self._served = Served(resources, tuple(sorted(self._drivers(resources), key=lambda one: one.stage)))
            self._until = time.monotonic() + _FRESH_SECONDS
        return self._served

    def _drivers(self, resources: Resources) -> Iterator[Driver]:
        yield from DRIVERS
        told = {(driver.group, driver.kind) for driver in DRIVERS}
        for (group, kind), resource in resources.items():
            if (group, kind) in told or not resource.namespaced:
                continue
            known = KNOWN.get((group, kind))
            if known is not None:
                yield msgspec.structs.replace(known, version=resource.version, plural=resource.plural)
            elif resource.scale and "." in group:
                path = self._replicas(group, resource)
                if path:
                    yield scaled(group, resource.version, kind, resource.plural, path)

    def _replicas(self, group: str, resource: Resource) -> str:
        """The JSON Pointer of the field that counts; empty where no CustomResourceDefinition says it."""
        key = (f"{resource.plural}.{group}", resource.version)
        if key not in self._replica_paths:
            try:
                manifest = self._kube.get(f"{_CRDS}/{key[0]}")
            except KubeError as error:
                told = {"resource": key[0], "problem": str(error)}
                log.warning("a kind is not held, since which of its fields counts is not known", extra=told)
                return ""
            for version in listing(mapping(mapping(manifest).get("spec")).get("versions")):
                path = text(mapping(mapping(version.get("subresources")).get("scale")).get("specReplicasPath"))
                self._replica_paths[key[0], text(version.get("name"))] = pointer(path)
        return self._replica_paths.get(key, "")


def read(document: Json) -> Iterator[tuple[str, Resource]]:
    """The kinds of an APIGroupDiscoveryList, each in the first version that serves it, which the group prefers."""
    for item in listing(document.get("items")):
        group = text(mapping(item.get("metadata")).get("name"))
        seen: set[str] = set()
        for version in listing(item.get("versions")):
            for resource in listing(version.get("resources")):
                kind = text(mapping(resource.get("responseKind")).get("kind"))
                if kind and kind not in seen:
                    seen.add(kind)
                    subresources = {text(each.get("subresource")) for each in listing(resource.get("subresources"))}
                    yield (
                        kind,
                        Resource(
                            group=group,
                            version=text(version.get("version")),
                            plural=text(resource.get("resource")),
                            namespaced=resource.get("scope") == "Namespaced",
                            listed="list" in listing(resource.get("verbs")),
                            scale="scale" in subresources,
                        ),
                    )

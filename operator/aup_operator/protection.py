"""What holds tenants in the API server itself: whether all of it is there as it was installed, and putting it back.

The chart leaves a copy of the webhook's configuration, the policies and their bindings in a ConfigMap. Whoever means to
delete one of them deletes that copy before: an uninstall does, and the off-switch.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import msgspec
import yaml

from aup.api import KINDS
from aup.api.meta import GROUP
from aup.review import Json, mapping
from aup_operator import metrics
from aup_operator.kube import Kube
from aup_operator.settings import Settings

log = logging.getLogger(__name__)

PLURALS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
}
"""The kinds of which there is a copy, with their names in paths."""

LABEL = "app.kubernetes.io/part-of=aup"
"""Selects our objects; one that has lost the label is as good as gone."""

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_NAMES = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_OUR_KINDS = [f"{kind.plural}.{GROUP}" for kind in KINDS]
_OWNER = "/apis/rbac.authorization.k8s.io/v1/clusterroles/aup-operator"
_APPLY = "application/apply-patch+yaml"
_KEPT_BY_OTHERS = frozenset({"caBundle"})
"""What others write into an object of ours: whom the API server trusts, where the chart does not say so."""


_INSTALLED_SECONDS = 30.0
"""How long what we have never seen may still be on its way: an install makes it after us."""

_UPGRADED_SECONDS = 5.0
"""How long an object may differ from the copy: an upgrade writes one after the other."""

Key = tuple[str, str]
"""Kind and name."""


class Protection:
    """Looks after the objects that hold tenants.

    Args:
        kube: The API server.
        settings: Where the copy is, and whether what is lost is put back.
        clock: Seconds that only go up.
    """

    def __init__(self, kube: Kube, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._kube = kube
        self._clock = clock
        self._began = clock()
        self._copy = f"/api/v1/namespaces/{settings.namespace}/configmaps/{settings.protection_copy}"
        self._name = settings.protection_copy
        self._restore = settings.protection_restore
        self._seen: set[Key] = set()
        self._since: dict[Key, float] = {}
        self._lost: set[Key] = set()

    def sync(self) -> bool:
        """Compare what there is with the copy, tell what is lost, and put it back if that is wanted.

        Whether something is not as it should be, and may be on its way still.

        Raises:
            KubeError: The API server refuses.
            OSError: It cannot be reached.
        """
        there = {kind: self._listed(f"{_ADMISSION}/{plural}") for kind, plural in PLURALS.items()}
        copy = self._kube.get(self._copy)  # after the objects: whoever means to delete one has deleted the copy before
        wanted = {(one["kind"], one["metadata"]["name"]): one for one in _objects(copy)}
        good = {(kind, name): _same(one, there[kind].get(name)) for (kind, name), one in wanted.items()}
        good[("ConfigMap", self._name)] = copy is not None
        served = self._kinds()
        good |= {("CustomResourceDefinition", name): name in served for name in _OUR_KINDS}
        lost = self._overdue(good, {(kind, name) for kind, those in there.items() for name in those})
        self._tell(lost, good.keys())
        for kind, name in sorted(lost & wanted.keys()) if self._restore else ():
            self._put_back(wanted[kind, name], there[kind].get(name))
        metrics.show(metrics.PROTECTION_MISSING, {key: float(key in lost) for key in good})
        return not all(good.values())

    def _overdue(self, good: dict[Key, bool], there: set[Key]) -> set[Key]:
        """What is not as it should be for longer than an install or an upgrade takes."""
        now = self._clock()
        self._since = {key: self._since.get(key, now) for key, is_good in good.items() if not is_good}
        self._seen |= {key for key, is_good in good.items() if is_good}
        return {
            key
            for key, since in self._since.items()
            if now >= (self._began + _INSTALLED_SECONDS if key not in self._seen else since)
            and (key not in there or now >= since + _UPGRADED_SECONDS)
        }

    def _tell(self, lost: set[Key], known: Iterable[Key]) -> None:
        for kind, name in known:
            metrics.PROTECTION_LOSSES.labels(kind, name)  # at 0, so that the first one is an increase
        for kind, name in sorted(lost - self._lost):
            metrics.PROTECTION_LOSSES.labels(kind, name).inc()
            log.error("what holds tenants is missing or altered", extra={"kind": kind, "object": name})
        self._lost = lost

    def _put_back(self, wanted: Json, there: Json | None) -> None:
        """Make an object as it was installed, unless aup itself is going.

        It is applied in the name of the tool that installed it, so that this one's next apply meets no conflict, and
        belongs to our ClusterRole: what is put back while an uninstall is under way goes with that.
        """
        owner = self._kube.get(_OWNER)
        if owner is None or "deletionTimestamp" in owner["metadata"]:
            return
        metadata = wanted["metadata"]
        path = f"{_ADMISSION}/{PLURALS[wanted['kind']]}/{metadata['name']}"
        if there is not None:  # an apply would leave in what somebody has added
            self._kube.delete(path, there["metadata"]["uid"])
        reference = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "aup-operator"}
        owners = [{**reference, "uid": owner["metadata"]["uid"]}]
        tool = "helm" if mapping(metadata.get("labels")).get("app.kubernetes.io/managed-by") == "Helm" else "kubectl"
        body = {**wanted, "metadata": {**metadata, "ownerReferences": owners}}
        self._kube.request("PATCH", path, body, _APPLY, fieldManager=tool, force="true")
        log.warning("put back", extra={"kind": wanted["kind"], "object": metadata["name"]})

    def _kinds(self) -> set[str]:
        """The names of all kinds that are not on their way out."""
        listed = self._kube.request("GET", _CRDS, accept=_NAMES)["items"]
        return {one["metadata"]["name"] for one in listed if "deletionTimestamp" not in one["metadata"]}

    def _listed(self, path: str) -> dict[str, Json]:
        return {one["metadata"]["name"]: one for one in self._kube.list(path, label_selector=LABEL)}


def _objects(copy: Json | None) -> Iterator[Json]:
    """What the copy holds; of other kinds, which an apply of ours may not touch, nothing."""
    for text in mapping(mapping(copy).get("data")).values():
        yield from _manifests(text)


@lru_cache(maxsize=8)
def _manifests(text: str) -> tuple[Json, ...]:
    """What of a text of the copy is of these kinds. Reading it takes long, and it changes with an upgrade alone."""
    read = [one for one in yaml.safe_load_all(text) if mapping(one).get("kind") in PLURALS]
    return tuple(msgspec.json.decode(msgspec.json.encode(read)))


def _same(wanted: object, there: object) -> bool:
    """Whether an object is as it was installed; the API server fills in empty selectors, and of the whole a status."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        if "kind" in wanted and "metadata" in wanted:
            kept = {"apiVersion", "kind", "metadata", "status"}
            return _same(
                {key: value for key, value in wanted.items() if key not in kept},
                {key: value for key, value in there.items() if key not in kept},
            )
        more = there.keys() - wanted.keys() - _KEPT_BY_OTHERS
        return all(there[key] == {} for key in more) and all(
            key in there and _same(value, there[key]) for key, value in wanted.items()
        )
    if isinstance(wanted, list) and isinstance(there, list):
        return len(wanted) == len(there) and all(map(_same, wanted, there))
    return wanted == there

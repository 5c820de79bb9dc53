"""The facts in use: an immutable snapshot, made anew when something changed and swapped in one step."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from aup.api.acceptable_use_policy import AcceptableUsePolicy
from aup.api.permit import Permit
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant
from aup.errors import InputError
from aup.facts import Facts, decoded, gathered, namespace_of
from aup.review import Json, mapping, text
from aup_webhook import metrics

log = logging.getLogger(__name__)

_COALESCE_SECONDS = 0.02
"""How long changes are gathered before the next snapshot, so that a burst costs one."""


def _policy(manifest: Json) -> AcceptableUsePolicy:
    policy = decoded(manifest, AcceptableUsePolicy)
    gathered(policies=[policy])
    return policy


def _tenant(manifest: Json) -> Tenant:
    tenant = decoded(manifest, Tenant)
    gathered(tenants=[tenant])
    return tenant


# Each reads one object and raises InputError for one that would spoil the snapshot.
READERS: dict[str, Callable[[Json], Any]] = {
    "acceptableusepolicies": _policy,
    "tenants": _tenant,
    "namespaces": namespace_of,
    "permits": lambda manifest: decoded(manifest, Permit),
    "suspensions": lambda manifest: decoded(manifest, Suspension),
}


class Snapshot:
    """Holds the facts. `facts` is None until every kind's list is in; threads of `watch` feed it."""

    def __init__(self) -> None:
        self.facts: Facts | None = None
        self._objects: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._changed = threading.Event()

    def start(self) -> None:
        """Begin publishing in a thread of its own, so that no review waits for it."""
        threading.Thread(target=self._publish_forever, name="snapshot", daemon=True).start()

    def replace(self, kind: str, manifests: Iterable[Json]) -> None:
        """Take a full list in place of what was known of a kind."""
        read = {_name(manifest): value for manifest in manifests if (value := _read(kind, manifest)) is not None}
        with self._lock:
            self._objects[kind] = read
        self._changed.set()

    def put(self, kind: str, manifest: Json) -> None:
        """Take an object that was added or changed; one that cannot be read is left out."""
        value = _read(kind, manifest)
        with self._lock:
            if value is None:
                self._objects[kind].pop(_name(manifest), None)
            else:
                self._objects[kind][_name(manifest)] = value
        self._changed.set()

    def remove(self, kind: str, manifest: Json) -> None:
        """Forget an object that was deleted."""
        with self._lock:
            self._objects[kind].pop(_name(manifest), None)
        self._changed.set()

    def missing(self) -> list[str]:
        """The kinds whose list is not in yet."""
        with self._lock:
            return [kind for kind in READERS if kind not in self._objects]

    def publish(self) -> None:
        """Make a snapshot of what is known now and swap it in; nothing before every list is in."""
        with self._lock:
            known = {kind: list(objects.values()) for kind, objects in self._objects.items()}
        if len(known) < len(READERS):
            return
        self.facts = gathered(
            known["acceptableusepolicies"],
            known["tenants"],
            known["namespaces"],
            known["permits"],
            known["suspensions"],
            complete=True,
        )
        metrics.SNAPSHOT_SECONDS.set(time.time())
        for kind, objects in known.items():
            metrics.OBJECTS.labels(kind).set(len(objects))

    def _publish_forever(self) -> None:
        while True:
            self._changed.wait()
            time.sleep(_COALESCE_SECONDS)
            self._changed.clear()
            try:
                self.publish()
            except Exception:
                log.exception("the snapshot could not be made; the one before stays in use")


def _read(kind: str, manifest: Json) -> Any:
    try:
        return READERS[kind](manifest)
    except InputError as error:
        metrics.FACTS_REJECTED.labels(kind).inc()
        log.error("an object was left out of the snapshot", extra={"kind": kind, "problem": str(error)})  # noqa: TRY400
        return None


def _name(manifest: Json) -> str:
    return text(mapping(manifest.get("metadata")).get("name"))

"""The facts in use: an immutable snapshot, made anew when something changed and swapped in one step."""

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from aup.api.acceptable_use_policy import AcceptableUsePolicy
from aup.api.indicator_list import IndicatorList
from aup.api.license_entitlement import LicenseEntitlement
from aup.api.permit import Permit
from aup.api.screening_list import ScreeningList
from aup.api.signature_list import SignatureList
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant
from aup.cluster import SYSTEM, tenant_of_cluster
from aup.errors import InputError
from aup.facts import (
    Facts,
    decoded,
    entitlements_by_tenant,
    in_order,
    namespace_of,
    permits_by_rule,
    quota_of,
    suspensions_by_tenant,
)
from aup.indicators import indexed
from aup.model import Limits
from aup.policy import Policy, compiled
from aup.review import Json, mapping, text
from aup.screening import prepared
from aup.signatures.detectors import with_lists
from aup.totals import counted_namespaces, usage_by_tenant, used_of
from aup_webhook import metrics

log = logging.getLogger(__name__)

_COALESCE_SECONDS = 0.02
"""How long changes are gathered before the next snapshot, so that a burst costs one."""

_REST, _LONGEST_REST_SECONDS = 4, 0.2
"""Between snapshots passes so many times what one takes, at most, so that steady change leaves time for reviews."""

_TOLD = 10
"""Indicators that cannot be read which one line of the log names."""

Known = dict[str, Any]
"""What was read of a kind, by the object's namespace and name."""


def _policy(manifest: Json) -> Policy:
    return compiled(decoded(manifest, AcceptableUsePolicy).spec)


def _tenant(manifest: Json) -> tuple[Tenant, Limits]:
    tenant = decoded(manifest, Tenant)
    return tenant, quota_of(tenant)


def _tenants(known: Known) -> dict[str, Any]:
    return {
        "cluster": tenant_of_cluster(tenant for tenant, _ in known.values()),
        "tenants": {name: tenant for name, (tenant, _) in known.items()},
        "quotas": {name: quota for name, (_, quota) in known.items() if quota},
    }


def _indicator_list(manifest: Json) -> IndicatorList:
    read = decoded(manifest, IndicatorList)
    unreadable = indexed([read]).unreadable
    if unreadable:
        told = "; ".join(unreadable[:_TOLD])
        log.warning("indicators were left out", extra={"count": len(unreadable), "problem": told})
    return read


# Reads one object when it arrives, and raises InputError for one that would spoil the snapshot.
READERS: dict[str, Callable[[Json], Any]] = {
    "acceptableusepolicies": _policy,
    "tenants": _tenant,
    "namespaces": namespace_of,
    "permits": lambda manifest: decoded(manifest, Permit),
    "suspensions": lambda manifest: decoded(manifest, Suspension),
    "licenseentitlements": lambda manifest: decoded(manifest, LicenseEntitlement),
    "indicatorlists": _indicator_list,
    "screeninglists": lambda manifest: decoded(manifest, ScreeningList),
    "resourcequotas": used_of,
    "signaturelists": lambda manifest: decoded(manifest, SignatureList),
}
# The facts that a kind is for, made anew when the kind has changed.
_FACTS: dict[str, Callable[[Known], dict[str, Any]]] = {
    "acceptableusepolicies": lambda known: {"policies": in_order(known.values())},
    "tenants": _tenants,
    "namespaces": lambda known: {"namespaces": known},
    "permits": lambda known: {"permits": permits_by_rule(known.values())},
    "suspensions": lambda known: {"suspensions": suspensions_by_tenant(known.values())},
    "licenseentitlements": lambda known: {"entitlements": entitlements_by_tenant(known.values())},
    "indicatorlists": lambda known: {"indicators": indexed(known.values())},
    "screeninglists": lambda known: {"screening": prepared(known.values())},
    "resourcequotas": lambda known: {
        "usage": usage_by_tenant(known.values()),
        "counted": counted_namespaces(known.values()),
    },
    "signaturelists": lambda known: {"detectors": with_lists(known.values())},
}


class Snapshot:
    """Holds the facts. `facts` is None until every kind's list is in; threads of `watch` feed it.

    Args:
        apart: The names of the namespaces that are no tenant's.
    """

    def __init__(self, apart: frozenset[str] = SYSTEM) -> None:
        for kind in READERS:
            metrics.FACTS_REJECTED.labels(kind)  # at 0, so that the first one is an increase
        self.facts: Facts | None = None
        self._apart = apart
        self._objects: dict[str, Known] = {}
        self._stale: set[str] = set()
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
            self._has_changed(kind)

    def put(self, kind: str, manifest: Json) -> None:
        """Take an object that was added or changed; one that cannot be read is left out."""
        value = _read(kind, manifest)
        with self._lock:
            if value is None:
                self._objects[kind].pop(_name(manifest), None)
            else:
                self._objects[kind][_name(manifest)] = value
            self._has_changed(kind)

    def remove(self, kind: str, manifest: Json) -> None:
        """Forget an object that was deleted."""
        with self._lock:
            self._objects[kind].pop(_name(manifest), None)
            self._has_changed(kind)

    def missing(self) -> list[str]:
        """The kinds whose list is not in yet."""
        with self._lock:
            return [kind for kind in READERS if kind not in self._objects]

    def publish(self) -> None:
        """Make a snapshot of what is known now and swap it in; nothing before every list is in.

        Only the kinds that have changed are gone through, so a change costs no more than its own kind's objects.
        """
        with self._lock:
            if len(self._objects) < len(READERS):
                return
            stale, self._stale = self._stale, set()
            known = {kind: dict(self._objects[kind]) for kind in stale}
        try:
            parts = {name: value for kind in known for name, value in _FACTS[kind](known[kind]).items()}
        except Exception:
            with self._lock:
                self._stale |= stale  # they are still to come
            raise
        first = self.facts is None
        if self.facts is None:
            self.facts = Facts(**parts, apart=self._apart, complete=True)
        else:
            self.facts = msgspec.structs.replace(self.facts, **parts)
        metrics.SNAPSHOT_SECONDS.set(time.time())
        for kind, objects in known.items():
            metrics.OBJECTS.labels(kind).set(len(objects))
        if first:
            gc.collect()
            gc.freeze()  # modules and lists stay for good: no later collection has to go through them

    def _has_changed(self, kind: str) -> None:
        self._stale.add(kind)
        self._changed.set()

    def _publish_forever(self) -> None:
        took = 0.0
        while True:
            self._changed.wait()
            time.sleep(_COALESCE_SECONDS + min(_REST * took, _LONGEST_REST_SECONDS))
            self._changed.clear()
            began = time.monotonic()
            try:
                self.publish()
            except Exception:
                log.exception("the snapshot could not be made; the one before stays in use")
            took = time.monotonic() - began


def _read(kind: str, manifest: Json) -> Any:
    try:
        return READERS[kind](manifest)
    except InputError as error:
        metrics.FACTS_REJECTED.labels(kind).inc()
        log.error("an object was left out of the snapshot", extra={"kind": kind, "problem": str(error)})  # noqa: TRY400
        return None


def _name(manifest: Json) -> str:
    metadata = mapping(manifest.get("metadata"))
    name = text(metadata.get("name"))
    return f"{namespace}/{name}" if (namespace := metadata.get("namespace")) else name

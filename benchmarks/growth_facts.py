"""What the webhook knows of a cluster, by how many tenants and permits there are."""

import tracemalloc
from collections.abc import Iterable

from aup.facts import Facts
from aup.review import Json
from aup_webhook.snapshot import READERS, Snapshot
from benchmarks.growth_reviews import NAMESPACE

TENANT = "tenant-0"
"""The tenant of the namespace that all reviews are in."""

_API = "aup.asergo.com/v1alpha1"


def tenant(number: int, cores: int = 16) -> Json:
    """A tenant with a quota."""
    return {
        "apiVersion": _API,
        "kind": "Tenant",
        "metadata": {"name": f"tenant-{number}", "resourceVersion": str(number)},
        "spec": {
            "accountID": f"{number}",
            "legalName": f"Customer {number} ApS",
            "country": "DK",
            "contacts": {"abuse": f"abuse@customer-{number}.example"},
            "quota": {"perContainer": {"cpu": str(cores), "memory": f"{32 + number % 32}Gi"}},
        },
    }


def snapshot(tenants: int = 1, permits: int = 0) -> Snapshot:
    """A published snapshot of as many tenants, each with a namespace, and permits of `TENANT` that cover nothing."""
    made = Snapshot()
    kinds: dict[str, Iterable[Json]] = {
        "tenants": (tenant(number) for number in range(tenants)),
        "namespaces": (_namespace(number) for number in range(tenants)),
        "permits": (_permit(number) for number in range(permits)),
    }
    for kind in READERS:
        made.replace(kind, kinds.get(kind, ()))
    made.publish()
    return made


def facts(tenants: int = 1, permits: int = 0) -> Facts:
    """The facts of such a snapshot."""
    found = snapshot(tenants, permits).facts
    if found is None:
        raise RuntimeError("the snapshot is not whole")
    return found


def changed(made: Snapshot) -> None:
    """Take a change of one tenant and publish it."""
    made.put("tenants", tenant(0, cores=24))
    made.publish()


def kib_of_snapshot(tenants: int) -> float:
    """The memory that a snapshot of as many tenants keeps."""
    tracemalloc.start()
    try:
        kept = snapshot(tenants)
        held, _ = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return held / 1024


def _namespace(number: int) -> Json:
    name = f"{NAMESPACE}-{number}" if number else NAMESPACE
    labels = {"aup.asergo.com/tenant": f"tenant-{number}"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _permit(number: int) -> Json:
    return {
        "apiVersion": _API,
        "kind": "Permit",
        "metadata": {"name": f"permit-{number}"},
        "spec": {
            "tenant": TENANT,
            "rules": ["AUP1301"],
            "scope": {"namespaces": [NAMESPACE], "kinds": ["Pod"], "names": [f"agent-{number}"]},
            "validFrom": "2025-06-01T00:00:00Z",
            "expiresAt": "2026-06-01T00:00:00Z",
            "reason": "The agent reads the machine's own figures.",
            "ticket": f"T-{number}",
            "approvedBy": "abuse desk",
        },
    }

"""Amounts held against limits: which are too large, and how that is told."""

from collections.abc import Mapping
from functools import lru_cache

from aup.model import Finding, Limits
from aup.quantity import render
from aup.resources import Amounts
from aup.wording import printable

_UNITS = {
    "perContainer": "container",
    "perPod": "Pod",
    "perWorkload": "workload",
    "perClaim": "PersistentVolumeClaim",
    "perTenant": "tenant",
}
_LONGEST = 64  # characters of a resource's name that are shown


def over(limits: Limits, scope: str, asked: Amounts) -> list[str]:
    """The resources of which more is asked for than the limits of a scope allow."""
    allowed = limits.get(scope)
    if not allowed:
        return []
    found = []
    for resource, amount in asked.items():
        most = allowed.get(resource)
        if most is None and ("/" in resource or "-" in resource):
            most = allowed.get(_family(resource))
        if most is not None and amount > most:
            found.append(resource)
    return found


def limit(limits: Mapping[str, int], resource: str) -> int | None:
    """The most of a resource that is allowed: its own limit before that of its family (`nvidia.com/*`)."""
    most = limits.get(resource)
    return limits.get(_family(resource)) if most is None else most


@lru_cache(maxsize=256)
def _family(resource: str) -> str:
    domain, slash, _ = resource.rpartition("/")
    return f"{domain}/*" if slash else f"{resource.partition('-')[0]}-*"


def too_much(limits: Limits, scope: str, at: str, resource: str, amount: int, container: str = "") -> Finding:
    """The finding that says how much is asked for and how much may be."""
    most = limit(limits[scope], resource) or 0
    allowed = shown(resource, most) if most else "none"
    found = f"{named(resource)} {shown(resource, amount)}, where a {_UNITS[scope]} may have {allowed}"
    return Finding(at, found, container, amount, resource)


def named(resource: str) -> str:
    """A resource's name, safe to show: a custom resource may name one as it likes."""
    return printable(resource[:_LONGEST])


def shown(resource: str, nanos: int) -> str:
    """An amount as a person would write it: bytes in Ki to Ei, all else in tens."""
    return render(nanos, binary=resource.endswith(("memory", "storage")) or resource.startswith("hugepages-"))

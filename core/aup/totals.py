"""A tenant's totals: its limits as ResourceQuotas state them, and what it uses as Kubernetes has counted it.

The operator keeps one ResourceQuota in each namespace of a tenant that has limits `perTenant`; the API server counts
into its status. CPU, memory and ephemeral storage are counted as limits: AUP1602 demands them, and a request is never
larger than its limit.
"""

from collections.abc import Iterable, Mapping

import msgspec

from aup.api.meta import QUOTA_LABEL, TENANT_LABEL
from aup.model import Limits, Mode
from aup.policy import Policy, nanos, narrowed
from aup.resources import Amounts
from aup.review import Json, mapping, text

RULE = "AUP1606"
"""The rule whose mode and limits the totals have."""

_LIMITED = frozenset({"cpu", "memory", "ephemeral-storage"})


class Total(msgspec.Struct, frozen=True):
    """The most that a tenant may use over all its namespaces, in nano-units, and what happens beyond it."""

    mode: Mode
    limits: Amounts


class Used(msgspec.Struct, frozen=True):
    """What one namespace of a tenant uses, in nano-units, by our names of resources; empty where not counted."""

    tenant: str
    namespace: str
    amounts: Amounts


def total_of(policy: Policy, quota: Limits) -> Total | None:
    """The totals of a tenant with this quota of its own; None where it has none."""
    active = next((one for one in policy.rules if one.rule.id == RULE), None)
    if active is None:
        return None
    limits = narrowed(active.limits, quota).get("perTenant", {})
    countable = {resource: most for resource, most in limits.items() if "*" not in resource}
    return Total(active.mode, countable) if countable else None


def hard_name(resource: str) -> str:
    """A resource's name in the `hard` of a ResourceQuota."""
    if resource in _LIMITED:
        return f"limits.{resource}"
    if resource == "storage" or resource.startswith("hugepages-") or _is_device(resource):
        return f"requests.{resource}"
    return resource


def _is_device(resource: str) -> bool:
    """Whether it is an extended resource: named by a domain that is not Kubernetes' own."""
    domain, slash, name = resource.partition("/")
    return bool(slash) and domain != "count" and not domain.endswith(".k8s.io") and not name.startswith("requests.")


def resource_name(hard: str) -> str:
    """Our name of what a ResourceQuota counts; the inverse of `hard_name`."""
    part, _, resource = hard.partition(".")
    return resource if part in {"limits", "requests"} and hard_name(resource) == hard else hard


def used_of(manifest: Json) -> Used:
    """What a ResourceQuota of the operator's has counted; of no tenant where it is none.

    Raises:
        InputError: An amount is no quantity.
    """
    metadata = mapping(manifest.get("metadata"))
    labels = mapping(metadata.get("labels"))
    if labels.get(QUOTA_LABEL) != "true":
        return Used("", "", {})
    counted = mapping(mapping(manifest.get("status")).get("used"))
    amounts = nanos(counted, f"ResourceQuota {text(metadata.get('namespace'))}/{text(metadata.get('name'))}: used")
    return Used(
        text(labels.get(TENANT_LABEL)),
        text(metadata.get("namespace")),
        {resource_name(hard): max(amount, 0) for hard, amount in amounts.items()},
    )


def usage_by_tenant(used: Iterable[Used]) -> dict[str, Amounts]:
    """What each tenant uses over all its namespaces."""
    usage: dict[str, Amounts] = {}
    for one in used:
        if one.tenant:
            total = usage.setdefault(one.tenant, {})
            for resource, amount in one.amounts.items():
                total[resource] = total.get(resource, 0) + amount
    return usage


def counted_namespaces(used: Iterable[Used]) -> frozenset[str]:
    """The namespaces in which Kubernetes counts for a tenant's totals."""
    return frozenset(one.namespace for one in used if one.tenant and one.amounts)


def left(total: Total, usage: Mapping[str, int]) -> Amounts:
    """What a tenant may still take of each resource."""
    return {resource: max(most - usage.get(resource, 0), 0) for resource, most in total.limits.items()}

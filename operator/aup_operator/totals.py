"""The ResourceQuota in each namespace of a tenant with totals: what is used there and what the tenant has left.

The API server holds each namespace to its quota atomically, whoever else is down, so no race inside a namespace gets
past it. Namespaces share what is left: each may take all of it, and is lowered as soon as another has. All is worked
out anew from what the API server has counted; nothing is remembered.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from aup.api import suspension, tenant
from aup.api.meta import QUOTA_LABEL, TENANT_LABEL
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant
from aup.errors import InputError
from aup.facts import gathered, quota_of, suspension_standing
from aup.policy import Policy
from aup.quantity import parse, render
from aup.resources import Amounts
from aup.review import Json, mapping
from aup.totals import Total, Used, hard_name, left, resource_name, total_of, usage_by_tenant, used_of
from aup_operator import known, metrics, namespaces
from aup_operator.kube import MERGE_PATCH, Kube, KubeError
from aup_operator.listing import readable
from aup_operator.namespaces import TenantNamespace

log = logging.getLogger(__name__)

NAME = "aup"
"""Of the quota in every namespace."""

_BOUNDLESS = parse("1E")
"""Left where the rule only warns: Kubernetes counts what a quota names, so it names it and refuses nothing."""


class Quota(msgspec.Struct, frozen=True):
    """A quota of ours as it is: what it allows, by our names of resources, and what the API server has counted."""

    namespace: str
    name: str
    uid: str
    hard: Amounts
    used: Used


def kept(kube: Kube) -> list[Quota]:
    """All quotas of ours; one that cannot be read is logged and left out."""
    found = []
    for manifest in kube.list("/api/v1/resourcequotas", label_selector=f"{QUOTA_LABEL}=true"):
        metadata = manifest["metadata"]
        try:
            used = used_of(manifest)
            hard = {resource_name(name): parse(amount) for name, amount in _hard(manifest).items()}
        except (InputError, ValueError) as error:
            log.error("a quota cannot be read", extra={"namespace": metadata["namespace"], "problem": str(error)})  # noqa: TRY400
            continue
        found.append(Quota(metadata["namespace"], metadata["name"], metadata["uid"], hard, used))
    return found


def usage(quotas: Iterable[Quota]) -> dict[str, Amounts]:
    """What each tenant uses over all its namespaces."""
    return usage_by_tenant(quota.used for quota in quotas)


def wanted(
    total: Total, spaces: Sequence[TenantNamespace], quotas: Mapping[str, Quota], *, held: bool
) -> dict[str, Amounts]:
    """What each namespace of a tenant may use: what it does, and what the tenant has left.

    Nothing is lowered while the tenant is `held` by a suspension, so that what it had fits again when that is lifted.
    """
    own = {space.name: quotas[space.name] for space in spaces if space.name in quotas}
    remains = left(total, usage_by_tenant(Used("t", "", quota.used.amounts) for quota in own.values()).get("t", {}))
    made: dict[str, Amounts] = {}
    for space in spaces:
        quota = own.get(space.name)
        amounts: Amounts = {}
        for resource, free in remains.items():
            most = (quota.used.amounts.get(resource, 0) if quota else 0) + free
            if held and quota and resource in quota.hard:
                most = max(most, quota.hard[resource])
            amounts[resource] = most if total.mode == "deny" else _BOUNDLESS
        made[space.name] = amounts
    return made


class Totals:
    """Keeps the quotas as the tenants' totals want them.

    Args:
        kube: The API server.
        apart: The names of the namespaces that are no tenant's.
    """

    def __init__(self, kube: Kube, apart: frozenset[str]) -> None:
        self._kube = kube
        self._apart = apart

    def sync(self, now: datetime) -> None:
        """One pass over all tenants."""
        quotas = kept(self._kube)
        tenants = readable(self._kube, tenant.KIND, Tenant)
        totals = totals_of(tenants, policy_at(self._kube, now))
        if not totals and not quotas:
            return
        held = {
            one.spec.tenant
            for one in readable(self._kube, suspension.KIND, Suspension)
            if suspension_standing(one, now) != "Good"
        }
        by_namespace = {quota.namespace: quota for quota in quotas if quota.name == NAME}
        spaces = namespaces.of_tenants(self._kube, self._apart)
        for name, total in totals.items():
            own = [space for space in spaces if space.tenant == name]
            for namespace, amounts in wanted(total, own, by_namespace, held=name in held).items():
                self._keep(name, namespace, amounts, by_namespace.get(namespace))
        named = {one.metadata.name for one in tenants}
        stay = {space.name for space in spaces if space.tenant in totals or space.tenant not in named}
        for quota in quotas:
            if quota.namespace not in stay or quota.name != NAME:
                self._do(quota.namespace, partial(self._kube.delete, _path(quota.namespace), quota.uid))

    def _keep(self, owner: str, namespace: str, amounts: Amounts, quota: Quota | None) -> None:
        if quota is not None and quota.hard == amounts and quota.used.tenant == owner:
            return
        dropped = {hard_name(resource): None for resource in quota.hard if resource not in amounts} if quota else {}
        hard = {hard_name(resource): render(most) for resource, most in amounts.items()}
        labels = {QUOTA_LABEL: "true", TENANT_LABEL: owner}
        body: Json = {"metadata": {"labels": labels}, "spec": {"hard": {**dropped, **hard}}}
        if quota is None:
            self._do(namespace, partial(self._created, namespace, body))
        else:
            body["metadata"]["uid"] = quota.uid
            self._do(namespace, partial(self._kube.patch, _path(namespace), body, MERGE_PATCH))

    def _created(self, namespace: str, body: Json) -> None:
        """Create a quota; one of its name that is not marked as ours becomes ours."""
        kind = {"apiVersion": "v1", "kind": "ResourceQuota"}
        manifest = {**kind, **body, "metadata": {"name": NAME, **body["metadata"]}}
        try:
            self._kube.create(f"/api/v1/namespaces/{namespace}/resourcequotas", manifest)
        except KubeError as error:
            if not error.conflict:
                raise
            self._kube.patch(_path(namespace), body, MERGE_PATCH)

    def _do(self, namespace: str, action: Callable[[], object]) -> None:
        """One change; what fails is logged and tried again in the next pass, and does not stop the others."""
        try:
            action()
        except KubeError as error:
            if not (error.not_found or "being terminated" in error.message):
                metrics.FAILURES.inc()
                log.warning("a quota was not kept", extra={"namespace": namespace, "problem": str(error)})


def policy_at(kube: Kube, now: datetime) -> Policy:
    """The policy in force, of those that we understand."""
    return gathered(policies=known.policies(kube)).policy_at(now)


def totals_of(tenants: Iterable[Tenant], policy: Policy) -> dict[str, Total]:
    """The totals of each tenant that has some."""
    totals = {}
    for one in tenants:
        try:
            total = total_of(policy, quota_of(one))
        except InputError as error:
            log.error("a quota cannot be read", extra={"tenant": one.metadata.name, "problem": str(error)})  # noqa: TRY400
            continue
        if total is not None:
            totals[one.metadata.name] = total
    return totals


def _hard(manifest: Json) -> Json:
    return mapping(mapping(manifest.get("spec")).get("hard"))


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/resourcequotas/{NAME}"

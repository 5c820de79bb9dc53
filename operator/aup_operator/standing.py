"""Where policies, permits and tenants stand at an instant: pure, from stored dates alone."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from aup.amounts import named, shown
from aup.api.acceptable_use_policy import AcceptableUsePolicy, AcceptableUsePolicyStatus
from aup.api.meta import Condition
from aup.api.permit import Permit, PermitStatus
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant, TenantStatus, Usage
from aup.cluster import tenant_of_cluster
from aup.facts import suspension_standing
from aup.model import Standing
from aup.rules import RULES
from aup.totals import Total
from aup_operator.audit import Result
from aup_operator.statement import day
from aup_operator.status import condition

_RULES = frozenset(rule.id for rule in RULES)

_TOLD_AGAIN = timedelta(hours=1)
"""How old the time of an audit that found the same may get in a status."""


def policy_status(
    policy: AcceptableUsePolicy, everything: Sequence[AcceptableUsePolicy], now: datetime
) -> AcceptableUsePolicyStatus:
    """Announced until `effectiveAt`, then Effective until a later revision is."""
    begins = policy.spec.effective_at
    phase: Literal["Announced", "Effective", "Superseded"]
    if now < begins:
        phase, message = "Announced", f"In force from {day(begins)}."
    elif any(begins < other.spec.effective_at <= now for other in everything):
        phase, message = "Superseded", "A later revision is in force."
    else:
        phase, message = "Effective", f"In force since {day(begins)}."
    stands = condition(policy, "Effective", true=phase == "Effective", reason=phase, message=message, now=now)
    return AcceptableUsePolicyStatus(observed_generation=policy.metadata.generation, phase=phase, conditions=[stands])


def unusable_status(policy: AcceptableUsePolicy, problem: str, now: datetime) -> AcceptableUsePolicyStatus:
    """A policy that names what this version does not know is not in force, and says so."""
    stands = condition(policy, "Effective", true=False, reason="NotUnderstood", message=problem[:1000], now=now)
    return AcceptableUsePolicyStatus(observed_generation=policy.metadata.generation, conditions=[stands])


def permit_status(permit: Permit, tenants: Container[str], now: datetime) -> PermitStatus:
    """Pending before `validFrom`, Active until `expiresAt`, then Expired; not valid where it can cover nothing."""
    begins, ends = permit.spec.valid_from, permit.spec.expires_at
    phase: Literal["Pending", "Active", "Expired"] = "Active"
    if now < begins:
        phase = "Pending"
    elif now >= ends:
        phase = "Expired"
    message = f"Valid from {day(begins)} until {day(ends)}."
    unknown = [rule for rule in permit.spec.rules if rule not in _RULES]
    reason: str = phase
    if permit.spec.tenant not in tenants:
        reason, message = "UnknownTenant", f"There is no Tenant {permit.spec.tenant}, so it covers nothing."
    elif unknown:
        reason, message = "UnknownRule", f"There is no rule {', '.join(unknown)}; `aup rules` lists them."
    stands = condition(permit, "Valid", true=reason == "Active", reason=reason, message=message, now=now)
    return PermitStatus(observed_generation=permit.metadata.generation, phase=phase, conditions=[stands])


def tenant_status(
    tenant: Tenant,
    suspensions: Sequence[Suspension],
    namespaces: int,
    now: datetime,
    total: Total | None = None,
    usage: Mapping[str, int] | None = None,
    audited: Result | None = None,
    *,
    whole: Condition | None = None,
) -> TenantStatus:
    """Suspended while any Suspension is in force, Lifting while one is being lifted, else Good.

    And what is used, and what the last audit found; without an audit yet, what the one before had told. And the
    condition `whole` of a tenant that claims the whole cluster.
    """
    standings = {one.metadata.name: suspension_standing(one, now) for one in suspensions}
    held = sorted(name for name, standing in standings.items() if standing != "Good")
    standing: Standing = "Good"
    if held:
        standing = "Suspended" if "Suspended" in standings.values() else "Lifting"
    message = f"Held by {', '.join(held)}."[:1000] if held else "No suspension is in force."
    good = condition(tenant, "GoodStanding", true=not held, reason=standing, message=message, now=now)
    return TenantStatus(
        observed_generation=tenant.metadata.generation,
        standing=standing,
        namespaces=namespaces,
        suspensions=held[:64],
        usage=_usage(total, usage or {}),
        findings=audited.findings if audited else tenant.status.findings,
        audited_at=_audited_at(tenant.status, audited),
        conditions=[
            good,
            *([_within(tenant, total, usage or {}, now)] if total else []),
            *([whole] if whole else []),
        ],
    )


def whole_cluster(tenant: Tenant, tenants: Iterable[Tenant], installed_for: str, now: datetime) -> Condition | None:
    """Whether a tenant has the whole cluster; None where it does not claim it.

    One tenant can, and the API server's policies have to know its name (`installed_for`).
    """
    if not tenant.spec.cluster:
        return None
    name, first = tenant.metadata.name, tenant_of_cluster(tenants)
    reason, message = "WholeCluster", "Every namespace is theirs but the system's and the provider's."
    if first != name:
        reason = "ClusterTaken"
        message = f"Tenant {first} was first to have the whole cluster, so only labelled namespaces are theirs."
    elif installed_for != name:
        reason = "ChartNotSet"
        message = (
            f"aup is not installed for it, so only labelled namespaces are theirs: helm upgrade … --set "
            f"cluster.tenant={name}"
        )
    return condition(tenant, "WholeCluster", true=reason == "WholeCluster", reason=reason, message=message, now=now)


def _audited_at(before: TenantStatus, audited: Result | None) -> datetime | None:
    """When the tenant was audited: told anew with other findings, or after an hour, so that few writes are made."""
    if audited is None:
        return before.audited_at
    same = audited.findings == before.findings
    recent = before.audited_at is not None and audited.at - before.audited_at < _TOLD_AGAIN
    return before.audited_at if same and recent else audited.at


def _usage(total: Total | None, usage: Mapping[str, int]) -> dict[str, Usage]:
    """What is used of each resource that the tenant has a total of."""
    limits = total.limits if total else {}
    return {
        resource: Usage(used=shown(resource, usage.get(resource, 0)), limit=shown(resource, most))
        for resource, most in sorted(limits.items())
    }


def _within(tenant: Tenant, total: Total, usage: Mapping[str, int], now: datetime) -> Condition:
    """Whether the tenant keeps to its totals. It may be over them: they were lowered, or namespaces raced."""
    over = [resource for resource, most in sorted(total.limits.items()) if usage.get(resource, 0) > most]
    told = [f"{named(one)} {shown(one, usage[one])} of {shown(one, total.limits[one])}" for one in over]
    message = f"In use: {', '.join(told)}."[:1000] if over else "No total is exceeded."
    reason = "TotalExceeded" if over else "WithinTotals"
    return condition(tenant, "WithinTotals", true=not over, reason=reason, message=message, now=now)

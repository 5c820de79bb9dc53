"""Where policies, permits and tenants stand at an instant: pure, from stored dates alone."""

from collections.abc import Sequence
from datetime import datetime

from aup.api.acceptable_use_policy import AcceptableUsePolicy, AcceptableUsePolicyStatus
from aup.api.permit import Permit, PermitStatus
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant, TenantStatus
from aup.facts import suspension_standing
from aup_operator.status import condition


def policy_status(
    policy: AcceptableUsePolicy, everything: Sequence[AcceptableUsePolicy], now: datetime
) -> AcceptableUsePolicyStatus:
    """Announced until `effectiveAt`, then Effective until a later revision is."""
    later = any(policy.spec.effective_at < other.spec.effective_at <= now for other in everything)
    effective = policy.spec.effective_at <= now and not later
    ahead = policy.spec.effective_at > now
    message = (
        f"In force since {policy.spec.effective_at:%Y-%m-%d %H:%M} UTC."
        if effective
        else f"In force from {policy.spec.effective_at:%Y-%m-%d %H:%M} UTC."
        if ahead
        else "A later revision is in force."
    )
    phase = "Effective" if effective else "Announced" if ahead else "Superseded"
    generation = policy.metadata.generation
    return AcceptableUsePolicyStatus(
        observed_generation=generation,
        phase=phase,  # type: ignore[arg-type]
        conditions=[
            condition(
                policy.status,
                "Effective",
                true=effective,
                reason=phase,
                message=message,
                generation=generation,
                now=now,
            )
        ],
    )


def permit_status(permit: Permit, now: datetime) -> PermitStatus:
    """Pending before `validFrom`, Active until `expiresAt`, then Expired."""
    begins, ends = permit.spec.valid_from, permit.spec.expires_at
    phase = "Pending" if now < begins else "Active" if now < ends else "Expired"
    generation = permit.metadata.generation
    message = f"Valid from {begins:%Y-%m-%d %H:%M} until {ends:%Y-%m-%d %H:%M} UTC."
    return PermitStatus(
        observed_generation=generation,
        phase=phase,  # type: ignore[arg-type]
        conditions=[
            condition(
                permit.status,
                "Valid",
                true=phase == "Active",
                reason=phase,
                message=message,
                generation=generation,
                now=now,
            )
        ],
    )


def tenant_status(tenant: Tenant, suspensions: Sequence[Suspension], namespaces: int, now: datetime) -> TenantStatus:
    """Suspended while any Suspension is in force, Lifting while one is being lifted, else Good."""
    standings = {one.metadata.name: suspension_standing(one, now) for one in suspensions}
    held = sorted(name for name, standing in standings.items() if standing != "Good")
    in_force = any(standing == "Suspended" for standing in standings.values())
    standing = "Suspended" if in_force else "Lifting" if held else "Good"
    generation = tenant.metadata.generation
    message = f"Held by {', '.join(held)}." if held else "No suspension is in force."
    return TenantStatus(
        observed_generation=generation,
        standing=standing,  # type: ignore[arg-type]
        namespaces=namespaces,
        suspensions=held,
        conditions=[
            condition(
                tenant.status,
                "GoodStanding",
                true=not held,
                reason=standing,
                message=message[:1000],
                generation=generation,
                now=now,
            )
        ],
    )

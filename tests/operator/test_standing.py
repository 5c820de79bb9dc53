"""Standings at an instant: boundaries are inclusive at the beginning and exclusive at the end."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from aup.api.acceptable_use_policy import AcceptableUsePolicy
from aup.api.permit import Permit
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant
from aup.facts import default_policy
from aup_operator.standing import permit_status, policy_status, tenant_status, whole_cluster

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def permit(begins: datetime, ends: datetime) -> Permit:
    """A permit from one instant to another."""
    spec = {
        "tenant": "acme",
        "rules": ["AUP1301"],
        "scope": {"namespaces": ["shop"]},
        "validFrom": begins,
        "expiresAt": ends,
        "reason": "r",
        "ticket": "t",
        "approvedBy": "a",
    }
    return msgspec.convert({"metadata": {"name": "p", "generation": 3}, "spec": spec}, Permit)


def policy(effective: datetime) -> AcceptableUsePolicy:
    """A revision that is effective from an instant."""
    default = default_policy()
    return msgspec.structs.replace(default, spec=msgspec.structs.replace(default.spec, effective_at=effective))


def suspension(name: str, **extra: object) -> Suspension:
    """A suspension of acme."""
    spec = {"tenant": "acme", "clauses": ["1.6"], "statementOfReasons": {"facts": "f"}, "orderedBy": "desk", **extra}
    return msgspec.convert({"metadata": {"name": name}, "spec": spec}, Suspension)


@pytest.mark.parametrize(
    ("begins", "ends", "phase"),
    [
        (NOW + SECOND, NOW + 2 * SECOND, "Pending"),
        (NOW, NOW + SECOND, "Active"),
        (NOW - SECOND, NOW, "Expired"),
    ],
)
def test_a_permit_is_active_from_its_beginning_until_just_before_its_end(
    begins: datetime, ends: datetime, phase: str
) -> None:
    """`validFrom` is in, `expiresAt` is out."""
    status = permit_status(permit(begins, ends), {"acme"}, NOW)

    assert (status.phase, status.observed_generation) == (phase, 3)
    assert [one.status for one in status.conditions] == ["True" if phase == "Active" else "False"]


def test_of_two_effective_revisions_the_later_is_in_force() -> None:
    """The earlier is superseded at the very instant, the future one announced."""
    revisions = [policy(NOW - SECOND), policy(NOW), policy(NOW + SECOND)]

    assert [policy_status(one, revisions, NOW).phase for one in revisions] == ["Superseded", "Effective", "Announced"]


def test_a_condition_keeps_its_time_while_its_status_stays() -> None:
    """Only a change of the status moves `lastTransitionTime`."""
    before = permit(NOW, NOW + timedelta(days=1))
    first = permit_status(before, {"acme"}, NOW)

    later = permit_status(msgspec.structs.replace(before, status=first), {"acme"}, NOW + timedelta(hours=1))
    expired = permit_status(msgspec.structs.replace(before, status=later), {"acme"}, NOW + timedelta(days=1))

    assert later == first
    assert expired.conditions[0].last_transition_time == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("ordered", "standing", "named"),
    [
        ([], "Good", []),
        ([suspension("a", noticedAt=NOW, effectiveAt=NOW + SECOND)], "Good", []),
        ([suspension("a", noticedAt=NOW, effectiveAt=NOW)], "Suspended", ["a"]),
        ([suspension("a", lift={"reason": "r", "orderedBy": "d"})], "Lifting", ["a"]),
        ([suspension("a", lift={"reason": "r", "orderedBy": "d"}), suspension("b")], "Suspended", ["a", "b"]),
    ],
)
def test_a_tenants_standing_follows_from_its_suspensions(
    ordered: list[Suspension], standing: str, named: list[str]
) -> None:
    """One in force outweighs one being lifted; one to come counts for nothing."""
    contacts = {"abuse": "a@b.example"}
    spec = {"accountID": "1", "legalName": "Acme", "country": "DK", "contacts": contacts}
    tenant = msgspec.convert({"metadata": {"name": "acme"}, "spec": spec}, Tenant)

    status = tenant_status(tenant, ordered, 2, NOW)

    assert (status.standing, status.suspensions, status.namespaces) == (standing, named, 2)


def test_instants_are_told_in_utc() -> None:
    """Whatever zone they are written in."""
    zone = timezone(timedelta(hours=2))
    begins, ends = NOW.astimezone(zone), (NOW + SECOND).astimezone(zone)

    told = permit_status(permit(begins, ends), {"acme"}, NOW).conditions[0].message
    in_force = policy_status(policy(begins), [], NOW).conditions[0].message
    announced = policy_status(policy(ends), [], NOW).conditions[0].message

    assert told == "Valid from 2026-06-01 12:00 UTC until 2026-06-01 12:00 UTC."
    assert in_force == "In force since 2026-06-01 12:00 UTC."
    assert announced == "In force from 2026-06-01 12:00 UTC."


def test_a_permit_that_covers_nothing_is_not_valid() -> None:
    """A misspelt tenant would otherwise look like a consent."""
    one = permit(NOW, NOW + SECOND)

    status = permit_status(one, {"globex"}, NOW)

    assert [(each.status, each.reason) for each in status.conditions] == [("False", "UnknownTenant")]


def claimant(name: str, created: datetime = NOW, *, cluster: bool = True) -> Tenant:
    """A Tenant that wants the whole cluster, or does not."""
    spec = {"accountID": "1", "legalName": "A", "country": "DK", "contacts": {"abuse": "a@b"}, "cluster": cluster}
    return msgspec.convert({"metadata": {"name": name, "creationTimestamp": created}, "spec": spec}, Tenant)


@pytest.mark.parametrize(
    ("name", "installed_for", "status", "reason", "says"),
    [
        ("first", "first", "True", "WholeCluster", "Every namespace is theirs but the system's and the provider's."),
        ("first", "", "False", "ChartNotSet", "--set cluster.tenant=first"),
        ("second", "first", "False", "ClusterTaken", "Tenant first was first to have the whole cluster"),
        ("second", "second", "False", "ClusterTaken", "Tenant first was first to have the whole cluster"),
    ],
)
def test_a_tenant_is_told_whether_it_has_the_whole_cluster(
    name: str, installed_for: str, status: str, reason: str, says: str
) -> None:
    """One can, and the API server has to know which."""
    tenants = {"first": claimant("first"), "second": claimant("second", NOW + SECOND)}
    found = whole_cluster(tenants[name], tenants.values(), installed_for, NOW)

    assert found is not None
    assert (found.type, found.status, found.reason) == ("WholeCluster", status, reason)
    assert says in found.message
    told = tenant_status(tenants[name], [], 0, NOW, whole=found)
    assert found in told.conditions


def test_a_tenant_that_wants_no_cluster_is_told_nothing_of_it() -> None:
    """Shared clusters look as they did."""
    one = claimant("acme", cluster=False)

    assert whole_cluster(one, [one], "acme", NOW) is None
    assert [each.type for each in tenant_status(one, [], 0, NOW).conditions] == ["GoodStanding"]

"""The snapshot is whole or not there, and one broken object spoils nothing else."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aup_webhook.snapshot import READERS, Snapshot

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def tenant(name: str, **spec: Any) -> dict[str, Any]:
    """A Tenant as the API server lists it."""
    contacts = {"abuse": "abuse@acme.example"}
    whole = {"accountID": "1", "legalName": "Acme", "country": "DK", "contacts": contacts, **spec}
    return {"metadata": {"name": name}, "spec": whole}


def full(**lists: list[dict[str, Any]]) -> Snapshot:
    """A snapshot with every list in, those not given empty."""
    snapshot = Snapshot()
    for kind in READERS:
        snapshot.replace(kind, lists.get(kind, []))
    snapshot.publish()
    return snapshot


def test_there_are_no_facts_before_every_list_is_in() -> None:
    """A webhook that knows half would reject or accept wrongly."""
    snapshot = Snapshot()
    for kind in list(READERS)[:-1]:
        snapshot.replace(kind, [])
        snapshot.publish()

    assert snapshot.facts is None
    assert snapshot.missing() == list(READERS)[-1:]


def test_an_empty_cluster_has_the_default_policy() -> None:
    """Before the operator has installed one, the provider's default stands in."""
    facts = full().facts

    assert facts is not None
    assert facts.complete
    assert facts.policy_at(NOW).version == "2023-06-01"


def test_an_unreadable_object_is_left_out_alone() -> None:
    """A tenant whose quota is no quantity, and one without contacts: their neighbour stays known."""
    broken = tenant("broken", quota={"perPod": {"cpu": "lots"}})
    bare = {"metadata": {"name": "bare"}, "spec": {}}

    facts = full(tenants=[broken, bare, tenant("acme")]).facts

    assert facts is not None
    assert set(facts.tenants) == {"acme"}


def test_a_policy_with_an_unknown_rule_is_left_out() -> None:
    """It was written for a later version; the policies that can be read stay in force."""
    spec = {
        "version": "2999",
        "provider": "Asergo ApS",
        "announcedAt": "2020-01-01T00:00:00Z",
        "effectiveAt": "2025-01-01T00:00:00Z",
        "url": "https://a.example",
        "contact": "abuse@a.example",
        "documentationURL": "https://a.example",
        "rules": [{"id": "AUP9999", "mode": "deny"}],
    }

    facts = full(acceptableusepolicies=[{"metadata": {"name": "later"}, "spec": spec}]).facts

    assert facts is not None
    assert facts.policy_at(NOW).version == "2023-06-01"


def test_changes_arrive_with_the_next_snapshot_and_the_old_one_stays_as_it_was() -> None:
    """A snapshot is immutable: a review that began with one ends with it."""
    snapshot = full(tenants=[tenant("acme")])
    before = snapshot.facts

    snapshot.put("tenants", tenant("globex"))
    snapshot.remove("tenants", tenant("acme"))
    snapshot.publish()

    assert before is not None
    assert snapshot.facts is not None
    assert set(before.tenants) == {"acme"}
    assert set(snapshot.facts.tenants) == {"globex"}


def test_a_change_goes_through_its_own_kind_alone() -> None:
    """What the other kinds were made into is taken over, so ten thousand tenants do not slow a permit down."""
    snapshot = full(tenants=[tenant("acme", quota={"perPod": {"cpu": "2"}})])
    before = snapshot.facts

    snapshot.put("namespaces", {"metadata": {"name": "shop", "labels": {"aup.asergo.com/tenant": "acme"}}})
    snapshot.publish()
    after = snapshot.facts

    assert before is not None
    assert after is not None
    assert after.namespaces["shop"].tenant == "acme"
    assert after.tenants is before.tenants
    assert after.quotas is before.quotas
    assert after.policies is before.policies


def test_what_tenants_use_adds_up_over_quotas_of_one_name() -> None:
    """Every namespace's quota has the same name; a change of one replaces its own share, a deletion takes it away."""

    def quota(namespace: str, pods: int) -> dict[str, Any]:
        labels = {"aup.asergo.com/quota": "true", "aup.asergo.com/tenant": "acme"}
        metadata = {"name": "aup", "namespace": namespace, "labels": labels}
        return {"metadata": metadata, "status": {"used": {"pods": str(pods)}}}

    snapshot = full(resourcequotas=[quota("a", 3), quota("b", 2)])
    seen = []
    for change, argument in ((snapshot.put, quota("a", 4)), (snapshot.remove, quota("b", 2))):
        seen.append(snapshot.facts and (snapshot.facts.usage, snapshot.facts.counted))
        change("resourcequotas", argument)
        snapshot.publish()
    seen.append(snapshot.facts and (snapshot.facts.usage, snapshot.facts.counted))

    assert seen == [
        ({"acme": {"pods": 5 * 10**9}}, {"a", "b"}),
        ({"acme": {"pods": 6 * 10**9}}, {"a", "b"}),
        ({"acme": {"pods": 4 * 10**9}}, {"a"}),
    ]


def test_indicators_that_cannot_be_read_are_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """The others of the list count."""
    entries = [{"type": "address", "value": "192.0.2.999"}, {"type": "host", "value": "evil.example"}]
    spec = {"clause": "1.2", "reason": "a botnet", "source": "a feed", "indicators": entries}

    facts = full(indicatorlists=[{"metadata": {"name": "feed"}, "spec": spec}]).facts

    assert facts is not None
    assert facts.indicators
    (record,) = caplog.records
    assert vars(record)["problem"] == "IndicatorList feed: spec.indicators[0]: no address"


def test_a_tenant_with_the_whole_cluster_has_the_namespaces_without_a_label() -> None:
    """From the moment that it says so, until it does not any more, and never those of the provider."""
    snapshot = Snapshot(frozenset({"kube-system", "calico-system"}))
    for kind in READERS:
        snapshot.replace(kind, [{"metadata": {"name": "shop"}}] if kind == "namespaces" else [])
    snapshot.publish()
    seen = []
    for whole in (False, True, False):
        snapshot.put("tenants", tenant("acme", cluster=whole))
        snapshot.publish()
        assert snapshot.facts is not None
        found = (snapshot.facts.places.get(name) for name in ("shop", "calico-system"))
        seen.append([one.tenant if one else None for one in found])

    assert seen == [["", None], ["acme", None], ["", None]]

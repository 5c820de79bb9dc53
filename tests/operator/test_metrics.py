"""What the operator's metrics show, and what they no longer show."""

from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Gauge

from aup.api.meta import Condition, ObjectMeta
from aup.api.suspension import Phase, StatementOfReasons, Suspension, SuspensionSpec, SuspensionStatus
from aup_operator import metrics

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def suspension(tenant: str, phase: Phase, reason: str) -> Suspension:
    """A Suspension whose condition has this reason."""
    condition = Condition(
        type="Enforced", status="False", reason=reason, message="", last_transition_time=NOW, observed_generation=1
    )
    return Suspension(
        metadata=ObjectMeta(name=tenant),
        spec=SuspensionSpec(
            tenant=tenant, clauses=["1.6"], ordered_by="desk", statement_of_reasons=StatementOfReasons(facts="Mined.")
        ),
        status=SuspensionStatus(phase=phase, conditions=[condition]),
    )


def damaged(tenant: str) -> float | None:
    """The tenant's sample; None where there is no series."""
    return REGISTRY.get_sample_value("aup_operator_record_damaged", {"tenant": tenant})


@pytest.fixture(autouse=True)
def _leave_nothing() -> object:
    yield
    metrics.suspensions([])


def test_a_tenant_has_a_series_only_while_its_record_is_damaged() -> None:
    """A series for each tenant that was ever suspended would never end."""
    metrics.suspensions([suspension("acme", "Lifting", "RecordDamaged"), suspension("globex", "Enforced", "Enforced")])
    assert (damaged("acme"), damaged("globex")) == (1, None)

    metrics.suspensions([suspension("acme", "Lifted", "Lifted")])
    assert damaged("acme") is None


def test_suspensions_are_counted_by_phase() -> None:
    """Each phase is there, also with none, so that an alert sees it fall."""
    metrics.suspensions([suspension("acme", "Enforced", "Enforced"), suspension("globex", "Enforced", "Enforced")])

    counted = [REGISTRY.get_sample_value("aup_operator_suspensions", {"phase": one}) for one in ("Enforced", "Lifting")]
    assert counted == [2, 0]


def test_a_gauge_shows_the_values_of_now_and_no_old_ones() -> None:
    """What is not told any more goes, and what changes is never absent in between."""
    registry = CollectorRegistry()
    gauge = Gauge("aup_test", "A gauge.", ["rule", "mode"], registry=registry)

    metrics.show(gauge, {("AUP1", "deny"): 2, ("AUP2", "warn"): 1})
    metrics.show(gauge, {("AUP1", "deny"): 3})

    (family,) = gauge.collect()
    assert [(one.labels, one.value) for one in family.samples] == [({"rule": "AUP1", "mode": "deny"}, 3)]

"""What each namespace of a tenant may use follows from what all of them do."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aup.api.tenant import Tenant
from aup.model import Mode
from aup.quantity import NANO
from aup.totals import Total, Used
from aup_operator.namespaces import TenantNamespace
from aup_operator.standing import tenant_status
from aup_operator.totals import Quota, wanted

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPACES = [TenantNamespace(name, f"uid-{name}", "acme", "") for name in ("a", "b", "new")]


def quotas(hard: int = 10, **used: int) -> dict[str, Quota]:
    """Quotas that have counted so many Pods."""
    return {
        name: Quota(name, "aup", f"uid-{name}", {"pods": hard}, Used("acme", name, {"pods": count}))
        for name, count in used.items()
    }


def pods(most: int, found: dict[str, Quota], *, held: bool = False, mode: Mode = "deny") -> dict[str, int]:
    """How many Pods each namespace may have."""
    return {name: one["pods"] for name, one in wanted(Total(mode, {"pods": most}), SPACES, found, held=held).items()}


def test_each_namespace_may_have_what_it_uses_and_all_that_is_left() -> None:
    """Of ten, five are used; a namespace that has no quota yet is taken to use nothing."""
    assert pods(10, quotas(a=3, b=2)) == {"a": 8, "b": 7, "new": 5}


def test_over_the_total_each_keeps_what_it_has() -> None:
    """Nothing grows and nothing is taken down."""
    assert pods(4, quotas(a=3, b=2)) == {"a": 3, "b": 2, "new": 0}


def test_nothing_is_lowered_while_a_suspension_holds_the_tenant() -> None:
    """What it had fits again when that is lifted, also if it had too much."""
    assert pods(4, quotas(hard=7, a=0, b=0), held=True) == {"a": 7, "b": 7, "new": 4}


@pytest.mark.parametrize("mode", ["warn", "audit"])
def test_a_rule_that_only_tells_lets_kubernetes_count_and_refuse_nothing(mode: Mode) -> None:
    """A quota counts what it names, so it names it with a bound that nobody reaches."""
    assert set(pods(4, quotas(a=3), mode=mode).values()) == {10**18 * NANO}


def test_namespaces_of_others_do_not_count() -> None:
    """Their quotas stand in the same list."""
    assert pods(10, quotas(a=3, elsewhere=9))["a"] == 10


@pytest.mark.parametrize(
    ("used", "status", "message"),
    [
        ({"memory": 2**30 * NANO}, "True", "No total is exceeded."),
        ({"memory": 2**31 * NANO, "pods": 5 * NANO}, "False", "In use: memory 2Gi of 1Gi, pods 5 of 4."),
    ],
)
def test_a_tenant_reads_what_it_uses_and_whether_that_is_too_much(
    used: dict[str, int], status: str, message: str
) -> None:
    """Only resources that have a total are told."""
    spec: dict[str, Any] = {"accountID": "1", "legalName": "A", "country": "DK", "contacts": {"abuse": "a@b.example"}}
    tenant = msgspec.convert({"metadata": {"name": "acme"}, "spec": spec}, Tenant)
    total = Total("deny", {"pods": 4 * NANO, "memory": 2**30 * NANO})

    told = tenant_status(tenant, [], 1, NOW, total, {**used, "cpu": 7})

    assert [(one.status, one.message) for one in told.conditions if one.type == "WithinTotals"] == [(status, message)]
    assert list(told.usage) == ["memory", "pods"]
    assert told.usage["memory"].limit == "1Gi"
    assert [one.type for one in tenant_status(tenant, [], 1, NOW).conditions] == ["GoodStanding"]

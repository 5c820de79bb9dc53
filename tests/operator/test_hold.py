"""Which Pods are deleted, and which objects are left to their controllers."""

from typing import Any

import msgspec
import pytest

from aup.api.suspension import SuspensionStatus
from aup_operator.drivers.scalable import SCALABLES
from aup_operator.find import Found, FoundPod, pod_of, target_of
from aup_operator.hold import MOST_RECORDS, known_alone, recordable, stray
from aup_operator.ownership import selects

Json = dict[str, Any]


def owned(controller: str = "", labels: Json | None = None, **metadata: Any) -> FoundPod:
    """A Pod with a controller of that UID; a bare one without."""
    owners = [{"controller": True, "uid": controller}] if controller else []
    whole = {
        "namespace": "shop",
        "name": "p",
        "uid": "u",
        "labels": labels or {},
        "ownerReferences": owners,
        **metadata,
    }
    return pod_of({"metadata": whole, "spec": {}})


SET = {
    "metadata": {"namespace": "shop", "name": "set", "uid": "set"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}},
}
FOUND = Found([], {"set": target_of(SCALABLES[2], SET)}, [], [])


@pytest.mark.parametrize(
    ("pod", "at_once", "overdue"),
    [
        (owned(), True, True),
        (owned("set", {"app": "web"}), False, True),
        (owned("set", {"app": "other"}), True, True),
        (owned("gone", {"app": "web"}), True, True),
        (owned(deletionTimestamp="2026-01-01T00:00:00Z", deletionGracePeriodSeconds=30), False, False),
        (owned(deletionTimestamp="2026-01-01T00:00:00Z", deletionGracePeriodSeconds=100_000_000), False, True),
        (owned(annotations={"kubernetes.io/config.mirror": "a"}), False, False),
    ],
    ids=["bare", "looked after", "forged labels", "forged owner", "ending", "ending in years", "static"],
)
def test_what_no_controller_takes_down_is_deleted(pod: FoundPod, at_once: bool, overdue: bool) -> None:
    """Controllers get their time first; then everything goes, and nothing gets years to end."""
    assert bool(stray([pod], FOUND, overdue=False)) is at_once
    assert bool(stray([pod], FOUND, overdue=True)) is overdue


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, False),
        ({"app": "web"}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "api"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Maybe"}]}, False),
    ],
)
def test_a_selector_is_read_as_kubernetes_reads_it(selector: Json, matches: bool) -> None:
    """Labels, expressions, and the bare map of a ReplicationController."""
    assert selects(selector, {"app": "web"}) is matches


def test_what_is_too_large_to_record_is_not_changed_and_told() -> None:
    """A value that no record can hold could not be put back exactly."""
    small, large = owned(), owned(annotations={"note": '"' * 250_000}, uid="l")

    fit, told = recordable([small, large])

    assert fit == [small]
    assert [(one.object, one.reason[:36]) for one in told] == [("Pod shop/p", "It is too large to be recorded. It i")]


def test_a_tenant_that_makes_ever_more_objects_does_not_use_up_the_records() -> None:
    """What is recorded stays held; the rest is left and told, and its Pods are denied in any case."""
    first, late = owned(uid="first"), owned(uid="late", name="q")

    held, told = known_alone([first, late], {"first"})

    assert held == [first]
    assert [(one.object, one.reason) for one in told] == [
        (
            "Pod shop/q",
            "It is one of very many made during the suspension: neither recorded nor changed. Its Pods are denied.",
        )
    ]
    schema = msgspec.json.schema(SuspensionStatus)["$defs"]["SuspensionStatus"]["properties"]["records"]
    assert schema["maxItems"] > MOST_RECORDS

"""A tenant's totals: Kubernetes' names of what is counted, and the sum over namespaces."""

from typing import Any

import msgspec
import pytest

from aup.api.tenant import Tenant
from aup.cases import NOW
from aup.engine import decide
from aup.errors import InputError
from aup.facts import default_policy, gathered, quota_of
from aup.model import Namespace
from aup.policy import compiled
from aup.quantity import NANO
from aup.review import Json, of_object
from aup.totals import (
    Total,
    Used,
    counted_namespaces,
    hard_name,
    left,
    resource_name,
    total_of,
    usage_by_tenant,
    used_of,
)

NAMES = {
    "cpu": "limits.cpu",
    "memory": "limits.memory",
    "ephemeral-storage": "limits.ephemeral-storage",
    "storage": "requests.storage",
    "hugepages-2Mi": "requests.hugepages-2Mi",
    "nvidia.com/gpu": "requests.nvidia.com/gpu",
    "requests.cpu": "requests.cpu",
    "pods": "pods",
    "services.loadbalancers": "services.loadbalancers",
    "persistentvolumeclaims": "persistentvolumeclaims",
    "count/deployments.apps": "count/deployments.apps",
    "count/widgets.example.com": "count/widgets.example.com",
    "gold.storageclass.storage.k8s.io/requests.storage": "gold.storageclass.storage.k8s.io/requests.storage",
}


def tenant(**quota: Any) -> Tenant:
    """A tenant with this quota."""
    spec = {"accountID": "1", "legalName": "Acme", "country": "DK", "contacts": {"abuse": "a@b.example"}}
    return msgspec.convert({"metadata": {"name": "acme"}, "spec": {**spec, "quota": quota}}, Tenant)


def quota(namespace: str = "shop", owner: str = "acme", **used: str) -> Json:
    """A ResourceQuota of the operator's that has counted something."""
    labels = {"aup.asergo.com/quota": "true", "aup.asergo.com/tenant": owner}
    return {"metadata": {"name": "aup", "namespace": namespace, "labels": labels}, "status": {"used": used}}


@pytest.mark.parametrize(("ours", "theirs"), NAMES.items())
def test_names_are_those_of_a_resource_quota_and_back(ours: str, theirs: str) -> None:
    """What is written into `hard` is found again in `used`."""
    assert hard_name(ours) == theirs
    assert resource_name(theirs) == ours


def test_use_adds_up_over_namespaces_and_not_over_tenants() -> None:
    """Amounts are exact in every spelling; one that went below nought frees nothing."""
    used = [
        used_of(quota("a", **{"limits.cpu": "500m", "pods": "2"})),
        used_of(quota("b", **{"limits.cpu": "500000001n", "pods": "-1"})),
        used_of(quota("c", "other", pods="7")),
        used_of({"metadata": {"name": "own", "namespace": "a"}, "status": {"used": {"pods": "99"}}}),
        used_of(quota("d")),
    ]

    assert usage_by_tenant(used) == {"acme": {"cpu": NANO + 1, "pods": 2 * NANO}, "other": {"pods": 7 * NANO}}
    assert counted_namespaces(used) == {"a", "b", "c"}


def test_a_quota_that_cannot_be_read_is_refused_by_name() -> None:
    """Its neighbours stay known."""
    with pytest.raises(InputError, match=r"ResourceQuota shop/aup: used\.pods"):
        used_of(quota(pods="many"))


def test_a_tenants_totals_come_before_the_policys_and_wildcards_cannot_be_counted() -> None:
    """Without any there are none; a rule that is off has none either."""
    policy = compiled(default_policy().spec)

    assert total_of(policy, {}) is None
    assert total_of(policy, quota_of(tenant(perPod={"cpu": 1}))) is None
    assert total_of(policy, quota_of(tenant(perTenant={"cpu": "1500m", "nvidia.com/*": 1}))) == Total(
        "deny", {"cpu": 3 * NANO // 2}
    )


def test_nothing_is_left_where_more_is_used_than_allowed() -> None:
    """What is left is never below nought."""
    assert left(Total("deny", {"cpu": 5, "pods": 3}), {"cpu": 9, "pods": 1}) == {"cpu": 0, "pods": 2}


@pytest.mark.parametrize(("namespaces", "found"), [(["shop"], 0), (["other"], 1), ([], 1)])
def test_where_nothing_is_counted_yet_nothing_that_counts_is_let_in(namespaces: list[str], found: int) -> None:
    """A namespace that is new to the tenant has no quota for a moment; a burst must not use that."""
    facts = gathered(
        tenants=[tenant(perTenant={"pods": 3})],
        namespaces=[Namespace("shop", "acme", "MIT")],
        used=[Used("acme", one, {"pods": 0}) for one in namespaces],
        complete=True,
    )
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"image": "a"}]}}
    verdict = decide(of_object(pod, "shop"), facts, NOW)

    told = [(one.path, one.found) for one in verdict.findings if one.rule == "AUP1606"]
    assert told == [("metadata.namespace", "Kubernetes does not count here yet; try again in a few seconds")] * found

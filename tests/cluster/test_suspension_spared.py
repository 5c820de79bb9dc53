"""The system's namespaces and our own are never suspended, whatever labels they carry."""

import json
from collections.abc import Iterator

import pytest

from testbed.installation import NAMESPACE
from tests.cluster.suspending import lift, suspend
from tests.support import Customer, Json, eventually, pod, workload

pytestmark = pytest.mark.cluster

SPARED = ("kube-public", "kube-system", "kube-node-lease", NAMESPACE)


@pytest.fixture
def mislabelled(customer: Customer) -> Iterator[Customer]:
    """A tenant whose label a provider put on all these namespaces by mistake, each with something at work."""
    for name in SPARED:
        customer.plane.kubectl(
            *("create", "-n", name, "-f", "-"), input=json.dumps(workload("Deployment", customer.name, replicas=1))
        )
        customer.plane.kubectl("label", "--overwrite", "namespace", name, f"aup.asergo.com/tenant={customer.name}")
    try:
        yield customer
    finally:
        for name in SPARED:
            customer.plane.kubectl("label", "namespace", name, "aup.asergo.com/tenant-", "aup.asergo.com/suspended-")
            customer.plane.kubectl("delete", "-n", name, "deployment", customer.name)


def _workloads(customer: Customer, name: str) -> dict[str, Json]:
    answer = customer.plane.kubectl("get", "deployments,daemonsets,statefulsets", "-n", name, "-o", "json")
    return {item["metadata"]["name"]: item["spec"] for item in json.loads(answer.stdout)["items"]}


def test_namespaces_of_the_system_and_our_own_are_left_alone(mislabelled: Customer) -> None:
    """Nothing in them is scaled down, they get no label, and the tenant's own namespace is held all the same."""
    mislabelled.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=1), check=True)
    before = {name: _workloads(mislabelled, name) for name in SPARED}
    assert {"aup-operator", "aup-webhook"} <= before[NAMESPACE].keys()

    suspend(mislabelled)

    assert mislabelled.get("deployment", "web")["spec"]["replicas"] == 0
    assert {name: _workloads(mislabelled, name) for name in SPARED} == before
    labels = [mislabelled.get("namespace", name)["metadata"]["labels"] for name in SPARED]
    assert not any("aup.asergo.com/suspended" in each for each in labels)
    lift(mislabelled)


@pytest.mark.parametrize("name", SPARED)
def test_the_freeze_does_not_hold_them_either(name: str, mislabelled: Customer) -> None:
    """Not even with the label of the freeze on them: the cluster goes on, and so do we."""
    mislabelled.plane.kubectl("label", "namespace", name, "aup.asergo.com/suspended=true")

    def created() -> bool:
        # The freeze hears of labels by a watch; a namespace that it holds says so within a second.
        answer = mislabelled.plane.kubectl(
            *("create", "-n", name, "--dry-run=server", "-f", "-"), input=json.dumps(pod("a")), check=False
        )
        return answer.returncode == 0

    eventually(created)
    mislabelled.provider("label", "namespace", mislabelled.namespace, "aup.asergo.com/suspended=true")
    eventually(lambda: "suspended-tenant" in mislabelled.run("create", "-f", "-", stdin=pod("b")).stderr)
    assert created()

"""What a tenant does before or during a suspension hides nothing from it."""

import json

import pytest

from tests.cluster.suspending import WAITING, lift, running, suspend
from tests.support import Customer, eventually, pod, workload

pytestmark = pytest.mark.cluster


def test_forged_owner_references_hide_nothing(customer: Customer) -> None:
    """A ReplicaSet and a Pod that claim another object as controller are taken down like any other."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=1), check=True)
    uid = customer.get("deployment", "web")["metadata"]["uid"]
    forged = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": uid, "controller": True}]
    hidden_set, hidden_pod = workload("ReplicaSet", "hidden", replicas=1), pod("hidden")
    for manifest in (hidden_set, hidden_pod):
        manifest["metadata"]["ownerReferences"] = forged
    customer.run("create", "-f", "-", stdin=[hidden_set, hidden_pod], check=True)

    suspend(customer)

    assert running(customer) == 0


def test_a_finished_job_hides_no_pods(customer: Customer) -> None:
    """A Pod that claims a Job which is over as its controller is looked after by nobody."""
    job = workload("Job", "over")
    customer.run("create", "-f", "-", stdin=job, check=True)
    eventually(lambda: customer.get("job", "over")["status"].get("succeeded") == 1)
    made = customer.get("job", "over")
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": "over",
        "uid": made["metadata"]["uid"],
        "controller": True,
    }
    hidden = pod("hidden", **WAITING)
    hidden["metadata"] |= {"ownerReferences": [owner], "labels": made["spec"]["selector"]["matchLabels"]}
    customer.run("create", "-f", "-", stdin=hidden, check=True)

    suspend(customer)

    assert running(customer) == 0


def test_a_quota_on_notices_stops_no_suspension(customer: Customer) -> None:
    """The tenant may forbid itself to be told; it is taken down all the same."""
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "mute"}}
    customer.run(
        *("create", "-f", "-"), stdin=quota | {"spec": {"hard": {"count/notices.aup.asergo.com": "0"}}}, check=True
    )
    eventually(lambda: customer.get("resourcequota", "mute").get("status", {}).get("hard"))
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=1), check=True)

    suspend(customer)

    assert customer.get("deployment", "web")["spec"]["replicas"] == 0


def test_a_new_namespace_of_a_suspended_tenant_is_held_too(customer: Customer) -> None:
    """The operator finds it without being told, and takes down what was in it."""
    suspend(customer)
    extra = f"{customer.name}-extra"
    customer.plane.kubectl("create", "namespace", extra)
    customer.plane.kubectl(
        "create", "-n", extra, "-f", "-", input=json.dumps(workload("Deployment", "web", replicas=1))
    )

    customer.plane.kubectl("label", "namespace", extra, f"aup.asergo.com/tenant={customer.name}")

    def replicas() -> int:
        answer = customer.plane.kubectl("get", "deployment", "web", "-n", extra, "-o", "jsonpath={.spec.replicas}")
        return int(answer.stdout)

    eventually(lambda: replicas() == 0)
    lift(customer)
    assert replicas() == 1


def test_system_namespaces_are_never_suspended(customer: Customer) -> None:
    """Even where a provider labelled one of them by mistake."""
    customer.plane.kubectl("label", "namespace", "kube-public", f"aup.asergo.com/tenant={customer.name}")
    try:
        suspend(customer)
        labels = customer.get("namespace", "kube-public")["metadata"]["labels"]
        assert "aup.asergo.com/suspended" not in labels
        lift(customer)
    finally:
        customer.plane.kubectl("label", "namespace", "kube-public", "aup.asergo.com/tenant-")


def test_what_the_tenant_deletes_stays_deleted(customer: Customer) -> None:
    """A recorded object that is gone does not stop the lift."""
    for name in ("web", "gone"):
        customer.run("create", "-f", "-", stdin=workload("Deployment", name, replicas=1), check=True)
    suspend(customer)

    customer.run("delete", "deployment", "gone", check=True)
    lift(customer)

    assert [item["metadata"]["name"] for item in customer.get("deployments")["items"]] == ["web"]
    assert customer.get("deployment", "web")["spec"]["replicas"] == 1


def test_what_the_tenant_edits_otherwise_is_kept(customer: Customer) -> None:
    """While suspended an image may be changed; the lift restores the count and leaves the image."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer)

    customer.run("set", "image", "deployment/web", "app=registry.example/shop:1.5.0", check=True)
    lift(customer)

    spec = customer.get("deployment", "web")["spec"]
    assert spec["replicas"] == 2
    assert spec["template"]["spec"]["containers"][0]["image"] == "registry.example/shop:1.5.0"

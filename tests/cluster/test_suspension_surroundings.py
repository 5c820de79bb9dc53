"""What stands around a tenant's workloads: what is left alone, and what gets in the way of a suspension or its lift."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from testbed.installation import Installation
from tests.cluster.suspending import (
    WAITING,
    administrator,
    bare_pod,
    everything,
    lift,
    phase,
    running,
    status,
    suspend,
)
from tests.cluster.test_suspension_interrupted import unguarded
from tests.support import LIFT, Customer, Json, eventually, once, pod, suspension, workload

pytestmark = pytest.mark.cluster


def order_lift(customer: Customer) -> None:
    """Order a lift and wait for nothing."""
    customer.plane.kubectl("patch", "suspension", customer.name, "--type=merge", "-p", LIFT)


def policies(customer: Customer) -> list[str]:
    """The names of the NetworkPolicies."""
    return [one["metadata"]["name"] for one in customer.get("networkpolicies")["items"]]


@contextmanager
def made(customer: Customer, *manifests: Json) -> Iterator[None]:
    """Cluster-wide objects for as long as it lasts."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
    customer.plane.kubectl("create", "-f", "-", input=text)
    try:
        yield
    finally:
        customer.plane.kubectl("delete", "--ignore-not-found", "-f", "-", input=text)


def webhook(customer: Customer, **rule: object) -> Json:
    """A webhook that fails closed and is served by the customer, for changes in its own namespace."""
    service = {"namespace": customer.namespace, "name": "gate"}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"{customer.name}-gate"},
        "webhooks": [
            {
                "name": "gate.example.com",
                "clientConfig": {"service": service},
                "rules": [{"apiVersions": ["*"], "operations": ["UPDATE"]} | rule],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": customer.namespace}},
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 1,
            }
        ],
    }


def test_what_others_call_of_the_tenant_is_told(customer: Customer) -> None:
    """A webhook and an aggregated API whose backends the suspension takes down are named before that."""
    api = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1.{customer.name}.example.com"},
        "spec": {
            "group": f"{customer.name}.example.com",
            "version": "v1",
            "service": {"namespace": customer.namespace, "name": "api"},
            "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
        },
    }
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=1), check=True)
    with made(customer, webhook(customer, apiGroups=["no.example"], resources=["nothings"]), api):
        suspend(customer)

        assert status(customer)["backends"] == [
            f"APIService v1.{customer.name}.example.com is served by Service {customer.name}/api",
            f"ValidatingWebhookConfiguration {customer.name}-gate: webhook gate.example.com calls Service "
            f"{customer.name}/gate and fails closed",
        ]
        assert running(customer) == 0
        lift(customer)
    assert customer.get("deployment", "web")["spec"]["replicas"] == 1


def test_a_webhook_of_the_tenants_that_is_in_the_way(customer: Customer) -> None:
    """What it refuses is told and tried again, both ways, and goes through once the provider has taken it away."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    eventually(lambda: running(customer) == 2)
    before = everything(customer)
    gate = webhook(customer, apiGroups=["apps"], resources=["deployments"])

    with made(customer, gate):
        customer.provider("create", "-f", "-", stdin=suspension(customer.name))
        eventually(lambda: "gate.example.com" in str(status(customer).get("unenforced")))
        assert (phase(customer), customer.get("deployment", "web")["spec"]["replicas"]) == ("Enforcing", 2)
    eventually(lambda: phase(customer) == "Enforced")
    assert running(customer) == 0

    with made(customer, gate):
        order_lift(customer)
        eventually(lambda: "gate.example.com" in str(status(customer).get("unenforced")))
        assert (phase(customer), customer.get("deployment", "web")["spec"]["replicas"]) == ("Lifting", 0)
    eventually(lambda: phase(customer) == "Lifted")
    assert once(lambda: everything(customer), before) == before


def test_addresses_are_kept_and_traffic_is_denied(customer: Customer) -> None:
    """Services and Ingresses are untouched, a NetworkPolicy is there while suspended, one of the tenant's own stays."""
    ports = [{"port": 80}]
    own: Json = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "own"}}
    own["spec"] = {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]}
    backend = {"service": {"name": "public", "port": {"number": 80}}}
    ingress: Json = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "site"}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    ingress["spec"] = {"rules": [{"host": "shop.example", "http": {"paths": [path]}}]}
    known = '{"spec": {"verifiedDomains": ["shop.example"], "assignedCIDRs": ["198.51.100.0/24"]}}'
    customer.plane.kubectl("patch", "tenant", customer.name, "--type=merge", "-p", known)
    eventually(lambda: customer.run("create", "--dry-run=server", "-f", "-", stdin=ingress).returncode == 0)
    services = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": kind.lower()}, "spec": {"type": kind} | spec}
        for kind, spec in (("LoadBalancer", {"ports": ports}), ("NodePort", {"ports": ports}))
    ]
    customer.run(
        *("create", "-f", "-"), stdin=[own, ingress, *services, workload("Deployment", "web", replicas=1)], check=True
    )
    address = '{"status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}}'
    for kind, name in (("service", "loadbalancer"), ("ingress", "site")):
        customer.provider("patch", kind, name, "--subresource=status", "--type=merge", "-p", address)

    def addressed() -> list[object]:
        items = customer.get("services,ingresses,networkpolicies")["items"]
        return [
            (one["metadata"]["uid"], one["metadata"]["resourceVersion"], one["spec"], one.get("status"))
            for one in items
        ]

    before = addressed()

    suspend(customer, exposure="Deny")
    made_by_us = [one for one in policies(customer) if one != "own"]
    held = customer.get("networkpolicy", made_by_us[0])["spec"]
    lost = [one for one in before if one not in addressed()]
    removed = customer.run("delete", "networkpolicy", made_by_us[0])
    lift(customer)

    assert len(made_by_us) == 1
    assert held == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert lost == []
    assert "is suspended" in removed.stderr
    assert addressed() == before
    assert policies(customer) == ["own"]


def test_of_two_suspensions_each_has_its_own_denial_of_traffic(customer: Customer) -> None:
    """The first lift takes its own away; traffic is let through again by the lift of the other that denies it."""
    first, second = f"{customer.name}-a", f"{customer.name}-b"
    suspend(customer, first, exposure="Deny")
    suspend(customer, second, exposure="Deny")
    assert len(policies(customer)) == 2

    lift(customer, first)
    assert [one.rpartition("-")[0] for one in policies(customer)] == [f"aup-{second}"]
    lift(customer, second)

    assert policies(customer) == []


def test_data_is_untouched(customer: Customer) -> None:
    """Claims, Secrets and ConfigMaps are the very same, to the byte and the version, all the time."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    retention = {"whenScaled": "Delete", "whenDeleted": "Delete"}
    database = workload(
        "StatefulSet",
        "db",
        replicas=2,
        podManagementPolicy="Parallel",
        persistentVolumeClaimRetentionPolicy=retention,
        volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": claim}],
    )
    data = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"key": "value"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "page"}, "data": {"index.html": "<p>é</p>"}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "files"}, "spec": claim},
    ]
    customer.run("create", "-f", "-", stdin=[*data, database], check=True)
    eventually(lambda: running(customer) == 2)

    def hashes() -> dict[str, str]:
        items = customer.get("secrets,configmaps,persistentvolumeclaims")["items"]
        return {
            f"{one['kind']}/{one['metadata']['name']}": hashlib.sha256(
                json.dumps([one["metadata"]["uid"], one.get("spec"), one.get("data")], sort_keys=True).encode()
            ).hexdigest()
            for one in items
        }

    before = hashes()
    assert len(before) == 6  # with the namespace's own root certificate

    suspend(customer, exposure="Deny")
    during = hashes()
    lift(customer)

    assert during == before
    assert hashes() == before


def test_a_quota_that_a_lift_does_not_fit_in(customer: Customer) -> None:
    """A Pod that is refused is told and tried again; it comes back once there is room, and then all is lifted."""
    customer.run(
        "create", "-f", "-", stdin=[pod("bare", **WAITING), workload("Deployment", "web", replicas=1)], check=True
    )
    suspend(customer)
    quota: Json = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "own"}}
    quota["spec"] = {"hard": {"pods": "0"}}
    customer.run("create", "-f", "-", stdin=quota, check=True)
    eventually(lambda: customer.get("resourcequota", "own").get("status", {}).get("hard"))

    order_lift(customer)

    eventually(lambda: "exceeded quota: own" in str(status(customer).get("unenforced")))
    assert phase(customer) == "Lifting"
    assert [one["object"] for one in status(customer)["unenforced"]] == [f"Pod {customer.name}/bare"]
    assert customer.get("deployment", "web")["spec"]["replicas"] == 1  # what can be is back already
    customer.run("delete", "resourcequota", "own", check=True)
    eventually(lambda: phase(customer) == "Lifted")
    eventually(lambda: running(customer) == 2)


def test_a_range_that_a_lift_does_not_fit_in(customer: Customer) -> None:
    """The same with a LimitRange of the tenant's own that its Pod does not keep any more."""
    customer.run("create", "-f", "-", stdin=pod("bare", **WAITING), check=True)
    suspend(customer)
    limits: Json = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "own"}}
    limits["spec"] = {"limits": [{"type": "Container", "max": {"memory": "1Mi"}}]}
    customer.run("create", "-f", "-", stdin=limits, check=True)

    order_lift(customer)

    eventually(lambda: "maximum memory usage per Container" in str(status(customer).get("unenforced")))
    assert phase(customer) == "Lifting"
    customer.run("delete", "limitrange", "own", check=True)
    eventually(lambda: phase(customer) == "Lifted")
    assert running(customer) == 1


def test_what_a_later_policy_forbids_comes_back_all_the_same(customer: Customer, aup: Installation) -> None:
    """The lift is not judged: bare Pods and counts are put back; only what controllers start anew is, as ever."""
    old = pod("bare")
    customer.run("create", "-f", "-", stdin=[old, workload("Deployment", "web", replicas=1)], check=True)
    eventually(lambda: running(customer) == 2)
    before, pod_before = everything(customer), bare_pod(customer)
    suspend(customer)
    later: Json = {"apiVersion": "aup.asergo.com/v1alpha1", "kind": "AcceptableUsePolicy"}
    later["metadata"] = {"name": f"{customer.name}-later"}
    later["spec"] = customer.get("acceptableusepolicies")["items"][0]["spec"] | {
        "version": "2024-01-01",
        "announcedAt": "2024-01-01T00:00:00Z",
        "effectiveAt": "2024-01-01T00:00:00Z",
        "rules": [{"id": "AUP1603", "mode": "deny", "limits": {"perPod": {"cpu": "50m"}}}],
    }
    customer.provider("create", "-f", "-", stdin=later)
    try:
        name = later["metadata"]["name"]
        eventually(lambda: customer.get("acceptableusepolicy", name).get("status", {}).get("phase") == "Effective")
        lift(customer)
        assert once(lambda: everything(customer), before) == before
        assert {**bare_pod(customer), "nodeName": ""} == {**pod_before, "nodeName": ""}
        new = old | {"metadata": {"name": "new"}}
        eventually(lambda: "AUP1603" in customer.run("create", "-f", "-", stdin=new).stderr)
        # What a controller starts anew is judged anew, as after any restart; its events tell the tenant.
        told = ("get", "events", "--field-selector=reason=FailedCreate", "-o", "jsonpath={.items[*].message}")
        eventually(lambda: "AUP1603" in customer.run(*told).stdout)
    finally:
        with unguarded(aup):
            customer.plane.kubectl("delete", "acceptableusepolicy", later["metadata"]["name"])


def test_a_namespace_that_is_deleted_while_it_is_suspended(customer: Customer) -> None:
    """Nothing of ours keeps it, and the lift ends, since there is nothing to put back."""
    customer.run("create", "-f", "-", stdin=[workload("StatefulSet", "web", replicas=1), pod("bare")], check=True)
    suspend(customer, exposure="Deny")

    customer.plane.kubectl("delete", "namespace", customer.namespace, "--timeout=110s")

    lift(customer)
    assert "Deleted or replaced meanwhile: 2." in status(customer)["conditions"][0]["message"]


def test_a_namespace_that_is_ending_when_it_is_suspended(customer: Customer) -> None:
    """What can still be done is done, what can no more be made is not waited for, and the namespace goes."""
    stuck = pod("stuck", **WAITING)
    stuck["metadata"]["finalizers"] = ["shop.example/wait"]
    customer.run("create", "-f", "-", stdin=stuck, check=True)
    customer.plane.kubectl("delete", "namespace", customer.namespace, "--wait=false")
    eventually(lambda: customer.get("pods")["items"][0]["metadata"].get("deletionTimestamp"))

    customer.provider("create", "-f", "-", stdin=suspension(customer.name, exposure="Deny"))

    eventually(lambda: phase(customer) == "Enforcing")
    free = '{"metadata": {"finalizers": null}}'
    eventually(lambda: "NetworkPolicy" not in str(status(customer).get("unenforced")))
    customer.provider("patch", "pod", "stuck", "--type=merge", "-p", free)
    customer.plane.kubectl("wait", "--for=delete", f"namespace/{customer.namespace}", "--timeout=110s")
    eventually(lambda: phase(customer) == "Enforced")
    lift(customer)


def test_a_namespace_that_is_deleted_while_it_is_restored(customer: Customer) -> None:
    """What can be put back no more is gone, and the lift ends while the namespace still does."""
    stuck = pod("stuck", **WAITING)
    stuck["metadata"]["finalizers"] = ["shop.example/wait"]
    customer.run("create", "-f", "-", stdin=[stuck, pod("bare", **WAITING)], check=True)
    customer.provider("create", "-f", "-", stdin=suspension(customer.name))
    eventually(lambda: [one["metadata"]["name"] for one in customer.get("pods")["items"]] == ["stuck"])
    order_lift(customer)
    eventually(lambda: "already exists" in str(status(customer).get("unenforced")))

    customer.plane.kubectl("delete", "namespace", customer.namespace, "--wait=false")

    eventually(lambda: phase(customer) == "Lifted")
    namespace = administrator(customer).get(f"/api/v1/namespaces/{customer.namespace}") or {}
    assert namespace["spec"]["finalizers"] == ["kubernetes"]  # the Pod's own finalizer holds it, nothing of ours
    assert "finalizers" not in namespace["metadata"]
    free = '{"metadata": {"finalizers": null}}'
    customer.provider("patch", "pod", "stuck", "--type=merge", "-p", free)
    customer.plane.kubectl("wait", "--for=delete", f"namespace/{customer.namespace}", "--timeout=110s")

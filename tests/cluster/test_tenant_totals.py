"""A tenant's totals hold over all its namespaces, are seen at once, and no race inside a namespace gets past them."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import kubernetes
import pytest

from testbed.installation import Installation
from tests.cluster.suspending import lift, running, suspend
from tests.support import Customer, Json, container, eventually, pod, workload

pytestmark = pytest.mark.cluster

QUOTA = {"cpu": "1", "memory": "4Gi", "pods": 6, "services.loadbalancers": 1, "storage": "10Gi"}
QUOTAS = ("get", "resourcequotas", "-A", "-l", "aup.asergo.com/quota=true")


def set_totals(customer: Customer, quota: Json | None) -> None:
    """Give the customer these totals, or none."""
    patch = {"spec": {"quota": {"perTenant": quota} if quota else None}}
    customer.plane.kubectl("patch", "tenant", customer.name, "--type=merge", "-p", json.dumps(patch))


def hard(customer: Customer, namespace: str = "") -> Json:
    """What a namespace's quota allows, once Kubernetes counts by it; empty where there is none."""
    quotas = customer.get("resourcequotas", "--namespace", namespace or customer.namespace)["items"]
    found: list[Json] = [one for one in quotas if one["metadata"]["name"] == "aup"]
    if not found or found[0]["status"].get("hard") != found[0]["spec"]["hard"]:
        return {}
    allowed: Json = found[0]["spec"]["hard"]
    return allowed


def tenant(customer: Customer) -> Json:
    """The customer's Tenant."""
    found: Json = json.loads(customer.plane.kubectl("get", "tenant", customer.name, "-o", "json").stdout)
    return found


@pytest.fixture
def limited(customer: Customer) -> Customer:
    """A tenant with totals and two namespaces, in which its user may do everything."""
    manifests = [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": second(customer),
                "labels": {"aup.asergo.com/tenant": customer.name},
                "annotations": {"aup.asergo.com/license": "Apache-2.0"},
            },
        },
        *(
            {**one, "metadata": {**one["metadata"], "namespace": second(customer)}}
            for one in customer.get("role,rolebinding")["items"]
        ),
    ]
    for one in manifests[1:]:
        one["metadata"] = {key: one["metadata"][key] for key in ("name", "namespace")}
    customer.plane.kubectl("apply", "-f", "-", input="\n---\n".join(json.dumps(one) for one in manifests))
    set_totals(customer, QUOTA)
    for namespace in (customer.namespace, second(customer)):
        eventually(lambda namespace=namespace: hard(customer, namespace).get("limits.cpu") == "1")
        eventually(
            lambda namespace=namespace: (
                customer.provider("get", "sa", "default", "-n", namespace, check=False).returncode == 0
            )
        )
    everywhere = ([], ["-n", second(customer)])
    dry = ("create", "--dry-run=server", "-f", "-")
    eventually(lambda: all(customer.run(*dry, *scope, stdin=sized("a")).returncode == 0 for scope in everywhere))
    return customer


def second(customer: Customer) -> str:
    """The name of a limited customer's other namespace."""
    return f"{customer.namespace}-b"


def sized(name: str, cpu: str = "100m", **spec: Any) -> Json:
    """A Pod that asks for some CPU."""
    return pod(name, container(resources={"limits": {"cpu": cpu, "memory": "64Mi"}}), **spec)


@pytest.fixture
def unattended(aup: Installation, limited: Customer) -> Iterator[Customer]:
    """A limited tenant, and no operator meanwhile."""
    aup.kill("operator")
    yield limited
    aup.start_operator()


def test_what_one_namespace_uses_the_other_cannot(limited: Customer) -> None:
    """Within seconds the webhook tells it, the other quota is lowered, and the Tenant's status shows it."""
    limited.run("create", "-f", "-", stdin=sized("a", "500m"), check=True)
    eventually(lambda: hard(limited, second(limited)).get("limits.cpu") == "500m")
    refused = limited.run("create", "-n", second(limited), "-f", "-", stdin=sized("b", "600m"))

    assert refused.returncode == 1
    assert "[AUP1606 tenant-total] AUP 1.6\n  at:    spec\n" in refused.stderr
    assert "found: cpu 600m more, beside 500m in use, where the tenant may have 1 in all: 100m too much" in (
        refused.stderr
    )
    eventually(lambda: tenant(limited).get("status", {}).get("usage", {}).get("cpu") == {"used": "500m", "limit": "1"})
    command = [str(Path(sys.executable).with_name("aup")), "status", limited.name]
    told = subprocess.run(command, env=limited.plane.environment(), check=True, capture_output=True, text=True)
    assert re.search(r"^cpu +500m +1$", told.stdout, re.MULTILINE)
    within = [one["status"] for one in tenant(limited)["status"]["conditions"] if one["type"] == "WithinTotals"]
    assert within == ["True"]

    limited.run("delete", "pod", "a", "--now", check=True)
    eventually(
        lambda: limited.run("create", "-n", second(limited), "-f", "-", stdin=sized("b", "600m")).returncode == 0
    )


def test_a_change_counts_only_what_it_adds(limited: Customer) -> None:
    """A Deployment at the limit may be changed, scaled down and labelled, and not scaled up."""
    limited.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=6), check=True)
    eventually(lambda: running(limited) == 6)
    eventually(lambda: "beside 6 in use" in limited.run("create", "-f", "-", stdin=sized("more")).stderr)

    up = limited.run("scale", "deployment/web", "--replicas=7")
    image = limited.run("set", "image", "deployment/web", "app=registry.example/shop:1.4.3")
    down = limited.run("scale", "deployment/web", "--replicas=5")

    assert (image.returncode, down.returncode) == (0, 0), image.stderr + down.stderr
    assert "pods 1 more, beside 6 in use, where the tenant may have 6 in all: 1 too much" in up.stderr


def test_claims_and_load_balancers_count(limited: Customer) -> None:
    """Storage is counted as claims ask for it, and a Service by its type."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}},
    }
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    service["spec"] = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    limited.run("create", "-f", "-", stdin=[claim, service], check=True)
    more = {**claim, "metadata": {"name": "more"}}
    another = {**service, "metadata": {"name": "another"}}
    eventually(lambda: "beside 8Gi in use" in limited.run("create", "-f", "-", stdin=more).stderr)

    refused = limited.run("create", "-n", second(limited), "-f", "-", stdin=another)
    assert "services.loadbalancers 1 more, beside 1 in use, where the tenant may have 1 in all" in refused.stderr


def race(customer: Customer, namespaces: Sequence[str]) -> int:
    """Eight clients create Pods at once, in turn in these namespaces; how many were let in."""
    start = threading.Barrier(8)

    def create(client: int) -> int:
        api = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config(str(customer.kubeconfig)))
        made = 0
        start.wait()
        for number in range(4):
            try:
                api.create_namespaced_pod(namespaces[client % len(namespaces)], sized(f"racer-{client}-{number}"))
                made += 1
            except kubernetes.client.ApiException as error:
                if error.status not in {403, 409}:  # refused, or the API server gave up counting for now
                    raise
        return made

    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(create, range(8)))


def test_racing_creates_never_exceed_the_totals(unattended: Customer) -> None:
    """Eight clients at once in one namespace, with the operator dead: the API server itself counts."""
    assert race(unattended, [unattended.namespace]) == 6
    assert len(unattended.get("pods")["items"]) == 6
    used = unattended.get("resourcequota", "aup")["status"]["used"]
    assert (used["pods"], used["limits.cpu"]) == ("6", "600m")


def test_a_race_over_two_namespaces_is_caught_up_with_and_told(limited: Customer) -> None:
    """Each namespace may take what is left, until the operator has lowered the other; then nothing more gets in."""
    made = race(limited, [limited.namespace, second(limited)])
    assert 6 <= made <= 12

    def used() -> int:
        return int(tenant(limited).get("status", {}).get("usage", {}).get("pods", {}).get("used", 0))

    eventually(lambda: used() == made)
    within = [one["status"] for one in tenant(limited)["status"]["conditions"] if one["type"] == "WithinTotals"]
    assert within == ["True" if made == 6 else "False"]
    both = (limited.namespace, second(limited))
    eventually(lambda: sum(int(hard(limited, one).get("pods", 0)) for one in both) == made)


def test_a_tenant_that_leaves_no_room_for_the_quota_gets_nothing_in(customer: Customer) -> None:
    """Its own quota may forbid ours; where nothing is counted, nothing that counts is let in."""
    own = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "own"}}
    customer.run("create", "-f", "-", stdin={**own, "spec": {"hard": {"resourcequotas": "1"}}}, check=True)
    eventually(lambda: customer.get("resourcequota", "own")["status"].get("used", {}).get("resourcequotas") == "1")
    set_totals(customer, QUOTA)

    def answer() -> str:
        return customer.run("create", "--dry-run=server", "-f", "-", stdin=sized("a")).stderr

    eventually(lambda: "found: Kubernetes does not count here yet; try again in a few seconds" in answer())
    customer.run("delete", "resourcequota", "own", check=True)
    eventually(lambda: not answer())


def test_the_tenant_cannot_touch_its_quota(limited: Customer) -> None:
    """Neither what it allows, nor what it has counted, nor that it is there; quotas of its own it may have."""
    own = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "own"}, "spec": {"hard": {"pods": "5"}}}
    forged = {**own, "metadata": {"name": "forged", "labels": {"aup.asergo.com/quota": "true"}}}
    attempts = [
        limited.run("delete", "resourcequota", "aup"),
        limited.run("delete", "resourcequotas", "--all"),
        limited.run("patch", "resourcequota", "aup", "--type=merge", "-p", '{"spec": {"hard": {"limits.cpu": "99"}}}'),
        limited.run("label", "resourcequota", "aup", "aup.asergo.com/quota-"),
        limited.run(
            *("patch", "resourcequota", "aup", "--subresource=status", "--type=merge"),
            *("-p", '{"status": {"used": {"limits.cpu": "0"}, "hard": {"limits.cpu": "99"}}}'),
        ),
        limited.run("create", "-f", "-", stdin=forged),
    ]
    created = limited.run("create", "-f", "-", stdin=own)
    marked = limited.run("label", "resourcequota", "own", "aup.asergo.com/quota=true")
    deleted = limited.run("delete", "resourcequota", "own")

    refused = "[AUP guard] only the provider writes the ResourceQuota aup and the label aup.asergo.com/quota"
    assert [refused in one.stderr for one in [*attempts, marked]] == [True] * 7, [one.stderr for one in attempts]
    assert (created.returncode, deleted.returncode) == (0, 0), created.stderr + deleted.stderr
    assert hard(limited)["limits.cpu"] == "1"


def test_a_suspension_at_the_limit_is_undone_whole(limited: Customer) -> None:
    """What a suspension took down fits again, in every namespace."""
    limited.run("create", "-f", "-", stdin=[workload("Deployment", "web", replicas=3), sized("bare")], check=True)
    limited.run("create", "-n", second(limited), "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    eventually(lambda: running(limited) == 4)
    eventually(lambda: limited.get("resourcequota", "aup")["spec"]["hard"]["pods"] == "4")

    suspend(limited)
    eventually(lambda: limited.get("resourcequota", "aup")["status"]["used"]["pods"] == "0")
    lift(limited)

    eventually(lambda: running(limited) == 4)
    eventually(lambda: len(limited.get("pods", "-n", second(limited))["items"]) == 2)


def test_without_totals_there_is_no_quota(limited: Customer) -> None:
    """A namespace that leaves the tenant loses its quota, and so do all once the tenant has no totals."""
    limited.plane.kubectl("label", "namespace", second(limited), "aup.asergo.com/tenant-")
    eventually(lambda: not limited.get("resourcequotas", "-n", second(limited))["items"])
    assert hard(limited)

    set_totals(limited, None)
    eventually(lambda: not limited.get("resourcequotas")["items"])
    eventually(lambda: "usage" not in tenant(limited).get("status", {}))


def test_totals_that_are_lowered_below_what_is_used_are_told(limited: Customer) -> None:
    """Nothing is taken down; the tenant may not grow, and its condition says so."""
    limited.run("create", "-f", "-", stdin=sized("a", "800m"), check=True)
    eventually(lambda: tenant(limited).get("status", {}).get("usage", {}).get("cpu", {}).get("used") == "800m")
    set_totals(limited, {"cpu": "500m"})

    def told() -> list[str]:
        return [
            one["message"]
            for one in tenant(limited).get("status", {}).get("conditions", [])
            if one["type"] == "WithinTotals"
        ]

    eventually(lambda: told() == ["In use: cpu 800m of 500m."])
    eventually(lambda: hard(limited).get("limits.cpu") == "800m")
    assert running(limited) == 1


def test_a_namespace_with_totals_can_be_deleted(limited: Customer) -> None:
    """Kubernetes empties it, quota and all."""
    limited.plane.kubectl("delete", "namespace", second(limited), "--timeout=110s")

    assert limited.provider("get", "namespace", second(limited), check=False).returncode == 1

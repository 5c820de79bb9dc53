"""Uninstalling leaves what was asked to be kept, and nothing that stands in a tenant's way."""

import json

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import CHART, NAMESPACE, RELEASE
from tests.cluster.suspending import lift, suspend
from tests.e2e.conftest import containers, release, values_of
from tests.e2e.workloads import shop
from tests.support import Customer, eventually, named_customer, pod, workload

pytestmark = pytest.mark.e2e

KEPT = {"customresourcedefinitions.apiextensions.k8s.io"}


def test_an_uninstalled_chart_leaves_only_its_kinds_and_can_come_back(
    cluster: ControlPlane, customer: Customer
) -> None:
    """Changes are judged before and after, and not in between. Who was left suspended stays down, and is held again.

    One tenant is suspended and left so; another is lifted first, as the page about uninstalling gives the choice.
    """
    left, lifted = named_customer(cluster, "left"), named_customer(cluster, "lifted")
    for tenant in (left, lifted):
        tenant.run("create", "-f", "-", stdin=workload("Deployment", "web", shop(), replicas=2), check=True)
        eventually(lambda tenant=tenant: containers(tenant) == 2, 120)
        suspend(tenant)
        eventually(lambda tenant=tenant: containers(tenant) == 0, 120)
    lift(lifted)
    given = values_of(cluster)
    bad = pod("bad", shop(), hostNetwork=True)
    rehearsal = ("create", "--dry-run=server", "-f", "-")
    assert "AUP1301" in customer.run(*rehearsal, stdin=bad).stderr
    tenants = cluster.kubectl("get", "tenants", "-o", "name").stdout

    cluster.helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--wait")

    eventually(lambda: _left(cluster) == KEPT, 120)  # Pods go on serving for a while, as at every end
    assert cluster.kubectl("get", "tenants", "-o", "name").stdout == tenants
    customer.run(*rehearsal, stdin=bad, check=True)

    assert left.get("deployment", "web")["spec"]["replicas"] == 0
    eventually(lambda: containers(lifted) == 2, 120)
    left.run("scale", "deployment/web", "--replicas=1", check=True)  # nothing holds it now

    release(cluster, "install", CHART, given)
    eventually(lambda: left.get("deployment", "web")["spec"]["replicas"] == 0)
    assert "suspended" in left.run("scale", "deployment/web", "--replicas=1").stderr
    lift(left)
    assert left.get("deployment", "web")["spec"]["replicas"] == 2
    eventually(lambda: containers(left) == 2, 120)
    eventually(lambda: "AUP1301" in customer.run(*rehearsal, stdin=bad).stderr, 60)


def _left(cluster: ControlPlane) -> set[str]:
    """The resources of which there still is an object that the chart made."""
    listed = cluster.kubectl("api-resources", "--verbs=list", "-o", "name").stdout.split()
    found = set()
    for resource in listed:
        labelled = ("--all-namespaces", "--selector", f"app.kubernetes.io/instance={RELEASE}", "-o", "json")
        answer = cluster.kubectl("get", resource, *labelled, check=False)
        if answer.returncode == 0 and json.loads(answer.stdout)["items"]:
            found.add(resource)
    return found

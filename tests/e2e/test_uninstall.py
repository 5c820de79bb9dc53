"""Uninstalling leaves what was asked to be kept, and nothing that stands in a tenant's way."""

import json

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import NAMESPACE, RELEASE
from tests.e2e.conftest import install, shop
from tests.support import Customer, eventually, pod

pytestmark = pytest.mark.e2e

KEPT = {"customresourcedefinitions.apiextensions.k8s.io"}


def test_an_uninstalled_chart_leaves_only_its_kinds_and_can_come_back(
    cluster: ControlPlane, customer: Customer
) -> None:
    """Changes are judged before and after, and not in between."""
    bad = pod("bad", shop(), hostNetwork=True)
    rehearsal = ("create", "--dry-run=server", "-f", "-")
    assert "AUP1301" in customer.run(*rehearsal, stdin=bad).stderr
    tenants = cluster.kubectl("get", "tenants", "-o", "name").stdout

    cluster.helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--wait")

    eventually(lambda: "pods" not in _left(cluster), 60)  # they go on serving for a while, as at every end
    assert _left(cluster) == KEPT
    assert cluster.kubectl("get", "tenants", "-o", "name").stdout == tenants
    customer.run(*rehearsal, stdin=bad, check=True)

    install(cluster, (cluster.run_dir / "aup-bundle").read_text())
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

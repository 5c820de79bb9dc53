"""An uninstall leaves what docs/uninstall.md says, and its commands leave nothing."""

import re
from pathlib import Path

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import NAMESPACE, RELEASE, Installation
from tests.cluster.pages import section, shown, typed
from tests.cluster.suspending import suspend
from tests.cluster.test_tenant_totals import hard, set_totals
from tests.own_plane import plane
from tests.support import eventually, named_customer, workload

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("uninstalled")]

__all__ = ["plane"]  # all that is there is looked at

PASSING = {"events", "events.events.k8s.io", "leases.coordination.k8s.io", "componentstatuses"}
"""Resources whose objects come and go."""

TENANTS = {
    "namespaces",
    *(f"acme {each}" for each in ("configmaps", "serviceaccounts", "deployments", "replicasets")),
    *(f"acme {each}" for each in ("roles", "rolebindings")),
}
"""Of what a tenant has itself; the first two in a namespace are Kubernetes' own."""

STAYS = {
    *TENANTS,
    *("acme networkpolicies", "acme resourcequotas", "acme notices"),
    *(f"{NAMESPACE} configmaps", f"{NAMESPACE} serviceaccounts"),
    *("customresourcedefinitions", "apiservices", "clusterrolebindings"),
    *("acceptableusepolicies", "tenants", "suspensions", "suspensionrecords"),
}
"""What is left of that and of aup by an uninstall, of which the page tells."""

Objects = frozenset[str]
"""Resources with namespace and name."""


def everything(plane: ControlPlane) -> Objects:
    """All objects of the cluster."""
    served = plane.kubectl("api-resources", "--verbs=list", "-o", "name").stdout.split()
    found = set()
    for resource in sorted({*served} - PASSING):
        line = '{range .items[*]}{.metadata.namespace}/{.metadata.name}{"\\n"}{end}'
        answer = plane.kubectl("get", resource, "--all-namespaces", "-o", f"jsonpath={line}", check=False)
        found |= {f"{resource} {each}" for each in answer.stdout.split()}
    return frozenset(found)


def commands() -> list[str]:
    """What the page says to type to remove the release, and then what is left of ours, in its order."""
    remove = section("uninstall.md", "Remove it")
    rest = shown(section("uninstall.md", "Remove our resources too"))
    return [shown(remove), *re.findall(r"`(kubectl [^`…]+)`", remove), rest]


def untouched(plane: ControlPlane) -> Objects:
    """What is there once Kubernetes has made its own."""
    eventually(lambda: "serviceaccounts default/default" in everything(plane))
    return everything(plane)


def test_the_pages_commands_leave_nothing(plane: ControlPlane, tmp_path: Path) -> None:
    """With a tenant that has totals and is left suspended without traffic, which is the most that can stay."""
    before = untouched(plane)
    aup = Installation(plane, tmp_path, tls="selfSigned")
    with aup.install():
        _leave_behind(plane)
        uninstall, *clean_up = commands()
        typed(plane, uninstall, tmp_path)

    eventually(lambda: not [each for each in everything(plane) if f" {NAMESPACE}/{RELEASE}" in each])
    assert {_grouped(each) for each in everything(plane) - before} == STAYS

    for command in clean_up:
        typed(plane, command, tmp_path)
    plane.kubectl("delete", "clusterrolebinding", "desk")
    assert "aup.asergo.com" not in plane.kubectl("get", "namespace", "acme", "-o", "jsonpath={.metadata.labels}").stdout
    eventually(lambda: {_grouped(each) for each in everything(plane) - before} == TENANTS)


def _leave_behind(plane: ControlPlane) -> None:
    """Make what an uninstall cannot take away."""
    customer = named_customer(plane, "acme")
    plane.kubectl("create", "clusterrolebinding", "desk", "--clusterrole=aup-abuse-desk", "--group=desk")
    set_totals(customer, {"pods": 9})
    eventually(lambda: hard(customer).get("pods") == "9")
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer, exposure="Deny")


def _grouped(each: str) -> str:
    """The plural of a resource, and the namespace for those that have one."""
    resource, _, path = each.partition(" ")
    return f"{path.partition('/')[0]} {resource.partition('.')[0]}".strip()

"""A cluster that one tenant has alone: every namespace but the system's is judged and held, from its first moment."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import Installation
from tests.cluster.suspending import phase, running
from tests.own_plane import plane
from tests.support import LIFT, Customer, Json, container, eventually, pod, suspension, tenant_manifests, workload

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("whole-cluster")]

__all__ = ["plane"]  # the tenant has it alone

TENANT = "aup.asergo.com/tenant"
SUSPENDED = "aup.asergo.com/suspended"
MINER = pod("miner", container(image="docker.io/xmrig/xmrig:6.21.0"))
VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]


def whole_tenant(name: str) -> Json:
    """A Tenant that is to have the whole cluster."""
    manifest = tenant_manifests(name, "user")[0]
    manifest["spec"]["cluster"] = True
    return manifest


@pytest.fixture(scope="module")
def aup(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """aup, installed for that tenant, with its processes outside of the cluster."""
    folder = tmp_path_factory.mktemp("aup")
    with Installation(plane, folder, cluster_tenant="customer", outside=True).install() as started:
        yield started


@pytest.fixture(scope="module")
def customer(aup: Installation) -> Customer:
    """The tenant, whose user may do everything in the cluster but act as the provider; its namespace is `shop`."""
    plane = aup.plane
    rules = [
        {"apiGroups": ["", "apps", "batch", "networking.k8s.io"], "resources": ["*"], "verbs": VERBS},
        {"apiGroups": ["aup.asergo.com"], "resources": ["notices"], "verbs": ["get", "list"]},
    ]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "customer"}}
    plane.kubectl("create", "-f", "-", input=json.dumps({**role, "rules": rules}))
    plane.kubectl("create", "clusterrolebinding", "customer", "--clusterrole=customer", "--user=carla")
    plane.kubectl("create", "-f", "-", input=json.dumps(whole_tenant("customer")))
    made = Customer(plane, "customer", "shop", plane.user_kubeconfig("carla"))
    namespace(made, "shop")
    eventually(lambda: made.run("create", "--dry-run=server", "-f", "-", stdin=pod("probe")).returncode == 0)
    return made


def namespace(customer: Customer, name: str) -> None:
    """A Namespace that the customer makes, with the licence of what will run in it; its account is waited for."""
    metadata = {"name": name, "annotations": {"aup.asergo.com/license": "Apache-2.0"}}
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    eventually(lambda: customer.run("create", "-f", "-", stdin=manifest).returncode == 0)
    account = ("get", "serviceaccount", "default", "-n", name)
    eventually(lambda: customer.plane.kubectl(*account, check=False).returncode == 0)


def labels(customer: Customer, name: str) -> dict[str, str]:
    """The labels of a Namespace of ours."""
    found = customer.get("namespace", name)["metadata"]["labels"]
    return {key: value for key, value in found.items() if key.startswith("aup.asergo.com/")}


def whole_condition(customer: Customer, tenant: str) -> tuple[Any, ...]:
    """What a Tenant's status says of the cluster, as status and reason."""
    conditions = customer.get("tenant", tenant).get("status", {}).get("conditions", [])
    return next(((one["status"], one["reason"]) for one in conditions if one["type"] == "WholeCluster"), ())


def test_namespaces_that_are_there_and_new_ones_join_at_once(customer: Customer) -> None:
    """`default` was there before; one that the customer makes is labelled by the operator. The system's never are."""
    namespace(customer, "new")

    eventually(lambda: labels(customer, "new") == {TENANT: "customer"})
    eventually(lambda: labels(customer, "default") == {TENANT: "customer"})
    systems = ("kube-system", "kube-public", "kube-node-lease", "aup-system")
    assert [labels(customer, name) for name in systems] == [{}] * 4
    eventually(lambda: whole_condition(customer, "customer") == ("True", "WholeCluster"))


def test_a_namespace_is_judged_before_it_has_a_label(customer: Customer, aup: Installation) -> None:
    """With the operator dead nobody labels it, and the webhook is asked all the same, and knows whose it is."""
    aup.kill("operator")
    try:
        namespace(customer, "unlabelled")
        denied = customer.run("create", "-n", "unlabelled", "-f", "-", stdin=MINER)
        fine = ("create", "-n", "unlabelled", "-f", "-")
        eventually(lambda: customer.run(*fine, stdin=pod("fine")).returncode == 0)
        unlabelled = labels(customer, "unlabelled")
    finally:
        aup.start_operator()

    assert unlabelled == {}
    assert "[AUP1601" in denied.stderr
    assert "AUP8101" not in denied.stderr


def test_the_systems_namespaces_are_left_alone(customer: Customer) -> None:
    """What the machines need must never wait for a webhook."""
    host = pod("node-agent", container(securityContext={"privileged": True}), hostNetwork=True)

    answer = customer.provider("create", "-n", "kube-system", "--dry-run=server", "-f", "-", stdin=host)

    assert answer.stderr == ""


@pytest.mark.parametrize("change", [f"{TENANT}=other", f"{TENANT}-", f"{SUSPENDED}=lifting"])
def test_the_customer_does_not_say_whose_a_namespace_is(change: str, customer: Customer) -> None:
    """Though it makes them."""
    eventually(lambda: labels(customer, "shop") == {TENANT: "customer"})
    answer = customer.run("label", "--overwrite", "namespace", "shop", change)

    assert "[AUP guard] only the provider sets, changes or removes aup.asergo.com/" in answer.stderr


def test_a_second_tenant_is_told_that_the_cluster_is_taken(customer: Customer) -> None:
    """And gets nothing."""
    customer.provider("create", "-f", "-", stdin=whole_tenant("second"))
    try:
        eventually(lambda: whole_condition(customer, "second") == ("False", "ClusterTaken"))
        assert whole_condition(customer, "customer") == ("True", "WholeCluster")
        assert labels(customer, "shop") == {TENANT: "customer"}
    finally:
        customer.provider("delete", "tenant", "second")


def test_a_suspension_holds_every_namespace_and_lets_none_be_made(customer: Customer, aup: Installation) -> None:
    """Also while nothing of ours runs, and the lift gives everything back."""
    second = Customer(customer.plane, customer.name, "second", customer.kubeconfig)
    namespace(customer, "second")
    for each in (customer, second):
        each.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    eventually(lambda: (running(customer), running(second)) == (2, 2))

    customer.provider("create", "-f", "-", stdin=suspension("customer"))
    eventually(lambda: phase(customer) == "Enforced")
    aup.kill("webhook")
    aup.kill("operator")
    try:
        held = [labels(customer, name).get(SUSPENDED) for name in ("shop", "second", "default")]
        made = customer.run("create", "namespace", "escape")
        started = [one.run("create", "-f", "-", stdin=pod("up")).stderr for one in (customer, second)]
        by_provider = customer.provider("create", "namespace", "escape", "--dry-run=server")
    finally:
        aup.start_webhook()
        aup.start_operator()
    at_zero = (running(customer), running(second))
    customer.plane.kubectl("patch", "suspension", "customer", "--type=merge", "-p", LIFT)
    eventually(lambda: phase(customer) == "Lifted")
    eventually(lambda: (running(customer), running(second)) == (2, 2))
    namespace(customer, "afterwards")

    assert held == ["true"] * 3
    assert "[AUP7301 suspended-tenant] a new Namespace: tenant customer is suspended by customer." in made.stderr
    assert all("[AUP7301 suspended-tenant] Pod up: a new Pod: tenant customer is suspended;" in one for one in started)
    assert by_provider.returncode == 0
    assert at_zero == (0, 0)
    assert SUSPENDED not in labels(customer, "shop")


def test_a_namespace_that_joins_while_its_tenant_is_suspended_is_frozen(customer: Customer) -> None:
    """The provider may make one; nothing starts in it from its first moment, and the operator labels it."""
    customer.provider("create", "-f", "-", stdin=suspension("customer", "again"))
    eventually(lambda: phase(customer, "again") == "Enforced")
    try:
        customer.provider("create", "namespace", "late")
        at_once = customer.run("create", "-n", "late", "-f", "-", stdin=workload("Deployment", "up")).stderr
        eventually(lambda: labels(customer, "late") == {TENANT: "customer", SUSPENDED: "true"})
    finally:
        customer.plane.kubectl("patch", "suspension", "again", "--type=merge", "-p", LIFT)
        eventually(lambda: phase(customer, "again") == "Lifted")

    assert "AUP7301" in at_once

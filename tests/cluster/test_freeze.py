"""A suspended tenant brings nothing up again."""

import subprocess
from collections.abc import Iterator

import pytest

from testbed.installation import Installation
from tests.cluster.attempts import (
    Attempt,
    Outcomes,
    attacks,
    findings,
    frozen,
    labelled_customer,
    made,
    suspended_customer,
)
from tests.support import LIFT, Customer, eventually, named_customer, pod, suspension, workload

pytestmark = pytest.mark.cluster

SUSPENDED = attacks().suspended
COUNTED = ["deployment/web", "statefulset/db", "replicaset/set", "replicationcontroller/old"]
CUSTOM = "rollouts.argoproj.io/canary"


@pytest.fixture(scope="module")
def held(aup: Installation) -> Customer:
    """A suspended tenant, with everything down."""
    return suspended_customer(aup.plane, "held")


@pytest.fixture(scope="module")
def labelled(aup: Installation) -> Customer:
    """A tenant whose namespace carries the label of the freeze, and nothing has been scaled down yet."""
    return labelled_customer(aup.plane, "labelled")


@pytest.fixture(scope="module")
def outcomes(held: Customer) -> Outcomes:
    """What came of every attempt."""
    return made(SUSPENDED, held)


@pytest.mark.parametrize("attempt", SUSPENDED, ids=str)
def test_a_suspended_tenant_brings_nothing_up(attempt: Attempt, held: Customer, outcomes: Outcomes) -> None:
    """T22, T23: refused under AUP7301, by the freeze where it knows the kind and else by the webhook."""
    answer = outcomes[str(attempt)]

    assert answer.returncode == 1
    if attempt.says:
        assert frozen(attempt.says, held.name) in answer.stderr
    else:
        assert findings(answer.stderr) == attempt.denied, answer.stderr


def test_everything_of_a_suspended_tenant_is_down(held: Customer) -> None:
    """Counts are nought, Jobs suspended, DaemonSets on no node, and no Pod but the ended one is left."""
    counts = [held.get(name)["spec"]["replicas"] for name in COUNTED]
    stopped = [held.get(name)["spec"]["suspend"] for name in ("job/once", "cronjob/nightly")]
    nodes = held.get("daemonset/agent")["spec"]["template"]["spec"]["nodeSelector"]

    assert counts == [0, 0, 0, 0]
    assert stopped == [True, True]
    assert nodes == {"aup.asergo.com/suspended": "true"}
    assert [one["metadata"]["name"] for one in held.get("pods")["items"]] == ["ended"]


def test_a_suspended_tenant_may_still_edit_and_read_why(held: Customer) -> None:
    """An image is changed, a count kept at nought, an object deleted; the notice is there to be read."""
    image = held.run("set", "image", "deployment/web", "web=registry.example/web:1.4.3")
    kept = held.run("scale", "deployment/web", "--replicas=0")
    deleted = held.run("delete", "--dry-run=server", "deployment/web", "job/once", "pod/ended")
    notices = held.run("get", "notices", "-o", "jsonpath={.items[*].spec.suspension}")

    assert [image.returncode, kept.returncode, deleted.returncode] == [0, 0, 0]
    assert notices.stdout == "held"


@pytest.mark.parametrize("name", [*COUNTED, CUSTOM])
def test_the_freeze_lets_scaling_down_pass_and_not_back_up(name: str, labelled: Customer) -> None:
    """From three to one by the scale subresource, and not from one to two."""
    down = labelled.run("scale", name, "--replicas=1")
    up = labelled.run("scale", name, "--replicas=2")

    assert down.returncode == 0, down.stderr
    assert frozen(f"Scale {name.partition('/')[2]}: spec.replicas is raised", labelled.name) in up.stderr


@pytest.mark.parametrize(
    ("name", "patch"),
    [
        ("hpa/web", '{"spec": {"maxReplicas": 2}}'),
        ("scaledobjects.keda.sh/web", '{"spec": {"maxReplicaCount": 1}}'),
        ("cronjob/nightly", '{"spec": {"suspend": true}}'),
        ("cronjob/nightly", '{"spec": {"schedule": "0 1 1 1 *"}}'),
        ("deployment/web", '{"spec": {"paused": true}}'),
        ("deployment/web", '{"metadata": {"annotations": {"note": "waiting"}}}'),
        ("statefulset/kept", '{"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain"}}}'),
        ("virtualmachines.kubevirt.io/on", '{"spec": {"running": false}}'),
        ("virtualmachines.kubevirt.io/always", '{"spec": {"runStrategy": "Halted"}}'),
        ("helmreleases.helm.toolkit.fluxcd.io/app", '{"spec": {"suspend": true}}'),
        ("clusters.postgresql.cnpg.io/pg", '{"metadata": {"annotations": {"cnpg.io/hibernation": "on"}}}'),
        ("fleets.example.com/nought", '{"spec": {"size": 1}}'),
        (
            "fleets.example.com/nought",
            '{"spec": {"template": "none", "persistentVolumeClaimRetentionPolicy": [1], "halted": {}, "active": "no"}}',
        ),
        ("networkpolicy/own", '{"spec": {"ingress": [{}]}}'),
    ],
)
def test_the_freeze_lets_lowering_pausing_and_editing_pass(name: str, patch: str, labelled: Customer) -> None:
    """Only what brings something up is refused."""
    assert labelled.run("patch", name, "--dry-run=server", "--type=merge", "-p", patch).returncode == 0


@pytest.fixture
def lifting(aup: Installation) -> Iterator[Customer]:
    """A tenant whose suspension is being lifted, at the point where the operator died."""
    customer = named_customer(aup.plane, "lifting")
    customer.run("apply", "--server-side", "-f", "-", stdin=workload("Deployment", "web"), check=True)
    customer.provider("apply", "-f", "-", stdin=suspension(customer.name))
    eventually(lambda: customer.get("suspension", customer.name).get("status", {}).get("phase") == "Enforced")
    aup.kill("operator")
    try:
        customer.provider("patch", "suspension", customer.name, "--type=merge", "-p", LIFT)
        customer.provider("label", "--overwrite", "namespace", customer.namespace, "aup.asergo.com/suspended=lifting")
        yield customer
    finally:
        aup.start_operator()
    eventually(lambda: customer.get("suspension", customer.name)["status"]["phase"] == "Lifted")


def _by_controller(customer: Customer, name: str) -> subprocess.CompletedProcess[str]:
    user = f"--as=system:serviceaccount:{name}"
    return customer.provider("create", user, "--dry-run=server", "-f", "-", stdin=pod("a"), check=False)


def test_while_a_suspension_is_lifted_kubernetes_controllers_bring_up_and_the_tenant_does_not(
    lifting: Customer,
) -> None:
    """The freeze's label is `lifting`; when it is gone, the webhook still holds the tenant until all is lifted."""
    controller = "kube-system:replicaset-controller"
    eventually(lambda: _by_controller(lifting, controller).returncode == 0)
    by_tenant = lifting.run("create", "-f", "-", stdin=pod("a"))
    scaled = lifting.run("scale", "deployment/web", "--replicas=5")
    impostor = lifting.run("get", "pods", f"--as=system:serviceaccount:{controller}")
    lifting.provider("label", "namespace", lifting.namespace, "aup.asergo.com/suspended-")
    expected = [("AUP7301", "metadata.namespace", "")]
    eventually(lambda: findings(lifting.run("create", "-f", "-", stdin=pod("a")).stderr) == expected)
    by_webhook = lifting.run("create", "-f", "-", stdin=pod("a"))

    assert frozen("Pod a: a new Pod", "lifting") in by_tenant.stderr
    assert frozen("Scale web: spec.replicas is raised", "lifting") in scaled.stderr
    assert "cannot impersonate" in impostor.stderr
    assert 'found: a new Pod, while tenant "lifting" is suspended by lifting\n' in by_webhook.stderr
    assert _by_controller(lifting, controller).returncode == 0


def test_a_namespace_that_joins_a_suspended_tenant_is_held_by_the_webhook_at_once(
    aup: Installation, held: Customer
) -> None:
    """The webhook judges by the tenant, before the operator has labelled the new namespace."""
    labels = {"aup.asergo.com/tenant": held.name}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "held-too", "labels": labels}}

    def refused() -> bool:
        answer = held.provider(
            "create", "-n", "held-too", "--dry-run=server", "-f", "-", stdin=workload("Deployment", "a"), check=False
        )
        return "AUP7301" in answer.stderr

    aup.kill("operator")  # so that it is the webhook that holds, however long it takes to hear of the namespace
    try:
        held.provider("create", "-f", "-", stdin=namespace)
        eventually(refused)
    finally:
        aup.start_operator()
    assert aup.running("webhook")

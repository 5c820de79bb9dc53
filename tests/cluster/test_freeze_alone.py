"""A suspension holds by the API server alone, while nothing of ours runs."""

import json
from collections.abc import Iterator

import pytest

from testbed.installation import Installation
from tests.cluster.attempts import Attempt, Outcomes, attacks, frozen, labelled_customer, made, suspended_customer
from tests.support import Customer, Json, eventually, pod

pytestmark = pytest.mark.cluster

SUSPENDED = attacks().suspended


@pytest.fixture(scope="module")
def counted(aup: Installation) -> Customer:
    """A tenant whose namespace carries the label of the freeze, and nothing has been scaled down yet."""
    return labelled_customer(aup.plane, "counted")


@pytest.fixture(scope="module")
def doomed(aup: Installation) -> Customer:
    """Another one."""
    return labelled_customer(aup.plane, "doomed")


@pytest.fixture(scope="module")
def alone(aup: Installation, counted: Customer, doomed: Customer) -> Iterator[Customer]:  # noqa: ARG001 - made first
    """A suspended tenant, with the webhook and the operator killed."""
    customer = suspended_customer(aup.plane, "alone")
    aup.kill("webhook")
    aup.kill("operator")
    try:
        yield customer
    finally:
        aup.start_webhook()
        aup.start_operator()


@pytest.fixture(scope="module")
def outcomes(alone: Customer) -> Outcomes:
    """What came of every attempt."""
    return made(SUSPENDED, alone)


@pytest.mark.parametrize("attempt", SUSPENDED, ids=str)
def test_a_suspended_tenant_brings_nothing_up_while_nothing_of_ours_runs(
    attempt: Attempt, alone: Customer, outcomes: Outcomes
) -> None:
    """The API server's own freeze says what it always says; what only the webhook knows fails closed."""
    answer = outcomes[str(attempt)]

    assert answer.returncode == 1
    if attempt.says:
        assert frozen(attempt.says, alone.name) in answer.stderr
    else:
        assert 'failed calling webhook "custom.enforce.aup.asergo.com"' in answer.stderr


@pytest.mark.parametrize("user", ["system:serviceaccount:kube-system:replicaset-controller", "kubernetes-admin"])
def test_the_freeze_holds_kubernetes_own_controllers_and_administrators_too(user: str, alone: Customer) -> None:
    """Both are told the same as the tenant."""
    group = [] if user.startswith("system:") else ["--as-group=system:masters"]
    answer = alone.provider(
        "create", f"--as={user}", *group, "--dry-run=server", "-f", "-", stdin=pod("a"), check=False
    )

    assert frozen("Pod a: a new Pod", "alone") in answer.stderr


def test_status_finalizers_eviction_and_deletion_pass_while_nothing_of_ours_runs(alone: Customer) -> None:
    """What stops or only reports needs neither webhook nor operator."""
    observed = '{"status": {"observedGeneration": 9}}'
    status = alone.run("patch", "deployment", "web", "--subresource=status", "--type=merge", "-p", observed)
    finalizers = alone.run("patch", "statefulset", "db", "--type=merge", "-p", '{"metadata": {"finalizers": []}}')
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "ended"}}
    path = "/api/v1/namespaces/alone/pods/ended/eviction?dryRun=All"
    evicted = alone.run("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
    deleted = alone.run("delete", "--dry-run=server", "cronjob/nightly", "job/once", "deployment/web")
    customs = alone.run("delete", "--dry-run=server", "rollouts.argoproj.io/canary", "virtualmachines.kubevirt.io/on")
    kept = alone.run("scale", "deployment/web", "--replicas=0")
    answers = [status, finalizers, evicted, deleted, customs, kept]

    assert [one.returncode for one in answers] == [0] * len(answers), [one.stderr for one in answers]


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", ["deployment/web", "statefulset/db", "replicaset/set", "rollouts.argoproj.io/canary"])
def test_a_scale_down_passes_while_nothing_of_ours_runs(name: str, counted: Customer) -> None:
    """A tenant can always run less: from three to one, and not from one to two."""
    down = counted.run("scale", name, "--replicas=1")
    up = counted.run("scale", name, "--replicas=2")

    assert down.returncode == 0, down.stderr
    assert frozen(f"Scale {name.partition('/')[2]}: spec.replicas is raised", "counted") in up.stderr


def test_the_tenant_reads_why_while_nothing_of_ours_runs(alone: Customer) -> None:
    """What the message sends it to, `kubectl get notices`, answers."""
    notices = alone.run("get", "notices", "-n", "alone", "-o", "yaml")

    assert "Deployment web ran a crypto miner." in notices.stdout


OPEN = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"podSelector": {}}}
UNTOUCHED: dict[str, Json] = {
    "a Lease": {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": {"holderIdentity": "a"}},
    "an Event": {
        "apiVersion": "v1",
        "kind": "Event",
        "involvedObject": {"kind": "Pod", "name": "t", "namespace": "alone"},
    },
    "a Secret": {"apiVersion": "v1", "kind": "Secret"},
    "a ServiceAccount": {"apiVersion": "v1", "kind": "ServiceAccount"},
    "a PodDisruptionBudget": {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "spec": {"maxUnavailable": 1}},
    "a NetworkPolicy of its own": OPEN,
}


@pytest.mark.parametrize("what", UNTOUCHED)
def test_what_starts_nothing_is_created_changed_and_deleted_while_nothing_of_ours_runs(
    what: str, alone: Customer
) -> None:
    """The freeze stands in the way of nothing that Kubernetes or the tenant needs."""
    manifest = UNTOUCHED[what] | {"metadata": {"name": "untouched"}}
    changed = manifest | {"metadata": {"name": "untouched", "labels": {"changed": "yes"}}}
    answers = [
        alone.run("create", "-f", "-", stdin=manifest),
        alone.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=changed),
        alone.run("delete", f"{manifest['kind']}/untouched"),
    ]

    assert [one.returncode for one in answers] == [0, 0, 0], [one.stderr for one in answers]


def test_kubernetes_keeps_its_endpoint_slices_while_nothing_of_ours_runs(alone: Customer) -> None:
    """Its controller empties them when Pods go."""
    manifest = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "web"},
        "addressType": "IPv4",
        "endpoints": [],
    }
    user = "--as=system:serviceaccount:kube-system:endpointslice-controller"

    assert alone.provider("create", user, "--dry-run=server", "-f", "-", stdin=manifest).returncode == 0


def test_a_pod_that_is_left_may_be_given_less(alone: Customer) -> None:
    """A resize reaches the webhook, which is away, and so came past the freeze, unless it gives more."""
    amounts = {"limits": {"cpu": "50m"}, "requests": {"cpu": "50m"}}
    less = json.dumps({"spec": {"containers": [{"name": "web", "resources": amounts}]}})
    answer = alone.run("patch", "pod", "ended", "--subresource=resize", "-p", less)

    assert "aup-freeze" not in answer.stderr
    assert 'failed calling webhook "builtin.enforce.aup.asergo.com"' in answer.stderr


def test_a_network_policy_gets_no_name_like_ours(alone: Customer) -> None:
    """Nor is its name made up by the API server."""
    answer = alone.run("create", "-f", "-", stdin=OPEN | {"metadata": {"generateName": "aup-"}})

    assert "NetworkPolicy aup-" in answer.stderr
    assert ": its name begins with aup-, as the provider's do: tenant alone is suspended;" in answer.stderr


def test_a_frozen_namespace_can_be_deleted_while_nothing_of_ours_runs(alone: Customer, doomed: Customer) -> None:
    """Kubernetes empties it, with the NetworkPolicy of ours."""
    alone.plane.kubectl("delete", "namespace", doomed.namespace, "--wait=false")

    eventually(
        lambda: alone.plane.kubectl("get", "namespace", doomed.namespace, check=False).returncode != 0, seconds=60
    )

"""A suspension holds by the API server alone, while nothing of ours runs."""

import json
from collections.abc import Iterator

import pytest

from testbed.installation import Installation
from tests.cluster.attempts import Attempt, Outcomes, attacks, frozen, labelled_customer, made, suspended_customer
from tests.support import Customer, pod

pytestmark = pytest.mark.cluster

SUSPENDED = attacks().suspended


@pytest.fixture(scope="module")
def counted(aup: Installation) -> Customer:
    """A tenant whose namespace carries the label of the freeze, and nothing has been scaled down yet."""
    return labelled_customer(aup.plane, "counted")


@pytest.fixture(scope="module")
def alone(aup: Installation, counted: Customer) -> Iterator[Customer]:  # noqa: ARG001 - made before the webhook ends
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
    kept = alone.run("scale", "deployment/web", "--replicas=0")

    assert [one.returncode for one in (status, finalizers, evicted, deleted, kept)] == [0, 0, 0, 0, 0]


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

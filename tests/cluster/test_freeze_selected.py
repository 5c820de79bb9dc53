"""Workloads that a Suspension selects are held by the API server alone, and no others."""

import json
from collections.abc import Iterator

import pytest

from testbed.installation import Installation
from tests.cluster.attempts import install_kinds
from tests.support import Customer, Json, eventually, named_customer, pod, suspension, workload

pytestmark = pytest.mark.cluster

SELECTED = [
    {"apiGroup": "apps", "kind": "Deployment", "namespace": "picky", "name": "web"},
    {"apiGroup": "apps", "kind": "DaemonSet", "namespace": "picky", "name": "agent"},
    {"apiGroup": "batch", "kind": "CronJob", "namespace": "picky", "name": "nightly"},
    {"apiGroup": "argoproj.io", "kind": "Rollout", "namespace": "picky", "name": "web"},
    {"apiGroup": "helm.toolkit.fluxcd.io", "kind": "HelmRelease", "namespace": "picky", "name": "web"},
    {"apiGroup": "kafka.strimzi.io", "kind": "Kafka", "namespace": "picky", "name": "bus"},
    {"apiGroup": "apps", "kind": "Deployment", "namespace": "picky", "name": "gone"},
    {"kind": "Pod", "namespace": "picky", "name": "ended"},
    {"apiGroup": "apps", "kind": "Deployment", "namespace": "elsewhere", "name": "free"},
]
ROLLOUT = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": {"replicas": 0}}
HELD = [
    workload("Deployment", "web", replicas=2),
    workload("Deployment", "free", replicas=0),
    workload("StatefulSet", "web", replicas=0),
    workload("DaemonSet", "agent"),
    workload("CronJob", "nightly", suspend=True),
    ROLLOUT | {"metadata": {"name": "web"}},
    ROLLOUT | {"metadata": {"name": "free"}},
    {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "web"},
        "spec": {"suspend": True},
    },
    {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "Kafka",
        "metadata": {"name": "bus", "annotations": {"strimzi.io/pause-reconciliation": "true"}},
        "spec": {},
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "aup-closed"},
        "spec": {"podSelector": {}},
    },
    pod("ended", schedulerName="nobody"),
]


def _said(what: str) -> str:
    return (
        "ValidatingAdmissionPolicy 'aup-freeze-selected' with binding 'aup-freeze-selected' denied request: "
        f"[AUP7301 suspended-tenant] {what}: it is suspended by picky; deleting and scaling down stay allowed. "
        "Read the statement of reasons: kubectl get notices -n picky -o yaml"
    )


def _owned(manifest: Json, api_version: str, kind: str, name: str) -> Json:
    """A manifest that names an owner; nobody looks whether the UID is right before it is stored."""
    owner = {"apiVersion": api_version, "kind": kind, "name": name, "uid": "00000000-0000-0000-0000-000000000001"}
    return manifest | {"metadata": manifest["metadata"] | {"ownerReferences": [owner | {"controller": True}]}}


@pytest.fixture(scope="module")
def picky(aup: Installation) -> Iterator[Customer]:
    """A tenant of which some workloads are suspended, with webhook and operator killed."""
    install_kinds(aup.plane)
    customer = named_customer(aup.plane, "picky")
    customer.run("create", "-f", "-", stdin=HELD, check=True)
    aup.kill("webhook")
    aup.kill("operator")
    try:
        _select(customer, "true")
        yield customer
        customer.provider("delete", "suspension", "picky")
    finally:
        aup.start_webhook()
        aup.start_operator()


def _select(customer: Customer, value: str) -> None:
    """The suspension with the label as the operator sets it, once the API server goes by it."""
    order = suspension("picky", workloads=SELECTED, exposure="Deny")
    order["metadata"]["labels"] = {"aup.asergo.com/selection": value}
    customer.provider("apply", "-f", "-", stdin=order)
    controller = "--as=system:serviceaccount:kube-system:horizontal-pod-autoscaler"
    path = "/apis/apps/v1/namespaces/picky/deployments/web/scale?dryRun=All"
    more = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web", "namespace": "picky"},
        "spec": {"replicas": 4},
    }

    def seen() -> bool:
        answer = customer.provider(
            *("replace", controller, "--raw", path, "-f", "-"), stdin=json.dumps(more), check=False
        )
        assert "failed calling webhook" in answer.stderr or "aup-freeze-selected" in answer.stderr, answer.stderr
        return ("aup-freeze-selected" in answer.stderr) == (value == "true")

    eventually(seen)


def _patch(value: Json) -> tuple[str, str, str]:
    return "--type=merge", "-p", json.dumps(value)


ATTEMPTS: dict[str, tuple[tuple[str, ...], Json]] = {
    "Scale web: spec.replicas is raised": (("scale", "deployment/web", "--replicas=3"), {}),
    "Deployment web: spec.replicas is raised": (("patch", "deployment/web", *_patch({"spec": {"replicas": 3}})), {}),
    "DaemonSet agent: spec.template.spec.nodeSelector is changed": (
        ("patch", "daemonset/agent", *_patch({"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}})),
        {},
    ),
    "CronJob nightly: spec.suspend is no longer true": (
        ("patch", "cronjob/nightly", *_patch({"spec": {"suspend": False}})),
        {},
    ),
    "Rollout web: spec.replicas is raised": (
        ("patch", "rollouts.argoproj.io/web", *_patch({"spec": {"replicas": 1}})),
        {},
    ),
    "HelmRelease web: spec.suspend is no longer true": (
        ("patch", "helmreleases.helm.toolkit.fluxcd.io/web", *_patch({"spec": {"suspend": None}})),
        {},
    ),
    "Kafka bus: the annotation strimzi.io/pause-reconciliation is changed or removed": (
        ("annotate", "kafkas.kafka.strimzi.io/bus", "strimzi.io/pause-reconciliation-"),
        {},
    ),
    "Deployment gone: a new Deployment": (("create", "-f", "-"), workload("Deployment", "gone")),
    "Pod web-0: a new Pod": (("create", "-f", "-"), _owned(pod("web-0"), "argoproj.io/v1alpha1", "Rollout", "web")),
    "ReplicaSet web-1: a new ReplicaSet": (
        ("create", "-f", "-"),
        _owned(workload("ReplicaSet", "web-1"), "apps/v1", "Deployment", "web"),
    ),
    "Binding ended: a new Binding": (
        ("create", "--raw", "/api/v1/namespaces/picky/pods/ended/binding", "-f", "-"),
        {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": "ended"},
            "target": {"kind": "Node", "name": "testbed-node"},
        },
    ),
    "Pod ended: a connection by exec": (("get", "--raw", "/api/v1/namespaces/picky/pods/ended/exec?command=ls"), {}),
    "NetworkPolicy aup-closed: its name begins with aup-, as the provider's do": (
        ("delete", "networkpolicy", "aup-closed"),
        {},
    ),
}


@pytest.mark.parametrize("what", ATTEMPTS)
def test_a_selected_workload_is_not_brought_up_while_nothing_of_ours_runs(what: str, picky: Customer) -> None:
    """By its object, its scale or what it owns; the API server has no more than the Suspension."""
    command, stdin = ATTEMPTS[what]
    answer = picky.run(*command, stdin=json.dumps(stdin) if stdin else None)

    assert _said(what) in answer.stderr
    assert answer.returncode == 1


def test_a_custom_resource_that_is_selected_is_not_scaled_up(picky: Customer) -> None:
    """Its scale says only the plural of its kind."""
    answer = picky.run("scale", "rollouts.argoproj.io/web", "--replicas=1")

    assert _said("Scale web: spec.replicas is raised") in answer.stderr


OTHERS: dict[str, tuple[tuple[str, ...], Json]] = {
    "a new workload": (("create", "-f", "-"), workload("Deployment", "another")),
    "another of the kind": (("scale", "deployment/free", "--replicas=1"), {}),
    "another kind of that name": (("scale", "statefulset/web", "--replicas=1"), {}),
    "a custom resource": (("scale", "rollouts.argoproj.io/free", "--replicas=1"), {}),
    "a Pod of another owner": (
        ("create", "-f", "-"),
        _owned(pod("b"), "argoproj.io/v1alpha1", "Rollout", "free"),
    ),
    "a Pod of an owner of another group": (
        ("create", "-f", "-"),
        _owned(pod("b"), "example.com/v1", "Deployment", "web"),
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_not_selected_comes_past_the_freeze(what: str, picky: Customer) -> None:
    """It is the webhook's to judge, which is away here."""
    command, stdin = OTHERS[what]
    answer = picky.run(*command, stdin=stdin or None)

    assert "aup-freeze" not in answer.stderr
    assert "failed calling webhook" in answer.stderr


def test_another_tenant_with_a_namespace_of_the_selection_is_not_held(picky: Customer) -> None:
    """A namespace counts only while it is the suspended tenant's."""
    other = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}}
    other["metadata"]["labels"] = {"aup.asergo.com/tenant": "somebody-else"}
    picky.provider("create", "-f", "-", stdin=other)
    answer = picky.provider(
        *("create", "-n", "elsewhere", "-f", "-"), stdin=workload("Deployment", "free"), check=False
    )

    assert "aup-freeze" not in answer.stderr
    assert "failed calling webhook" in answer.stderr


def test_deleting_and_scaling_down_a_selected_workload_passes(picky: Customer) -> None:
    """As under a suspension of the whole tenant."""
    answers = [
        picky.run("scale", "deployment/web", "--replicas=1"),
        picky.run("delete", "--dry-run=server", "deployment/web", "rollouts.argoproj.io/web", "pod/ended"),
        picky.run("patch", "deployment", "web", "--subresource=status", *_patch({"status": {"observedGeneration": 9}})),
    ]

    assert [one.returncode for one in answers] == [0, 0, 0], [one.stderr for one in answers]


def test_the_selection_holds_kubernetes_own_controllers_until_the_lift(picky: Customer) -> None:
    """While it is lifted, they bring back what the operator restores, and the tenant brings up nothing."""
    _select(picky, "lifting")
    try:
        by_tenant = picky.run("scale", "deployment/web", "--replicas=3")
    finally:
        _select(picky, "true")

    assert _said("Scale web: spec.replicas is raised") in by_tenant.stderr


def test_a_tenant_cannot_take_the_selection_off(picky: Customer) -> None:
    """The Suspension and its label are not its to write."""
    answer = picky.run("label", "suspension", "picky", "aup.asergo.com/selection-")

    assert "forbidden" in answer.stderr

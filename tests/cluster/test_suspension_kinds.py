"""Each kind of workload in its awkward states: nothing of it runs while suspended, and it comes back as it was."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import Installation
from tests.cluster.attempts import established, install_kinds
from tests.cluster.operators import instead_of
from tests.cluster.suspending import (
    WAITING,
    administrator,
    everything,
    lift,
    phase,
    running,
    status,
    suspend,
    waiting_job,
)
from tests.support import LIFT, Customer, Json, container, eventually, once, pod, suspension, workload

pytestmark = pytest.mark.cluster

CLAIM: Json = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


@pytest.fixture(scope="module")
def kinds(aup: Installation) -> None:
    """The kinds of other projects, and an operator that knows of them: one remembers for 15 s what is served."""
    if aup.plane.kubectl("get", "crd", "fleets.example.com", check=False).returncode:
        install_kinds(aup.plane)
        aup.kill("operator")
        aup.start_operator()


def recorded(customer: Customer) -> list[str]:
    """Kind and name of everything in the records of the customer's suspension, in order."""
    entries = [entry for name in status(customer)["records"] for entry in _record(customer, name)]
    return sorted(f"{entry['kind']}/{entry['name']}" for entry in entries)


def _record(customer: Customer, name: str) -> list[Json]:
    path = f"/apis/aup.asergo.com/v1alpha1/suspensionrecords/{name}"
    entries: list[Json] = (administrator(customer).get(path) or {})["spec"]["entries"]
    return entries


def down_and_up(customer: Customer, pods: int) -> None:
    """Suspend and lift; nothing runs in between, and afterwards everything is as it was."""
    eventually(lambda: running(customer) == pods)
    before = everything(customer)
    suspend(customer)
    assert running(customer) == 0
    lift(customer)
    assert once(lambda: everything(customer), before) == before
    eventually(lambda: running(customer) == pods)


def owned(manifest: Json, owner: Json) -> Json:
    """A manifest with an object that is there as its controller."""
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True} | {
        key: owner["metadata"][key] for key in ("name", "uid")
    }
    return manifest | {"metadata": manifest["metadata"] | {"ownerReferences": [reference]}}


def test_a_deployment_in_the_middle_of_a_rollout(customer: Customer) -> None:
    """Its spec is as it was, stopped where it was stopped; its new template comes up, since no count says otherwise."""
    halted = workload("Deployment", "halted", replicas=2)
    stuck = workload("Deployment", "stuck", replicas=2)
    customer.run("create", "-f", "-", stdin=[halted, stuck], check=True)
    eventually(lambda: running(customer) == 4)
    image = '{"spec": {"template": {"spec": {"nodeSelector": {"no.such/node": "true"}}}}}'
    for name in ("halted", "stuck"):
        customer.run("patch", "deployment", name, "-p", image, check=True)
    eventually(lambda: running(customer) == 6)  # a new Pod each that never gets ready
    customer.run("rollout", "pause", "deployment/halted", check=True)
    before = {name: customer.get("deployment", name)["spec"] for name in ("halted", "stuck")}

    suspend(customer)
    assert running(customer) == 0
    assert recorded(customer) == ["Deployment/halted", "Deployment/stuck"]
    lift(customer)

    assert {name: customer.get("deployment", name)["spec"] for name in before} == before
    eventually(lambda: running(customer) == 4)


def test_stateful_sets_keep_their_volumes_and_numbers(customer: Customer) -> None:
    """Where scaling down would delete volumes, none is; ten in strict order and numbers from five come back."""
    retention = {"whenScaled": "Delete", "whenDeleted": "Delete"}
    parallel = {"podManagementPolicy": "Parallel", "persistentVolumeClaimRetentionPolicy": retention}
    sets = [
        workload("StatefulSet", "db", replicas=2, volumeClaimTemplates=[CLAIM], **parallel),
        workload("StatefulSet", "ordered", replicas=10, podManagementPolicy="OrderedReady"),
        workload("StatefulSet", "late", replicas=2, ordinals={"start": 5}),
    ]
    customer.run("create", "-f", "-", stdin=sets, check=True)

    def claims() -> dict[str, str]:
        found = customer.get("pvc")["items"]
        return {one["metadata"]["name"]: one["metadata"]["uid"] for one in found}

    eventually(lambda: running(customer) == 14)
    before = claims()
    assert sorted(before) == ["data-db-0", "data-db-1"]

    down_and_up(customer, 14)

    assert claims() == before
    assert {"late-5", "late-6"} <= {one["metadata"]["name"] for one in customer.get("pods")["items"]}


@pytest.mark.usefixtures("kinds")
def test_replica_sets_are_left_to_whom_they_belong(customer: Customer) -> None:
    """A bare one is held; one of a Deployment or Rollout follows that, which alone is recorded."""
    rollout = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "canary"}}
    rollout |= {"spec": {"replicas": 2, "selector": {"matchLabels": {"app": "of-rollout"}}}}
    workloads = [workload("ReplicaSet", "bare", replicas=2), workload("ReplicationController", "old", replicas=1)]
    customer.run(
        *("create", "-f", "-"), stdin=[rollout, *workloads, workload("Deployment", "web", replicas=2)], check=True
    )
    of_rollout = workload("ReplicaSet", "of-rollout", replicas=0)
    of_rollout["metadata"]["labels"] = {"app": "of-rollout"}
    customer.run(
        *("create", "-f", "-"), stdin=owned(of_rollout, customer.get("rollouts.argoproj.io", "canary")), check=True
    )
    eventually(lambda: running(customer) == 5)
    before = everything(customer)

    suspend(customer)
    held = recorded(customer)
    assert running(customer) == 0
    lift(customer)

    assert held == ["Deployment/web", "ReplicaSet/bare", "ReplicationController/old", "Rollout/canary"]
    assert once(lambda: everything(customer), before) == before
    eventually(lambda: running(customer) == 5)


def test_daemon_sets_that_tolerate_everything_go_too(customer: Customer) -> None:
    """Neither tolerations nor an update strategy keep one up, and selectors and affinities of its own are kept."""
    linux = {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [linux]}}
    tough = workload("DaemonSet", "tough")
    tough["spec"]["template"]["spec"]["tolerations"] = [{"operator": "Exists"}]
    by_hand = workload("DaemonSet", "by-hand", updateStrategy={"type": "OnDelete"})
    placed = workload("DaemonSet", "placed")
    placed["spec"]["template"]["spec"] |= {
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "affinity": {"nodeAffinity": required},
    }
    customer.run("create", "-f", "-", stdin=[tough, by_hand, placed], check=True)

    down_and_up(customer, 3)


@pytest.mark.usefixtures("kinds")
def test_jobs_go_on_where_they_can(customer: Customer) -> None:
    """A finished one is left alone, a held one stays held, and those that others made are held by themselves."""
    fleet = {"apiVersion": "example.com/v1", "kind": "Fleet", "metadata": {"name": "maker"}, "spec": {"size": 1}}
    over = workload("Job", "over")
    customer.run("create", "-f", "-", stdin=[fleet, over, workload("CronJob", "nightly")], check=True)
    jobs = [
        waiting_job("held", suspend=True),
        waiting_job("numbered", completionMode="Indexed", completions=3, parallelism=2),
        owned(waiting_job("of-cron"), customer.get("cronjob", "nightly")),
        owned(waiting_job("of-maker"), customer.get("fleets.example.com", "maker")),
    ]
    customer.run("create", "-f", "-", stdin=jobs, check=True)
    eventually(lambda: customer.get("job", "over")["status"].get("succeeded") == 1)
    eventually(lambda: running(customer) == 4)
    before = everything(customer)
    version = customer.get("job", "over")["metadata"]["resourceVersion"]

    suspend(customer)
    held = recorded(customer)
    assert running(customer) == 0
    lift(customer)

    expected = ["CronJob/nightly", "Fleet/maker", "Job/held", "Job/numbered", "Job/of-cron", "Job/of-maker"]
    assert held == expected
    assert once(lambda: everything(customer), before) == before
    assert customer.get("job", "over")["metadata"]["resourceVersion"] == version
    eventually(lambda: running(customer) == 4)


@pytest.mark.parametrize("cleared", [True, False], ids=["as-it-is", "as-before-1.36"])
def test_the_time_of_a_job_stands_still(customer: Customer, cleared: bool) -> None:
    """A Job whose activeDeadlineSeconds pass while it is held has not failed by that; the clock starts anew.

    Before Kubernetes 1.36 its controller leaves the start in the status of a suspended Job.
    """
    seconds = 40  # within which it has to be held
    customer.run("create", "-f", "-", stdin=waiting_job("brief", activeDeadlineSeconds=seconds), check=True)
    eventually(lambda: running(customer) == 1)
    begun, started = time.monotonic(), customer.get("job", "brief")["status"]["startTime"]

    suspend(customer)
    time.sleep(max(0.0, begun + seconds + 1 - time.monotonic()))
    if not cleared:
        kept = json.dumps({"status": {"startTime": started}})
        customer.provider("patch", "job", "brief", "--subresource=status", "--type=merge", "-p", kept)
    lift(customer)

    eventually(lambda: running(customer) == 1)
    conditions = customer.get("job", "brief")["status"].get("conditions", [])
    assert "Failed" not in {one["type"] for one in conditions}


def test_cron_jobs_do_not_make_up_for_what_they_missed(customer: Customer) -> None:
    """After more than a hundred missed runs one starts at the lift, and none where a deadline has passed."""
    schedule = f"{(datetime.now(UTC).minute - 1) % 4}-59/4 * * * *"  # last a minute ago, next in two or more
    crons = [
        workload("CronJob", "often", schedule=schedule),
        workload("CronJob", "strict", schedule=schedule, startingDeadlineSeconds=30),
    ]
    customer.run("create", "-f", "-", stdin=crons, check=True)
    before = everything(customer)
    suspend(customer)
    assert [one["spec"]["suspend"] for one in customer.get("cronjobs")["items"]] == [True, True]
    for name in ("often", "strict"):
        last = {"status": {"lastScheduleTime": _hours_ago(10)}}
        customer.provider("patch", "cronjob", name, "--subresource=status", "--type=merge", "-p", json.dumps(last))

    lift(customer)

    eventually(lambda: customer.get("jobs")["items"])
    time.sleep(1)
    assert [one["metadata"]["ownerReferences"][0]["name"] for one in customer.get("jobs")["items"]] == ["often"]
    assert {key: value for key, value in everything(customer).items() if "Job/often-" not in key} == before


def _hours_ago(hours: int) -> str:
    return datetime.fromtimestamp(time.time() - 3600 * hours, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_cron_job_that_fires_in_the_second_of_the_suspension(
    customer: Customer, aup: Installation, tmp_path: Path
) -> None:
    """A Job that it made just before is found; Jobs are looked for once the freeze is there, which refuses another."""
    customer.run("create", "-f", "-", stdin=workload("CronJob", "nightly"), check=True)
    cron = customer.get("cronjob", "nightly")
    namespace, jobs = f"/api/v1/namespaces/{customer.name}", f"/apis/batch/v1/namespaces/{customer.name}/jobs"
    answers: list[str] = []

    def suspensions_look(path: str) -> bool:
        return path.startswith(jobs) and "limit=100" in path  # an audit lists by other pages

    def fire(name: str) -> str:
        controller = "--as=system:serviceaccount:kube-system:cronjob-controller"
        job = owned(waiting_job(name), cron)
        return customer.provider("create", "-f", "-", controller, stdin=job, check=False).stderr

    def looked(method: str, path: str) -> None:
        if method == "GET" and suspensions_look(path):
            answers.extend([] if answers else [fire("after")])

    with instead_of(aup, tmp_path) as operators:
        operators.relay.refuses = looked
        assert fire("before") == ""
        suspend(customer)

        asked = operators.relay.requests
        frozen = next(number for number, path in enumerate(asked) if path.partition("?")[0] == namespace)
        listed = next(number for number, path in enumerate(asked) if suspensions_look(path))

    assert frozen < listed
    assert "is suspended" in answers[0]
    assert recorded(customer) == ["CronJob/nightly", "Job/before"]
    assert running(customer) == 0
    lift(customer)
    assert [one["metadata"]["name"] for one in customer.get("jobs")["items"]] == ["before"]


def test_pods_that_will_not_go(customer: Customer) -> None:
    """A budget, a hook that sleeps and an hour to end in hold nothing up: after ten seconds each gets thirty."""
    hook = {"preStop": {"sleep": {"seconds": 3000}}}
    slow = pod("slow", container(lifecycle=hook), terminationGracePeriodSeconds=3600, nodeName="gone-node")
    dying = pod("dying", terminationGracePeriodSeconds=3600, nodeName="gone-node")
    guarded = pod("guarded")
    guarded["metadata"]["labels"] = {"app": "guarded"}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "all"}}
    budget |= {"spec": {"minAvailable": "100%", "selector": {}}}
    customer.run("create", "-f", "-", stdin=[budget, slow, dying, guarded], check=True)
    eventually(lambda: customer.get("pod", "guarded")["status"].get("phase") == "Running")
    customer.run("delete", "pod", "dying", "--wait=false", check=True)
    assert customer.get("pod", "dying")["metadata"]["deletionGracePeriodSeconds"] == 3600

    customer.provider("create", "-f", "-", stdin=suspension(customer.name))

    eventually(lambda: [one["metadata"]["name"] for one in customer.get("pods")["items"]] == ["dying", "slow"])
    eventually(lambda: [_patience(customer, name) for name in ("dying", "slow")] == [30, 30])
    assert (phase(customer), running(customer)) == ("Enforcing", 2)
    customer.provider("delete", "pod", "slow", "dying", "--force", "--grace-period=0")
    eventually(lambda: phase(customer) == "Enforced")
    lift(customer)
    assert sorted(one["metadata"]["name"] for one in customer.get("pods")["items"]) == ["guarded", "slow"]
    customer.provider("delete", "pod", "slow", "--force", "--grace-period=0")


def _patience(customer: Customer, name: str) -> int:
    return int(customer.get("pod", name)["metadata"].get("deletionGracePeriodSeconds", 0))


def test_a_static_pod_is_told(customer: Customer) -> None:
    """Only who may write files on its node can stop it; until then the suspension does not say that nothing runs."""
    node = customer.get("nodes")["items"][0]
    static = owned(pod("static", automountServiceAccountToken=False, nodeName=node["metadata"]["name"]), node)
    static["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "0123456789abcdef"}
    customer.provider("create", "-f", "-", stdin=static)

    customer.provider("create", "-f", "-", stdin=suspension(customer.name))

    eventually(lambda: "static Pod" in str(status(customer).get("unenforced")))
    assert (phase(customer), running(customer)) == ("Enforcing", 1)
    customer.provider("delete", "pod", "static")
    eventually(lambda: phase(customer) == "Enforced")
    lift(customer)
    assert customer.get("pods")["items"] == []


@pytest.fixture
def gadgets(plane: ControlPlane) -> Callable[..., None]:
    """Installs a CustomResourceDefinition of the test's own, and lets the operator scale its objects."""

    def install(group: str, **subresources: Json) -> None:
        name = f"gadgets.{group}"
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        crd: Json = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        crd |= {"metadata": {"name": name}}
        crd["spec"] = {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Gadget", "plural": "gadgets"},
            "versions": [version | {"subresources": subresources}],
        }
        role: Json = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
        role |= {"metadata": {"name": name, "labels": {"aup.asergo.com/aggregate-to-operator": "true"}}}
        role["rules"] = [{"apiGroups": [group], "resources": ["gadgets"], "verbs": ["get", "list", "patch"]}]
        plane.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": [crd, role]}))
        established(plane, f"crd/{name}")

    return install


def gadget(group: str) -> Json:
    """An object of that kind."""
    return {"apiVersion": f"{group}/v1", "kind": "Gadget", "metadata": {"name": "one"}, "spec": {"replicas": 3}}


def test_a_kind_that_goes_while_its_objects_are_held(customer: Customer, gadgets: Callable[..., None]) -> None:
    """Its objects are gone with it, and the lift says so and ends."""
    group = f"{customer.name}.example"
    gadgets(group, scale={"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"})
    customer.run("create", "-f", "-", stdin=[gadget(group), workload("Deployment", "web", replicas=1)], check=True)
    customer.provider("create", "-f", "-", stdin=suspension(customer.name))
    eventually(lambda: customer.get(f"gadgets.{group}", "one")["spec"]["replicas"] == 0)
    eventually(lambda: phase(customer) == "Enforced")

    customer.plane.kubectl("delete", "crd", f"gadgets.{group}")
    customer.plane.kubectl("patch", "suspension", customer.name, "--type=merge", "-p", LIFT)
    eventually(lambda: phase(customer) == "Lifted")

    assert "Deleted or replaced meanwhile: 1." in status(customer)["conditions"][0]["message"]
    assert customer.get("deployment", "web")["spec"]["replicas"] == 1
    customer.plane.kubectl("delete", "clusterrole", f"gadgets.{group}")


def test_a_kind_that_cannot_be_paused_is_told(customer: Customer, gadgets: Callable[..., None]) -> None:
    """Its Pods are deleted, new ones are refused, the object itself is untouched, and the status names it."""
    group = f"{customer.name}.example"
    gadgets(group)
    customer.run("create", "-f", "-", stdin=gadget(group), check=True)
    parent = customer.get(f"gadgets.{group}", "one")
    customer.run("create", "-f", "-", stdin=owned(pod("of-gadget", **WAITING), parent), check=True)

    suspend(customer)

    assert [one["object"] for one in status(customer)["unmanaged"]] == [f"Gadget {customer.name}/one"]
    again = customer.run("create", "-f", "-", stdin=owned(pod("of-gadget-2", **WAITING), parent))
    assert "is suspended" in again.stderr
    assert running(customer) == 0
    lift(customer)
    assert customer.get(f"gadgets.{group}", "one")["metadata"] == parent["metadata"]
    customer.plane.kubectl("delete", f"crd/gadgets.{group}", f"clusterrole/gadgets.{group}")


@pytest.mark.usefixtures("kinds")
def test_an_object_that_is_served_twice_is_recorded_once(customer: Customer) -> None:
    """A kind of two versions is looked at in the one that its group prefers."""
    fleet = {"apiVersion": "example.com/v1beta1", "kind": "Fleet", "metadata": {"name": "one"}, "spec": {"size": 5}}
    customer.run("create", "-f", "-", stdin=fleet, check=True)
    before = everything(customer)

    suspend(customer)
    assert recorded(customer) == ["Fleet/one"]
    lift(customer)

    assert once(lambda: everything(customer), before) == before

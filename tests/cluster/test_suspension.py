"""A suspension takes a tenant down, holds it, and is undone exactly, whatever happens to the operator meanwhile."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from testbed.installation import Installation
from tests.support import LIFT, Customer, Json, container, eventually, pod, suspension, workload

pytestmark = pytest.mark.cluster

KINDS = "deployments,statefulsets,replicasets,replicationcontrollers,daemonsets,jobs,cronjobs"
WAITING = {"nodeSelector": {"no.such/node": "true"}}
"""A node selector that keeps a Job's Pods pending, so that the Job does not finish."""


def waiting_job(name: str, **spec: Any) -> Json:
    """A Job that goes on for as long as it is let."""
    manifest = workload("Job", name, **spec)
    manifest["spec"]["template"]["spec"] |= WAITING
    return manifest


def zoo() -> list[Json]:
    """One of everything that is held down, in the states that a careless restore would get wrong."""
    placed = workload("DaemonSet", "placed")
    placed["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/os": "linux"}
    labelled = workload("Deployment", "web", replicas=3)
    labelled["metadata"] |= {"labels": {"team": "shop"}, "annotations": {"shop.example/owner": "alice"}}
    return [
        labelled,
        workload("Deployment", "none", replicas=0),
        workload("Deployment", "paused", replicas=1, paused=True),
        workload(
            "StatefulSet",
            "db",
            replicas=2,
            podManagementPolicy="Parallel",
            persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete", "whenDeleted": "Retain"},
        ),
        workload("ReplicaSet", "set", replicas=2),
        workload("ReplicationController", "controller", replicas=1),
        workload("DaemonSet", "everywhere"),
        placed,
        waiting_job("running", parallelism=2, completions=4),
        waiting_job("held", suspend=True),
        workload("CronJob", "report"),
        workload("CronJob", "stopped", suspend=True),
        pod("bare", container(env=[{"name": "MODE", "value": "plain"}])),
    ]


def fingerprint(customer: Customer) -> dict[str, Any]:
    """UID, spec, labels and annotations of every workload; what the API server counts up itself is left out."""
    items = customer.get(KINDS)["items"]
    return {
        f"{item['kind']}/{item['metadata']['name']}": (
            item["metadata"]["uid"],
            item["spec"],
            item["metadata"].get("labels"),
            {
                key: value
                for key, value in item["metadata"].get("annotations", {}).items()
                if key != "deprecated.daemonset.template.generation"
            },
        )
        for item in items
    }


def bare_pod(customer: Customer) -> Json:
    """What of the bare Pod its owner wrote."""
    item = customer.get("pod", "bare")
    return {
        **item["spec"],
        "labels": item["metadata"].get("labels"),
        "annotations": item["metadata"].get("annotations"),
    }


def running(customer: Customer) -> int:
    """Pods that run or may start."""
    return sum(item["status"].get("phase") not in {"Succeeded", "Failed"} for item in customer.get("pods")["items"])


def status(customer: Customer, name: str = "") -> Json:
    """The status of the customer's Suspension."""
    found: Json = json.loads(customer.plane.kubectl("get", "suspension", name or customer.name, "-o", "json").stdout)
    answer: Json = found.get("status", {})
    return answer


def phase(customer: Customer, name: str = "") -> str:
    """The phase of the customer's Suspension."""
    return str(status(customer, name).get("phase"))


def suspend(customer: Customer, name: str = "", **spec: Any) -> None:
    """Order a suspension and wait until it is enforced."""
    customer.provider("create", "-f", "-", stdin=suspension(customer.name, name, **spec))
    eventually(lambda: phase(customer, name) == "Enforced")


def lift(customer: Customer, name: str = "") -> None:
    """Order a lift and wait until it is done."""
    customer.plane.kubectl("patch", "suspension", name or customer.name, "--type=merge", "-p", LIFT)
    eventually(lambda: phase(customer, name) == "Lifted")


@pytest.fixture
def shop(customer: Customer) -> Customer:
    """A tenant with the zoo, all of it at work."""
    customer.run("create", "-f", "-", stdin=zoo(), check=True)
    eventually(lambda: running(customer) == 13)
    return customer


@pytest.fixture
def operator_after(aup: Installation) -> Iterator[Installation]:
    """The installation; the operator runs again after the test whatever the test did to it."""
    yield aup
    if not aup.running("operator"):
        aup.start_operator()


def test_everything_is_taken_down_and_put_back_exactly(shop: Customer) -> None:
    """Nothing runs while suspended; after the lift every spec, label, annotation and UID is what it was."""
    before, pod_before = fingerprint(shop), bare_pod(shop)

    suspend(shop)

    assert running(shop) == 0
    held = status(shop)
    assert (held["recorded"], held["running"], held.get("unenforced")) == (13, 0, None)
    assert [one["status"] for one in held["conditions"] if one["type"] == "Enforced"] == ["True"]
    assert held["observedGeneration"] == 1

    lift(shop)

    assert fingerprint(shop) == before
    restored = bare_pod(shop)
    assert {key: restored[key] for key in pod_before if key != "nodeName"} == {
        key: value for key, value in pod_before.items() if key != "nodeName"
    }
    eventually(lambda: running(shop) == 13)
    assert "aup.asergo.com/suspended" not in shop.get("namespace", shop.namespace)["metadata"]["labels"]


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.2, 0.3, 0.5, 0.8])
def test_killing_the_operator_at_any_time_ends_in_the_same_state(
    shop: Customer, operator_after: Installation, seconds: float
) -> None:
    """SIGKILL during the suspension and again during the lift: a new operator ends both, exactly."""
    before = fingerprint(shop)

    shop.provider("create", "-f", "-", stdin=suspension(shop.name))
    time.sleep(seconds)
    operator_after.kill("operator")
    operator_after.start_operator()
    eventually(lambda: phase(shop) == "Enforced")
    assert running(shop) == 0

    shop.plane.kubectl("patch", "suspension", shop.name, "--type=merge", "-p", LIFT)
    time.sleep(seconds)
    operator_after.kill("operator")
    operator_after.start_operator()
    eventually(lambda: phase(shop) == "Lifted")
    assert fingerprint(shop) == before
    eventually(lambda: running(shop) == 13)


def test_a_suspension_ordered_while_the_operator_is_down_is_enforced_when_it_is_back(
    customer: Customer, operator_after: Installation
) -> None:
    """Nothing depends on an event having been seen."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    operator_after.kill("operator")

    customer.provider("create", "-f", "-", stdin=suspension(customer.name))
    operator_after.start_operator()

    eventually(lambda: phase(customer) == "Enforced")
    assert customer.get("deployment", "web")["spec"]["replicas"] == 0


def test_of_two_suspensions_the_last_lift_restores(customer: Customer) -> None:
    """Originals are recorded once, and only the last lift puts them back."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    first, second = f"{customer.name}-a", f"{customer.name}-b"
    suspend(customer, first)
    suspend(customer, second, clauses=["3.1"])

    lift(customer, first)
    assert customer.get("deployment", "web")["spec"]["replicas"] == 0
    assert "suspended" in customer.run("scale", "deployment/web", "--replicas=1").stderr

    lift(customer, second)
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_a_tenant_can_be_suspended_again(customer: Customer) -> None:
    """The second suspension records what stands there then, not what the first recorded."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer, f"{customer.name}-a")
    lift(customer, f"{customer.name}-a")
    customer.run("scale", "deployment/web", "--replicas=3", check=True)

    suspend(customer, f"{customer.name}-b")
    lift(customer, f"{customer.name}-b")

    assert customer.get("deployment", "web")["spec"]["replicas"] == 3


def test_a_suspension_may_be_ordered_again_under_its_name(customer: Customer) -> None:
    """Records and notices belong to one Suspension, not to its name, which may be of any length."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    name = f"{customer.name}-{'x' * (253 - len(customer.name) - 1)}"
    suspend(customer, name)
    customer.plane.kubectl("delete", "suspension", name, "--timeout=30s")

    suspend(customer, name, statementOfReasons={"facts": "Again."})

    notices = json.loads(customer.run("get", "notices", "-o", "json", check=True).stdout)["items"]
    assert sorted((one["status"]["phase"], "Again." in one["spec"]["statement"]) for one in notices) == [
        ("Closed", False),
        ("Open", True),
    ]
    lift(customer, name)
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_deleting_a_suspension_lifts_it_first(customer: Customer) -> None:
    """The finalizer keeps it until everything is back."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer)

    customer.plane.kubectl("delete", "suspension", customer.name, "--timeout=30s")

    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_a_suspension_with_a_later_date_waits_for_it(customer: Customer) -> None:
    """Before `effectiveAt` it is Pending and nothing is touched; a lift then ends it."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=1), check=True)
    dates = {"noticedAt": "2026-01-01T00:00:00Z", "effectiveAt": "2999-01-01T00:00:00Z"}

    customer.provider("create", "-f", "-", stdin=suspension(customer.name, **dates))

    eventually(lambda: phase(customer) == "Pending")
    assert customer.get("deployment", "web")["spec"]["replicas"] == 1
    assert customer.run("scale", "deployment/web", "--replicas=2").returncode == 0
    lift(customer)


def test_a_suspension_of_nobody_says_so(customer: Customer) -> None:
    """A misspelt tenant must not look like one that is suspended."""
    name = f"{customer.name}-misspelt"

    customer.provider("create", "-f", "-", stdin=suspension(name))

    eventually(lambda: phase(customer, name) == "Pending")
    assert [one["reason"] for one in status(customer, name)["conditions"]] == ["UnknownTenant"]
    customer.plane.kubectl("delete", "suspension", name, "--timeout=10s")


def test_what_the_tenant_deletes_stays_deleted(customer: Customer) -> None:
    """A recorded object that is gone does not stop the lift."""
    for name in ("web", "gone"):
        customer.run("create", "-f", "-", stdin=workload("Deployment", name, replicas=1), check=True)
    suspend(customer)

    customer.run("delete", "deployment", "gone", check=True)
    lift(customer)

    assert [item["metadata"]["name"] for item in customer.get("deployments")["items"]] == ["web"]
    assert customer.get("deployment", "web")["spec"]["replicas"] == 1


def test_what_the_tenant_edits_otherwise_is_kept(customer: Customer) -> None:
    """While suspended an image may be changed; the lift restores the count and leaves the image."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer)

    customer.run("set", "image", "deployment/web", "app=registry.example/shop:1.5.0", check=True)
    lift(customer)

    spec = customer.get("deployment", "web")["spec"]
    assert spec["replicas"] == 2
    assert spec["template"]["spec"]["containers"][0]["image"] == "registry.example/shop:1.5.0"


def test_forged_owner_references_hide_nothing(customer: Customer) -> None:
    """A ReplicaSet and a Pod that claim another object as controller are taken down like any other."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=1), check=True)
    uid = customer.get("deployment", "web")["metadata"]["uid"]
    forged = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": uid, "controller": True}]
    hidden_set, hidden_pod = workload("ReplicaSet", "hidden", replicas=1), pod("hidden")
    for manifest in (hidden_set, hidden_pod):
        manifest["metadata"]["ownerReferences"] = forged
    customer.run("create", "-f", "-", stdin=[hidden_set, hidden_pod], check=True)

    suspend(customer)

    assert running(customer) == 0


def test_a_finished_job_hides_no_pods(customer: Customer) -> None:
    """A Pod that claims a Job which is over as its controller is looked after by nobody."""
    job = workload("Job", "over")
    customer.run("create", "-f", "-", stdin=job, check=True)
    eventually(lambda: customer.get("job", "over")["status"].get("succeeded") == 1)
    made = customer.get("job", "over")
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": "over",
        "uid": made["metadata"]["uid"],
        "controller": True,
    }
    hidden = pod("hidden", **WAITING)
    hidden["metadata"] |= {"ownerReferences": [owner], "labels": made["spec"]["selector"]["matchLabels"]}
    customer.run("create", "-f", "-", stdin=hidden, check=True)

    suspend(customer)

    assert running(customer) == 0


def test_a_quota_on_notices_stops_no_suspension(customer: Customer) -> None:
    """The tenant may forbid itself to be told; it is taken down all the same."""
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "mute"}}
    customer.run(
        *("create", "-f", "-"), stdin=quota | {"spec": {"hard": {"count/notices.aup.asergo.com": "0"}}}, check=True
    )
    eventually(lambda: customer.get("resourcequota", "mute").get("status", {}).get("hard"))
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=1), check=True)

    suspend(customer)

    assert customer.get("deployment", "web")["spec"]["replicas"] == 0


def test_a_lift_waits_for_a_bare_pod_that_still_ends(customer: Customer) -> None:
    """Its name is taken until the old one is gone; then it is created again."""
    slow = pod("slow", **WAITING)
    slow["metadata"]["finalizers"] = ["shop.example/wait"]
    customer.run("create", "-f", "-", stdin=slow, check=True)
    uid = customer.get("pod", "slow")["metadata"]["uid"]
    customer.provider("create", "-f", "-", stdin=suspension(customer.name))
    eventually(lambda: "deletionTimestamp" in customer.get("pod", "slow")["metadata"])

    customer.plane.kubectl("patch", "suspension", customer.name, "--type=merge", "-p", LIFT)
    eventually(lambda: "already exists" in str(status(customer).get("unenforced")))
    assert phase(customer) == "Lifting"

    customer.run("patch", "pod", "slow", "--type=merge", "-p", '{"metadata": {"finalizers": null}}', check=True)
    eventually(lambda: phase(customer) == "Lifted")
    assert customer.get("pod", "slow")["metadata"]["uid"] != uid
    customer.run("patch", "pod", "slow", "--type=merge", "-p", '{"metadata": {"finalizers": null}}', check=True)


def test_a_date_moved_later_does_not_undo_what_has_begun(customer: Customer) -> None:
    """Once enforced, only a lift ends a suspension, and it restores."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer, effectiveAt="2026-01-01T00:00:00Z")

    later = '{"spec": {"effectiveAt": "2999-01-01T00:00:00Z"}}'
    customer.plane.kubectl("patch", "suspension", customer.name, "--type=merge", "-p", later)
    time.sleep(3)
    assert phase(customer) == "Enforced"

    lift(customer)
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_a_policy_that_we_do_not_understand_stops_nothing(customer: Customer) -> None:
    """One that names a rule of a later version is left out, and suspensions go on."""
    spec = {
        "version": "later",
        "provider": "Asergo ApS",
        "announcedAt": "2020-01-01T00:00:00Z",
        "effectiveAt": "2021-01-01T00:00:00Z",
        "url": "https://a.example",
        "contact": "abuse@a.example",
        "documentationURL": "https://a.example",
        "rules": [{"id": "AUP9999", "mode": "deny"}],
    }
    manifest = {"apiVersion": "aup.asergo.com/v1alpha1", "kind": "AcceptableUsePolicy", "spec": spec}
    customer.provider("create", "-f", "-", stdin=manifest | {"metadata": {"name": "later"}})
    try:
        suspend(customer)
        lift(customer)
    finally:
        customer.plane.kubectl("delete", "acceptableusepolicy", "later")


def test_a_new_namespace_of_a_suspended_tenant_is_held_too(customer: Customer) -> None:
    """The operator finds it without being told, and takes down what was in it."""
    suspend(customer)
    extra = f"{customer.name}-extra"
    customer.plane.kubectl("create", "namespace", extra)
    customer.plane.kubectl(
        "create", "-n", extra, "-f", "-", input=json.dumps(workload("Deployment", "web", replicas=1))
    )

    customer.plane.kubectl("label", "namespace", extra, f"aup.asergo.com/tenant={customer.name}")

    def replicas() -> int:
        answer = customer.plane.kubectl("get", "deployment", "web", "-n", extra, "-o", "jsonpath={.spec.replicas}")
        return int(answer.stdout)

    eventually(lambda: replicas() == 0)
    lift(customer)
    assert replicas() == 1


def test_system_namespaces_are_never_suspended(customer: Customer) -> None:
    """Even where a provider labelled one of them by mistake."""
    customer.plane.kubectl("label", "namespace", "kube-public", f"aup.asergo.com/tenant={customer.name}")
    try:
        suspend(customer)
        labels = customer.get("namespace", "kube-public")["metadata"]["labels"]
        assert "aup.asergo.com/suspended" not in labels
        lift(customer)
    finally:
        customer.plane.kubectl("label", "namespace", "kube-public", "aup.asergo.com/tenant-")


def test_without_its_record_nothing_is_recorded_anew_or_lifted(customer: Customer, aup: Installation) -> None:
    """Nothing is guessed: the tenant stays held, and the condition names the record that is missing."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer)
    record = status(customer)["records"][0]
    saved = json.loads(customer.plane.kubectl("get", "suspensionrecord", record, "-o", "json").stdout)
    with unguarded(aup):
        customer.plane.kubectl("delete", "suspensionrecord", record)

    eventually(lambda: "RecordDamaged" in str(status(customer)))
    assert status(customer)["records"] == [record]
    customer.plane.kubectl("patch", "suspension", customer.name, "--type=merge", "-p", LIFT)
    eventually(lambda: phase(customer) == "Lifting" and "RecordDamaged" in str(status(customer)))
    assert f"SuspensionRecord {record} is missing" in str(status(customer)["conditions"])
    assert customer.get("deployment", "web")["spec"]["replicas"] == 0

    with unguarded(aup):
        manifest = {key: saved[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": record}}
        customer.plane.kubectl("create", "-f", "-", input=json.dumps(manifest))
    eventually(lambda: phase(customer) == "Lifted")
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_the_tenant_reads_why(customer: Customer) -> None:
    """A Notice and an Event in its namespace: the facts, the clause, how to answer and how to appeal."""
    suspend(customer)

    notice = json.loads(customer.run("get", "notices", "-o", "json", check=True).stdout)["items"][0]
    assert "Facts: Deployment web ran a crypto miner." in notice["spec"]["statement"]
    assert "clause 1.6" in notice["spec"]["statement"]
    assert f"Appeal {customer.name}" in notice["spec"]["howToAppeal"]
    assert notice["status"]["phase"] == "Open"
    assert "Suspended" in customer.run("get", "events", "-o", "jsonpath={.items[*].reason}").stdout

    lift(customer)
    notice = json.loads(customer.run("get", "notices", "-o", "json", check=True).stdout)["items"][0]
    assert notice["status"]["phase"] == "Closed"


def test_the_abuse_desk_sees_who_why_and_how_far(customer: Customer) -> None:
    """`kubectl get tenants,suspensions` answers its first questions."""
    suspend(customer)

    table = customer.plane.kubectl("get", f"tenants/{customer.name}", f"suspensions/{customer.name}").stdout
    rows = [line.split() for line in table.splitlines() if customer.name in line]
    assert rows[0][1:4] == [customer.name, "Suspended", "1"]
    assert rows[1][1:] == [customer.name, '["1.6"]', "Enforced", "0", "0", "desk", rows[1][-1]]
    lift(customer)
    eventually(lambda: customer.get("tenant", customer.name)["status"]["standing"] == "Good")


def test_permits_and_policies_know_where_they_stand(customer: Customer) -> None:
    """Status follows from stored dates alone."""
    scope = {"namespaces": [customer.namespace]}
    for name, begins, ends in (("past", 2020, 2021), ("now", 2020, 2999), ("later", 2998, 2999)):
        spec = {
            "tenant": customer.name,
            "rules": ["AUP1301"],
            "scope": scope,
            "validFrom": f"{begins}-01-01T00:00:00Z",
            "expiresAt": f"{ends}-01-01T00:00:00Z",
            "reason": "A node agent.",
            "ticket": "T-1",
            "approvedBy": "desk",
        }
        manifest = {"apiVersion": "aup.asergo.com/v1alpha1", "kind": "Permit", "spec": spec}
        customer.provider("create", "-f", "-", stdin=manifest | {"metadata": {"name": f"{customer.name}-{name}"}})

    def phases() -> list[str]:
        names = [f"{customer.name}-{name}" for name in ("past", "now", "later")]
        return [customer.get("permit", name).get("status", {}).get("phase") for name in names]

    eventually(lambda: phases() == ["Expired", "Active", "Pending"])
    allowed = customer.run("create", "-f", "-", stdin=pod("agent", hostPID=True))
    assert allowed.returncode == 0, allowed.stderr


def test_the_operator_is_allowed_everything_it_does(aup: Installation) -> None:
    """Under its own service account it met no 403 in all that went before."""
    logs = "".join(file.read_text() for file in aup.log_dir.glob("operator-*.log"))

    assert 'aup-operator\\" cannot' not in logs  # the authorizer's words, in JSON


class unguarded:  # noqa: N801 - reads as a statement
    """The guard of our resources is off, as after an accident with the cluster's own administrator."""

    def __init__(self, aup: Installation) -> None:
        self._aup = aup
        self._binding = "validatingadmissionpolicybinding/aup-guard-resources"
        self._saved = ""

    def __enter__(self) -> None:
        found = json.loads(self._aup.plane.kubectl("get", self._binding, "-o", "json").stdout)
        kept = {key: found[key] for key in ("apiVersion", "kind", "spec")} | {
            "metadata": {key: found["metadata"][key] for key in ("name", "labels", "annotations")}
        }
        self._saved = json.dumps(kept)
        self._aup.plane.kubectl("delete", self._binding)
        time.sleep(1)  # the API server hears of it through a watch of its own

    def __exit__(self, *_: object) -> None:
        self._aup.plane.kubectl("create", "-f", "-", input=self._saved)
        time.sleep(1)

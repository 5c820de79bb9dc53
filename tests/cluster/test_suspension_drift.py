"""What comes up again in spite of the freeze goes down within seconds, is counted and told, and the originals stay.

Some of these tests write as the one user whom the freeze does not hold: what they show is what the operator does by
itself, should the API server ever let something through.
"""

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed.installation import Installation
from tests.cluster.attempts import install_kinds
from tests.cluster.suspending import (
    administrator,
    drift,
    everything,
    lift,
    originals,
    past_the_freeze,
    phase,
    records,
    requested,
    running,
    status,
    suspend,
    waiting_job,
)
from tests.support import LIFT, Customer, Json, eventually, once, pod, workload

pytestmark = pytest.mark.cluster

SECONDS = 60
"""Within which what comes up is down again: usually two or three, since the operator looks every two seconds."""

REFUSED = "AUP7301"
PAUSED, REPLICAS = "autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas"


def replicas(customer: Customer, name: str = "web", plural: str = "deployments") -> int:
    """What an object's count is now."""
    path = f"/apis/apps/v1/namespaces/{customer.namespace}/{plural}/{name}"
    found = administrator(customer).get(path)
    assert found is not None
    return int(found["spec"]["replicas"])


def field(customer: Customer, kind: str, name: str, path: str) -> str:
    """One field of an object, as text."""
    return customer.provider("get", kind, name, "-o", f"jsonpath={{{path}}}").stdout


def manifest(count: int | None = 3) -> Json:
    """A Deployment as it stands in a tenant's Git repository."""
    made = workload("Deployment", "web")
    return made if count is None else made | {"spec": {**made["spec"], "replicas": count}}


def reverts(aup: Installation) -> float:
    """How often the operator has put something down again, by its metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{aup.metrics_port}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("aup_operator_drift_reverts_total "))


def test_what_is_scaled_up_past_the_freeze_goes_down_within_seconds(customer: Customer, aup: Installation) -> None:
    """By the scale subresource and by a patch: both are put down, counted, told and remembered; the lift restores."""
    customer.run("create", "-f", "-", stdin=[manifest(), workload("StatefulSet", "db", replicas=2)], check=True)
    suspend(customer)
    before, counted = originals(customer), reverts(aup)

    past_the_freeze(customer, "scale", "deployment/web", "--replicas=2")
    eventually(lambda: drift(customer) == {"Deployment/web": 1} and replicas(customer) == 0, SECONDS)
    assert requested(customer) == {"/spec/replicas": "2"}

    past_the_freeze(customer, "patch", "deployment", "web", "--type=merge", "-p", '{"spec": {"replicas": 5}}')
    past_the_freeze(customer, "patch", "statefulset", "db", "--type=merge", "-p", '{"spec": {"replicas": 4}}')
    eventually(lambda: drift(customer) == {"Deployment/web": 2, "StatefulSet/db": 1}, SECONDS)
    eventually(lambda: phase(customer) == "Enforced" and running(customer) == 0, SECONDS)
    wanted = {each["value"] for one in records(customer) for each in one["status"]["requested"]}
    assert wanted == {"5", "4"}
    assert status(customer)["drifted"] == 3
    assert reverts(aup) >= counted + 3
    assert originals(customer) == before
    shown = customer.plane.kubectl("get", "suspension", customer.name, "-o", "wide").stdout
    head, row = (line.split() for line in shown.splitlines())
    assert row[head.index("DRIFTED")] == "3"

    lift(customer)
    assert (replicas(customer), replicas(customer, "db", "statefulsets")) == (3, 2)


def _autoscaler(minimum: int) -> Json:
    spec = {
        "minReplicas": minimum,
        "maxReplicas": 6,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
    }
    if not minimum:
        metric = {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "1"}}
        spec["metrics"] = [{"type": "External", "external": metric}]
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": spec,
    }


def test_an_autoscaler_leaves_its_target_down_and_works_again_after_the_lift(customer: Customer) -> None:
    """It is disabled by a count of 0 and not touched; the lift puts 3 back, from where it scales again."""
    customer.run("create", "-f", "-", stdin=[manifest(3), _autoscaler(1)], check=True)
    own = customer.get("hpa", "web")["spec"]
    suspend(customer)

    def says() -> str:
        return field(customer, "hpa", "web", '.status.conditions[?(@.type=="ScalingActive")].reason')

    eventually(lambda: says() == "ScalingDisabled")
    assert replicas(customer) == 0
    assert drift(customer) == {}
    assert customer.get("hpa", "web")["spec"] == own

    lift(customer)
    assert replicas(customer) == 3
    customer.run("patch", "hpa", "web", "--type=merge", "-p", '{"spec": {"minReplicas": 4}}', check=True)
    eventually(lambda: replicas(customer) == 4)  # it is armed: it raises what is below its minimum


def test_an_autoscaler_that_may_go_to_nought_raises_nothing(customer: Customer) -> None:
    """With a minimum of 0 it is not disabled at 0; the freeze refuses it, and the lift puts the former count back."""
    controller = ("--as=system:serviceaccount:kube-system:horizontal-pod-autoscaler", "--as-group=system:masters")
    customer.run("create", "-f", "-", stdin=manifest(3), check=True)
    offered = customer.run("create", "-f", "-", stdin=_autoscaler(0))
    if offered.returncode:  # a gate of Kubernetes, off by default; the controller's requests are the same
        assert "minReplicas" in offered.stderr
    suspend(customer)

    raised = customer.provider("scale", "deployment/web", "--replicas=1", *controller, check=False)

    assert REFUSED in raised.stderr
    assert replicas(customer) == 0
    lift(customer)
    assert replicas(customer) == 3
    customer.provider("scale", "deployment/web", "--replicas=0", *controller)
    customer.provider("scale", "deployment/web", "--replicas=1", *controller)  # to nought and back, as it likes
    assert replicas(customer) == 1


def _scaled(**annotations: str) -> Json:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "web"} | ({"annotations": annotations} if annotations else {}),
        "spec": {"scaleTargetRef": {"name": "web"}},
    }


def _paused(customer: Customer) -> tuple[str | None, str | None]:
    annotations = customer.get("scaledobject", "web")["metadata"].get("annotations", {})
    return annotations.get(PAUSED), annotations.get(REPLICAS)


def test_keda_that_was_paused_before_is_paused_as_before(customer: Customer) -> None:
    """Both annotations hold it at 0; taken off past the freeze they are put back; the lift restores the old pause."""
    install_kinds(customer.plane)
    customer.run("create", "-f", "-", stdin=[manifest(2), _scaled(**{REPLICAS: "2"})], check=True)
    eventually(lambda: running(customer) == 2)
    before = everything(customer)
    suspend(customer)
    assert _paused(customer) == ("true", "0")
    for change in (f"{PAUSED}-", f"{REPLICAS}=2"):
        refused = customer.run("annotate", "--overwrite", "scaledobject", "web", change)
        assert REFUSED in refused.stderr

    past_the_freeze(customer, "annotate", "--overwrite", "scaledobject", "web", f"{PAUSED}-", f"{REPLICAS}=5")

    eventually(lambda: drift(customer) == {"ScaledObject/web": 1} and _paused(customer) == ("true", "0"), SECONDS)
    path = "/metadata/annotations/autoscaling.keda.sh~1"
    assert requested(customer) == {f"{path}paused": "", f"{path}paused-replicas": '"5"'}
    lift(customer)
    assert _paused(customer) == (None, "2")
    assert once(lambda: everything(customer), before) == before


def test_a_lift_is_not_done_before_keda_has_noticed_it(customer: Customer) -> None:
    """KEDA at times stays paused though its annotations are gone; then the lift says so and goes on looking."""
    install_kinds(customer.plane)
    customer.run("create", "-f", "-", stdin=[manifest(2), _scaled()], check=True)
    suspend(customer)
    kedas = ("patch", "scaledobject", "web", "--subresource=status", "--type=merge", "-p")
    customer.provider(*kedas, '{"status": {"conditions": [{"type": "Paused", "status": "True"}]}}')

    customer.plane.kubectl("patch", "suspension", customer.name, "--type=merge", "-p", LIFT)

    eventually(lambda: "KEDA still has it paused" in str(status(customer).get("unenforced")))
    assert phase(customer) == "Lifting"
    assert _paused(customer) == (None, None)
    assert replicas(customer) == 2
    customer.provider(*kedas, '{"status": {"conditions": [{"type": "Paused", "status": "False"}]}}')
    eventually(lambda: phase(customer) == "Lifted")


Apply = Callable[[Customer, int], subprocess.CompletedProcess[str]]


def _argo(customer: Customer, count: int) -> subprocess.CompletedProcess[str]:
    return _forced(customer, "argocd-controller", count)


def _flux(customer: Customer, count: int) -> subprocess.CompletedProcess[str]:
    return _forced(customer, "kustomize-controller", count)


def _forced(customer: Customer, manager: str, count: int) -> subprocess.CompletedProcess[str]:
    """A server-side apply that takes fields over, as Argo CD and Flux do."""
    how = ("--server-side", "--force-conflicts", f"--field-manager={manager}")
    return customer.run("apply", *how, "-f", "-", stdin=manifest(count))


def _client_side(customer: Customer, count: int) -> subprocess.CompletedProcess[str]:
    return customer.run("apply", "-f", "-", stdin=manifest(count))


def _helm(customer: Customer, count: int, *how: str) -> subprocess.CompletedProcess[str]:
    chart = Path(customer.kubeconfig).with_suffix(f".{customer.name}.chart")
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    (chart / "templates" / "web.yaml").write_text(json.dumps(manifest(count)))
    where = ("--namespace", customer.namespace)
    return customer.plane.helm(
        "upgrade", "--install", "shop", str(chart), *where, *how, kubeconfig=customer.kubeconfig, check=False
    )


def _helm_forced(customer: Customer, count: int) -> subprocess.CompletedProcess[str]:
    return _helm(customer, count, "--force-conflicts")


@pytest.mark.parametrize(
    ("applied", "says"),
    [
        (_argo, REFUSED),
        (_flux, REFUSED),
        (_client_side, REFUSED),
        (_helm, 'conflict with "aup-operator"'),  # since 4 it applies server-side, and takes nothing over unasked
        (_helm_forced, REFUSED),
    ],
)
def test_a_manifest_that_is_applied_again_changes_nothing_until_the_lift(
    customer: Customer, applied: Apply, says: str
) -> None:
    """The same one and one that wants more are refused with the reason; the lift restores, and then it applies."""
    first = applied(customer, 3)
    assert first.returncode == 0, first.stderr
    suspend(customer)

    for count in (3, 7):
        refused = applied(customer, count)
        assert refused.returncode != 0
        assert says in refused.stderr
    assert replicas(customer) == 0

    lift(customer)
    assert replicas(customer) == 3  # what was there, not what was wanted meanwhile
    after = applied(customer, 7)
    assert after.returncode == 0, after.stderr
    assert replicas(customer) == 7


def test_what_is_applied_past_the_freeze_is_remembered_and_not_restored(customer: Customer) -> None:
    """Raised from 3 to 7 meanwhile: the lift restores 3, the record says that 7 was wanted, and owners stay."""
    argo = ("apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", "-f", "-")
    assert _argo(customer, 3).returncode == 0
    eventually(lambda: running(customer) == 3)
    before = everything(customer)
    suspend(customer)

    past_the_freeze(customer, *argo, stdin=manifest(7))

    eventually(lambda: drift(customer) == {"Deployment/web": 1} and replicas(customer) == 0, SECONDS)
    assert requested(customer) == {"/spec/replicas": "7"}
    lift(customer)
    assert replicas(customer) == 3
    assert once(lambda: everything(customer), before) == before
    again = _argo(customer, 7)
    assert again.returncode == 0, again.stderr  # no conflict of ours
    assert replicas(customer) == 7


def test_what_is_new_past_the_freeze_goes_down_and_gets_its_own_count_back(customer: Customer) -> None:
    """A Deployment, a Job and a Pod: taken down, recorded as they came, told, and up again after the lift."""
    suspend(customer)
    new = [workload("Deployment", "late", replicas=2), waiting_job("late"), pod("late")]
    for one in new:
        assert REFUSED in customer.run("create", "-f", "-", stdin=one).stderr

    past_the_freeze(customer, "create", "-f", "-", stdin=new)

    eventually(lambda: set(drift(customer)) == {"Deployment/late", "Job/late", "Pod/late"}, SECONDS)
    eventually(lambda: running(customer) == 0 and phase(customer) == "Enforced")
    assert replicas(customer, "late") == 0
    assert set(originals(customer)) == {"Deployment/late", "Job/late", "Pod/late"}
    lift(customer)
    assert replicas(customer, "late") == 2
    assert field(customer, "job", "late", ".spec.suspend") == "false"
    eventually(lambda: running(customer) == 4)


def test_an_object_of_the_same_name_is_another_object(customer: Customer) -> None:
    """Deleted and made again while held: it does not get what its predecessor had, but what it had itself."""
    customer.run("create", "-f", "-", stdin=[workload("Deployment", one, replicas=3) for one in ("web", "api")])
    suspend(customer)
    customer.run("delete", "deployment", "web", "api", "--cascade=foreground", check=True)
    assert REFUSED in customer.run("create", "-f", "-", stdin=manifest(3)).stderr

    customer.run("create", "-f", "-", stdin=workload("Deployment", "api", replicas=0))
    past_the_freeze(customer, "create", "-f", "-", stdin=manifest(2))

    eventually(lambda: drift(customer).get("Deployment/web") == 1 and replicas(customer) == 0, SECONDS)
    assert len(originals(customer)["Deployment/web"]) == 2
    lift(customer)
    assert replicas(customer) == 2
    done = [one["status"] for one in records(customer)]
    assert sum(one["gone"] for one in done) == 2
    assert "Deleted or replaced meanwhile: 2." in str(status(customer)["conditions"])
    made = customer.run("get", "deployment", "api", "-o", "jsonpath={.spec.replicas}")
    assert made.stdout in {"0", ""}  # made with a count of nought, or refused as new


def test_the_label_of_the_freeze_is_put_back_within_seconds(customer: Customer) -> None:
    """The tenant cannot touch it, nor leave the tenant; what an administrator does to it by accident does not last."""
    customer.run("create", "-f", "-", stdin=manifest(2), check=True)
    suspend(customer)
    label = "aup.asergo.com/suspended"

    def value() -> str:
        found = customer.get("namespace", customer.namespace)["metadata"]["labels"]
        return str(found.get(label, ""))

    for change in (f"{label}-", f"{label}=lifting", "aup.asergo.com/tenant-", "aup.asergo.com/tenant=other"):
        refused = customer.run("label", "--overwrite", "namespace", customer.namespace, change)
        assert refused.returncode == 1, change
    for change in (f"{label}-", f"{label}=lifting"):
        customer.provider("label", "--overwrite", "namespace", customer.namespace, change)
        assert (
            REFUSED in customer.run("scale", "deployment/web", "--replicas=1").stderr
        )  # the webhook goes by the tenant
        eventually(lambda: value() == "true", SECONDS)
    assert replicas(customer) == 0
    lift(customer)
    assert (value(), replicas(customer)) == ("", 2)


@contextmanager
def _stubborn(attempt: Callable[[], bool]) -> Iterator[list[bool]]:
    """An operator of somebody's that sets what it wants again and again; what came of each attempt."""
    results: list[bool] = []
    over = threading.Event()

    def loop() -> None:
        while not over.wait(0.3):
            results.append(attempt())

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield results
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("whose", ["the tenant's", "the cluster's"])
def test_an_operator_that_sets_its_counts_again_and_again_does_not_get_through(customer: Customer, whose: str) -> None:
    """The parent of a StatefulSet that no driver knows: refused as long as the suspension lasts, at work after it."""
    install_kinds(customer.plane)
    database = {"apiVersion": "example.com/v1", "kind": "Fleet", "metadata": {"name": "db"}, "spec": {"size": 2}}
    customer.run("create", "-f", "-", stdin=database, check=True)
    uid = customer.get("fleets.example.com", "db")["metadata"]["uid"]
    owner = {"apiVersion": "example.com/v1", "kind": "Fleet", "name": "db", "uid": uid, "controller": True}
    child = workload("StatefulSet", "db", replicas=2)
    child["metadata"]["ownerReferences"] = [owner]
    customer.run("create", "-f", "-", stdin=child, check=True)
    account = f"{customer.namespace}:default" if whose == "the tenant's" else "kube-system:some-operator"

    def attempt() -> bool:
        words = ("patch", "statefulset", "db", "--type=merge", "-p", '{"spec": {"replicas": 2}}')
        user = (f"--as=system:serviceaccount:{account}", "--as-group=system:masters")
        return customer.provider(*words, *user, check=False).returncode == 0

    suspend(customer)
    with _stubborn(attempt) as results:
        eventually(lambda: len(results) >= 4)
        assert not any(results)
        assert (replicas(customer, "db", "statefulsets"), running(customer)) == (0, 0)
        assert drift(customer) == {}
        lift(customer)
        eventually(lambda: results[-1])
    assert replicas(customer, "db", "statefulsets") == 2
    assert field(customer, "fleets.example.com", "db", ".spec.size") == "2"


def test_an_operator_that_gets_past_the_freeze_wins_nothing(customer: Customer) -> None:
    """What it sets comes down again each time, and is counted; when it ends, all is down."""
    customer.run("create", "-f", "-", stdin=workload("StatefulSet", "db", replicas=2), check=True)
    suspend(customer)

    def attempt() -> bool:
        past_the_freeze(customer, "patch", "statefulset", "db", "--type=merge", "-p", '{"spec": {"replicas": 5}}')
        return True

    with _stubborn(attempt):
        eventually(lambda: drift(customer).get("StatefulSet/db", 0) >= 3)
    eventually(lambda: replicas(customer, "db", "statefulsets") == 0)
    eventually(lambda: phase(customer) == "Enforced" and running(customer) == 0)
    lift(customer)
    assert replicas(customer, "db", "statefulsets") == 2


def test_a_job_that_kueue_holds_is_not_started_by_the_lift(customer: Customer) -> None:
    """It was suspended before: it stays so, also where Kueue admitted it meanwhile; one that ran goes on."""
    queue = {"labels": {"kueue.x-k8s.io/queue-name": "shop"}}
    held, admitted = waiting_job("held", suspend=True), waiting_job("admitted")
    for job in (held, admitted):
        job["metadata"] |= queue
    customer.run("create", "-f", "-", stdin=[held, admitted], check=True)
    suspend(customer)
    kueue = ("patch", "job", "held", "--type=merge", "-p", '{"spec": {"suspend": false}}')
    refused = customer.provider(*kueue, "--as=system:serviceaccount:kueue-system:kueue-controller-manager", check=False)
    assert refused.returncode == 1

    past_the_freeze(customer, *kueue)

    eventually(lambda: drift(customer) == {"Job/held": 1}, SECONDS)
    eventually(lambda: field(customer, "job", "held", ".spec.suspend") == "true", SECONDS)
    assert requested(customer) == {"/spec/suspend": "false"}
    lift(customer)
    assert field(customer, "job", "held", ".spec.suspend") == "true"
    assert field(customer, "job", "admitted", ".spec.suspend") == "false"
    eventually(lambda: running(customer) == 1)
    time.sleep(1)
    assert running(customer) == 1

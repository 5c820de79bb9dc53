"""The steps beyond a suspension: content is removed and comes back with the lift; the end of the service is final."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from testbed.installation import Installation
from tests.cluster.chart_rules import operator_may
from tests.cluster.operators import instead_of
from tests.cluster.relay import Refusal
from tests.cluster.suspending import (
    administrator,
    everything,
    lift,
    phase,
    running,
    status,
    suspend,
    waiting_job,
)
from tests.support import ADMIN, Customer, Json, eventually, once, workload

pytestmark = pytest.mark.cluster

SECOND = "second-of-the-provider"


@pytest.fixture(scope="module")
def second(aup: Installation) -> Iterator[Path]:
    """Another person of the provider."""
    aup.plane.kubectl("create", "clusterrolebinding", SECOND, "--clusterrole=aup-provider", f"--user={SECOND}")
    yield aup.plane.user_kubeconfig(SECOND)
    aup.plane.kubectl("delete", "clusterrolebinding", SECOND)


@pytest.fixture
def removal(aup: Installation) -> Iterator[None]:
    """The chart's value operator.removal.enabled."""
    with operator_may(aup, "operator.removal.enabled"):
        yield


@pytest.fixture
def termination(aup: Installation) -> Iterator[None]:
    """The chart's value operator.termination.enabled."""
    with operator_may(aup, "operator.termination.enabled"):
        yield


def patch(customer: Customer, spec: Json, kubeconfig: Path | None = None) -> None:
    """Change the customer's suspension."""
    body = json.dumps({"spec": spec})
    customer.plane.kubectl("patch", "suspension", customer.name, "--type=merge", "-p", body, kubeconfig=kubeconfig)


def passes(customer: Customer) -> None:
    """Wait until the operator has been through the customer's suspension as it is ordered now."""
    generation = customer.get("suspension", customer.name)["metadata"]["generation"]
    eventually(lambda: status(customer).get("observedGeneration") == generation)


def objects(customer: Customer, *named: tuple[str, str, str]) -> Json:
    """An order to remove objects: group, kind and name of each."""
    references = [
        {"apiGroup": group, "kind": kind, "namespace": customer.namespace, "name": name} for group, kind, name in named
    ]
    return {"removal": {"objects": references, "reason": "It is a phishing page.", "orderedBy": ADMIN}}


def as_before(customer: Customer) -> dict[str, list[object]]:
    """What `everything` finds without UIDs and ReplicaSets, since an object that is created again has new ones."""
    found = everything(customer)
    return {key: json.loads(value)[1:] for key, value in found.items() if "ReplicaSet" not in key}


def recorded_uids(customer: Customer) -> list[str]:
    """The UIDs in the records of the customer's suspension."""
    names = status(customer)["records"]
    found = [administrator(customer).get(f"/apis/aup.asergo.com/v1alpha1/suspensionrecords/{name}") for name in names]
    return [entry["uid"] for one in found if one for entry in one["spec"]["entries"]]


def there(customer: Customer) -> list[str]:
    """Kind and name of what may be removed."""
    items = customer.get("configmaps,services,deployments,cronjobs,secrets,pvc")["items"]
    return sorted(
        f"{one['kind']}/{one['metadata']['name']}" for one in items if one["metadata"]["name"] != "kube-root-ca.crt"
    )


ALL = [
    "ConfigMap/page",
    "CronJob/nightly",
    "Deployment/web",
    "PersistentVolumeClaim/files",
    "Secret/key",
    "Service/web",
]
KEPT = ["PersistentVolumeClaim/files", "Secret/key"]
REMOVED = (
    ("", "ConfigMap", "page"),
    ("", "Service", "web"),
    ("apps", "Deployment", "web"),
    ("batch", "CronJob", "nightly"),
)


@pytest.fixture
def shop(customer: Customer) -> Customer:
    """A tenant with a page, a Service, what serves it, a Secret and a volume."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    labelled = workload("Deployment", "web", replicas=2)
    labelled["metadata"] |= {"labels": {"team": "shop"}, "annotations": {"shop.example/owner": "alice"}}
    manifests = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "page"}, "data": {"index.html": "<p>é</p>"}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80}]},
        },
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"key": "value"}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "files"}, "spec": claim},
        labelled,
        workload("CronJob", "nightly"),
    ]
    customer.run("apply", "--server-side", "-f", "-", stdin=manifests, check=True)
    eventually(lambda: running(customer) == 2)
    return customer


@pytest.mark.usefixtures("removal")
def test_content_is_removed_once_two_people_want_it_and_comes_back(shop: Customer, second: Path) -> None:
    """Its addresses, counts, labels and owners of fields are then what they were; only UIDs are new."""
    before = as_before(shop)
    suspend(shop)
    patch(shop, objects(shop, *REMOVED))
    passes(shop)
    assert there(shop) == ALL

    patch(shop, {"removal": {"confirmedBy": SECOND}}, second)
    eventually(lambda: there(shop) == KEPT)
    eventually(lambda: status(shop).get("removed") == len(REMOVED))
    eventually(lambda: phase(shop) == "Enforced")
    refused = shop.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=1))
    assert "is suspended" in refused.stderr

    lift(shop)

    assert once(lambda: as_before(shop), before) == before
    eventually(lambda: running(shop) == 2)
    again = shop.run("apply", "--server-side", "-f", "-", stdin=workload("CronJob", "nightly"))
    assert again.returncode == 0, again.stderr


@pytest.mark.usefixtures("removal")
def test_everything_is_archived_before_anything_is_removed(
    aup: Installation, shop: Customer, second: Path, tmp_path: Path
) -> None:
    """A record with the whole of each object is written before the first is deleted; a kill in between loses none."""
    before = as_before(shop)
    suspend(shop)
    with instead_of(aup, tmp_path) as operators:
        patch(shop, objects(shop, *REMOVED))
        passes(shop)
        operators.kill_at(1)
        patch(shop, {"removal": {"confirmedBy": SECOND}}, second)
        for write in range(2, 9):
            eventually(lambda: operators.killed or status(shop).get("removed") == len(REMOVED))
            if not operators.killed:
                break
            deleted = [line for line in operators.writes if line.startswith("DELETE")]
            records = [uid for uid in recorded_uids(shop) if uid.startswith("removed/")]
            assert not deleted or len(records) == len(REMOVED), operators.writes
            operators.kill_at(write)
            operators.start()
        operators.kill_at(0)
        if operators.killed:
            operators.start()
        eventually(lambda: there(shop) == KEPT)
        eventually(lambda: phase(shop) == "Enforced")
        lift(shop)
    assert once(lambda: as_before(shop), before) == before


@pytest.mark.usefixtures("removal")
def test_a_lift_goes_on_with_what_is_created_again_already(
    aup: Installation, shop: Customer, second: Path, tmp_path: Path
) -> None:
    """The fields of each object are given back to their owners by a second write, which here fails once."""
    before = as_before(shop)
    suspend(shop)
    patch(shop, objects(shop, *REMOVED))
    patch(shop, {"removal": {"confirmedBy": SECOND}}, second)
    eventually(lambda: status(shop).get("removed") == len(REMOVED))
    refused: set[str] = set()

    def refuse(method: str, path: str) -> Refusal | None:
        name = path.partition("?")[0]
        if method != "PATCH" or f"/namespaces/{shop.namespace}/" not in name or "notices" in name or name in refused:
            return None
        refused.add(name)
        return 500, b'{"message": "etcdserver: leader changed"}'

    with instead_of(aup, tmp_path) as operators:
        operators.relay.refuses = refuse
        lift(shop)
    assert len(refused) == len(REMOVED)
    assert once(lambda: as_before(shop), before) == before


@pytest.mark.usefixtures("removal")
def test_a_removed_job_is_created_again_and_starts_anew(customer: Customer, second: Path) -> None:
    """Its selector and the labels of its Pods name its UID, so it gets new ones; what its owner wrote is as it was."""
    customer.run("apply", "--server-side", "-f", "-", stdin=waiting_job("import", parallelism=2), check=True)
    eventually(lambda: running(customer) == 2)
    before = customer.get("job", "import")
    suspend(customer)
    patch(customer, objects(customer, ("batch", "Job", "import")))
    patch(customer, {"removal": {"confirmedBy": SECOND}}, second)
    eventually(lambda: status(customer).get("removed") == 1)

    lift(customer)

    eventually(lambda: running(customer) == 2)
    after = customer.get("job", "import")
    old, new = before["metadata"]["uid"], after["metadata"]["uid"]
    assert json.loads(json.dumps(before["spec"]).replace(old, new)) == after["spec"]
    again = customer.run("apply", "--server-side", "-f", "-", stdin=waiting_job("import", parallelism=2))
    assert again.returncode == 0, again.stderr


@pytest.mark.usefixtures("removal")
def test_what_holds_data_is_not_removed(shop: Customer, second: Path) -> None:
    """Secrets, claims, what is aup's own and what is another's are refused, by name and with the reason."""
    suspend(shop)
    order = objects(shop, ("", "Secret", "key"), ("", "PersistentVolumeClaim", "files"), ("", "ConfigMap", "page"))
    elsewhere = {"kind": "ConfigMap", "namespace": "kube-system", "name": "extension-apiserver-authentication"}
    notice = {"apiGroup": "aup.asergo.com", "kind": "Notice", "namespace": shop.namespace}
    notice["name"] = shop.get("notices")["items"][0]["metadata"]["name"]
    order["removal"]["objects"] += [elsewhere, notice]
    patch(shop, order)
    patch(shop, {"removal": {"confirmedBy": SECOND}}, second)

    eventually(lambda: "ConfigMap/page" not in there(shop))
    eventually(lambda: len(status(shop).get("unenforced", [])) == 4)

    assert {one["object"].split("/")[0].split(" ")[0]: one["reason"] for one in status(shop)["unenforced"]} == {
        "Secret": "It is not removed: a record must not hold what is secret.",
        "PersistentVolumeClaim": "It is not removed: its data cannot be archived.",
        "ConfigMap": "It is not removed: kube-system is no namespace of the tenant.",
        "Notice": "It is not removed: it is aup's own.",
    }
    assert set(KEPT) <= set(there(shop))
    assert shop.provider("get", "configmap", elsewhere["name"], "-n", "kube-system").returncode == 0
    lift(shop)
    assert there(shop) == ALL


def test_without_the_charts_value_nothing_is_removed(shop: Customer, second: Path) -> None:
    """The operator lacks the right, and the status says which value gives it."""
    suspend(shop)
    patch(shop, objects(shop, ("", "ConfigMap", "page")))
    patch(shop, {"removal": {"confirmedBy": SECOND}}, second)

    eventually(lambda: "operator.removal.enabled" in str(status(shop).get("unenforced")))

    assert status(shop).get("removed") is None
    assert there(shop) == ALL
    lift(shop)


def soon(seconds: float) -> str:
    """An instant in so many seconds."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def ending(retain_until: str) -> Json:
    """An order to end the service."""
    return {"termination": {"reason": "Third time.", "retainUntil": retain_until, "orderedBy": ADMIN}}


@pytest.mark.usefixtures("termination")
def test_the_service_ends_at_its_date_with_two_people(shop: Customer, second: Path) -> None:
    """Not before the date, not without the second person; then the namespaces are gone, and the phase is the last."""
    suspend(shop)
    patch(shop, ending("2999-01-01T00:00:00Z"))
    patch(shop, {"termination": {"confirmedBy": SECOND}}, second)
    passes(shop)
    assert shop.get("namespace", shop.namespace)["status"]["phase"] == "Active"

    patch(shop, {"termination": {"retainUntil": soon(-60), "confirmedBy": None}})
    passes(shop)
    assert shop.get("namespace", shop.namespace)["status"]["phase"] == "Active"

    patch(shop, {"termination": {"confirmedBy": SECOND}}, second)
    eventually(lambda: phase(shop) == "Terminated")

    assert shop.plane.kubectl("get", "namespace", shop.namespace, check=False).returncode != 0
    told = ("get", "suspension", shop.name, "-o", "yaml")
    eventually(lambda: "aup.asergo.com/lift-first" not in shop.plane.kubectl(*told).stdout)
    assert shop.plane.kubectl("get", "tenant", shop.name).returncode == 0


def test_without_the_charts_value_nothing_ends(shop: Customer, second: Path) -> None:
    """The operator lacks the right, and the status says which value gives it; a lift still puts everything back."""
    before = everything(shop)
    suspend(shop)
    patch(shop, ending(soon(-60)))
    patch(shop, {"termination": {"confirmedBy": SECOND}}, second)

    eventually(lambda: "operator.termination.enabled" in str(status(shop).get("unenforced")))

    assert shop.get("namespace", shop.namespace)["status"]["phase"] == "Active"
    lift(shop)
    assert once(lambda: everything(shop), before) == before

"""After a lift nothing tells that there was a suspension, neither to people nor to the tools that apply manifests."""

import json
from pathlib import Path

import pytest
import yaml

from testbed.installation import Installation
from tests.cluster.attempts import install_kinds
from tests.cluster.suspending import SUSPENSIONS, administrator, everything, lift, phase, running, suspend, whole_zoo
from tests.cluster.test_commands import person
from tests.support import Customer, Json, eventually, once, suspension, workload

pytestmark = pytest.mark.cluster

RECORDS = "/apis/aup.asergo.com/v1alpha1/suspensionrecords"


def test_every_object_of_every_kind_is_as_it_was(customer: Customer) -> None:
    """Spec, data, labels, annotations, UID and the owners of all fields, of everything that the namespace holds."""
    install_kinds(customer.plane)
    customer.run("create", "-f", "-", stdin=whole_zoo(), check=True)
    eventually(lambda: running(customer) == 13)
    before = everything(customer)
    assert len(before) >= 50

    suspend(customer)
    held = everything(customer)
    lift(customer)

    assert sum(held.get(key) != value for key, value in before.items()) >= 40
    after = everything(customer)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {key: (before.get(key), after.get(key)) for key in changed} == {}
    eventually(lambda: running(customer) == 13)


def test_what_the_tenant_applied_it_can_apply_again(customer: Customer) -> None:
    """With another count, by server-side apply and by the older apply: no conflict with us."""
    web, old = workload("Deployment", "web", replicas=2), workload("Deployment", "old", replicas=2)
    customer.run("apply", "--server-side", "-f", "-", stdin=web, check=True)
    customer.run("apply", "-f", "-", stdin=old, check=True)
    suspend(customer)
    assert "is raised" in customer.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=web).stderr
    lift(customer)

    web["spec"]["replicas"] = old["spec"]["replicas"] = 5
    server_side = customer.run("apply", "--server-side", "-f", "-", stdin=web)
    older = customer.run("apply", "-f", "-", stdin=old)

    assert (server_side.returncode, server_side.stderr) == (0, "")
    assert (older.returncode, older.stderr) == (0, "")
    assert [customer.get("deployment", name)["spec"]["replicas"] for name in ("web", "old")] == [5, 5]


def test_a_release_of_helm_can_be_upgraded(customer: Customer, tmp_path: Path) -> None:
    """With another count, twice: Helm applies on the server's side and meets no conflict with us."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: shop, version: 1.0.0}")
    web = workload("Deployment", "web")
    web["spec"]["replicas"] = "COUNT"
    text = yaml.safe_dump_all([web, workload("CronJob", "report", suspend=False)])
    (tmp_path / "templates" / "all.yaml").write_text(text.replace("COUNT", "{{ .Values.count }}"))
    (tmp_path / "values.yaml").write_text("count: 2\n")

    def helm(*args: str) -> tuple[int, str]:
        place = ("--namespace", customer.namespace)
        answer = customer.plane.helm(*args, *place, kubeconfig=customer.kubeconfig, check=False)
        return answer.returncode, answer.stderr

    assert helm("install", "shop", str(tmp_path)) == (0, "")
    suspend(customer)
    lift(customer)

    assert helm("upgrade", "shop", str(tmp_path), "--set", "count=4") == (0, "")
    assert customer.get("deployment", "web")["spec"]["replicas"] == 4
    assert helm("upgrade", "shop", str(tmp_path), "--set", "count=3") == (0, "")
    assert customer.get("deployment", "web")["spec"]["replicas"] == 3


def test_a_dry_run_changes_nothing_of_the_whole_zoo(customer: Customer, aup: Installation) -> None:
    """Neither that of `aup suspend` nor the API server's own: not one object's version is another one afterwards."""
    install_kinds(customer.plane)
    customer.run("create", "-f", "-", stdin=whole_zoo(), check=True)
    eventually(lambda: running(customer) == 13)
    viewer = person(aup, f"{customer.name}-viewer", "aup-abuse-desk", "view")
    before, versions = everything(customer), _versions(customer)

    told = viewer("suspend", customer.name, "--name", "dry", "--clause", "1.6", "--facts", "x", "--dry-run")
    customer.provider("create", "--dry-run=server", "-f", "-", stdin=suspension(customer.name))

    assert told.returncode == 0, told.stderr
    assert ["Deployment", f"{customer.name}/web", "/spec/replicas", "3", "0"] in map(
        str.split, told.stdout.splitlines()
    )
    assert _versions(customer) == versions
    assert once(lambda: everything(customer), before) == before
    assert running(customer) == 13


def _versions(customer: Customer) -> Json:
    """Of all that a suspension would write to: ours, the Namespace, and the workloads' generations."""
    kube = administrator(customer)
    namespace = customer.get("namespace", customer.namespace)["metadata"]
    kinds = "deployments,statefulsets,replicasets,replicationcontrollers,daemonsets,jobs,cronjobs,fleets,rollouts"
    return {
        "suspensions": [one["metadata"]["name"] for one in kube.list(SUSPENSIONS)],
        "records": [one["metadata"]["name"] for one in kube.list(RECORDS)],
        "notices": customer.get("notices")["items"],
        "namespace": namespace["resourceVersion"],
        "generations": [item["metadata"]["generation"] for item in customer.get(kinds)["items"]],
    }


def test_a_suspension_deleted_while_the_operator_is_down_is_lifted_when_it_is_back(
    customer: Customer, aup: Installation
) -> None:
    """Until then the deletion waits at our finalizer, everything stays down, and the tenant is held."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    eventually(lambda: running(customer) == 2)
    before = everything(customer)
    suspend(customer)
    aup.kill("operator")
    try:
        customer.plane.kubectl("delete", "suspension", customer.name, "--wait=false")
        held = json.loads(customer.plane.kubectl("get", "suspension", customer.name, "-o", "json").stdout)
        assert "deletionTimestamp" in held["metadata"]
        assert held["metadata"]["finalizers"] == ["aup.asergo.com/lift-first"]
        assert "is raised" in customer.run("scale", "deployment/web", "--replicas=2").stderr
        assert customer.get("deployment", "web")["spec"]["replicas"] == 0
    finally:
        aup.start_operator()

    eventually(lambda: phase(customer) == "None")
    assert customer.plane.kubectl("get", "suspension", customer.name, check=False).returncode == 1
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2
    assert {key: value for key, value in everything(customer).items() if key in before} == before
    assert customer.run("scale", "deployment/web", "--replicas=3").returncode == 0

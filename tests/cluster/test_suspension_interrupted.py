"""Whatever happens to the operator, its records or its API server's answers: the state at the end is the same."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed.installation import Installation
from tests.cluster.operators import instead_of
from tests.cluster.suspending import WAITING, everything, fingerprint, lift, phase, running, status, suspend
from tests.support import LIFT, Customer, eventually, once, pod, suspension, workload

pytestmark = pytest.mark.cluster


@pytest.fixture
def operator_after(aup: Installation) -> Iterator[Installation]:
    """The installation; the operator runs again after the test whatever the test did to it."""
    yield aup
    if not aup.running("operator"):
        aup.start_operator()


@contextmanager
def unguarded(aup: Installation) -> Iterator[None]:
    """The guard of our resources is off, as after an accident with the cluster's own administrator."""
    plane, binding = aup.plane, "validatingadmissionpolicybinding/aup-guard-resources"
    found = json.loads(plane.kubectl("get", binding, "-o", "json").stdout)
    kept = {key: found[key] for key in ("apiVersion", "kind", "spec")} | {
        "metadata": {key: found["metadata"][key] for key in ("name", "labels", "annotations")}
    }

    def guards() -> bool:
        """Whether the API server, which reads policies anew once a second, refuses what the guard does."""
        rehearsal = ("delete", "acceptableusepolicies", "--all", "--dry-run=server")
        return "[AUP guard]" in plane.kubectl(*rehearsal, check=False).stderr

    plane.kubectl("delete", binding)
    try:
        eventually(lambda: not guards())
        yield
    finally:
        plane.kubectl("create", "-f", "-", input=json.dumps(kept))
        eventually(guards)


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
    assert once(lambda: fingerprint(shop), before) == before
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


def test_without_its_record_nothing_is_recorded_anew_or_lifted(customer: Customer, aup: Installation) -> None:
    """Nothing is guessed: the tenant stays held, and the condition names the record that is missing."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer)
    record = status(customer)["records"][0]
    saved = json.loads(customer.plane.kubectl("get", "suspensionrecord", record, "-o", "json").stdout)
    with unguarded(aup):
        customer.plane.kubectl("delete", "suspensionrecord", record)

    eventually(lambda: "RecordDamaged" in str(status(customer)), 90)
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


def test_a_suspension_ordered_in_the_middle_of_a_lift_restores_all_the_same(customer: Customer) -> None:
    """What the first lift had put back is recorded anew, so that the second lift puts it back too."""
    slow = pod("slow", **WAITING)
    slow["metadata"]["finalizers"] = ["shop.example/wait"]
    customer.run("create", "-f", "-", stdin=[workload("Deployment", "web", replicas=2), slow], check=True)
    first, second = f"{customer.name}-a", f"{customer.name}-b"
    customer.provider("create", "-f", "-", stdin=suspension(customer.name, first))
    eventually(lambda: "deletionTimestamp" in customer.get("pod", "slow")["metadata"])
    customer.plane.kubectl("patch", "suspension", first, "--type=merge", "-p", LIFT)
    eventually(lambda: customer.get("deployment", "web")["spec"]["replicas"] == 2)
    assert phase(customer, first) == "Lifting"

    customer.provider("create", "-f", "-", stdin=suspension(customer.name, second))
    eventually(lambda: customer.get("deployment", "web")["spec"]["replicas"] == 0)
    free = '{"metadata": {"finalizers": null}}'
    customer.run("patch", "pod", "slow", "--type=merge", "-p", free, check=True)
    eventually(lambda: phase(customer, second) == "Enforced")
    lift(customer, second)

    assert customer.get("deployment", "web")["spec"]["replicas"] == 2
    customer.run("patch", "pod", "slow", "--type=merge", "-p", free, check=True)


def test_a_lift_ordered_while_the_tenant_is_still_taken_down_puts_everything_back(
    shop: Customer, aup: Installation, tmp_path: Path
) -> None:
    """It does not wait until all is down, which may be never, and puts back what is."""
    before = everything(shop)
    with instead_of(aup, tmp_path) as operators:
        operators.relay.refuses = lambda method, path: (
            (500, b"{}") if method == "PATCH" and "/deployments/web" in path else None
        )
        shop.provider("create", "-f", "-", stdin=suspension(shop.name))
        eventually(lambda: "Deployment" in str(status(shop).get("unenforced")))
        assert phase(shop) == "Enforcing"

        shop.plane.kubectl("patch", "suspension", shop.name, "--type=merge", "-p", LIFT)
        eventually(lambda: phase(shop) == "Lifted")

    assert once(lambda: everything(shop), before) == before


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
        conditions = customer.get("acceptableusepolicy", "later")["status"]["conditions"]
        assert [(one["reason"], "AUP9999" in one["message"]) for one in conditions] == [("NotUnderstood", True)]
    finally:
        customer.plane.kubectl("delete", "acceptableusepolicy", "later")


def test_the_operator_is_allowed_everything_it_does(shop: Customer, aup: Installation) -> None:
    """Under its own service account it meets no 403: not here, and not in what it did for the tests before."""
    suspend(shop)
    lift(shop)

    logs = "".join(file.read_text() for file in sorted(aup.log_dir.glob("operator-*.log")))
    assert logs
    assert re.findall(r'aup-operator\\" cannot[^\n]*', logs) == []  # the authorizer's words, in JSON

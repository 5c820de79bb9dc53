"""Originals are recorded once, and only what was recorded is put back."""

import json

import pytest

from testbed.installation import Installation
from tests.cluster.suspending import lift, originals, phase, records, running, status, suspend
from tests.cluster.test_suspension_interrupted import unguarded
from tests.support import LIFT, Customer, eventually, suspension, workload

pytestmark = pytest.mark.cluster


def test_two_suspensions_ordered_at_once_record_each_object_once(customer: Customer) -> None:
    """For two reasons, and one of them sent twice; only the last lift restores, and what the first record says."""
    counted = [workload(kind, "web", replicas=2) for kind in ("Deployment", "StatefulSet", "ReplicaSet")]
    customer.run("create", "-f", "-", stdin=counted, check=True)
    names = [f"{customer.name}-a", f"{customer.name}-b"]
    ordered = [suspension(customer.name, names[0]), suspension(customer.name, names[1], clauses=["3.1"])]

    customer.provider("create", "-f", "-", stdin=ordered)
    again = customer.provider("create", "-f", "-", stdin=ordered[0], check=False)

    assert "already exists" in again.stderr
    eventually(lambda: [phase(customer, one) for one in names] == ["Enforced", "Enforced"])
    assert {each: len(uids) for each, uids in originals(customer).items()} == {
        "Deployment/web": 1,
        "StatefulSet/web": 1,
        "ReplicaSet/web": 1,
    }
    before = originals(customer), customer.get("deployment", "web")["metadata"]["generation"]
    lift(customer, names[0])
    assert (originals(customer), customer.get("deployment", "web")["metadata"]["generation"]) == before
    assert running(customer) == 0
    assert customer.get("deployment", "web")["spec"]["replicas"] == 0
    lift(customer, names[1])
    assert originals(customer) == {}
    assert [customer.get(one, "web")["spec"]["replicas"] for one in ("deployment", "statefulset", "rs")] == [2, 2, 2]


def test_a_record_that_was_altered_restores_nothing(customer: Customer, aup: Installation) -> None:
    """With the guard off somebody raises a recorded count: the lift stops and names the record."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer)
    (record,) = records(customer)
    name = record["metadata"]["name"]

    def written(value: str) -> None:
        path = "/spec/entries/0/fields/0/value"
        change = json.dumps([{"op": "replace", "path": path, "value": value}])
        with unguarded(aup):
            customer.plane.kubectl("patch", "suspensionrecord", name, "--type=json", "-p", change)

    assert record["spec"]["entries"][0]["fields"][0]["value"] == "2"
    written("50")
    customer.plane.kubectl("patch", "suspension", customer.name, "--type=merge", "-p", LIFT)

    # A look at what is held may have said the same just before the lift.
    changed = f"SuspensionRecord {name} was changed after it was written"
    eventually(lambda: phase(customer) == "Lifting" and changed in str(status(customer)))
    assert customer.get("deployment", "web")["spec"]["replicas"] == 0
    written("2")
    eventually(lambda: phase(customer) == "Lifted")
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2

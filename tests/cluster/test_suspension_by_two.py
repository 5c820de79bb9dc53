"""Two operators at once, as when a node is cut off and its operator does not know yet that there is another."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed.installation import Installation
from tests.cluster.operators import Operators
from tests.cluster.suspending import (
    administrator,
    drift,
    everything,
    lift,
    originals,
    phase,
    records,
    running,
    status,
    suspend,
)
from tests.support import Customer, eventually, once, suspension, workload

pytestmark = pytest.mark.cluster

LABEL = "aup.asergo.com/suspended"
PASSES_SECONDS = 120


class Second:
    """A second operator whose calls a test can hold up at one of them, as a machine that stands still would.

    Attributes:
        stands: Set once it does.
    """

    def __init__(self, operators: Operators) -> None:
        self._operators = operators
        self._at = ("", "")
        self._goes_on = threading.Event()
        self.stands = threading.Event()
        operators.relay.refuses = self._passed

    def stand_still_at(self, method: str, path: str) -> None:
        """Hold it up when it is about to make that call."""
        self._goes_on.clear()
        self.stands.clear()
        self._at = (method, path)

    def go_on(self) -> None:
        """Let it go on, with what it had in mind, until it has looked at everything anew."""
        self._at = ("", "")
        seen = len(self._operators.relay.requests)
        self._goes_on.set()
        suspensions = "/apis/aup.asergo.com/v1alpha1/suspensions?limit"
        eventually(
            lambda: sum(one.startswith(suspensions) for one in self._operators.relay.requests[seen:]) >= 4,
            PASSES_SECONDS,
        )

    def close(self) -> None:
        """Hold nothing up any more."""
        self._at = ("", "")
        self._goes_on.set()

    def _passed(self, method: str, path: str) -> None:
        if (method, path.partition("?")[0]) == self._at and "limit=50&" not in path:  # as an audit lists
            self.stands.set()
            self._goes_on.wait()


@contextmanager
def only_the_second(aup: Installation, folder: Path) -> Iterator[Second]:
    """A second operator, and the installation's own is down until the test starts it."""
    aup.kill("operator")
    try:
        with a_second(aup, folder) as second:
            yield second
    finally:
        if not aup.running("operator"):
            aup.start_operator()


@contextmanager
def a_second(aup: Installation, folder: Path) -> Iterator[Second]:
    """A second operator, beside the installation's own."""
    with Operators(aup, folder) as operators:
        second = Second(operators)
        operators.start()
        try:
            eventually(lambda: any("suspensions?" in one for one in operators.relay.requests))
            yield second
        finally:
            second.close()


def replicas(customer: Customer) -> int:
    """What the Deployment's count is now."""
    found = administrator(customer).get(f"/apis/apps/v1/namespaces/{customer.namespace}/deployments/web")
    assert found is not None
    return int(found["spec"]["replicas"])


def test_two_operators_record_nothing_twice_and_end_alike(shop: Customer, aup: Installation, tmp_path: Path) -> None:
    """Both at work on the same suspensions and lifts, again and again: as if there were one."""
    before = everything(shop)
    with a_second(aup, tmp_path):
        for number in range(3):
            name = f"{shop.name}-{number}"
            suspend(shop, name)
            eventually(lambda name=name: running(shop) == 0 and phase(shop, name) == "Enforced")
            found = originals(shop)
            assert {uid: 1 for uids in found.values() for uid in uids} == {
                uid: uids.count(uid) for uids in found.values() for uid in uids
            }
            assert len(found) == 13
            lift(shop, name)
            eventually(lambda: running(shop) == 13)
            assert once(lambda: everything(shop), before) == before


def test_what_another_has_recorded_meanwhile_is_not_recorded_again(
    customer: Customer, aup: Installation, tmp_path: Path
) -> None:
    """It stands still just before it writes its record, which by then is there and no original any more."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    with only_the_second(aup, tmp_path) as second:
        second.stand_still_at("POST", "/apis/aup.asergo.com/v1alpha1/suspensionrecords")
        customer.provider("create", "-f", "-", stdin=suspension(customer.name))
        assert second.stands.wait(120)
        aup.start_operator()
        eventually(lambda: phase(customer) == "Enforced")

        second.go_on()

        eventually(lambda: phase(customer) == "Enforced")
        assert [len(one["spec"]["entries"]) for one in records(customer)] == [1]
        assert status(customer)["records"] == [records(customer)[0]["metadata"]["name"]]
        lift(customer)
        assert replicas(customer) == 2


def test_what_another_has_taken_down_meanwhile_is_no_original(
    customer: Customer, aup: Installation, tmp_path: Path
) -> None:
    """It stands still before it looks at what runs; another takes that down for a suspension it has not heard of."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    early, late = f"{customer.name}-b", f"{customer.name}-a"
    with only_the_second(aup, tmp_path) as second:
        second.stand_still_at("GET", f"/apis/apps/v1/namespaces/{customer.namespace}/deployments")
        customer.provider("create", "-f", "-", stdin=suspension(customer.name, early))
        assert second.stands.wait(120)
        customer.provider("create", "-f", "-", stdin=suspension(customer.name, late))
        aup.start_operator()
        eventually(lambda: phase(customer, late) == "Enforced")

        second.go_on()

        assert [len(one["spec"]["entries"]) for one in records(customer)] == [1]
        for name in (early, late):
            lift(customer, name)
        assert replicas(customer) == 2


@pytest.mark.parametrize(
    "call",
    [
        ("GET", "/apis/apps/v1/namespaces/{}/deployments"),
        ("GET", "/apis/aup.asergo.com/v1alpha1/suspensionrecords"),
        ("GET", "/api/v1/namespaces"),
    ],
    ids=["before it looks at what runs", "before it looks at what is recorded", "before it looks at namespaces"],
)
def test_one_that_does_not_know_of_the_lift_takes_nothing_down_again(
    customer: Customer, aup: Installation, tmp_path: Path, call: tuple[str, str]
) -> None:
    """It stands still during a pass over a suspension, and goes on when another has lifted it."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    eventually(lambda: running(customer) == 2)
    before = everything(customer)
    with a_second(aup, tmp_path) as second:
        suspend(customer)
        second.stand_still_at(call[0], call[1].format(customer.namespace))
        assert second.stands.wait(120)
        lift(customer)
        assert replicas(customer) == 2

        second.go_on()

        eventually(lambda: phase(customer) == "Lifted")
        assert replicas(customer) == 2
        assert drift(customer) == {}
        assert LABEL not in customer.get("namespace", customer.namespace)["metadata"]["labels"]
        assert originals(customer) == {}
        assert once(lambda: everything(customer), before) == before


def test_a_namespace_that_is_labelled_late_does_not_stay_frozen(
    customer: Customer, aup: Installation, tmp_path: Path
) -> None:
    """It stands still just before it labels the namespace, and goes on when another has suspended and lifted."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    with only_the_second(aup, tmp_path) as second:
        second.stand_still_at("PATCH", f"/api/v1/namespaces/{customer.namespace}")
        customer.provider("create", "-f", "-", stdin=suspension(customer.name))
        assert second.stands.wait(120)
        aup.start_operator()
        eventually(lambda: phase(customer) == "Enforced")
        lift(customer)

        second.go_on()

        eventually(lambda: LABEL not in customer.get("namespace", customer.namespace)["metadata"]["labels"])
        assert phase(customer) == "Lifted"
        assert replicas(customer) == 2
        assert customer.run("scale", "deployment/web", "--replicas=3").returncode == 0

"""From outside, with kubectl: our Pods run, a tenant's changes are judged, a suspension stops every container."""

from collections.abc import Callable

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import NAMESPACE
from tests.cluster.suspending import lift, suspend
from tests.e2e.conftest import pods, seconds_to_ready
from tests.e2e.workloads import shop
from tests.support import Customer, eventually, pod, workload

pytestmark = pytest.mark.e2e

WRITES = """
import os
print(os.getuid(), os.getgid())
try:
    open("/opt/aup/x", "w")
except OSError as error:
    print(error.strerror)
"""


def test_both_components_run_as_nobody_on_a_root_that_cannot_be_written(cluster: ControlPlane) -> None:
    """Two webhook Pods and one operator Pod."""
    for component, expected in (("webhook", 2), ("operator", 1)):
        found = pods(cluster, component)
        assert len(found) == expected
        for one in found:
            (status,) = one["status"]["containerStatuses"]
            assert "running" in status["state"]
            assert status["ready"]
            took = seconds_to_ready(one)
            print(f"{component}: ready {took:.0f} s after its container started")
    for component in ("webhook", "operator"):
        target = ("exec", f"deployment/aup-{component}", "--namespace", NAMESPACE, "--")
        assert cluster.kubectl(*target, "python", "-Ic", WRITES).stdout == "65532 65532\nRead-only file system\n"


def test_a_pod_finds_services_by_name(cluster: ControlPlane) -> None:
    """The cluster's DNS answers in our own Pods."""
    program = "import socket; print(socket.gethostbyname('aup-webhook.aup-system.svc.cluster.local'))"
    target = ("exec", "deployment/aup-operator", "--namespace", NAMESPACE, "--")
    address = cluster.kubectl(
        "get", "service", "aup-webhook", "-n", NAMESPACE, "-o", "jsonpath={.spec.clusterIP}"
    ).stdout
    assert cluster.kubectl(*target, "python", "-Ic", program).stdout == f"{address}\n"


def test_what_keeps_the_policy_runs(customer: Customer, running: Callable[[str], int]) -> None:
    """A Deployment's containers run."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "accepted", shop(), replicas=2), check=True)
    eventually(lambda: running("accepted") == 2, 120)


def test_what_breaks_the_policy_is_rejected_and_told_why(customer: Customer, running: Callable[[str], int]) -> None:
    """Nothing of it is stored."""
    answer = customer.run("create", "-f", "-", stdin=pod("broken", shop(), hostNetwork=True))
    assert answer.returncode != 0
    assert "AUP1301" in answer.stderr
    assert customer.run("get", "pod", "broken").returncode != 0
    miner = workload("Deployment", "miner", shop(args=["-o", "stratum+tcp://pool.example:3333"]))
    answer = customer.run("create", "-f", "-", stdin=miner)
    assert answer.returncode != 0
    assert "AUP1601" in answer.stderr
    assert running("miner") == 0


def test_a_suspension_stops_every_container_and_its_lift_starts_them_again(
    customer: Customer, running: Callable[[str], int]
) -> None:
    """From two running containers to none, held against the tenant, and back to two."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", shop(), replicas=2), check=True)
    eventually(lambda: running("web") == 2, 120)
    before = customer.get("deployment", "web")

    suspend(customer)
    eventually(lambda: running("web") == 0, 120)
    answer = customer.run("scale", "deployment/web", "--replicas=1")
    assert answer.returncode != 0
    assert "suspended" in answer.stderr

    lift(customer)
    eventually(lambda: running("web") == 2, 120)
    after = customer.get("deployment", "web")
    assert (after["spec"], after["metadata"]["uid"]) == (before["spec"], before["metadata"]["uid"])

"""A tenant's changes are judged all the time, whatever happens to our Pods."""

import time
from collections.abc import Callable

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import NAMESPACE
from testbed.node.node import Node
from tests.cluster.suspending import suspend
from tests.e2e.conftest import at_work, pods
from tests.e2e.workloads import shop
from tests.stream import Stream
from tests.support import Customer, eventually, named_customer, pod, workload

pytestmark = pytest.mark.e2e

KILLS = 12


def test_a_rolling_restart_refuses_nothing(cluster: ControlPlane, customer: Customer) -> None:
    """Both webhook Pods are replaced while changes come in."""
    before = _webhooks(cluster)
    with Stream(cluster, customer.namespace) as stream:
        cluster.kubectl("rollout", "restart", "deployment/aup-webhook", "--namespace", NAMESPACE)
        status = ("rollout", "status", "deployment/aup-webhook", "--namespace", NAMESPACE, "--timeout=300s")
        cluster.kubectl(*status, timeout=310)
        eventually(lambda: not set(before) & set(_webhooks(cluster)), 120)
    assert stream.right > 50
    assert not stream.wrong


def test_webhook_pods_that_are_killed_leave_changes_judged(cluster: ControlPlane, customer: Customer) -> None:
    """One dies every five seconds; only what was on its way to it may be refused, and never is anything let through."""
    with Stream(cluster, customer.namespace) as stream:
        for _ in range(KILLS):
            name = next(iter(_webhooks(cluster).values()))
            cluster.kubectl("delete", "pod", name, "--namespace", NAMESPACE, "--grace-period=0", "--force")
            time.sleep(5)
        at_work(cluster)
    print(f"judged {stream.right}, failed {stream.wrong}")
    assert not [answer for answer in stream.wrong if answer.startswith("201")]
    assert stream.right > 20 * sum(stream.wrong.values())


def test_the_node_comes_back_with_everything_on_it(
    node: Node, cluster: ControlPlane, customer: Customer, running: Callable[[str], int]
) -> None:
    """After a power failure what ran runs, what was suspended stays down, and changes are judged again."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "lasting", shop(), replicas=2), check=True)
    eventually(lambda: running("lasting") == 2, 120)
    other = named_customer(cluster, "globex")
    other.run("create", "-f", "-", stdin=workload("Deployment", "held", shop()), check=True)
    suspend(other)

    node.restart()

    at_work(cluster)
    eventually(lambda: running("lasting") == 2, 120)
    bad = pod("bad", shop(), hostNetwork=True)
    eventually(lambda: "AUP1301" in customer.run("create", "-f", "-", stdin=bad).stderr, 60)
    assert not other.get("pods")["items"]
    assert "suspended" in other.run("scale", "deployment/held", "--replicas=1").stderr


def _webhooks(cluster: ControlPlane) -> dict[str, str]:
    """The names of the webhook's Pods by their UIDs."""
    return {item["metadata"]["uid"]: item["metadata"]["name"] for item in pods(cluster, "webhook")}

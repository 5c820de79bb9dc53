"""A cluster whose webhook is dead is usable again after one command, and judged again after another."""

import time

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import CHART, NAMESPACE
from tests.e2e.conftest import release, values_of
from tests.e2e.workloads import shop
from tests.support import Customer, eventually, pod, suspension

pytestmark = pytest.mark.e2e

REHEARSAL = ("create", "--dry-run=server", "-f", "-")


def test_the_off_switch_gives_a_cluster_back_whose_webhook_is_dead(cluster: ControlPlane, customer: Customer) -> None:
    """Changes pass within seconds, the freeze holds on, and `helm upgrade` brings judging back."""
    good, bad = pod("good", shop()), pod("bad", shop(), hostNetwork=True)
    webhook = ("scale", "deployment/aup-webhook", "--namespace", NAMESPACE)
    cluster.kubectl(*webhook, "--replicas=0")
    eventually(lambda: "failed calling webhook" in customer.run(*REHEARSAL, stdin=good).stderr)

    began = time.monotonic()
    cluster.kubectl("delete", "validatingwebhookconfiguration", "aup-enforce")
    eventually(lambda: customer.run(*REHEARSAL, stdin=good).returncode == 0, 10)
    print(f"usable {time.monotonic() - began:.1f} s after the off-switch")

    customer.run(*REHEARSAL, stdin=bad, check=True)
    customer.provider("create", "-f", "-", stdin=suspension(customer.name, "without-webhook"))
    eventually(lambda: "suspended" in customer.run(*REHEARSAL, stdin=good).stderr)
    customer.provider("delete", "suspension", "without-webhook")

    cluster.kubectl(*webhook, "--replicas=2")
    release(cluster, "upgrade", CHART, values_of(cluster))
    eventually(lambda: "AUP1301" in customer.run(*REHEARSAL, stdin=bad).stderr)
    customer.run(*REHEARSAL, stdin=good, check=True)

"""The certificate that the operator makes is renewed while tenants change things, kubelet bringing it into the Pods."""

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import CHART, NAMESPACE, RELEASE, SECRET
from tests.e2e.conftest import pods, release, values_of
from tests.e2e.workloads import shop
from tests.stream import Stream
from tests.support import Customer, eventually, pod

pytestmark = pytest.mark.e2e

EXPIRY = """
import urllib.request
lines = urllib.request.urlopen("http://127.0.0.1:8080/metrics").read().decode().splitlines()
print(*(line.split()[1] for line in lines if line.startswith("aup_webhook_certificate_expiry_timestamp_seconds ")))
"""


@pytest.fixture
def self_signed(cluster: ControlPlane, customer: Customer) -> ControlPlane:
    """The chart installed anew, without a word about certificates and without one that was there before."""
    given = values_of(cluster)
    given["webhook"]["tls"] = {}
    cluster.helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--wait")
    cluster.kubectl("delete", "secret", SECRET, "--namespace", NAMESPACE, "--ignore-not-found")
    release(cluster, "install", CHART, given)
    bad = pod("bad", shop(), hostNetwork=True)
    eventually(lambda: "AUP1301" in customer.run("create", "--dry-run=server", "-f", "-", stdin=bad).stderr, 120)
    return cluster


def test_a_renewed_certificate_refuses_nothing(self_signed: ControlPlane, customer: Customer) -> None:
    """The old one and the new one are trusted until every Pod serves the new one."""
    before = _expiries(self_signed)
    assert len(before) == 2
    with Stream(self_signed, customer.namespace) as stream:
        self_signed.kubectl("delete", "secret", SECRET, "--namespace", NAMESPACE)
        eventually(lambda: not before & _expiries(self_signed), 300)
    print(f"judged {stream.right} meanwhile")
    assert stream.right > 50
    assert not stream.wrong


def _expiries(cluster: ControlPlane) -> set[tuple[str, str]]:
    """For each webhook Pod when the certificate expires that it serves."""
    names = [one["metadata"]["name"] for one in pods(cluster, "webhook")]
    read = ("exec", "--namespace", NAMESPACE)
    return {(name, cluster.kubectl(*read, name, "--", "python", "-Ic", EXPIRY).stdout.strip()) for name in names}

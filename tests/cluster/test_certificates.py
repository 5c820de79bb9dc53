"""The certificate that the operator makes and renews, on a real API server: nobody who is judged notices.

Certificates last a minute here, in place of ninety days. There is no kubelet: tests copy the Secret into the webhook's
files, so many seconds late as they say.
"""

import base64
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from cryptography.x509 import Certificate

from aup_operator import certificates
from testbed.certificates import Authority
from testbed.controlplane import ControlPlane
from testbed.installation import CHART, NAMESPACE, RELEASE, SECRET, Installation
from testbed.kubeconfig import encoded
from tests.background import Background
from tests.own_plane import plane
from tests.stream import Stream
from tests.support import Customer, eventually, named_customer, pod

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("certificates")]

__all__ = ["plane"]

LIFETIME, OVERLAP, DELAY = 60, 25, 3
"""Seconds; a certificate is renewed after forty of its sixty, and the last twenty are for a busy machine."""

SETTLE = {"AUP_CERTIFICATE_SETTLE": "1"}
SETTLE_LONG = {"AUP_CERTIFICATE_SETTLE": "8"}
"""In which a test can kill the operator, in the middle of a renewal."""

HOST = f"aup-webhook.{NAMESPACE}.svc"
CONFIGURATION = ("validatingwebhookconfiguration", "aup-enforce")


@pytest.fixture(scope="module")
def aup(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """aup with its own certificates, each good for a minute."""
    short = {
        "AUP_CERTIFICATE_LIFETIME": str(LIFETIME),
        "AUP_CERTIFICATE_OVERLAP": str(OVERLAP),
    }
    folder = tmp_path_factory.mktemp("aup")
    with Installation(plane, folder, tls="selfSigned", mount_delay=DELAY, **short, **SETTLE).install() as started:
        yield started


@pytest.fixture(scope="module")
def customer(aup: Installation) -> Customer:
    """A tenant."""
    return named_customer(aup.plane, "acme")


@pytest.fixture(autouse=True)
def fresh(aup: Installation) -> None:
    """No test begins with a certificate that expires while an operator starts, or that has expired without one."""
    eventually(lambda: _expiry(aup) - time.time() > 0.75 * LIFETIME)


def configuration(plane: ControlPlane) -> Any:
    """The webhook's configuration."""
    return json.loads(plane.kubectl("get", *CONFIGURATION, "--show-managed-fields", "--output", "json").stdout)


def bundles(plane: ControlPlane) -> list[list[Certificate]]:
    """What each of its entries has the API server trust."""
    clients = [one["clientConfig"] for one in configuration(plane)["webhooks"]]
    return [certificates.read(base64.b64decode(client.get("caBundle", ""))) for client in clients]


def stored(plane: ControlPlane) -> Certificate | None:
    """The certificate in the Secret."""
    answer = plane.kubectl("get", "secret", SECRET, "--namespace", NAMESPACE, "--output", "json", check=False)
    if answer.returncode:
        return None
    (certificate,) = certificates.read(base64.b64decode(json.loads(answer.stdout)["data"]["tls.crt"]))
    return certificate


class Callers(Background):
    """Calls the webhook over and over as a new API server would: it trusts the bundle as it stands, and nothing else.

    Attributes:
        served: The serial numbers of the certificates that were met, in order.
        refused: What was not trusted, and when.
        expiries: When the webhook said that its certificate expires, in order; Unix seconds.
    """

    def __init__(self, aup: Installation) -> None:
        super().__init__()
        self._aup = aup
        self.served: list[str] = []
        self.refused: list[str] = []
        self.expiries: list[float] = []

    def _run(self) -> None:
        while not self._ended.wait(0.5):
            for bundle in bundles(self._aup.plane):
                self._call(certificates.written(bundle).decode())
            expiry = _expiry(self._aup)
            if expiry not in self.expiries[-1:]:
                self.expiries.append(expiry)

    def _call(self, bundle: str) -> None:
        context = ssl.create_default_context(cadata=bundle)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as Go has it: a certificate among the roots will do
        try:
            with (
                socket.create_connection(("127.0.0.1", self._aup.port), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname=HOST) as secure,
            ):
                serial = str((secure.getpeercert() or {})["serialNumber"])
        except OSError as error:
            self.refused.append(f"{time.strftime('%X')}: {error}")
            return
        if serial not in self.served[-1:]:
            self.served.append(serial)


def test_no_request_is_refused_while_certificates_of_a_minute_are_renewed(
    aup: Installation, customer: Customer
) -> None:
    """For more than three lifetimes, with the operator killed in the middle of a renewal and started again."""
    plane = aup.plane
    aup.kill("operator")
    aup.start_operator(**SETTLE_LONG)
    began = time.monotonic()
    with Stream(plane, customer.namespace) as stream, Callers(aup) as callers:
        before = stored(plane)
        eventually(lambda: bundles(plane)[0][-1] != before, LIFETIME)  # a renewal has begun
        aup.kill("operator")
        cut_off = stored(plane) == before
        aup.start_operator()
        time.sleep(max(0.0, began + 3.2 * LIFETIME - time.monotonic()))
        most = max(len(bundle) for bundle in bundles(plane))

    assert stream.wrong == {}
    assert callers.refused == []
    assert cut_off
    assert stream.right > 1000
    assert len(callers.served) >= 5
    assert len({*callers.served}) == len(callers.served)
    assert most <= 3
    own = callers.expiries[1:]  # the first one may be another test's
    assert len(own) >= 4
    assert all(0 < later - earlier < LIFETIME for earlier, later in pairwise(own))


def test_old_certificates_are_trusted_no_longer_than_needed(aup: Installation) -> None:
    """After the overlap the one in the Secret is trusted alone."""
    eventually(lambda: bundles(aup.plane) == [[stored(aup.plane)]] * 2, LIFETIME)


def test_an_emptied_bundle_is_whole_again_within_seconds(aup: Installation, customer: Customer) -> None:
    """Whoever empties it has every change of a tenant refused until then."""
    remove = [{"op": "remove", "path": f"/webhooks/{entry}/clientConfig/caBundle"} for entry in range(2)]
    aup.plane.kubectl("patch", *CONFIGURATION, "--type=json", "--patch", json.dumps(remove))

    eventually(lambda: all(stored(aup.plane) in bundle for bundle in bundles(aup.plane)))
    eventually(lambda: _judged(customer))


def test_a_deleted_secret_is_there_again_within_seconds(aup: Installation, customer: Customer) -> None:
    """That is the emergency renewal; what the webhook serves until it has the new one stays trusted."""
    before = stored(aup.plane)
    with Callers(aup) as callers:
        aup.plane.kubectl("delete", "secret", SECRET, "--namespace", NAMESPACE)
        eventually(lambda: stored(aup.plane) not in {None, before}, 30)
        time.sleep(DELAY + 2)

    assert callers.refused == []
    assert _judged(customer)


def test_a_certificate_from_another_mode_is_trusted_until_it_is_due(aup: Installation, customer: Customer) -> None:
    """By itself, whoever has signed it: so a change of the mode refuses nothing for long."""
    brought = Authority().server("aup-webhook", [HOST])
    (own,) = certificates.read(brought.certificate)
    data = {"tls.crt": encoded(brought.certificate), "tls.key": encoded(brought.key)}
    aup.plane.kubectl("patch", "secret", SECRET, "--namespace", NAMESPACE, "--patch", json.dumps({"data": data}))
    eventually(lambda: _expiry(aup) == own.not_valid_after_utc.timestamp(), 30)

    eventually(lambda: all(own in bundle for bundle in bundles(aup.plane)))
    assert _judged(customer)
    eventually(_changed(aup.plane, own), LIFETIME)


def test_two_operators_at_once_do_no_harm(aup: Installation, customer: Customer) -> None:
    """Both renew; what is served is trusted all the time."""
    folder = aup.log_dir / "other"
    folder.mkdir()
    other = Installation(aup.plane, folder, tls="selfSigned", **aup.operator_settings)
    with other, Stream(aup.plane, customer.namespace) as stream, Callers(aup) as callers:
        other.start_operator()
        for _ in range(2):
            before = stored(aup.plane)
            aup.plane.kubectl("delete", "secret", SECRET, "--namespace", NAMESPACE)
            eventually(_changed(aup.plane, before), 30)
        time.sleep(DELAY + 2)

    assert callers.refused == []
    assert stream.wrong == {}


def _changed(plane: ControlPlane, before: Certificate | None) -> Callable[[], bool]:
    return lambda: stored(plane) not in {None, before}


def test_an_upgrade_neither_resets_what_is_trusted_nor_shows_a_difference(aup: Installation) -> None:
    """The chart does not set it, so it is the operator's field."""
    aup.kill("operator")  # nobody puts it back
    try:
        before = bundles(aup.plane)
        aup.plane.helm("upgrade", RELEASE, str(CHART), "--namespace", NAMESPACE, *aup.helm_values())
        manifest = aup.plane.helm("get", "manifest", RELEASE, "--namespace", NAMESPACE).stdout
        different = aup.plane.kubectl(
            "diff", "--server-side", "--force-conflicts", "-f", "-", input=manifest, check=False
        )
        after = bundles(aup.plane)
    finally:
        aup.start_operator()

    assert all(before)
    assert after == before
    assert "caBundle" not in different.stdout
    fields = configuration(aup.plane)["metadata"]["managedFields"]
    assert [one["manager"] for one in fields if "caBundle" in json.dumps(one)] == ["aup-operator"]


def test_the_secret_goes_with_the_release(aup: Installation) -> None:
    """It belongs to the webhook's Deployment, so that an uninstall leaves no key behind."""
    secret = json.loads(aup.plane.kubectl("get", "secret", SECRET, "--namespace", NAMESPACE, "--output", "json").stdout)
    owner = ("get", "deployment", "aup-webhook", "--namespace", NAMESPACE, "--output=jsonpath={.metadata.uid}")

    assert [one["uid"] for one in secret["metadata"]["ownerReferences"]] == [aup.plane.kubectl(*owner).stdout]


def _expiry(aup: Installation) -> float:
    name = "aup_webhook_certificate_expiry_timestamp_seconds "
    (line,) = [line for line in aup.metrics().splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


def _judged(customer: Customer) -> bool:
    answer = customer.run("create", "--dry-run=server", "-f", "-", stdin=pod("bad", hostNetwork=True))
    return "AUP1301" in answer.stderr

"""`webhook.tls.mode=certManager` with cert-manager itself: it issues the certificate and has the API server trust it.

On a control plane of its own, with our processes beside it: cert-manager is built from its Go module, which takes too
long for `make test`.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from aup_operator import certificates
from testbed.certmanager import certmanager
from testbed.controlplane import ControlPlane
from testbed.installation import CHART, NAMESPACE, RELEASE, SECRET, Installation
from tests.own_plane import plane
from tests.stream import Stream
from tests.support import Customer, eventually, named_customer, pod

pytestmark = [pytest.mark.e2e, pytest.mark.cluster]

__all__ = ["plane"]

CONFIGURATION = ("validatingwebhookconfiguration", "aup-enforce")


@pytest.fixture(scope="module")
def aup(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """aup with certificates of cert-manager's."""
    folder = tmp_path_factory.mktemp("aup")
    with certmanager(plane, folder), Installation(plane, folder, tls="certManager").install() as started:
        yield started


@pytest.fixture(scope="module")
def customer(aup: Installation) -> Customer:
    """A tenant, whose changes are judged: the API server trusts the webhook."""
    return named_customer(aup.plane, "acme")


def get(plane: ControlPlane, *what: str) -> Any:
    """An object."""
    return json.loads(plane.kubectl("get", *what, "--output", "json").stdout)


def secret(plane: ControlPlane) -> dict[str, bytes]:
    """What is in the webhook's Secret."""
    data = get(plane, "secret", SECRET, "--namespace", NAMESPACE)["data"]
    return {name: base64.b64decode(value) for name, value in data.items()}


def trusted(plane: ControlPlane) -> list[bytes]:
    """What each entry of the configuration has the API server trust."""
    clients = [one["clientConfig"] for one in get(plane, *CONFIGURATION)["webhooks"]]
    return [base64.b64decode(client.get("caBundle", "")) for client in clients]


def test_the_certificate_is_issued_and_its_authority_trusted(aup: Installation, customer: Customer) -> None:
    """For the name that the API server calls, for ninety days, by an authority of this release."""
    stored = secret(aup.plane)
    (own, *_) = certificates.read(stored["tls.crt"])
    conditions = get(aup.plane, "certificate", "aup-webhook", "--namespace", NAMESPACE)["status"]["conditions"]

    assert ("Ready", "True") in {(each["type"], each["status"]) for each in conditions}
    assert certificates.usable(stored["tls.crt"], stored["tls.key"], f"aup-webhook.{NAMESPACE}.svc") == own
    assert (own.not_valid_after_utc - own.not_valid_before_utc).days == 90
    assert own.issuer.rfc4514_string() == "CN=aup webhook authority"
    assert trusted(aup.plane) == [stored["ca.crt"]] * 2
    assert customer.run("create", "--dry-run=server", "-f", "-", stdin=pod("bad", hostNetwork=True)).returncode != 0


def test_an_upgrade_leaves_what_cert_manager_has_set(aup: Installation) -> None:
    """The chart names the Certificate, and does not set the authority."""
    before = trusted(aup.plane)
    aup.plane.helm("upgrade", RELEASE, str(CHART), "--namespace", NAMESPACE, *aup.helm_values())

    assert all(before)
    assert trusted(aup.plane) == before


def test_a_renewal_refuses_nothing(aup: Installation, customer: Customer) -> None:
    """Its authority stays, so that old and new certificate are trusted; here because the Secret was deleted."""
    before = secret(aup.plane)["tls.crt"]
    served = aup.metrics()
    with Stream(aup.plane, customer.namespace) as stream:
        aup.plane.kubectl("delete", "secret", SECRET, "--namespace", NAMESPACE)
        eventually(lambda: _renewed(aup.plane, before))
        eventually(lambda: _loads(aup.metrics()) > _loads(served))
        eventually(lambda: stream.right + stream.wrong.total() > 20)

    assert stream.wrong == {}


def _renewed(plane: ControlPlane, before: bytes) -> bool:
    found = plane.kubectl("get", "secret", SECRET, "--namespace", NAMESPACE, "--output", "json", check=False)
    return found.returncode == 0 and base64.b64decode(json.loads(found.stdout)["data"]["tls.crt"]) != before


def _loads(metrics: str) -> float:
    name = 'aup_certificate_reloads_total{result="loaded"} '
    (line,) = [line for line in metrics.splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))

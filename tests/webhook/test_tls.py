"""The dates of the certificate that is served, whoever made it, read without a library for certificates."""

import asyncio
import math
import ssl
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from prometheus_client import REGISTRY

from aup_operator import certificates
from aup_webhook import tls
from testbed.certificates import Authority, Pair
from tests.support import eventually

HOST = "aup-webhook.aup-system.svc"
DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)
EXPIRY, NOT_BEFORE = (f"aup_webhook_certificate_{each}_timestamp_seconds" for each in ("expiry", "not_before"))


def signed_by_itself(made: datetime, lifetime: timedelta) -> Pair:
    """As the operator makes them."""
    pair = certificates.make(HOST, made, lifetime)
    return Pair(certificates.written([pair.certificate]), pair.key)


def of_rsa(usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH) -> Pair:
    """As many companies make them: an RSA key, and the chain up to a root."""
    root, key = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("root", "webhook")]
    own = (
        x509.CertificateBuilder(names[0], names[0], root.public_key(), 1, NOW - DAY, NOW + 9 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root, hashes.SHA256())
    )
    leaf = (
        x509.CertificateBuilder(names[0], names[1], key.public_key(), 2, NOW - DAY, NOW + 2 * DAY)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .sign(root, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return Pair(leaf.public_bytes(Encoding.PEM) + own.public_bytes(Encoding.PEM), pem)


def context(pair: Pair, folder: Path) -> ssl.SSLContext:
    """A server's, as the webhook has it."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*pair.write(folder, "tls"))
    return made


def dated(*dates: datetime) -> tuple[float, ...]:
    """Unix seconds."""
    return tuple(each.timestamp() for each in dates)


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (signed_by_itself(NOW, 90 * DAY), dated(NOW - DAY / 24, NOW + 90 * DAY)),
        (signed_by_itself(NOW - 9 * DAY, DAY), dated(NOW - 9 * DAY - DAY / 24, NOW - 8 * DAY)),
        (signed_by_itself(NOW + 9 * DAY, DAY), dated(NOW + 9 * DAY - DAY / 24, NOW + 10 * DAY)),
        (of_rsa(), dated(NOW - DAY, NOW + 2 * DAY)),
    ],
    ids=["signed by itself", "expired", "not good yet", "of an authority"],
)
def test_the_dates_are_those_of_the_certificate_that_is_served(
    pair: Pair, expected: tuple[float, ...], tmp_path: Path
) -> None:
    """An expired one has dates too: that is when somebody wants to know."""
    assert tls.dates(context(pair, tmp_path), pair.certificate) == expected


def test_a_certificate_for_another_use_has_no_dates(tmp_path: Path) -> None:
    """No client would take it, the API server neither."""
    pair = of_rsa(ExtendedKeyUsageOID.CLIENT_AUTH)

    with pytest.raises(ssl.SSLError):
        tls.dates(context(pair, tmp_path), pair.certificate)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read ten times as often."""
    monkeypatch.setattr(tls, "_POLL_SECONDS", 0.1)


def shown() -> tuple[float | None, float | None]:
    """What a scrape reads."""
    return REGISTRY.get_sample_value(NOT_BEFORE), REGISTRY.get_sample_value(EXPIRY)


def test_before_a_certificate_is_read_the_metrics_have_no_date() -> None:
    """0 would be a date long ago, at which an alert calls it expired."""
    code = "import prometheus_client, aup_webhook.metrics; print(prometheus_client.generate_latest().decode())"
    scraped = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert f"{NOT_BEFORE} NaN" in scraped.splitlines()
    assert f"{EXPIRY} NaN" in scraped.splitlines()


def differs(before: str) -> bool:
    """Whether a scrape reads something else by now."""
    return str(shown()) != before


@pytest.mark.usefixtures("quick")
def test_the_metrics_follow_the_certificate(tmp_path: Path) -> None:
    """From the start, and when the files change; a certificate that no client takes leaves none, which is no date."""
    first, second = Authority().server("a", [HOST]), signed_by_itself(NOW, DAY)
    serving = context(first, tmp_path)

    async def scenario() -> list[tuple[float | None, float | None]]:
        found = []
        task = asyncio.create_task(tls.keep_fresh(serving, tmp_path / "tls.crt", tmp_path / "tls.key"))
        for pair in (None, second, of_rsa(ExtendedKeyUsageOID.CLIENT_AUTH)):
            before = str(shown())
            if pair is not None:
                pair.write(tmp_path, "tls")
            await asyncio.to_thread(eventually, partial(differs, before))
            found.append(shown())
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return found

    begun, renewed, unusable = asyncio.run(scenario())

    (certificate,) = certificates.read(first.certificate)
    assert begun == dated(certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    assert renewed == dated(NOW - DAY / 24, NOW + DAY)
    assert all(value is not None and math.isnan(value) for value in unusable)

"""Which certificates the API server has to trust, and when the one that is served is due, follows from their dates."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aup_operator.certificates import MOST, due, make, read, trusted, usable, written
from testbed.certificates import Authority

HOST = "aup-webhook.aup-system.svc"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LIFETIME = 90 * DAY
OVERLAP = timedelta(hours=1)


def made(at: datetime, lifetime: timedelta = LIFETIME) -> x509.Certificate:
    """A certificate that was made then."""
    return make(HOST, at, lifetime).certificate


def test_a_certificate_serves_one_name_and_can_sign_no_other() -> None:
    """Whoever gets hold of its key cannot make one that is trusted for longer."""
    pair = make(HOST, NOW, LIFETIME)
    extensions = {each.oid._name: each.value for each in pair.certificate.extensions}

    assert extensions["subjectAltName"].get_values_for_type(x509.DNSName) == [HOST]
    assert extensions["basicConstraints"].ca is False
    assert [each._name for each in extensions["extendedKeyUsage"]] == ["serverAuth"]
    assert (pair.certificate.not_valid_before_utc, pair.certificate.not_valid_after_utc) == (
        NOW - timedelta(hours=1),
        NOW + LIFETIME,
    )


def test_who_trusts_the_certificate_takes_the_webhook_that_serves_it(tmp_path: Path) -> None:
    """And no other webhook, though its certificate says the same."""
    first, second = (make(HOST, datetime.now(UTC), LIFETIME) for _ in range(2))
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_bytes(written([first.certificate]))
    key.write_bytes(first.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)

    _shake_hands(server, written([second.certificate, first.certificate]))
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake_hands(server, written([second.certificate]))


def _shake_hands(server: ssl.SSLContext, bundle: bytes) -> None:
    client = ssl.create_default_context(cadata=bundle.decode())
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(back, there, server_hostname=HOST), server.wrap_bio(there, back, server_side=True)
    for end in (ends[0], ends[1], ends[0]):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue


def test_a_certificate_is_due_after_two_thirds_of_its_time() -> None:
    """Of ninety days, after sixty."""
    certificate = made(NOW)

    assert not due(certificate, NOW + 60 * DAY - timedelta(seconds=1), LIFETIME)
    assert due(certificate, NOW + 60 * DAY, LIFETIME)


def test_a_certificate_is_due_sooner_where_less_is_asked_for_now() -> None:
    """Somebody has set shorter lifetimes, and a certificate of ten years must not stay until it is seven."""
    assert due(made(NOW, 3650 * DAY), NOW + 60 * DAY, LIFETIME)
    assert not due(made(NOW, 3650 * DAY), NOW + 59 * DAY, LIFETIME)


def test_a_certificate_of_the_future_is_due() -> None:
    """It was made by a clock that was wrong, and nobody takes it yet."""
    assert due(made(NOW + DAY), NOW, LIFETIME)
    assert not due(made(NOW + timedelta(minutes=59)), NOW, LIFETIME)


def test_a_replaced_certificate_is_trusted_for_the_overlap() -> None:
    """Counted from when the one was made that has replaced it."""
    old, new = made(NOW - 60 * DAY), made(NOW)

    assert trusted([old, new], new, NOW + OVERLAP - timedelta(seconds=1), OVERLAP) == [old, new]
    assert trusted([old, new], new, NOW + OVERLAP, OVERLAP) == [new]


def test_a_certificate_that_is_about_to_be_stored_is_trusted_for_the_overlap() -> None:
    """Another operator is in the middle of a renewal; if it was killed there, what it began goes."""
    served, begun = made(NOW - 60 * DAY), made(NOW)

    assert trusted([served, begun], served, NOW + timedelta(minutes=1), OVERLAP) == [served, begun]
    assert trusted([served, begun], served, NOW + OVERLAP, OVERLAP) == [served]


def test_while_the_secret_is_gone_all_stay_trusted_that_have_not_expired() -> None:
    """Which of them is served is not known."""
    expired, old, new = made(NOW - 91 * DAY), made(NOW - 60 * DAY), made(NOW)

    assert trusted([expired, new, old], None, NOW + DAY, OVERLAP) == [old, new]


def test_what_is_served_is_always_trusted() -> None:
    """Whether it was or not: somebody may have emptied the bundle."""
    served = made(NOW)

    assert trusted([], served, NOW + DAY, OVERLAP) == [served]
    assert trusted([served], served, NOW + DAY, OVERLAP) == [served]


@pytest.mark.parametrize("gone", [False, True])
def test_the_bundle_is_bounded_and_keeps_the_newest_beside_what_is_served(gone: bool) -> None:
    """An operator that is killed in the middle of every renewal does not fill it."""
    served = made(NOW)
    begun = [made(NOW + timedelta(seconds=count)) for count in range(1, 40)]

    kept = trusted([served, *begun], None if gone else served, NOW + timedelta(minutes=1), OVERLAP)

    assert kept == ([] if gone else [served]) + begun[1 - MOST :]


def test_a_bundle_is_read_as_it_was_written() -> None:
    """In its order."""
    pair = [made(NOW), made(NOW)]

    assert read(written(pair)) == pair


@pytest.mark.parametrize(
    "bundle", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"]
)
def test_a_bundle_that_cannot_be_read_trusts_nobody(bundle: bytes) -> None:
    """Whoever wrote it, the next pass writes a right one."""
    assert read(bundle) == []


def test_a_pair_that_somebody_else_has_made_is_usable_for_its_names_alone() -> None:
    """A chain with an authority's signature too: the certificate itself is what counts."""
    authority = Authority()
    pair = authority.server("webhook", [HOST, "localhost"])
    chain = pair.certificate + authority.pair.certificate

    assert usable(chain, pair.key, HOST) == read(pair.certificate)[0]
    assert usable(chain, pair.key, "aup-webhook.elsewhere.svc") is None


@pytest.mark.parametrize("missing", ["chain", "key", "fit", "names"])
def test_a_pair_is_not_usable_that_cannot_serve(missing: str) -> None:
    """A half, two halves of different pairs, or a certificate for nobody."""
    pair, other = make(HOST, NOW, LIFETIME), make(HOST, NOW, LIFETIME)
    chain, key = written([pair.certificate]), pair.key
    match missing:
        case "chain":
            chain = b""
        case "key":
            key = b"nonsense"
        case "fit":
            key = other.key
        case _:
            chain, key = _nameless()

    assert usable(chain, key, HOST) is None


def _nameless() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + DAY).sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return written([certificate]), pem

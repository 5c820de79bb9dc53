"""The webhook's certificates where the operator makes them: when one is due, and which ones the API server is to trust.

Each signs itself, and the API server trusts that very certificate: Go's `Certificate.Verify` takes one that is among
its roots. So there is no authority whose key could sign others, and with the keys of those that we make nobody can.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_BACKDATED = timedelta(hours=1)
"""An API server whose clock is behind by so much takes a new certificate all the same."""

_USED_UP = 2 / 3
"""Of its time, when a certificate is renewed; cert-manager's default too."""

MOST = 16
"""Certificates that are trusted at once; usually there are one or two."""


class Pair(msgspec.Struct, frozen=True):
    """A certificate, and its key in PEM."""

    certificate: x509.Certificate
    key: bytes


def make(host: str, now: datetime, lifetime: timedelta) -> Pair:
    """A new certificate for a host name, good from now on for so long."""
    key = ec.generate_private_key(ec.SECP256R1())
    of_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    of_issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(of_key)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "aup-webhook")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        # By these OpenSSL tells it from others of its name in a bundle; Go compares whole certificates.
        .add_extension(of_key, critical=False)
        .add_extension(of_issuer, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def read(pem: bytes) -> list[x509.Certificate]:
    """The certificates in a bundle; none where it is empty or cannot be read."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        return []


def written(certificates: Iterable[x509.Certificate]) -> bytes:
    """A bundle of certificates in PEM."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def usable(chain: bytes, key: bytes, host: str) -> x509.Certificate | None:
    """The certificate with which a webhook can serve a host name by this chain and key; None if it cannot."""
    certificates = read(chain)
    if not certificates:
        return None
    try:
        names = certificates[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        fits = load_pem_private_key(key, None).public_key() == certificates[0].public_key()
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return None
    return certificates[0] if fits and host in names.get_values_for_type(x509.DNSName) else None


def due(certificate: x509.Certificate, now: datetime, lifetime: timedelta) -> bool:
    """Whether a certificate has to be renewed: two thirds of its time are over, or of the lifetime now asked for."""
    made = _made(certificate)
    whole = min(certificate.not_valid_after_utc - made, lifetime)
    return now >= made + _USED_UP * whole or now < certificate.not_valid_before_utc


def trusted(
    known: Iterable[x509.Certificate], served: x509.Certificate | None, now: datetime, overlap: timedelta
) -> list[x509.Certificate]:
    """What the API server has to trust: the certificate in the Secret, and others that somebody may still serve.

    A webhook gets the Secret's files a while after the Secret has changed, and another operator may be about to store
    a certificate that is trusted already. So each stays for the overlap, from when it and the one in the Secret were
    made; while there is none in the Secret, until it expires.

    Args:
        known: Those that are trusted now.
        served: The one in the Secret.
        now: The time.
        overlap: How long a certificate may be served that is not in the Secret.

    Returns:
        The oldest first, at most `MOST`.
    """
    others = (
        one
        for one in {*known} - {served}
        if one.not_valid_after_utc > now and (served is None or now < max(_made(one), _made(served)) + overlap)
    )
    newest = sorted(others, key=_age)[1 - MOST :]
    return sorted([*newest, *([served] if served else [])], key=_age)


def _made(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_before_utc + _BACKDATED


def _age(certificate: x509.Certificate) -> tuple[datetime, int]:
    return _made(certificate), certificate.serial_number

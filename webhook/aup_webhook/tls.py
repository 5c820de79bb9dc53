"""The serving certificate, read again when its files change, without a restart."""

import asyncio
import contextlib
import logging
import ssl
from pathlib import Path

from aup_webhook import metrics

log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
"""The kubelet swaps a Secret's files by renaming a link, which file events miss; reading two small files does not."""

_ANY_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""


def content(certificate: Path, key: Path) -> tuple[bytes, bytes]:
    """The bytes of both files.

    Raises:
        OSError: One cannot be read.
    """
    return certificate.read_bytes(), key.read_bytes()


async def keep_fresh(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Load the files into the live context whenever their bytes change; new connections get the new certificate.

    While the files do not fit each other (a rotation half done) or cannot be read, the old certificate stays.
    """
    loaded = content(certificate, key)
    _show_dates(context, loaded[0])
    refused: tuple[bytes, bytes] | None = None
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        try:
            current = content(certificate, key)
            if current in (loaded, refused):
                continue
            refused = current
            # OpenSSL takes the certificate before it looks at the key: a pair that does not fit, loaded into the live
            # context, would leave it with no key at all and end every handshake. So it is tried elsewhere first.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
            refused = None
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            metrics.CERTIFICATE_RELOADS.labels("failed").inc()
            log.warning("certificate not reloaded; the old one stays", extra={"problem": str(error)})
            continue
        loaded = current
        metrics.CERTIFICATE_RELOADS.labels("loaded").inc()
        log.info("certificate reloaded")
        _show_dates(context, loaded[0])


def _show_dates(context: ssl.SSLContext, chain: bytes) -> None:
    try:
        begins, expires = dates(context, chain)
    except (ssl.SSLError, ValueError) as error:
        log.warning("the serving certificate's dates are not known", extra={"problem": str(error)})
        begins = expires = float("nan")
    metrics.CERTIFICATE_NOT_BEFORE.set(begins)
    metrics.CERTIFICATE_EXPIRY.set(expires)


def dates(context: ssl.SSLContext, chain: bytes) -> tuple[float, float]:
    """When the certificate begins and ends to be good that a context serves: Unix seconds.

    Python tells dates of a certificate that it has verified. So a handshake is done in memory, by a client that trusts
    the certificate itself at any time.

    Args:
        context: A server's.
        chain: The certificate that it serves, in PEM, perhaps with others behind it.

    Raises:
        ssl.SSLError: No client would take the certificate, such as because it is for another use.
        ValueError: The chain is no PEM, or not what the context serves.
    """
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _ANY_TIME
    trusting.load_verify_locations(cadata=chain.decode())
    asked, answered = ssl.MemoryBIO(), ssl.MemoryBIO()
    client, server = trusting.wrap_bio(answered, asked), context.wrap_bio(asked, answered, server_side=True)
    for end in (client, server, client):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    served = client.getpeercert()
    if not served:
        raise ValueError("the handshake did not end")
    return ssl.cert_time_to_seconds(str(served["notBefore"])), ssl.cert_time_to_seconds(str(served["notAfter"]))

"""The serving certificate, read again when its files change, without a restart."""

import asyncio
import logging
import ssl
from pathlib import Path

from aup_webhook import metrics

log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
"""The kubelet swaps a Secret's files by renaming a link, which file events miss; reading two small files does not."""


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

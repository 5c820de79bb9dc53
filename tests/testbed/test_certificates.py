"""The certificates of the test bed are what strict clients ask for."""

import ssl
from pathlib import Path

from testbed.certificates import Authority


def test_a_certificate_is_taken_by_a_client_that_checks_all_of_rfc_5280(tmp_path: Path) -> None:
    """As Python does by default from 3.13 on."""
    authority = Authority()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(*authority.server("it", ["localhost"]).write(tmp_path, "tls"))
    strict = ssl.create_default_context(cadata=authority.pair.certificate.decode())
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    asked, answered = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = strict.wrap_bio(answered, asked, server_hostname="localhost")
    server = serving.wrap_bio(asked, answered, server_side=True)

    for side in (client, server, client):  # what each waits for comes from the other
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue

    assert client.version() == "TLSv1.3"

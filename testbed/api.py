"""Plain HTTPS requests, most to a server on 127.0.0.1: at the start of a control plane much faster than kubectl."""

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 5.0
"""For a server that is about to start, so that it is soon asked again."""

CREATED = 201
OK = 200
ALREADY_EXISTS = 409


class Api:
    """A client with a client certificate; the server must show a certificate of the same authority."""

    def __init__(
        self, authority: Path, certificate: Path, key: Path, host: str = "127.0.0.1", timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._host = host
        self._timeout = timeout
        self._context = ssl.create_default_context(cafile=str(authority))
        self._context.load_cert_chain(certificate, key)

    def request(self, method: str, port: int, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, str]:
        """Status code and body of one request; status 0 and the reason if there was no answer."""
        connection = HTTPSConnection(self._host, port, context=self._context, timeout=self._timeout)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            return 0, str(error)
        finally:
            connection.close()

"""Kept connections to one server, at most so many at once: urllib3's, with answers as simple as we need them."""

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import urllib3

_TIMEOUT = urllib3.Timeout(connect=5, read=30)


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is and how it proves who it is.

    Args:
        url: `https://host:port`, with a path before all paths where there is one.
        tls: The context for https; None for plain http.
        name: The name in the server's certificate; that of the URL if empty.
        proxy: The URL of a proxy that connections are tunnelled through; empty for none.
        proxy_headers: What the proxy is told, such as its credentials.
    """

    url: str
    tls: ssl.SSLContext | None = None
    name: str = ""
    proxy: str = ""
    proxy_headers: Mapping[str, str] = {}


class Answer(msgspec.Struct, frozen=True):
    """An answer: its status, its headers by lower-case name, its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """Thread-safe. A call waits for a free connection, and holds one no longer than until its answer is read."""

    def __init__(self, server: Server, most: int) -> None:
        self._server = server
        kept: dict[str, Any] = {"maxsize": most, "block": True, "retries": False, "timeout": _TIMEOUT}
        if server.tls is not None:
            kept["ssl_context"] = server.tls
        if server.name:
            kept["server_hostname"] = server.name
        self._pool = (
            urllib3.ProxyManager(server.proxy, proxy_headers=server.proxy_headers, **kept)
            if server.proxy
            else urllib3.PoolManager(**kept)
        )

    def send(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        """Send a request and read its answer.

        Raises:
            OSError: The server cannot be reached, or what it says is no answer.
        """
        asked = f"?{urlencode(query)}" if query else ""
        try:
            response = self._pool.urlopen(
                method,
                f"{self._server.url}{quote(path)}{asked}",
                headers={"User-Agent": "aup", **headers},
                body=content,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ConnectionError(f"no answer to {method} {path}: {error}") from None
        told = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, told, response.data)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._pool.clear()

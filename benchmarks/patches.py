"""Bare requests to the API server: as little as a client can do, so that what is measured is the API server.

So many TLS connections that are kept, on each the next request as soon as the last one is answered, requests written
beforehand, and of an answer nothing is looked at but its status and its end.
"""

import base64
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from urllib.parse import urlsplit

import msgspec
import yaml

_HEADER_END, _LAST_CHUNK = b"\r\n\r\n", b"\r\n0\r\n\r\n"
_LENGTH = b"\r\nContent-Length: "
_SECONDS = 60


class Server:
    """An API server and who we are there, from a kubeconfig with a token."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._context = ssl.create_default_context(cadata=authority)
        parts = urlsplit(cluster["server"])
        self._where = (str(parts.hostname), int(parts.port or 443))
        self._lines = f"Host: {parts.netloc}\r\nAuthorization: Bearer {user['token']}\r\nAccept: application/json\r\n"

    def request(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> bytes:
        """A request as it goes over the wire."""
        content = b"" if body is None else msgspec.json.encode(body)
        lines = f"{self._lines}Content-Type: {content_type}\r\nContent-Length: {len(content)}\r\n"
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + content

    def connection(self) -> ssl.SSLSocket:
        """A new connection."""
        plain = create_connection(self._where, timeout=_SECONDS)
        plain.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        return self._context.wrap_socket(plain, server_hostname=self._where[0])

    def send(self, requests: Iterable[bytes], width: int) -> float:
        """Send all requests, so many at once, over connections that are open before; the seconds that it took.

        Raises:
            RuntimeError: One was not answered with success.
        """
        waiting = iter(list(requests))
        connections = [self.connection() for _ in range(width)]
        failures: list[str] = []
        threads = [threading.Thread(target=_work, args=(each, waiting, failures)) for each in connections]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        for each in connections:
            each.close()
        if failures:
            raise RuntimeError(f"{len(failures)} requests failed, the first with {failures[0]}")
        return took


def _work(connection: ssl.SSLSocket, waiting: Iterator[bytes], failures: list[str]) -> None:
    try:
        for request in waiting:
            connection.sendall(request)
            answer = read(connection)
            if not answer.startswith(b"HTTP/1.1 2"):
                failures.append(answer[:2000].decode(errors="replace"))
    except OSError as error:
        failures.append(str(error))


def read(connection: ssl.SSLSocket) -> bytes:
    """One answer, head and all."""
    answer = b""
    while True:
        received = connection.recv(262_144)
        if not received:
            raise ConnectionError("the API server closed the connection")
        answer += received
        end = answer.find(_HEADER_END)
        if end < 0:
            continue
        place = answer.find(_LENGTH, 0, end + 2)
        if place >= 0:
            begin = place + len(_LENGTH)
            if len(answer) >= end + 4 + int(answer[begin : answer.find(b"\r", begin)]):
                return answer
        elif answer.endswith(_LAST_CHUNK):
            return answer

"""A relay before the API server that a test can cut, and that can answer for it."""

import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from urllib.parse import urlsplit

CHUNK = 65536


class Relay:
    """Plain HTTP on a loopback port, forwarded over TLS; GET only, which is all that a watch needs.

    Attributes:
        url: Where it listens.
        requests: Path and query of every request that came, in order.
        answers: The next requests that ask for a watch get these (status, body) and do not reach the API server.
    """

    def __init__(self, server: str, authority: str) -> None:
        """`server` is the API server's URL, `authority` its certificate authority in PEM."""
        self.requests: list[str] = []
        self.answers: list[tuple[int, bytes]] = []
        self._target = urlsplit(server)
        self._context = ssl.create_default_context(cadata=authority)
        self._open: set[socket] = set()
        self._cut = threading.Event()
        self._lock = threading.Lock()
        relay = self

        class Handler(BaseHTTPRequestHandler):
            """Forwards one connection's requests."""

            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                relay._forward(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Break every connection, and each new one, until `restore`."""
        self._cut.set()
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(SHUT_RDWR)

    def restore(self) -> None:
        """Let connections through again."""
        self._cut.clear()

    def watches(self) -> int:
        """How many requests asked for a watch so far."""
        return sum("watch=true" in path for path in self.requests)

    def close(self) -> None:
        """End it."""
        self.cut()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @contextmanager
    def _tracked(self, connection: socket) -> Iterator[None]:
        with self._lock:
            self._open.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(connection)

    def _forward(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        if self._cut.is_set():
            return
        self.requests.append(handler.path)
        with self._tracked(handler.connection), suppress(OSError, http.client.HTTPException):
            if "watch=true" in handler.path and self.answers:
                self._answer(handler, *self.answers.pop(0))
            else:
                self._pass(handler)

    @staticmethod
    def _answer(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _pass(self, handler: BaseHTTPRequestHandler) -> None:
        upstream = http.client.HTTPSConnection(
            str(self._target.hostname), self._target.port, context=self._context, timeout=60
        )
        with closing(upstream):
            upstream.connect()
            with self._tracked(upstream.sock):
                headers = {name: value for name, value in handler.headers.items() if name.lower() != "host"}
                upstream.request("GET", handler.path, headers=headers)
                with upstream.getresponse() as answer:
                    self._copy(answer, handler)

    @staticmethod
    def _copy(answer: http.client.HTTPResponse, handler: BaseHTTPRequestHandler) -> None:
        """In chunks as they come, as the API server sends a watch."""
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.headers["Content-Type"])
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while data := answer.read1(CHUNK):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        handler.wfile.write(b"0\r\n\r\n")


def gone_event() -> bytes:
    """A watch that begins with the news that its version is forgotten."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410}
    return json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"

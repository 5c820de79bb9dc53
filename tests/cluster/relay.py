"""A relay before the API server that a test can cut, that can answer for it, and that sees each write."""

import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from urllib.parse import urlsplit

CHUNK = 65536
FAILED = 400
DROPPED = {"host", "accept-encoding"}

Refusal = tuple[int, bytes] | tuple[int, bytes, Mapping[str, str]]
"""Status, body and perhaps headers."""


class Relay:
    """Plain HTTP on a loopback port, forwarded over TLS.

    Attributes:
        url: Where it listens.
        requests: Path and query of every request that came, in order.
        answers: The next requests that ask for a watch get these (status, body) and do not reach the API server.
        written: Called with method and path of each write once the API server has done it, before it is answered.
        refuses: Asked with method and path before a request is passed on; a status and body answers in its place,
            with the further headers if any.
    """

    def __init__(self, server: str, authority: str) -> None:
        """`server` is the API server's URL, `authority` its certificate authority in PEM."""
        self.requests: list[str] = []
        self.answers: list[tuple[int, bytes]] = []
        self.written: Callable[[str, str], None] = lambda _method, _path: None
        self.refuses: Callable[[str, str], Refusal | None] = lambda _method, _path: None
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

            do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815 - the base class's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            """Takes as many connections at once as an API server would."""

            request_queue_size = 128

        self._http = Server(("127.0.0.1", 0), Handler)
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
            refused = self.refuses(handler.command, handler.path)
            if refused is not None:
                handler.rfile.read(int(handler.headers.get("Content-Length", 0)))  # or the answer may be lost with it
                self._answer(handler, *refused)
            elif "watch=true" in handler.path and self.answers:
                self._answer(handler, *self.answers.pop(0))
            else:
                self._pass(handler)

    @staticmethod
    def _answer(
        handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Connection", "close")
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
                headers = {name: value for name, value in handler.headers.items() if name.lower() not in DROPPED}
                body = handler.rfile.read(int(headers.get("Content-Length", 0)))
                upstream.request(handler.command, handler.path, body or None, headers)
                with upstream.getresponse() as answer:
                    if handler.command != "GET" and answer.status < FAILED and "/selfsubject" not in handler.path:
                        self.written(handler.command, handler.path)
                    self._copy(answer, handler)

    @staticmethod
    def _copy(answer: http.client.HTTPResponse, handler: BaseHTTPRequestHandler) -> None:
        """In chunks as they come, as the API server sends a watch."""
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.headers["Content-Type"])
        handler.send_header("Connection", "close")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while data := answer.read1(CHUNK):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        handler.wfile.write(b"0\r\n\r\n")


def gone_event() -> bytes:
    """A watch that begins with the news that its version is forgotten."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410}
    return json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"

"""The operator's client against a server that answers as the API server does at its worst."""

import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kubernetes.config.incluster_config as inside
import pytest
import yaml

from aup.errors import AupError
from aup_operator.connections import Server
from aup_operator.kube import JSON_PATCH, UNREACHABLE, Kube, KubeError, Login, Session, connect
from testbed.certificates import Authority
from tests.support import eventually

RAW = 0
"""The status of an answer that is written as it is."""

Reply = tuple[int, object, Mapping[str, str]]


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: object


class Api(ThreadingHTTPServer):
    """A server that answers what `reply` says for each request, and keeps the requests."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Asked] = []
        self.reply: Callable[[Asked], Reply] = lambda _: (200, {}, {})
        self.opened = self.closed = 0
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.server_port}"

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, and count it."""
        super().shutdown_request(request)
        self.closed += 1

    def answers(self, *replies: Reply) -> None:
        """Answer with these, one after the other."""
        left = iter(replies)
        self.reply = lambda _: next(left)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Api

    def setup(self) -> None:
        super().setup()
        self.server.opened += 1

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):
            super().handle_one_request()

    def answer(self) -> None:
        parts = urlsplit(self.path)
        query = {key: value for key, (value,) in parse_qs(parts.query).items()}
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, parts.path, query, headers, body)
        self.server.requests.append(asked)
        status, said, headers = self.server.reply(asked)
        if status == RAW and isinstance(said, bytes):
            self.wfile.write(said)
            self.close_connection = True
            return
        self.close_connection |= headers.get("Connection") == "ends"
        self.send_response(status)
        for name, value in headers.items():
            if value != "ends":
                self.send_header(name, value)
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        if headers.get("Transfer-Encoding") == "chunked":
            self.end_headers()
            for part in (data[:7], data[7:], b""):
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        else:
            if headers.get("Connection") != "close":
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def _serve(api: Api) -> Iterator[Api]:
    thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield api
    api.shutdown()
    thread.join()
    api.server_close()


@pytest.fixture
def api() -> Iterator[Api]:
    """A server without TLS."""
    yield from _serve(Api())


@pytest.fixture
def waited() -> list[float]:
    """The seconds that the client has waited."""
    return []


@pytest.fixture
def kube(api: Api, waited: list[float]) -> Iterator[Kube]:
    """A client of the server, which only notes for how long it would wait."""
    made = Kube(Session(lambda: Login(Server(url=api.url), lambda: "Bearer one"), 4), waited.append)
    yield made
    made.close()


def failure(code: int, message: str = "no", **headers: str) -> Reply:
    """A Status that says no."""
    return (
        code,
        {"kind": "Status", "code": code, "message": message},
        {k.replace("_", "-"): v for k, v in headers.items()},
    )


def page(*names: str, then: str = "") -> Reply:
    """A page of a list, and with what the next is asked for."""
    return 200, {"metadata": {"continue": then}, "items": [{"metadata": {"name": n, "uid": n}} for n in names]}, {}


def names(found: Iterator[Any]) -> list[str]:
    """The names of objects."""
    return [item["metadata"]["name"] for item in found]


def test_a_call_says_all_that_the_api_server_needs(api: Api, kube: Kube) -> None:
    """Who we are, what the body is, who wrote it; what is empty is left out, and what is odd is written for URLs."""
    api.answers((200, {"spec": {}}, {}))

    answer = kube.patch("/apis/apps/v1/namespaces/shop/deployments/we b?x=1", [{"op": "test"}], JSON_PATCH)

    (asked,) = api.requests
    assert answer == {"spec": {}}
    assert (asked.method, asked.path, asked.body) == (
        "PATCH",
        "/apis/apps/v1/namespaces/shop/deployments/we%20b%3Fx%3D1",
        [{"op": "test"}],
    )
    assert asked.query == {"fieldManager": "aup-operator"}
    assert asked.headers == {
        "host": f"127.0.0.1:{api.server_port}",
        "authorization": "Bearer one",
        "accept": "application/json",
        "content-type": "application/json-patch+json",
        "content-length": "15",
        "accept-encoding": "identity",
        "user-agent": "aup",
    }


def test_an_answer_of_another_form_is_asked_for(api: Api, kube: Kube) -> None:
    """Such as everything that the API server serves in one answer."""
    kube.request("GET", "/apis", accept="application/json;as=APIGroupDiscoveryList", timeoutSeconds="5", limit="")

    (asked,) = api.requests
    assert (asked.headers["accept"], asked.query) == (
        "application/json;as=APIGroupDiscoveryList",
        {"timeoutSeconds": "5"},
    )


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}, {"Connection": "close"}])
def test_a_body_is_read_however_its_length_is_told(headers: dict[str, str], api: Api, kube: Kube) -> None:
    """By its length, in chunks, or up to the end of the connection."""
    api.reply = lambda _: (200, {"metadata": {"name": "ø" * 9_000}}, headers)

    assert [kube.get("/api/v1/nodes/a") for _ in range(2)] == [{"metadata": {"name": "ø" * 9_000}}] * 2


def test_a_connection_is_used_again(api: Api, kube: Kube) -> None:
    """Calls one after the other need one."""
    for _ in range(5):
        kube.get("/api/v1/nodes/a")

    assert (len(api.requests), api.opened) == (5, 1)


def test_a_connection_that_the_server_closed_is_left(api: Api, kube: Kube) -> None:
    """Whatever the next call is, it is sent once, over a new one."""
    api.reply = lambda _: (200, {}, {"Connection": "ends"})
    kube.get("/api/v1/nodes/a")
    eventually(lambda: api.closed)
    kube.create("/api/v1/nodes", {})

    assert [asked.method for asked in api.requests] == ["GET", "POST"]


def test_no_more_calls_are_under_way_than_there_are_connections(api: Api, kube: Kube) -> None:
    """The fifth of five waits until one of four is answered."""
    go = threading.Event()
    api.reply = lambda _: (go.wait(60), (200, {}, {}))[1]
    threads = [threading.Thread(target=kube.get, args=("/api/v1/nodes/a",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while len(api.requests) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    under_way = len(api.requests)
    go.set()
    for thread in threads:
        thread.join()

    assert (under_way, len(api.requests)) == (4, 5)


def test_a_refusal_is_told_with_the_api_servers_own_words(api: Api, kube: Kube) -> None:
    """Of something that is not there, `get` makes None."""
    api.answers(failure(403, "you may not"), failure(404), failure(409), (500, b"<html>oops", {}))

    with pytest.raises(KubeError, match="403: you may not"):
        kube.get("/api/v1/nodes/a")
    assert kube.get("/api/v1/nodes/a") is None
    with pytest.raises(KubeError) as conflict:
        kube.create("/api/v1/nodes", {})
    assert conflict.value.conflict
    with pytest.raises(KubeError, match="500: <html>oops"):
        kube.get("/api/v1/nodes/a")


@pytest.mark.parametrize(
    ("replies", "waits"),
    [
        ([failure(429, Retry_After="3")], [3]),
        ([failure(429)], [1]),
        ([failure(429, Retry_After="Wed, 25 Nov 2026 08:00:00 GMT")], [1]),
        ([failure(429, Retry_After="nan")], [1]),
        ([failure(429, Retry_After="86400")], [30]),
        ([failure(429, Retry_After="-1")], [0]),
        ([failure(503, Retry_After="2")], [2]),
        ([failure(429, Retry_After="1")] * 4, [1] * 4),
    ],
)
def test_a_call_waits_as_long_as_the_api_server_asks(
    replies: list[Reply], waits: list[float], api: Api, kube: Kube, waited: list[float]
) -> None:
    """Within bounds, and then says the same again."""
    api.answers(*replies, (200, {"ok": True}, {}))

    assert kube.patch("/api/v1/nodes/a", {"a": 1}, "application/merge-patch+json") == {"ok": True}
    assert waited == waits
    assert [asked.body for asked in api.requests] == [{"a": 1}] * (len(replies) + 1)


def test_a_call_is_tried_five_times_in_all(api: Api, kube: Kube, waited: list[float]) -> None:
    """Then the refusal is told; nobody waits after the last."""
    api.reply = lambda _: failure(429, "too many", Retry_After="1")

    with pytest.raises(KubeError, match="429: too many"):
        kube.get("/api/v1/nodes/a")
    assert (len(api.requests), len(waited)) == (5, 4)


def test_a_failure_of_the_api_servers_own_is_told_at_once(api: Api, kube: Kube, waited: list[float]) -> None:
    """Unless it says when to come again: whether a change was made is not known."""
    api.reply = lambda _: failure(500)

    with pytest.raises(KubeError, match="500"):
        kube.create("/api/v1/nodes", {})
    assert (len(api.requests), waited) == (1, [])


def test_others_go_on_while_one_waits(api: Api) -> None:
    """Even with a single connection."""
    waits, go = threading.Event(), threading.Event()
    kube = Kube(Session(lambda: Login(Server(url=api.url)), 1), lambda _: (waits.set(), go.wait(60)))
    api.answers(failure(429, Retry_After="60"), (200, {"second": True}, {}), (200, {"first": True}, {}))
    first: list[object] = []
    thread = threading.Thread(target=lambda: first.append(kube.get("/api/v1/nodes/a")))
    thread.start()
    assert waits.wait(60)

    assert kube.get("/api/v1/nodes/b") == {"second": True}
    go.set()
    thread.join()
    assert first == [{"first": True}]
    kube.close()


def test_a_list_is_read_page_by_page(api: Api, kube: Kube) -> None:
    """With what was asked for in each."""
    api.answers(page("a", "b", then="t1"), page("c", then="t2"), page("d"))

    assert names(kube.list("/api/v1/nodes", label_selector="x=y", page=2)) == ["a", "b", "c", "d"]
    assert [asked.query.get("continue", "") for asked in api.requests] == ["", "t1", "t2"]
    assert all(asked.query["limit"] == "2" and asked.query["labelSelector"] == "x=y" for asked in api.requests)


def test_a_list_whose_version_is_forgotten_begins_anew_and_gives_nothing_twice(api: Api, kube: Kube) -> None:
    """Also what came meanwhile, and in whatever pages it comes."""
    gone = failure(410, "The provided continue parameter is too old")
    api.answers(page("a", "b", then="t1"), gone, page("0", "a", then="t2"), gone, page("a", "b", then="t3"), page("c"))

    assert names(kube.list("/api/v1/nodes")) == ["a", "b", "0", "c"]


def test_a_list_is_begun_anew_so_many_times_and_no_more(api: Api, kube: Kube) -> None:
    """Then it fails; and at once where a list cannot even begin."""
    api.reply = lambda asked: failure(410) if "continue" in asked.query else page("a", then="t")
    with pytest.raises(KubeError, match="410"):
        names(kube.list("/api/v1/nodes"))
    assert len(api.requests) == 6

    api.answers(failure(410, "gone"))
    with pytest.raises(KubeError, match="410: gone"):
        names(kube.list("/api/v1/nodes"))


def test_only_the_object_that_was_meant_is_deleted(api: Api, kube: Kube) -> None:
    """By its UID and, if asked for, its version; another one, or none, is what was wanted already."""
    api.answers((200, {}, {}), failure(404), failure(409), failure(409), failure(403))

    kube.delete("/api/v1/namespaces/a/pods/b", "uid-1", 30, resource_version="7", propagation="Foreground")
    kube.delete("/api/v1/namespaces/a/pods/b", "uid-1")
    kube.delete("/api/v1/namespaces/a/pods/b", "uid-1")
    with pytest.raises(KubeError, match="409"):
        kube.delete("/api/v1/namespaces/a/pods/b", "uid-1", resource_version="7")
    with pytest.raises(KubeError, match="403"):
        kube.delete("/api/v1/namespaces/a/pods/b", "uid-1")

    assert api.requests[0].body == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": "uid-1", "resourceVersion": "7"},
        "gracePeriodSeconds": 30,
        "propagationPolicy": "Foreground",
    }
    assert api.requests[1].body == {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "uid-1"}}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<a>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A" * 70_000,
    ],
)
def test_what_is_no_answer_ends_as_an_api_server_that_cannot_be_reached(answer: bytes, api: Api, kube: Kube) -> None:
    """Nothing that a server sends breaks the client otherwise."""
    api.answers((RAW, answer, {}))

    with pytest.raises(UNREACHABLE):
        kube.create("/api/v1/nodes", {})
    assert len(api.requests) == 1


def test_nobody_there_is_an_api_server_that_cannot_be_reached(api: Api, kube: Kube) -> None:
    """As it is while the API server starts anew."""
    api.server_close()

    with pytest.raises(UNREACHABLE):
        kube.get("/api/v1/nodes/a")


def test_who_is_not_known_any_more_looks_up_who_it_is(api: Api) -> None:
    """Once, whoever else is asking; if nothing is new, the refusal is told."""
    tokens = iter(["old", "new", "new"])

    def login() -> Login:
        token = next(tokens)
        return Login(Server(url=api.url), lambda: f"Bearer {token}")

    api.reply = lambda asked: (200, {}, {}) if asked.headers["authorization"] == "Bearer new" else failure(401)
    kube = Kube(Session(login, 1))

    assert kube.get("/api/v1/nodes/a") == {}
    assert kube.get("/api/v1/nodes/a") == {}
    assert len(api.requests) == 3
    api.reply = lambda _: failure(401, "Unauthorized")
    with pytest.raises(KubeError, match="401: Unauthorized"):
        kube.get("/api/v1/nodes/a")
    assert len(api.requests) == 4
    kube.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority, with its certificate and those of a server and a client in the test's folder."""
    made = Authority()
    made.pair.write(tmp_path, "ca")
    made.server("api", ["127.0.0.1", "api.example"]).write(tmp_path, "server")
    made.client("desk").write(tmp_path, "client")
    return made


@pytest.fixture
def secure(tmp_path: Path, authority: Authority) -> Iterator[Api]:
    """A server with TLS that wants a certificate of its clients."""
    del authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    context.load_verify_locations(tmp_path / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    yield from _serve(Api(context))


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes a kubeconfig, and nothing else of the environment counts."""
    for name in [*os.environ]:
        if name.lower().endswith("_proxy") or name == "KUBERNETES_SERVICE_HOST":
            monkeypatch.delenv(name)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))

    def write(cluster: dict[str, object], user: dict[str, object]) -> None:
        (tmp_path / "config").write_text(
            yaml.safe_dump(
                {
                    "clusters": [{"name": "c", "cluster": cluster}],
                    "users": [{"name": "u", "user": user}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "x",
                }
            )
        )

    return write


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_kubeconfigs_files_and_names_are_kept_to(
    secure: Api, tmp_path: Path, kubeconfig: Callable[..., None]
) -> None:
    """The authority, a certificate of ours, another name of the server, and a path before all paths."""
    certificate = {"client-certificate": str(tmp_path / "client.crt"), "client-key": str(tmp_path / "client.key")}
    server = {"server": f"{secure.url}/clusters/c1", "certificate-authority": str(tmp_path / "ca.crt")}
    kubeconfig(server | {"tls-server-name": "api.example"}, certificate)
    kube = connect(2)
    kube.get("/api/v1/nodes/a")
    assert secure.requests[0].path == "/clusters/c1/api/v1/nodes/a"
    assert "authorization" not in secure.requests[0].headers
    kube.close()

    kubeconfig(server | {"tls-server-name": "other.example"}, certificate)
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        connect(1).get("/api/v1/nodes/a")
    kubeconfig({"server": secure.url}, certificate)
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        connect(1).get("/api/v1/nodes/a")
    kubeconfig({"server": secure.url, "insecure-skip-tls-verify": True}, certificate)
    kube = connect(1)
    assert kube.get("/api/v1/nodes/a") == {}
    kube.close()


def test_a_program_that_gives_tokens_is_asked_for_one(
    api: Api, tmp_path: Path, kubeconfig: Callable[..., None]
) -> None:
    """And asked again when the API server knows the token no more."""
    status = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "$n"}}
    script = tmp_path / "give"
    script.write_text(f"#!/bin/sh\nn=$(cat {tmp_path}/n)\nsed s/[$]n/$n/ {tmp_path}/status\n")
    script.chmod(0o700)
    (tmp_path / "status").write_text(json.dumps(status))
    (tmp_path / "n").write_text("1")
    exec_ = {"apiVersion": status["apiVersion"], "command": str(script), "interactiveMode": "Never"}
    kubeconfig({"server": api.url}, {"exec": exec_})
    kube = connect(1)
    kube.get("/api/v1/nodes/a")
    (tmp_path / "n").write_text("2")
    api.reply = lambda asked: (200, {}, {}) if asked.headers["authorization"] == "Bearer 2" else failure(401)
    kube.get("/api/v1/nodes/a")
    kube.close()

    assert [asked.headers["authorization"] for asked in api.requests] == ["Bearer 1", "Bearer 1", "Bearer 2"]


def test_a_token_from_a_file_is_found_where_it_was_replaced(
    api: Api, tmp_path: Path, kubeconfig: Callable[..., None]
) -> None:
    """As a projected service account token is."""
    (tmp_path / "token").write_text("one\n")
    kubeconfig({"server": api.url}, {"tokenFile": str(tmp_path / "token")})
    kube = connect(1)
    kube.get("/api/v1/nodes/a")
    (tmp_path / "token").write_text("two\n")
    api.reply = lambda asked: (200, {}, {}) if asked.headers["authorization"] == "Bearer two" else failure(401)
    kube.get("/api/v1/nodes/a")
    kube.close()

    assert api.requests[-1].headers["authorization"] == "Bearer two"


def test_inside_a_cluster_the_service_accounts_token_is_read_anew(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's token counts, also once it was replaced and the old one is refused."""
    (tmp_path / "token").write_text("one\n")
    Authority().pair.write(tmp_path, "ca")
    monkeypatch.setattr(inside, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(inside, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.server_port))
    monkeypatch.setattr(inside, "_join_host_port", lambda host, port: f"{host}:{port}")
    monkeypatch.setattr("aup_operator.kube._server", lambda _: Server(url=api.url))
    kube = connect(1)
    kube.get("/api/v1/nodes/a")
    (tmp_path / "token").write_text("two\n")
    api.reply = lambda asked: (200, {}, {}) if asked.headers["authorization"] == "bearer two" else failure(401)
    kube.get("/api/v1/nodes/a")
    kube.close()

    assert [asked.headers["authorization"] for asked in api.requests] == ["bearer one", "bearer one", "bearer two"]


def test_a_proxy_is_gone_through(api: Api, monkeypatch: pytest.MonkeyPatch, kubeconfig: Callable[..., None]) -> None:
    """By CONNECT, unless no_proxy says otherwise; a kind of proxy that we do not know is refused."""
    kubeconfig({"server": "https://api.example:443", "proxy-url": api.url}, {"token": "t"})
    with pytest.raises(OSError, match="501"):  # this server knows no CONNECT
        connect(1).get("/api/v1/nodes/a")
    assert not api.requests
    kubeconfig({"server": api.url, "proxy-url": "http://127.0.0.1:9"}, {"token": "t"})
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    kube = connect(1)
    assert kube.get("/api/v1/nodes/a") == {}
    kube.close()
    monkeypatch.delenv("NO_PROXY")
    kubeconfig({"server": api.url, "proxy-url": "socks5://127.0.0.1:9"}, {"token": "t"})
    with pytest.raises(AupError, match="use http://"):
        connect(1)


def test_without_credentials_the_way_out_is_told(tmp_path: Path, kubeconfig: Callable[..., None]) -> None:
    """There is no file at all, or none of the files that it names; either way it is told which one was looked for."""
    problem = rf"by {tmp_path}/config: Invalid kube-config file. No configuration found; set KUBECONFIG to another"
    with pytest.raises(AupError, match=problem):
        connect(1)
    kubeconfig({"server": "https://api.example", "certificate-authority": str(tmp_path / "none")}, {})
    with pytest.raises(AupError, match="set KUBECONFIG"):
        connect(1)

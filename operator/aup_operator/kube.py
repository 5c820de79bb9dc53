"""The operator's only client of the API server: JSON in and out, one call a method.

`kubernetes` says where the API server is and who we are, as its own clients do, whatever a kubeconfig names: files,
tokens, programs that give tokens. The calls themselves go over `aup_operator.connections`.
"""

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import kubernetes
import msgspec
import urllib3
from kubernetes.client.rest import should_bypass_proxies

from aup.errors import AupError
from aup.review import Json, mapping, text
from aup_operator.connections import Answer, Connections, Server

FIELD_MANAGER = "aup-operator"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"

UNREACHABLE = (OSError,)
"""What a call ends with when the API server cannot be reached."""

_JSON = "application/json"
_PAGE = 100
"""Several lists are read side by side; of 5,000 workloads, pages of 500 took 50 MB more than these."""

_TRIES = 5
_LISTS = 3
"""How often a list begins anew because the API server has forgotten where it was."""

_LONGEST_WAIT_SECONDS = 30.0
_UNAUTHORIZED, _NOT_FOUND, _CONFLICT, _GONE, _TOO_MANY = 401, 404, 409, 410, 429
_ERRORS_FROM, _SERVER_ERRORS_FROM = 400, 500

_FORGOTTEN = "the API server forgot the list's version as often as it was begun anew"


class KubeError(AupError):
    """The API server said no: `code` is the HTTP status, the text its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def conflict(self) -> bool:
        """Whether the object is there already, or has changed meanwhile."""
        return self.code == _CONFLICT

    @property
    def not_found(self) -> bool:
        """Whether there is no such object."""
        return self.code == _NOT_FOUND

    @property
    def ending(self) -> bool:
        """Whether nothing can be created there because the namespace is being deleted."""
        return "because it is being terminated" in self.message


class Login(msgspec.Struct, frozen=True):
    """Where the API server is, and the Authorization header that it wants now; empty where a certificate is enough."""

    server: Server
    authorization: Callable[[], str] = lambda: ""


class Session:
    """Our standing with the API server: one login and its connections.

    Args:
        login: Looks up where the API server is and who we are: at the start, and anew when it does not know us any
            more, since a token's file may have been replaced.
        connections: Calls at once.
    """

    def __init__(self, login: Callable[[], Login], connections: int) -> None:
        self._log_in = login
        self._most = connections
        self._lock = threading.Lock()
        self._login = login()
        self._connections = Connections(self._login.server, connections)

    def send(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        """Send one request; once more where the API server did not know us, and we found who we are by now."""
        before, said = self._login, self._authorization()
        answer = self._connections.send(method, path, query, {**headers, **said}, content)
        if answer.status == _UNAUTHORIZED:
            self._logged_in_anew(before)
            anew = self._authorization()
            if anew != said:
                return self._connections.send(method, path, query, {**headers, **anew}, content)
        return answer

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._connections.close()

    def _authorization(self) -> Mapping[str, str]:
        with self._lock:  # a token that is about to end is renewed once, not once for each thread
            said = self._login.authorization()
        return {"Authorization": said} if said else {}

    def _logged_in_anew(self, before: Login) -> None:
        with self._lock:
            if self._login is before:
                self._login = self._log_in()
                self._connections.close()
                self._connections = Connections(self._login.server, self._most)


class Kube:
    """Calls by path. Thread-safe; no more are under way at once than the session has connections.

    It yields to 429: a call waits as long as the API server asks before it is tried again, up to five times in all. A
    call that waits holds no connection, so the others go on.

    All methods raise KubeError where the API server refuses and OSError where it cannot be reached.
    """

    def __init__(self, session: Session, wait: Callable[[float], object] = time.sleep) -> None:
        self._session = session
        self._wait = wait

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._session.close()

    def get(self, path: str) -> Json | None:
        """The object at a path, or None where there is none."""
        try:
            return self.request("GET", path)
        except KubeError as error:
            if error.not_found:
                return None
            raise

    def list(self, path: str, *, label_selector: str = "", page: int = _PAGE) -> Iterator[Json]:
        """All objects of a collection, in pages of so many, none twice.

        A list that takes longer than the API server remembers its version begins anew, and goes on with those objects
        that it has not given yet.
        """
        given: set[str] = set()
        for _ in range(_LISTS):
            token = ""
            while True:
                query = {"limit": str(page), "labelSelector": label_selector, "continue": token}
                try:
                    answer = self.request("GET", path, **query)
                except KubeError as error:
                    if error.code == _GONE and token:
                        break
                    raise
                token = text(mapping(answer.get("metadata")).get("continue"))
                items = [item for item in answer["items"] if item["metadata"].get("uid") not in given]
                if token:
                    given.update(item["metadata"].get("uid") for item in items)
                del answer
                yield from items
                if not token:
                    return
        raise KubeError(_GONE, _FORGOTTEN)

    def create(self, path: str, body: Json) -> Json:
        """Create an object in a collection."""
        return self.request("POST", path, body, fieldManager=FIELD_MANAGER)

    def patch(self, path: str, body: object, content_type: str) -> Json:
        """Patch an object."""
        return self.request("PATCH", path, body, content_type, fieldManager=FIELD_MANAGER)

    def delete(
        self,
        path: str,
        uid: str,
        grace_seconds: int | None = None,
        *,
        resource_version: str = "",
        propagation: str = "",
    ) -> None:
        """Delete an object if it is still the one with that UID; one that is gone already is fine.

        Args:
            path: The object's path.
            uid: Its UID.
            grace_seconds: How long a Pod gets to end, if not as long as it says.
            resource_version: If given, only as it was at that version; KubeError with `conflict` if it has changed.
            propagation: `Background`, `Foreground` or `Orphan`; the kind's default if empty.
        """
        preconditions = {"uid": uid} | ({"resourceVersion": resource_version} if resource_version else {})
        body: Json = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        if propagation:
            body["propagationPolicy"] = propagation
        try:
            self.request("DELETE", path, body)
        except KubeError as error:
            if not (error.not_found or (error.conflict and not resource_version)):
                raise

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        **query: str,
    ) -> Json:
        """One call; the decoded answer."""
        content = None if body is None else msgspec.json.encode(body)
        parameters = {key: value for key, value in query.items() if value}
        headers = {"Accept": accept} | ({} if content is None else {"Content-Type": content_type})
        for left in reversed(range(_TRIES)):
            answer = self._session.send(method, path, parameters, headers, content)
            if not left or not _try_again(answer):
                break
            self._wait(_seconds(answer))
        if answer.status >= _ERRORS_FROM:
            raise KubeError(answer.status, _message(answer.body))
        try:
            decoded: Json = msgspec.json.decode(answer.body)
        except msgspec.DecodeError as error:
            raise ConnectionError(f"the answer to {method} {path} is no JSON: {error}") from None
        return decoded


def connect(connections: int) -> Kube:
    """A client with the cluster's own credentials or those of KUBECONFIG.

    Args:
        connections: How many calls may be under way at once.

    Raises:
        AupError: There are no credentials.
    """
    return Kube(Session(_login, connections))


def _login() -> Login:
    configuration = kubernetes.client.Configuration()
    inside = "KUBERNETES_SERVICE_HOST" in os.environ
    load: Any = kubernetes.config.load_incluster_config if inside else kubernetes.config.load_kube_config
    # KUBECONFIG as it is now; `kubernetes` looks at it when it is imported.
    where = {} if inside else {"config_file": os.environ.get("KUBECONFIG")}
    try:
        load(client_configuration=configuration, **where)
        return Login(_server(configuration), lambda: _token(configuration))
    except (kubernetes.config.ConfigException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        by = "the Pod's service account" if inside else os.environ.get("KUBECONFIG") or "~/.kube/config"
        raise AupError(
            f"no way to the API server by {by}: {str(error).rstrip('.')}; set KUBECONFIG to another"
        ) from None


def _server(configuration: Any) -> Server:
    tls = None
    if configuration.host.startswith("https://"):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not configuration.verify_ssl:
            tls.check_hostname = False
            tls.verify_mode = ssl.CERT_NONE
        elif configuration.ssl_ca_cert:
            tls.load_verify_locations(configuration.ssl_ca_cert)
        else:
            tls.load_default_certs()
        if configuration.cert_file:
            tls.load_cert_chain(configuration.cert_file, configuration.key_file)
    proxy = configuration.proxy or ""
    if should_bypass_proxies(configuration.host, configuration.no_proxy or ""):
        proxy = ""
    if proxy and not proxy.startswith("http://"):
        raise ValueError(f"the proxy {proxy.partition('://')[0]}://… is of no kind that aup knows; use http://")
    return Server(
        url=configuration.host,
        tls=tls,
        name=configuration.tls_server_name or "",
        proxy=proxy,
        proxy_headers=configuration.proxy_headers or {},
    )


def _token(configuration: Any) -> str:
    """The Authorization header; this reads a service account's token file anew every minute."""
    try:
        return str(configuration.get_api_key_with_prefix("BearerToken") or "").strip()
    except (kubernetes.config.ConfigException, urllib3.exceptions.HTTPError) as error:
        raise ConnectionError(f"the token could not be renewed: {error}") from None


def _try_again(answer: Answer) -> bool:
    """Whether the API server asks for that: with 429, or with a failure of its own that says when."""
    return answer.status == _TOO_MANY or (answer.status >= _SERVER_ERRORS_FROM and "retry-after" in answer.headers)


def _seconds(answer: Answer) -> float:
    """What Retry-After asks for, within bounds; a second where it says nothing that we understand."""
    try:
        asked = float(answer.headers.get("retry-after", ""))
    except ValueError:
        return 1.0
    return min(max(asked, 0.0), _LONGEST_WAIT_SECONDS) if asked == asked else 1.0  # noqa: PLR0124 - not for NaN


def _message(data: bytes) -> str:
    try:
        return str(msgspec.json.decode(data).get("message", ""))
    except (msgspec.DecodeError, AttributeError):
        return data[:256].decode(errors="replace")

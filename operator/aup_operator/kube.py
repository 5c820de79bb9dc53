"""The operator's only client of the API server: JSON in and out, one call a method."""

import os
import time
from collections.abc import Iterator
from typing import Any

import kubernetes
import msgspec
import urllib3

from aup.errors import AupError
from aup.review import Json

FIELD_MANAGER = "aup-operator"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"

UNREACHABLE = (OSError, urllib3.exceptions.HTTPError)
"""What a call ends with when the API server cannot be reached."""

_TIMEOUT_SECONDS = (5, 30)
_PAGE = 500
_TRIES = 5
_TOO_MANY = 429
_NOT_FOUND = 404
_CONFLICT = 409
_ERRORS_FROM = 400


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


class Kube:
    """Calls by path. Thread-safe; yields to 429 by waiting as long as the API server asks.

    All methods raise KubeError where the API server refuses and OSError or urllib3 errors where it cannot be reached.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def get(self, path: str) -> Json | None:
        """The object at a path, or None where there is none."""
        try:
            return self.request("GET", path)
        except KubeError as error:
            if error.not_found:
                return None
            raise

    def list(self, path: str, *, label_selector: str = "", page: int = _PAGE) -> Iterator[Json]:
        """All objects of a collection, in pages of so many."""
        token = ""
        while True:
            answer = self.request("GET", path, limit=str(page), labelSelector=label_selector, **{"continue": token})
            yield from answer["items"]
            token = answer["metadata"].get("continue", "")
            if not token:
                return

    def create(self, path: str, body: Json) -> Json:
        """Create an object in a collection."""
        return self.request("POST", path, body, fieldManager=FIELD_MANAGER)

    def patch(self, path: str, body: object, content_type: str) -> Json:
        """Patch an object."""
        return self.request("PATCH", path, body, content_type, fieldManager=FIELD_MANAGER)

    def delete(self, path: str, uid: str, grace_seconds: int | None = None) -> None:
        """Delete an object if it is still the one with that UID; one that is gone already is fine."""
        body: Json = {"preconditions": {"uid": uid}}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        try:
            self.request("DELETE", path, body)
        except KubeError as error:
            if not (error.not_found or error.conflict):
                raise

    def request(
        self, method: str, path: str, body: object = None, content_type: str = "application/json", **query: str
    ) -> Json:
        """One call; the decoded answer."""
        for attempt in range(_TRIES):
            arguments = self._client.param_serialize(
                method,
                path,
                query_params=[(key, value) for key, value in query.items() if value],
                header_params={"Accept": "application/json", "Content-Type": content_type},
                body=body,
                auth_settings=["BearerToken"],
            )
            response = self._client.call_api(*arguments, _request_timeout=_TIMEOUT_SECONDS).response
            data = response.data
            if response.status != _TOO_MANY or attempt == _TRIES - 1:
                break
            time.sleep(float(response.headers.get("Retry-After", 1)))
        if response.status >= _ERRORS_FROM:
            raise KubeError(response.status, _message(data))
        answer: Json = msgspec.json.decode(data)
        return answer


def connect(connections: int) -> Kube:
    """A client with the cluster's own credentials or those of KUBECONFIG.

    Args:
        connections: How many calls may be under way at once.

    Raises:
        AupError: There are no credentials.
    """
    configuration = kubernetes.client.Configuration()
    inside = "KUBERNETES_SERVICE_HOST" in os.environ
    load = kubernetes.config.load_incluster_config if inside else kubernetes.config.load_kube_config
    try:
        load(client_configuration=configuration)
    except kubernetes.config.ConfigException as error:
        raise AupError(f"no way to the API server: {error}; set KUBECONFIG") from None
    configuration.connection_pool_maxsize = connections
    configuration.retries = False
    return Kube(kubernetes.client.ApiClient(configuration))


def _message(data: bytes) -> str:
    try:
        return str(msgspec.json.decode(data).get("message", ""))
    except (msgspec.DecodeError, AttributeError):
        return data[:256].decode(errors="replace")

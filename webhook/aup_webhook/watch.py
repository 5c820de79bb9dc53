"""Watches that feed the snapshot: list, then follow, through disconnects, silence and 410 Gone."""

import logging
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import kubernetes
import msgspec
import urllib3

from aup.api.meta import API_VERSION, QUOTA_LABEL, TENANT_LABEL
from aup.review import Json
from aup_webhook import metrics
from aup_webhook.snapshot import READERS, Snapshot

log = logging.getLogger(__name__)

_PAGE = 500
_CONNECT_SECONDS = 5
_SILENCE_SECONDS = 75  # the API server sends a bookmark about every minute; longer silence is a dead connection
_WATCH_SECONDS = 300
_GONE = 410
_BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_PATHS = {kind: f"/apis/{API_VERSION}/{kind}" for kind in READERS} | {
    kind: f"/api/v1/{kind}" for kind in ("namespaces", "resourcequotas")
}


class _GoneError(Exception):
    """The API server has forgotten the version that we would go on from."""


class _RefusedError(Exception):
    """The API server answered with an error."""


class Reflector(threading.Thread):
    """Keeps one kind in the snapshot as the API server has it."""

    def __init__(self, client: Any, kind: str, snapshot: Snapshot, selector: str = "") -> None:
        super().__init__(name=f"watch-{kind}", daemon=True)
        self._client = client
        self._kind = kind
        self._snapshot = snapshot
        self._selector = selector
        self._version = ""
        for reason in ("expired", "gone", "error"):
            metrics.WATCH_RESTARTS.labels(kind, reason)  # at 0, so that the first one is an increase

    def run(self) -> None:
        """List and watch until the process ends; every failure is logged, counted and tried again."""
        failures = 0
        while True:
            reason = "expired"
            try:
                if not self._version:
                    self._list()
                for event in self._events():
                    failures = 0
                    self._take(event)
            except _GoneError:
                self._version, reason = "", "gone"
            except Exception as error:  # noqa: BLE001 - whatever it was, a thread that ends would leave the facts stale
                reason = "error"
                delay = _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)]
                failures += 1
                log.warning("watch interrupted", extra={"kind": self._kind, "problem": str(error), "retry_in": delay})
                time.sleep(delay)
            metrics.WATCH_RESTARTS.labels(self._kind, reason).inc()

    def _list(self) -> None:
        items: list[Json] = []
        page: Json = {}
        while True:
            token = page.get("metadata", {}).get("continue", "")
            page = msgspec.json.decode(self._get(limit=str(_PAGE), **{"continue": token}).data)
            items += page["items"]
            if not page["metadata"].get("continue"):
                break
        self._snapshot.replace(self._kind, items)
        self._version = page["metadata"]["resourceVersion"]
        metrics.CONTACT_SECONDS.labels(self._kind).set(time.time())

    def _events(self) -> Iterator[Json]:
        response = self._get(
            watch="true", allowWatchBookmarks="true", resourceVersion=self._version, timeoutSeconds=str(_WATCH_SECONDS)
        )
        try:
            pending = b""
            for chunk in response.stream(amt=None, decode_content=False):
                *lines, pending = (pending + chunk).split(b"\n")
                yield from (msgspec.json.decode(line) for line in lines if line)
        finally:
            response.close()

    def _take(self, event: Json) -> None:
        manifest = event["object"]
        match event["type"]:
            case "ADDED" | "MODIFIED":
                self._snapshot.put(self._kind, manifest)
            case "DELETED":
                self._snapshot.remove(self._kind, manifest)
            case "ERROR":
                if manifest.get("code") == _GONE:
                    raise _GoneError
                raise _RefusedError(manifest.get("message", "watch error"))
        self._version = manifest["metadata"]["resourceVersion"]
        metrics.CONTACT_SECONDS.labels(self._kind).set(time.time())

    def _get(self, **query: str) -> urllib3.HTTPResponse:
        selector = self._selector
        parameters = [(key, value) for key, value in query.items() if value]
        request = self._client.param_serialize(
            "GET",
            _PATHS[self._kind],
            query_params=[*parameters, *([("labelSelector", selector)] if selector else [])],
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
        )
        response = self._client.call_api(*request, _request_timeout=(_CONNECT_SECONDS, _SILENCE_SECONDS)).response
        if response.status == _GONE:
            response.close()
            raise _GoneError
        if response.status >= 400:  # noqa: PLR2004 - the HTTP class of errors
            problem = response.read(2048).decode(errors="replace")
            response.close()
            raise _RefusedError(f"{response.status} for {_PATHS[self._kind]}: {problem}")
        return response  # type: ignore[no-any-return]


def start(snapshot: Snapshot, *, whole_cluster: bool = False) -> None:
    """Start a watch for each kind, with the cluster's own credentials or those of KUBECONFIG.

    Args:
        snapshot: What they feed.
        whole_cluster: Whether namespaces without a tenant's label count too: they are the cluster's tenant's.

    Raises:
        kubernetes.config.ConfigException: There are neither.
    """
    inside = "KUBERNETES_SERVICE_HOST" in os.environ
    load = kubernetes.config.load_incluster_config if inside else kubernetes.config.load_kube_config
    load()
    selectors = {"namespaces": "" if whole_cluster else TENANT_LABEL, "resourcequotas": f"{QUOTA_LABEL}=true"}
    for kind in READERS:
        Reflector(kubernetes.client.ApiClient(), kind, snapshot, selectors.get(kind, "")).start()

"""Reviews as the API server sends them, and a webhook process of a test's own."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from testbed.installation import Installation
from testbed.processes import free_ports
from tests.support import Json

_PLURALS = {"Binding": "bindings", "Scale": "deployments", "HorizontalPodAutoscaler": "horizontalpodautoscalers"}


def review(
    namespace: str, manifest: Json, *, uid: str = "1", old: Json | None = None, subresource: str = "", user: str = "ada"
) -> Json:
    """An AdmissionReview of an object's creation, or of its update where there is an `old` one."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    kind = manifest["kind"]
    request: Json = {
        "uid": uid,
        "kind": {"group": group, "version": version, "kind": kind},
        "resource": {"group": group, "version": version, "resource": _PLURALS.get(kind, f"{kind.lower()}s")},
        "subResource": subresource,
        "name": manifest["metadata"]["name"],
        "namespace": namespace,
        "operation": "UPDATE" if old else "CREATE",
        "userInfo": {"username": user, "groups": ["system:authenticated"]},
        "object": manifest,
        "oldObject": old,
        "dryRun": False,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


class Webhook:
    """A webhook process that reads the API server through a URL of the test's choice."""

    def __init__(self, aup: Installation, kubeconfig: Path, log: Path, settings: Mapping[str, str]) -> None:
        self.port, self.plain_port = free_ports(2)
        environment = {
            "PATH": "/usr/bin:/bin",
            "KUBECONFIG": str(kubeconfig),
            "AUP_PORT": str(self.port),
            "AUP_PLAIN_PORT": str(self.plain_port),
            "AUP_TLS_CERT": str(aup.certificate),
            "AUP_TLS_KEY": str(aup.key),
            **settings,
        }
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-Im", "aup_webhook"], env=environment, stdout=file, stderr=subprocess.STDOUT
            )
        self._context = aup.context()

    def plain(self, path: str) -> tuple[int, str]:
        """Status and body of a GET on the plain port; 0 while nothing listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.plain_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def enforce(self, body: Json) -> tuple[int, Any]:
        """Status, and the review's response where it is answered, else the text."""
        request = urllib.request.Request(
            f"https://localhost:{self.port}/enforce", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5, context=self._context) as answer:  # noqa: S310 - as above
                return answer.status, json.load(answer)["response"]
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def wait(self, path: str, status: int) -> str:
        """The body of the first answer with this status."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            found, body = self.plain(path)
            if found == status:
                return body
            time.sleep(0.05)
        raise AssertionError(f"{path} did not become {status}")


@contextmanager
def webhook(aup: Installation, kubeconfig: Path, log: Path, **settings: str) -> Iterator[Webhook]:
    """A webhook process that ends with the block; `settings` are more of its environment variables."""
    started = Webhook(aup, kubeconfig, log, settings)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()

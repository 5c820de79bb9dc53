"""An authorizer before RBAC that sees which rights operator and webhook use, and can deny each."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple, Self

import yaml

from testbed import kubeconfig
from testbed.installation import NAMESPACE
from tests.support import Json

USERS = f"system:serviceaccount:{NAMESPACE}:"


class Right(NamedTuple):
    """A verb on a resource, `group/plural` with a subresource if any; on one object alone where it has a name."""

    component: str
    verb: str
    resource: str
    name: str = ""


def granted(component: str, role: Json) -> set[Right]:
    """What a role gives to `operator` or `webhook`."""
    return {
        Right(component, verb, f"{group}/{resource}".lstrip("/"), name)
        for rule in role["rules"] or []
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


class Authorizer:
    """Asked by the API server before RBAC whenever operator or webhook want something.

    Attributes:
        granted: The rights that it looks at; of others it has no opinion.
        used: Those of them that were used so far.
        denies: Asked at each use of one: why it is denied, or nothing, and then RBAC decides.
    """

    def __init__(self) -> None:
        self.granted: set[Right] = set()
        self.used: set[Right] = set()
        self.denies: Callable[[Right], str] = lambda _right: ""
        authorizer = self

        class Handler(BaseHTTPRequestHandler):
            """Answers SubjectAccessReviews."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = json.dumps({**review, "status": authorizer._status(review["spec"])}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def arguments(self, folder: Path) -> list[str]:
        """What kube-apiserver needs to ask it before RBAC; the files are written to a folder."""
        server = {"server": f"http://127.0.0.1:{self._http.server_address[1]}"}
        config = kubeconfig.write(folder / "authorizer.kubeconfig", server, {})
        webhook = {
            "timeout": "10s",
            "subjectAccessReviewVersion": "v1",
            "matchConditionSubjectAccessReviewVersion": "v1",
            "failurePolicy": "Deny",
            "authorizedTTL": "1s",
            "unauthorizedTTL": "1s",
            "cacheAuthorizedRequests": False,
            "cacheUnauthorizedRequests": False,
            "connectionInfo": {"type": "KubeConfigFile", "kubeConfigFile": str(config)},
            "matchConditions": [{"expression": f"request.user.startsWith('{USERS}')"}],
        }
        first = {"type": "Webhook", "name": "aup-tests", "webhook": webhook}
        authorizers = [first, {"type": "Node", "name": "node"}, {"type": "RBAC", "name": "rbac"}]
        configuration = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthorizationConfiguration"}
        file = folder / "authorization.yaml"
        file.write_text(yaml.safe_dump(configuration | {"authorizers": authorizers}))
        return [f"--authorization-config={file}"]

    def close(self) -> None:
        """End it."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _status(self, spec: Json) -> Json:
        right = self._right(spec)
        if right is None:
            return {"allowed": False}
        self.used.add(right)
        reason = self.denies(right)
        return {"allowed": False, "denied": bool(reason), "reason": reason}

    def _right(self, spec: Json) -> Right | None:
        """Which right a request uses: the one for that object alone, if there is one."""
        asked = spec.get("resourceAttributes")
        if asked is None:
            return None
        resource = "/".join(filter(None, (asked.get("group"), asked["resource"], asked.get("subresource"))))
        right = Right(spec["user"].removeprefix(f"{USERS}aup-"), asked["verb"], resource)
        named = right._replace(name=asked.get("name", ""))
        return named if named in self.granted else right if right in self.granted else None

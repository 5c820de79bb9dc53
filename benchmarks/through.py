"""What a webhook adds to a change through kube-apiserver: dry-run creates, one at a time, in turn with and without.

The namespaces decide: in one no webhook is asked, in one ours, in one a Go program that decodes nothing and allows, and
in one the floor of our stack.
"""

import base64
import http.client
import json
import random
import ssl
import statistics
import time
from urllib.parse import urlsplit

import msgspec
import yaml

from benchmarks.bodies import NAMESPACE, Json, deployment
from testbed.controlplane import ControlPlane

PLAIN, NOOP, FLOOR = "bench-plain", "bench-noop", "bench-floor"
_WARM_UP = 30


class Added(msgspec.Struct, frozen=True):
    """What a webhook adds, in milliseconds."""

    p50: float
    p99: float


class Through(msgspec.Struct, frozen=True):
    """One round: without a webhook (milliseconds), and what ours, the one that does nothing and the floor add."""

    without: Added
    ours: Added
    nothing: Added
    floor: Added


def prepare(plane: ControlPlane, authority: bytes, noop_port: int, floor_port: int) -> None:
    """Make the namespaces, the configurations of the webhooks to compare with, and who creates."""
    plane.kubectl("create", "namespace", PLAIN)
    for name, port in ((NOOP, noop_port), (FLOOR, floor_port)):
        plane.kubectl("create", "namespace", name)
        plane.kubectl("label", "namespace", name, f"bench={name}")
        plane.kubectl("apply", "-f", "-", input=json.dumps(_configuration(name, port, authority)))
    plane.kubectl("create", "serviceaccount", "bench", "-n", PLAIN)
    plane.kubectl(
        "create", "clusterrolebinding", "bench", "--clusterrole=cluster-admin", f"--serviceaccount={PLAIN}:bench"
    )


def _configuration(name: str, port: int, authority: bytes) -> Json:
    hook = {
        "name": f"{name}.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {
            "url": f"https://localhost:{port}/enforce",
            "caBundle": base64.b64encode(authority).decode(),
        },
        "failurePolicy": "Ignore",  # the floor gives every question the same answer, which is taken for none
        "namespaceSelector": {"matchLabels": {"bench": name}},
        "rules": [
            {
                "apiGroups": ["apps"],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["deployments"],
            }
        ],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [hook],
    }


class Client:
    """Creates Deployments that are not kept, over one connection."""

    def __init__(self, plane: ControlPlane) -> None:
        config = yaml.safe_load(plane.service_account_kubeconfig(PLAIN, "bench").read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        server = urlsplit(cluster["server"])
        context = ssl.create_default_context(cadata=authority)
        self._connection = http.client.HTTPSConnection(str(server.hostname), server.port, context=context)
        self._headers = {"Authorization": f"Bearer {user['token']}", "Content-Type": "application/json"}
        self._number = 0

    def create(self, namespace: str) -> float:
        """Create one, as a dry run; returns the time in milliseconds.

        Raises:
            RuntimeError: The API server does not take it.
        """
        self._number += 1
        manifest = deployment(self._number, variables=24)
        manifest["metadata"]["namespace"] = namespace
        body = msgspec.json.encode(manifest)
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments?dryRun=All"
        began = time.perf_counter()
        self._connection.request("POST", path, body, self._headers)
        answer = self._connection.getresponse()
        said = answer.read()
        took = (time.perf_counter() - began) * 1e3
        if answer.status != http.HTTPStatus.CREATED:
            raise RuntimeError(f"{answer.status} for a create in {namespace}: {said[:500].decode(errors='replace')}")
        return took


def measure(client: Client, count: int) -> Through:
    """A round of `count` creates in each namespace, in turn and in changing order, so that noise meets all alike."""
    order = [PLAIN, NAMESPACE, NOOP, FLOOR]
    took: dict[str, list[float]] = {namespace: [] for namespace in order}
    shuffled = random.Random(1)  # noqa: S311 - an order, not a secret
    for turn in range(count + _WARM_UP):
        shuffled.shuffle(order)
        for namespace in order:
            milliseconds = client.create(namespace)
            if turn >= _WARM_UP:
                took[namespace].append(milliseconds)
    without, ours, nothing, floor = (_figures(took[namespace]) for namespace in (PLAIN, NAMESPACE, NOOP, FLOOR))
    return Through(
        without=without,
        ours=Added(ours.p50 - without.p50, ours.p99 - without.p99),
        nothing=Added(nothing.p50 - without.p50, nothing.p99 - without.p99),
        floor=Added(floor.p50 - without.p50, floor.p99 - without.p99),
    )


def _figures(milliseconds: list[float]) -> Added:
    hundredths = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return Added(hundredths[49], hundredths[98])

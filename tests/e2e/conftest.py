"""The real node, with the images built and the chart installed as a platform team does. `make e2e` runs these alone."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.certificates import Authority
from testbed.controlplane import ControlPlane
from testbed.installation import CHART, NAMESPACE, RELEASE
from testbed.kubeconfig import encoded
from testbed.node.images import WORKLOAD
from testbed.node.node import Node
from tests.support import Customer, container, eventually, named_customer
from tools.image.__main__ import build, version

Json = dict[str, Any]


@pytest.fixture(scope="session")
def images() -> dict[str, Path]:
    """The archive of each of our images, as `make image` makes them."""
    return build()


@pytest.fixture(scope="session")
def node(images: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The node, with our images on it."""
    with Node.start(list(images.values()), tmp_path_factory.mktemp("node")) as started:
        yield started


@pytest.fixture(scope="session")
def cluster(node: Node) -> ControlPlane:
    """The node's cluster with the chart installed: both Deployments are at work, the policy is in force."""
    plane = node.plane
    authority = Authority()
    pair = authority.server("aup-webhook", [f"aup-webhook.{NAMESPACE}.svc"])
    certificate, key = pair.write(plane.run_dir, "aup-webhook-tls")
    plane.kubectl("create", "namespace", NAMESPACE)
    files = (f"--cert={certificate}", f"--key={key}")
    plane.kubectl("create", "secret", "tls", "aup-webhook-tls", "--namespace", NAMESPACE, *files)
    install(plane, encoded(authority.pair.certificate))
    (plane.run_dir / "aup-bundle").write_text(encoded(authority.pair.certificate))
    return plane


def install(plane: ControlPlane, bundle: str) -> None:
    """`helm install` with our images, and wait until everything is at work."""
    images = {name: {"repository": f"localhost/aup-{name}", "tag": version()} for name in ("webhook", "operator")}
    values = {
        "webhook": {"image": images["webhook"], "tls": {"caBundle": bundle}},
        "operator": {"image": images["operator"], "brake": {"tenantsPerHour": 0}},
    }
    named = (RELEASE, str(CHART), "--namespace", NAMESPACE)
    plane.helm("install", *named, "--values", "-", input=json.dumps(values))
    at_work(plane)


def at_work(plane: ControlPlane) -> None:
    """Wait until all our Pods are ready and the policy is in force."""
    for name in ("webhook", "operator"):
        status = ("rollout", "status", f"deployment/aup-{name}", "--namespace", NAMESPACE)
        plane.kubectl(*status, "--timeout=180s", timeout=200)
    eventually(lambda: "Effective" in plane.kubectl("get", "acceptableusepolicies", "-o", "yaml").stdout, 120)


@pytest.fixture(scope="session")
def customer(cluster: ControlPlane) -> Customer:
    """A tenant whose user may do everything in its namespace."""
    return named_customer(cluster, "acme")


@pytest.fixture
def running(customer: Customer) -> Callable[[str], int]:
    """How many of a Deployment's Pods have a container that runs, as kubelet says."""

    def count(app: str) -> int:
        pods = customer.get("pods", "--selector", f"app={app}")["items"]
        statuses = [status for pod in pods for status in pod["status"].get("containerStatuses", [])]
        return sum("running" in status["state"] for status in statuses)

    return count


def shop(**fields: Any) -> Json:
    """A container of the image that the node has."""
    return container(image=WORKLOAD, imagePullPolicy="Never", **fields)


def seconds_to_ready(pod: Json) -> float:
    """From the start of a Pod's container until it was ready."""
    started = pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    ready = next(item for item in pod["status"]["conditions"] if item["type"] == "Ready")["lastTransitionTime"]
    read = [time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) for text in (started, ready)]
    return read[1] - read[0]


def pods(plane: ControlPlane, component: str) -> list[Json]:
    """The Pods of one of our components."""
    selector = f"app.kubernetes.io/component={component}"
    answer = plane.kubectl("get", "pods", "--namespace", NAMESPACE, "--selector", selector, "-o", "json")
    found: list[Json] = json.loads(answer.stdout)["items"]
    return found

"""The real node, with the images built and the chart installed as a platform team does. `make e2e` runs these alone."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from testbed.certificates import Authority
from testbed.controlplane import ControlPlane
from testbed.installation import CHART, NAMESPACE, RELEASE
from testbed.kubeconfig import encoded
from testbed.node.node import Node
from tests.cluster.suspending import suspend
from tests.e2e.previous import VERSION, Previous, make
from tests.e2e.workloads import shop
from tests.stream import Stream
from tests.support import Customer, eventually, named_customer, workload
from tools.image.__main__ import build, version

Json = dict[str, Any]


@pytest.fixture(scope="session")
def images() -> dict[str, Path]:
    """The archive of each of our images, as `make image` makes them."""
    return build()


@pytest.fixture(scope="session")
def previous(images: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Previous:
    """The version before this one, chart and images; it has to build after this one, since its own first build fails.

    It takes an archive that was never written for one that is there already, unless one of that name was.
    """
    assert all(archive.is_file() for archive in images.values())
    return make(tmp_path_factory.mktemp("previous"))


@pytest.fixture(scope="session")
def node(images: dict[str, Path], previous: Previous, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The node, with the images of both versions on it."""
    with Node.start([*images.values(), *previous.images], tmp_path_factory.mktemp("node")) as started:
        yield started


class Upgrade(msgspec.Struct, frozen=True):
    """What an upgrade came to.

    Attributes:
        plane: Where it was done.
        stream: How changes of a tenant were judged meanwhile.
        resting: A tenant that was suspended before, of which two containers ran.
    """

    plane: ControlPlane
    stream: Stream
    resting: Customer


@pytest.fixture(scope="session")
def upgrade(node: Node, previous: Previous) -> Upgrade:
    """The previous version installed on the node, and then upgraded to this one under a stream of changes."""
    plane = node.plane
    plane.kubectl("create", "namespace", NAMESPACE)
    bundle = own_certificate(plane)
    release(plane, "install", previous.chart, values({"caBundle": bundle}, VERSION))
    resting = named_customer(plane, "resting")
    resting.run("create", "-f", "-", stdin=workload("Deployment", "web", shop(), replicas=2), check=True)
    suspend(resting)
    busy = named_customer(plane, "acme")
    with Stream(plane, busy.namespace) as stream:
        release(plane, "upgrade", CHART, values({"mode": "existingSecret", "caBundle": bundle}, version()))
    return Upgrade(plane, stream, resting)


@pytest.fixture(scope="session")
def cluster(upgrade: Upgrade) -> ControlPlane:
    """The node's cluster with this version at work and its policy in force."""
    return upgrade.plane


def own_certificate(plane: ControlPlane) -> str:
    """Bring a certificate for the webhook, as docs/certificates.md says; its authority in base64."""
    authority = Authority()
    pair = authority.server("aup-webhook", [f"aup-webhook.{NAMESPACE}.svc"])
    certificate, key = pair.write(plane.run_dir, "aup-webhook-tls")
    files = (f"--cert={certificate}", f"--key={key}")
    plane.kubectl("create", "secret", "tls", "aup-webhook-tls", "--namespace", NAMESPACE, *files)
    return encoded(authority.pair.certificate)


def values(tls: Json, tag: str) -> Json:
    """The chart's values for our images of a version."""
    images = {name: {"repository": f"localhost/aup-{name}", "tag": tag} for name in ("webhook", "operator")}
    return {
        "webhook": {"image": images["webhook"], "tls": tls},
        "operator": {"image": images["operator"], "brake": {"tenantsPerHour": 0}},
    }


def release(plane: ControlPlane, command: str, chart: Path, given: Json) -> None:
    """`helm install` or `helm upgrade`, and wait until everything is at work."""
    plane.helm(command, RELEASE, str(chart), "--namespace", NAMESPACE, "--values", "-", input=json.dumps(given))
    at_work(plane)


def values_of(plane: ControlPlane) -> Json:
    """The values that the release has now, as `helm get values` gives them to whoever upgrades it."""
    given: Json = json.loads(plane.helm("get", "values", RELEASE, "--namespace", NAMESPACE, "-o", "json").stdout)
    return given


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
    return lambda app: containers(customer, "--selector", f"app={app}")


def containers(tenant: Customer, *selected: str) -> int:
    """How many containers of a tenant's Pods run, as kubelet says; `selected` are kubectl's options."""
    statuses = [
        status
        for pod in tenant.get("pods", *selected)["items"]
        for status in pod["status"].get("containerStatuses", [])
    ]
    return sum("running" in status["state"] for status in statuses)


def seconds_to_ready(pod: Json) -> float:
    """From the start of a Pod's container until it was ready."""
    started = pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    ready = next(item for item in pod["status"]["conditions"] if item["type"] == "Ready")["lastTransitionTime"]
    read = [time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) for text in (started, ready)]
    return read[1] - read[0]


def pods(plane: ControlPlane, component: str) -> list[Json]:
    """The Pods of one of our components but those that are ending, as some still are after a restart or an upgrade."""
    selector = f"app.kubernetes.io/component={component}"
    answer = plane.kubectl("get", "pods", "--namespace", NAMESPACE, "--selector", selector, "-o", "json")
    return [one for one in json.loads(answer.stdout)["items"] if "deletionTimestamp" not in one["metadata"]]

"""Manifests applied without Helm, by a GitOps tool or by hand: taken whole, and no difference afterwards."""

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from testbed.certificates import Authority
from testbed.controlplane import ControlPlane
from tests.chart.rendering import FULL, NAMESPACE, template
from tests.support import eventually

pytestmark = pytest.mark.cluster

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: fleets
  labels: {aup.asergo.com/aggregate-to-operator: "true"}
rules: [{apiGroups: [example.com], resources: [fleets], verbs: [get, list, patch]}]
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane of the test's own, on which nothing is installed."""
    with ControlPlane.start(log_dir=tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """deploy/ with a certificate, as its README asks for."""
    folder = tmp_path_factory.mktemp("manifests") / "deploy"
    shutil.copytree(DEPLOY, folder, ignore=shutil.ignore_patterns("tls"))
    tls = folder / "base" / "tls"
    tls.mkdir()
    authority = Authority()
    authority.server("aup-webhook", [f"aup-webhook.{NAMESPACE}.svc"]).write(tls, "tls")
    (tls / "ca.crt").write_bytes(authority.pair.certificate)
    return folder


def test_plain_manifests_are_taken_whole_and_show_no_difference(own: ControlPlane, deploy: Path) -> None:
    """Their namespace admits their Pods, and the same again changes nothing, also with gathered rights."""
    apply, diff = ("apply", "--server-side", "-k", str(deploy)), ("diff", "--server-side", "-k", str(deploy))
    own.kubectl(*apply)
    for name in ("aup-operator", "aup-webhook"):
        own.kubectl("rollout", "status", f"deployment/{name}", "-n", NAMESPACE, "--timeout=60s")
    own.kubectl("create", "-f", "-", input=ROLE)
    gathered = ("get", "clusterrole", "aup-operator-kinds", "-o", "jsonpath={.rules}")
    eventually(lambda: "fleets" in own.kubectl(*gathered).stdout)

    different = own.kubectl(*diff, check=False)
    own.kubectl(*apply)

    assert (different.returncode, different.stdout, different.stderr) == (0, "", "")
    assert "fleets" in own.kubectl(*gathered).stdout


def test_a_single_customers_manifests_are_taken(own: ControlPlane, deploy: Path) -> None:
    """The overlay differs in the brake alone, and the Tenant beside it is one."""
    overlay = deploy / "single-customer"
    plain, single = (
        {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(own.kubectl(*command).stdout)}
        for command in (("kustomize", str(deploy)), ("kustomize", str(overlay)))
    )
    changed = {name for name, each in single.items() if each != plain[name]}
    before, after = (
        {each["name"]: each["value"] for each in container["env"]}
        for made in (plain, single)
        for container in made["Deployment", "aup-operator"]["spec"]["template"]["spec"]["containers"]
    )

    own.kubectl("apply", "--server-side", "-k", str(overlay))
    own.kubectl("wait", "--for=condition=Established", "crd/tenants.aup.asergo.com", "--timeout=20s")
    own.kubectl("apply", "--dry-run=server", "-f", str(overlay / "tenant.yaml"))

    assert (single.keys(), changed) == (plain.keys(), {("Deployment", "aup-operator")})
    assert after == before | {"AUP_BRAKE_TENANTS": "0"}


def test_a_render_with_every_option_shows_no_difference(own: ControlPlane, deploy: Path) -> None:
    """As Argo CD does it: rendered without a cluster, applied by the server."""
    bundle = base64.b64encode((deploy / "base/tls/ca.crt").read_bytes()).decode()
    absent = (f"monitoring.{each}.enabled=false" for each in ("podMonitor", "prometheusRule"))  # their kinds are
    rendered = template(f"webhook.tls.caBundle={bundle}", str(FULL), *absent).stdout
    own.kubectl("create", "namespace", NAMESPACE)

    own.kubectl("apply", "--server-side", "-f", "-", input=rendered)
    different = own.kubectl("diff", "--server-side", "-f", "-", input=rendered, check=False)

    assert (different.returncode, different.stdout, different.stderr) == (0, "", "")

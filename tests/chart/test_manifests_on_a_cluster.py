"""Manifests applied without Helm, by a GitOps tool or by hand: taken whole, and no difference afterwards."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from testbed import prometheus_operator
from testbed.controlplane import ControlPlane
from tests.chart.rendering import BUNDLE, FULL, NAMESPACE, template
from tests.cluster.attempts import established
from tests.support import eventually

pytestmark = pytest.mark.cluster

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
CONFIGURATION = ("validatingwebhookconfiguration", "aup-enforce")
TRUST = json.dumps(
    [{"op": "add", "path": f"/webhooks/{entry}/clientConfig/caBundle", "value": BUNDLE} for entry in range(2)]
)
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


def test_plain_manifests_are_taken_whole_and_show_no_difference(own: ControlPlane) -> None:
    """Their namespace admits their Pods, and the same again changes nothing.

    Neither the rights that Kubernetes has gathered, nor the trust in the webhook that the operator has set.
    """
    apply, diff = ("apply", "--server-side", "-k", str(DEPLOY)), ("diff", "--server-side", "-k", str(DEPLOY))
    own.kubectl(*apply)
    for name in ("aup-operator", "aup-webhook"):
        own.kubectl("rollout", "status", f"deployment/{name}", "-n", NAMESPACE, "--timeout=110s")
    own.kubectl("create", "-f", "-", input=ROLE)
    gathered = ("get", "clusterrole", "aup-operator-kinds", "-o", "jsonpath={.rules}")
    eventually(lambda: "fleets" in own.kubectl(*gathered).stdout)
    own.kubectl("patch", *CONFIGURATION, "--type=json", "--field-manager=aup-operator", "--patch", TRUST)
    trusted = own.kubectl("get", *CONFIGURATION, "--output=jsonpath={.webhooks[*].clientConfig.caBundle}").stdout

    different = own.kubectl(*diff, check=False)
    own.kubectl(*apply)

    assert (different.returncode, different.stdout, different.stderr) == (0, "", "")
    assert "fleets" in own.kubectl(*gathered).stdout
    after = own.kubectl("get", *CONFIGURATION, "--output=jsonpath={.webhooks[*].clientConfig.caBundle}").stdout
    assert (len(trusted.split()), after) == (2, trusted)


def test_a_single_customers_manifests_are_taken(own: ControlPlane) -> None:
    """They differ in what a whole cluster needs alone, and the Tenant beside them is the one that they are for."""
    overlay = DEPLOY / "single-customer"
    plain, single = (
        {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(own.kubectl(*command).stdout)}
        for command in (("kustomize", str(DEPLOY)), ("kustomize", str(overlay)))
    )
    changed = {
        kind if kind.startswith("Validating") else f"{kind} {name}"
        for (kind, name), each in single.items()
        if each != plain.get((kind, name))
    }
    tenant = yaml.safe_load((overlay / "tenant.yaml").read_text())
    before, after = (
        {each["name"]: each["value"] for each in container["env"]}
        for made in (plain, single)
        for container in made["Deployment", "aup-operator"]["spec"]["template"]["spec"]["containers"]
    )

    own.kubectl("apply", "--server-side", "-k", str(overlay))
    own.kubectl("wait", "--for=condition=Established", "crd/tenants.aup.asergo.com", "--timeout=110s")
    rehearsed = ("apply", "--dry-run=server", "-f", str(overlay / "tenant.yaml"))
    eventually(
        lambda: own.kubectl(*rehearsed, check=False).returncode == 0
    )  # once the new kind is among what is served

    assert {name for _, name in single.keys() - plain.keys()} == {"aup-freeze-namespaces"}
    assert changed == {
        "ClusterRole aup-operator",
        "ConfigMap aup-protection",
        "Deployment aup-operator",
        "Deployment aup-webhook",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
    assert after == before | {
        "AUP_BRAKE_TENANTS": "0",
        "AUP_CLUSTER_TENANT": tenant["metadata"]["name"],
        "AUP_PROTECTION_RESTORE": "true",
        "AUP_PROVIDER_NAMESPACES": NAMESPACE,
    }
    assert tenant["spec"]["cluster"] is True


def test_a_render_with_every_option_shows_no_difference(own: ControlPlane) -> None:
    """As Argo CD does it: rendered without a cluster, applied by the server, in a namespace for restricted Pods alone.

    The server refuses unknown fields, and would warn of a version that goes. The one node cannot run all Pods.
    """
    for crd in prometheus_operator.crds():
        own.kubectl("apply", "--server-side", "-f", str(crd))
        established(own, "-f", str(crd))
    rendered = template(str(FULL)).stdout
    assert {"kind: PodMonitor", "kind: PrometheusRule"} <= set(rendered.splitlines())
    own.kubectl("create", "namespace", NAMESPACE)
    own.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")

    applied = own.kubectl("apply", "--server-side", "-f", "-", input=rendered)
    eventually(lambda: len(own.kubectl("get", "pods", "-n", NAMESPACE, "-o", "name").stdout.split()) == 4)
    different = own.kubectl("diff", "--server-side", "-f", "-", input=rendered, check=False)

    assert applied.stderr == ""
    assert (different.returncode, different.stdout, different.stderr) == (0, "", "")

"""A customer with cluster-admin against files of the control plane, which no API can reach."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testbed import admission_files
from testbed.certificates import signing_request
from testbed.controlplane import ControlPlane
from testbed.installation import NAMESPACE, Installation
from testbed.kubeconfig import encoded
from tests.chart.rendering import BUNDLE
from tests.cluster.suspending import phase, running
from tests.cluster.test_whole_cluster import MINER, SUSPENDED, TENANT, labels, namespace, whole_tenant
from tests.support import ADMIN, LIFT, Customer, Json, eventually, pod, suspension, workload

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("control-plane-files"),
    pytest.mark.since("1.37", "files with admission policies and webhooks"),
]

VALUES = ("cluster.tenant=customer", f"provider.users[0]={ADMIN}", "webhook.tls.mode=existingSecret")
GUARD = "[AUP guard]"
SPARED = f'request.userInfo.username != "system:serviceaccount:{NAMESPACE}:aup-operator"'

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files; the webhook's follows when its port and its authority are known."""
    folder = tmp_path_factory.mktemp("control-plane")
    elsewhere = ("webhook.url=https://localhost:1/enforce", f"webhook.tls.caBundle={BUNDLE}")
    admission_files.write(folder, [*VALUES, *elsewhere], "policies", "admission", "authorization", "authorizer")
    return folder


@pytest.fixture(scope="module")
def plane(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane whose API server has them from its first request on."""
    logs = tmp_path_factory.mktemp("logs")
    with ControlPlane.start(log_dir=logs, apiserver_args=admission_files.arguments(files)) as started:
        yield started


@pytest.fixture(scope="module")
def aup(plane: ControlPlane, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """aup for one tenant, with nothing of these files among its objects; the webhook's file is read while it runs."""
    values = ["controlPlane.files=true", f"provider.users[0]={ADMIN}"]
    made = Installation(plane, tmp_path_factory.mktemp("aup"), cluster_tenant="customer", values=values)
    with made.install():
        write_webhooks(files, made)
        yield made


def write_webhooks(files: Path, aup: Installation) -> None:
    """The file with which the API server asks the installation's webhook."""
    url = f"webhook.url=https://localhost:{aup.port}/enforce"
    bundle = next(one for one in aup.helm_values()[1].split(",") if one.startswith("webhook.tls.caBundle="))
    admission_files.write(files, [*VALUES, url, bundle], "webhooks")


@pytest.fixture(scope="module")
def customer(aup: Installation) -> Customer:
    """The tenant: `run` is its administrator in the group system:masters, whom no RBAC rule holds."""
    plane = aup.plane
    plane.kubectl("create", "-f", "-", input=json.dumps(whole_tenant("customer")))
    made = Customer(plane, "customer", "shop", plane.user_kubeconfig("mallory", ["system:masters"]))
    namespace(made, "shop")
    eventually(lambda: labels(made, "shop") == {TENANT: "customer"})
    eventually(lambda: "[AUP1601" in made.run("create", "--dry-run=server", "-f", "-", stdin=MINER).stderr, seconds=90)
    return made


@pytest.fixture(scope="module")
def administrator(aup: Installation) -> Kubectl:
    """kubectl as an administrator of the customer's by RBAC (cluster-admin), as the provider hands it out."""
    plane = aup.plane
    binding = ("create", "clusterrolebinding", "customers", "--clusterrole=cluster-admin", "--group=customer:admins")
    plane.kubectl(*binding)
    kubeconfig = plane.user_kubeconfig("carla", ["customer:admins"])

    def run(*args: str, stdin: object = None) -> subprocess.CompletedProcess[str]:
        return plane.kubectl(*args, input=json.dumps(stdin) if stdin else None, check=False, kubeconfig=kubeconfig)

    eventually(lambda: run("auth", "can-i", "*", "*", "--all-namespaces").stdout.strip() == "yes")
    return run


def hook(
    kind: str, *, name: str = "own", group: str = "", resource: str = "pods", verb: str = "CREATE", **more: object
) -> Json:
    """A webhook's configuration of the customer's."""
    rule = {"apiGroups": [group], "apiVersions": ["*"], "resources": [resource], "operations": [verb]}
    one = {
        "name": "own.customer.example",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Ignore",
        "clientConfig": {"url": "https://webhook.customer.example/"},
        "rules": [rule],
        **more,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "webhooks": [one],
    }


def policy(group: str, resource: str) -> Json:
    """A policy of the customer's, about what is updated."""
    rule = {"apiGroups": [group], "apiVersions": ["*"], "resources": [resource], "operations": ["UPDATE"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "own"},
        "spec": {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "false"}]},
    }


def request_for(signer: str) -> Json:
    """A request for a client certificate."""
    asked = encoded(signing_request(ADMIN, []).certificate)
    spec = {"request": asked, "signerName": signer, "usages": ["client auth"]}
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "own"},
        "spec": spec,
    }


def api_service(group: str) -> Json:
    """A server of the customer's for an API group."""
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v9.{group}"},
        "spec": {
            "group": group,
            "version": "v9",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "own", "namespace": "default"},
        },
    }


FLOW = {
    "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
    "kind": "PriorityLevelConfiguration",
    "metadata": {"name": "starved"},
    "spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 0, "limitResponse": {"type": "Reject"}}},
}
TOKEN = {
    "apiVersion": "v1",
    "kind": "Secret",
    "type": "kubernetes.io/service-account-token",
    "metadata": {"name": "stolen", "annotations": {"kubernetes.io/service-account.name": "namespace-controller"}},
}
HOSTNAMES = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns-custom"}, "data": {"a": "b"}}
CREATE = ("create", "--dry-run=server", "-f", "-")
MUTATING, VALIDATING = "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"
OURS = ("-n", NAMESPACE)

REFUSED: dict[str, tuple[tuple[str, ...], object, str]] = {
    "a kind of ours is deleted": (("delete", "crd", "suspensions.aup.asergo.com"), None, "aup's kinds"),
    "every kind of ours is deleted": (("delete", "crd", "--all"), None, "aup's kinds"),
    "a kind of ours is served by somebody else": (CREATE, api_service("aup.asergo.com"), "who serves the API"),
    "a built-in kind is served by somebody else": (CREATE, api_service("apps"), "who serves the API"),
    "the tenant is deleted": (("delete", "tenant", "customer"), None, "only the provider writes tenants"),
    "the tenant gives the cluster back": (
        ("patch", "tenant", "customer", "--type=merge", "-p", '{"spec": {"cluster": false}}'),
        None,
        "only the provider writes tenants",
    ),
    "the label is taken off": (("label", "namespace", "shop", f"{TENANT}-"), None, f"changes or removes {TENANT}"),
    "a policy that is an object is deleted": (
        ("delete", "validatingadmissionpolicybinding", "aup-freeze-selected"),
        None,
        "what is named aup-…",
    ),
    "the operator loses its rights": (("delete", "clusterrolebinding", "aup-operator"), None, "what is named aup-…"),
    "our namespace is deleted": (("delete", "namespace", NAMESPACE), None, f"the Namespace {NAMESPACE}"),
    "the operator is scaled down": (
        ("scale", *OURS, "deployment/aup-operator", "--replicas=0"),
        None,
        f"deployments/scale in Namespace {NAMESPACE}",
    ),
    "the operator is deleted": (
        ("delete", *OURS, "deployment", "--all"),
        None,
        f"deployments in Namespace {NAMESPACE}",
    ),
    "its service account is deleted": (
        ("delete", *OURS, "serviceaccount", "aup-operator"),
        None,
        f"serviceaccounts in Namespace {NAMESPACE}",
    ),
    "its token is made": (
        ("create", "token", *OURS, "aup-operator"),
        None,
        f"serviceaccounts/token in Namespace {NAMESPACE}",
    ),
    "a controller's token is made": (
        ("create", "token", "-n", "kube-system", "replicaset-controller"),
        None,
        "serviceaccounts/token in Namespace kube-system",
    ),
    "a Pod is put beside ours": ((*CREATE, *OURS), pod("spy"), f"pods in Namespace {NAMESPACE}"),
    "a Pod is put into kube-system": ((*CREATE, "-n", "kube-system"), pod("spy"), "pods in Namespace kube-system"),
    "a Deployment is put into kube-public": (
        (*CREATE, "-n", "kube-public"),
        workload("Deployment", "spy"),
        "deployments in Namespace kube-public",
    ),
    "a Secret gets a controller's token": ((*CREATE, "-n", "kube-system"), TOKEN, "secrets in Namespace kube-system"),
    "a webhook changes Namespaces": (
        CREATE,
        hook(MUTATING, resource="namespaces", verb="UPDATE"),
        "asked about what aup",
    ),
    "a webhook changes everything": (
        CREATE,
        hook(MUTATING, group="*", resource="*/*", verb="*"),
        "asked about what aup",
    ),
    "a webhook refuses our records": (
        CREATE,
        hook(VALIDATING, group="aup.asergo.com", resource="*"),
        "asked about what",
    ),
    "a webhook keeps Pods": (CREATE, hook(VALIDATING, verb="DELETE"), "asked about what aup writes"),
    "a webhook spares somebody else": (
        CREATE,
        hook(VALIDATING, verb="DELETE", matchConditions=[{"name": "a", "expression": "true"}]),
        f"add to each this matchCondition: {SPARED}",
    ),
    "a policy keeps Deployments up": (CREATE, policy("apps", "deployments"), "asked about what aup writes"),
    "a webhook has a name of ours": (CREATE, hook(VALIDATING, name="aup-enforce"), "what is named aup-…"),
    "our requests are starved": (CREATE, FLOW, "which requests the API server takes first"),
    "a machine's certificate is asked for": (
        CREATE,
        request_for("kubernetes.io/kube-apiserver-client-kubelet"),
        "certificates that people and machines log in with",
    ),
    "the provider's certificate is asked for": (
        CREATE,
        request_for("kubernetes.io/kube-apiserver-client"),
        "certificates that people and machines log in with",
    ),
    "a machine is entered": (("get", "--raw", "/api/v1/nodes/testbed-node/proxy/"), None, "a connection to a machine"),
}
"""What system:masters tries, with what the refusal says."""


@pytest.mark.parametrize("attempt", REFUSED)
def test_not_even_system_masters_gets_past_the_files(attempt: str, customer: Customer) -> None:
    """T26: the API server refuses, and names what is the provider's."""
    args, stdin, says = REFUSED[attempt]
    dry = [] if "--dry-run=server" in args or args[0] == "get" or "token" in args else ["--dry-run=server"]
    answer = customer.run(
        *args,
        *dry,
        *(() if args[0] in {"create", "get", "patch", "label", "scale"} else ("--wait=false",)),
        stdin=stdin,
    )

    assert answer.returncode == 1, answer.stdout
    assert GUARD in answer.stderr
    assert says in answer.stderr


ALLOWED: dict[str, tuple[tuple[str, ...], object]] = {
    "a Pod of its own": (CREATE, pod("fine")),
    "a Namespace of its own": (("create", "--dry-run=server", "namespace", "more"), None),
    "a webhook for its own kinds": (CREATE, hook(MUTATING, group="cert-manager.io", resource="*", verb="*")),
    "a webhook for new Pods": (CREATE, hook(MUTATING)),
    "a webhook for everything that spares aup": (
        CREATE,
        hook(VALIDATING, group="*", resource="*", verb="*", matchConditions=[{"name": "aup", "expression": SPARED}]),
    ),
    "its own metrics server": (CREATE, api_service("custom.metrics.k8s.io")),
    "its own API": (CREATE, api_service("api.customer.example")),
    "the DNS server's configuration": ((*CREATE, "-n", "kube-system"), HOSTNAMES),
    "a Role in kube-system": (
        ("create", "role", "election", "--verb=get", "--resource=leases", "-n", "kube-system", "--dry-run=server"),
        None,
    ),
    "its own ClusterRole": (
        ("create", "clusterrole", "own", "--verb=get", "--resource=pods", "--dry-run=server"),
        None,
    ),
    "a token of its own": (("create", "token", "default"), None),
    "a server's certificate": (CREATE, request_for("customer.example/serving")),
}
"""What an administrator of a cluster does every day."""


@pytest.mark.parametrize("deed", ALLOWED)
def test_the_customer_runs_its_cluster_as_ever(deed: str, customer: Customer) -> None:
    """Nothing else is in its way."""
    args, stdin = ALLOWED[deed]
    answer = customer.run(*args, stdin=stdin)

    assert answer.returncode == 0, answer.stderr


def test_the_off_switch_is_to_remove_the_file(customer: Customer, aup: Installation, files: Path) -> None:
    """While the webhook is dead nothing can be changed; without its file all can, and with it changes are judged again.

    The command is that of docs/failing-closed.md.
    """

    def answer(manifest: Json) -> str:
        return customer.run(*CREATE, stdin=manifest).stderr

    aup.kill("webhook")
    try:
        assert "failed calling webhook" in answer(pod("fine"))
        for file in (files / "webhooks").glob("*"):
            file.unlink()
        eventually(lambda: answer(pod("fine")) == "")
    finally:
        aup.start_webhook()
        write_webhooks(files, aup)
        eventually(lambda: "[AUP1601" in answer(MINER))


KINDS = ("validatingadmissionpolicies", "validatingadmissionpolicybindings", "validatingwebhookconfigurations")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_a_file_is_no_object(kind: str, customer: Customer) -> None:
    """It is not listed and cannot be deleted, and its name is taken."""
    name = "aup-enforce.static.k8s.io" if kind.startswith("validatingwebhook") else "aup-freeze.static.k8s.io"
    listed = customer.run("get", kind, "-o", "name")
    deleted = customer.run("delete", kind, name, "--wait=false")
    own = hook(VALIDATING, name="own.static.k8s.io")
    taken = customer.provider(*CREATE, stdin=own, check=False)

    assert listed.returncode == 0
    assert "static.k8s.io" not in listed.stdout
    assert "aup-enforce" not in listed.stdout
    assert "NotFound" in deleted.stderr
    assert "static.k8s.io" in taken.stderr
    assert taken.returncode == 1


def test_the_webhook_of_the_file_judges(customer: Customer) -> None:
    """What breaks a rule is rejected, with the webhook's own words."""
    answer = customer.run("create", "-f", "-", stdin=MINER)

    assert 'admission webhook "builtin.enforce.aup.asergo.com" denied the request' in answer.stderr
    assert "[AUP1601" in answer.stderr


IMPERSONATED = {
    "the provider": ("--as", ADMIN),
    "the operator": ("--as", f"system:serviceaccount:{NAMESPACE}:aup-operator"),
    "a controller": ("--as", "system:serviceaccount:kube-system:replicaset-controller"),
    "the API server": ("--as", "system:apiserver"),
    "a machine": ("--as", "system:node:testbed-node", "--as-group", "system:nodes"),
    "system:masters": ("--as", "bob", "--as-group", "system:masters"),
}


@pytest.mark.parametrize("whom", IMPERSONATED)
def test_the_customers_administrator_acts_as_nobody_of_the_providers(whom: str, administrator: Kubectl) -> None:
    """Admission would see the other's name alone, so the authorizer's file has to refuse it."""
    answer = administrator("get", "namespaces", *IMPERSONATED[whom])

    assert answer.returncode == 1
    assert 'is forbidden: User "carla" cannot impersonate' in answer.stderr
    assert "[AUP guard] nobody but the provider acts as" in answer.stderr or whom == "system:masters"


def test_the_customers_administrator_acts_as_its_own_people(administrator: Kubectl) -> None:
    """Dashboards do so for whoever has logged in."""
    groups = ("--as-group", "customer:admins", "--as-group", "system:authenticated")

    assert administrator("get", "namespaces", "--as", "alice", *groups).returncode == 0
    assert administrator("get", "pods", "-n", "shop", "--as", "system:serviceaccount:shop:default").returncode == 1


def test_a_machine_is_entered_by_no_authorization_either(administrator: Kubectl) -> None:
    """A kubelet asks the API server who may; this is what it would be told."""
    answer = administrator("auth", "can-i", "get", "nodes", "--subresource=proxy")

    assert answer.returncode == 1
    assert administrator("auth", "can-i", "get", "nodes").stdout.strip() == "yes"


def test_a_suspension_holds_against_system_masters_with_nothing_of_ours_running(
    customer: Customer, aup: Installation
) -> None:
    """Nothing starts, nothing of the hold comes off, no record goes; the lift gives everything back."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    eventually(lambda: running(customer) == 2)
    customer.provider("create", "-f", "-", stdin=suspension("customer"))
    eventually(lambda: phase(customer) == "Enforced")
    aup.kill("webhook")
    aup.kill("operator")
    free = '{"metadata": {"labels": {"aup.asergo.com/suspended": null}}}'
    lift = json.dumps({"spec": {"lift": {"reason": "r", "orderedBy": "mallory"}}})
    try:
        tried = {
            "a Pod": customer.run("create", "-f", "-", stdin=pod("up")),
            "a scale": customer.run("scale", "deployment/web", "--replicas=1"),
            "the label": customer.run("label", "namespace", "shop", f"{SUSPENDED}-"),
            "the label's status": customer.run(
                "patch", "namespace", "shop", "--subresource=status", "--type=merge", "-p", free
            ),
            "a Namespace": customer.run("create", "namespace", "escape"),
            "the records": customer.run("delete", "suspensionrecords", "--all", "--wait=false"),
            "the Suspension": customer.run("delete", "suspension", "customer", "--wait=false"),
            "a lift": customer.run("patch", "suspension", "customer", "--type=merge", "-p", lift),
            "the kind": customer.run("delete", "crd", "suspensionrecords.aup.asergo.com", "--wait=false"),
        }
        at_zero = running(customer)
        downscaled = customer.run("scale", "deployment/web", "--replicas=0")
    finally:
        aup.start_webhook()
        aup.start_operator()
    customer.plane.kubectl("patch", "suspension", "customer", "--type=merge", "-p", LIFT)
    eventually(lambda: phase(customer) == "Lifted")
    eventually(lambda: running(customer) == 2)

    assert {name for name, answer in tried.items() if answer.returncode == 0} == set()
    marks = {name: "AUP7301" in answer.stderr or GUARD in answer.stderr for name, answer in tried.items()}
    assert [name for name, marked in marks.items() if not marked] == []
    assert "aup-freeze.static.k8s.io" in tried["a Pod"].stderr
    assert at_zero == 0
    assert downscaled.returncode == 0
    assert labels(customer, "shop") == {TENANT: "customer"}

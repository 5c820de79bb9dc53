"""Each right that the chart gives operator and webhook is used; without it something fails, and somebody is told."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from testbed.controlplane import ControlPlane
from testbed.installation import NAMESPACE, SECRET, Installation, InstallationError
from testbed.mounted import MountedSecret
from tests.cluster.attempts import established, install_kinds
from tests.cluster.authorizer import Authorizer, Right, granted
from tests.cluster.suspending import lift, phase, status, suspend, waiting_job, whole_zoo
from tests.cluster.test_suspension_removal import SECOND, ending, objects, patch, soon
from tests.cluster.test_tenant_totals import hard, set_totals
from tests.support import Customer, Json, client, eventually, named_customer, suspension, workload

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("rights")]

VALUES = [f"operator.{option}=true" for option in ("protection.restore", "removal.enabled", "termination.enabled")]
SETTINGS = {"AUP_PROTECTION_RESTORE": "true", "AUP_AUDIT_INTERVAL": "10", "AUP_CERTIFICATE_LIFETIME": "240"}

GATEWAY = "gateway.networking.k8s.io"
ROUTES = ("Gateway", "GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute")

HOLDS_TENANTS = "validatingadmissionpolicies,validatingadmissionpolicybindings,validatingwebhookconfigurations"
ALTERED: dict[str, Json] = {
    "ValidatingAdmissionPolicy": {"spec": {"failurePolicy": "Ignore"}},
    "ValidatingAdmissionPolicyBinding": {"spec": {"validationActions": ["Audit"]}},
    "ValidatingWebhookConfiguration": {"webhooks": []},
}

STARTS = 10
"""How often a process is started, which ends where a denial meets it at its start."""

PATIENCE_SECONDS = 60.0
"""For which a right is denied at most, where nobody tells of it."""


class Trial:
    """aup on a control plane of its own, where each right is denied from its first use until that is told.

    It is told where a log of ours or a Suspension's status has the words of the denial, or has, for a kind of others
    that may not be listed, the words for that. Of rights on single objects, the verb is denied for the first of them.
    """

    def __init__(self, plane: ControlPlane, authorizer: Authorizer, logs: Path) -> None:
        self.plane = plane
        self.aup = Installation(plane, logs, tls="selfSigned", values=VALUES, **SETTINGS)
        self.aup.install_chart()
        self._logs = logs
        self._authorizer = authorizer
        self._since: dict[Right, float] = {}
        self._told: set[Right] = set()
        authorizer.granted = _granted(plane)
        authorizer.denies = self._denies

    def start(self) -> None:
        """Start operator and webhook, each again while it ends at once, as the kubelet does."""
        _start(self.aup.start_operator)
        self.aup.mounted = MountedSecret(self.plane, NAMESPACE, SECRET, self.aup.certificate.parent, delay=0)
        self.aup.mounted.wait()
        _start(self.aup.start_webhook)
        self.aup.wait_for_policy()

    def unused(self) -> list[Right]:
        """The rights that nothing has used."""
        return sorted(self._authorizer.granted - self._authorizer.used)

    def untold(self) -> list[Right]:
        """The rights whose denial nobody has told of."""
        told = "".join(path.read_text() for path in self._logs.glob("*.log"))
        told += json.dumps(list(client(self.plane.kubeconfig).list("/apis/aup.asergo.com/v1alpha1/suspensions")))
        self._told |= {right for right in list(self._since) if any(each in told for each in _words(right))}
        return [right for right in list(self._since) if right not in self._told]

    def _denies(self, used: Right) -> str:
        right = used._replace(name="one" if used.name else "")
        since = self._since.setdefault(right, time.monotonic())
        if right in self._told or right not in self.untold() or time.monotonic() > since + PATIENCE_SECONDS:
            return ""
        return _words(right)[0]


def _words(right: Right) -> list[str]:
    """What tells of a denial."""
    plural, _, group = right.resource.partition("/")[::-1]
    listed = [f"aup may not list {plural}.{group}, so"] if right.verb == "list" else []
    return [f"denied is [{' '.join(right).strip()}]", *listed]


def _granted(plane: ControlPlane) -> set[Right]:
    """What the chart's roles give to operator and webhook."""
    command = ("get", "clusterroles,roles", "--all-namespaces", "-l", "app.kubernetes.io/name=aup", "-o", "json")
    roles = {one["metadata"]["name"]: one for one in json.loads(plane.kubectl(*command).stdout)["items"]}
    ours = {name: name.split("-")[1] for name in roles if name.startswith(("aup-operator", "aup-webhook"))}
    return {right for name, component in ours.items() for right in granted(component, roles[name])}


def _start(start: Callable[[], None]) -> None:
    """Start a process of ours, again if it ends, which is what a kubelet does."""
    for _ in range(STARTS - 1):
        with suppress(InstallationError):
            return start()
    return start()


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """aup, installed with everything that adds rights."""
    folder, logs = tmp_path_factory.mktemp("authorizer"), tmp_path_factory.mktemp("logs")
    with (
        Authorizer() as authorizer,
        ControlPlane.start(log_dir=folder, apiserver_args=authorizer.arguments(folder)) as plane,
    ):
        made = Trial(plane, authorizer, logs)
        with made.aup:
            yield made


def test_each_right_is_used_and_its_denial_is_told(trial: Trial) -> None:
    """Through a suspension of everything, its lift, totals, removal, the end of a service, and what is put back.

    All of that comes to its end, each denial notwithstanding, once the right is there.
    """
    plane = trial.plane
    install_kinds(plane)
    plane.kubectl("create", "-f", "-", input=yaml.safe_dump_all(map(_definition, ROUTES)))
    established(plane, "crd", "--all")
    plane.kubectl("create", "clusterrolebinding", SECOND, "--clusterrole=aup-provider", f"--user={SECOND}")
    try:
        trial.start()
        _suspended_and_lifted(named_customer(plane, "shop"))
        _counted(named_customer(plane, "counted"))
        _removed_and_lifted(named_customer(plane, "phisher"))
        _ended(named_customer(plane, "gone"))
        _put_back(plane)
        eventually(lambda: not trial.unused())
    finally:
        print(f"unused: {trial.unused()}", f"denied, but nobody was told: {trial.untold()}", sep="\n")
    assert (trial.unused(), trial.untold()) == ([], [])


def _suspended_and_lifted(customer: Customer) -> None:
    everything = [*whole_zoo(), waiting_job("brief", activeDeadlineSeconds=3600)]
    customer.run("create", "-f", "-", stdin=everything, check=True)
    eventually(lambda: customer.get("job", "brief")["status"].get("startTime"))
    started = customer.get("job", "brief")["status"]["startTime"]
    customer.provider("create", "-f", "-", stdin=suspension(customer.name, exposure="Deny"))
    eventually(lambda: phase(customer) == "Enforced")
    eventually(lambda: status(customer)["recorded"] >= len(whole_zoo()) - 2)
    kept = json.dumps({"status": {"startTime": started}})  # as before Kubernetes 1.36
    customer.provider("patch", "job", "brief", "--subresource=status", "--type=merge", "-p", kept)
    lift(customer)


def _counted(customer: Customer) -> None:
    for pods in (60, 70):
        set_totals(customer, {"pods": pods})
        eventually(lambda: hard(customer).get("pods") == str(pods))  # noqa: B023 - it is called at once
    set_totals(customer, None)
    eventually(lambda: not customer.get("resourcequotas")["items"])


def _removed_and_lifted(customer: Customer) -> None:
    permit = {"tenant": customer.name, "rules": ["AUP6101", "AUP6201"], "scope": {"namespaces": [customer.namespace]}}
    permit |= {"validFrom": soon(-60), "expiresAt": soon(3600), "reason": "r", "ticket": "t", "approvedBy": "a"}
    named = {"apiVersion": "aup.asergo.com/v1alpha1", "kind": "Permit", "metadata": {"name": "any"}}
    customer.provider("create", "-f", "-", stdin=named | {"spec": permit})
    content = _content()
    eventually(lambda: customer.run("apply", "-f", "-", stdin=content).returncode == 0)
    suspend(customer)
    names = [(one["apiVersion"].rpartition("/")[0], one["kind"], one["metadata"]["name"]) for one in content]
    patch(customer, objects(customer, *names))
    second = customer.plane.user_kubeconfig(SECOND)
    patch(customer, {"removal": {"confirmedBy": SECOND}}, second)
    eventually(lambda: status(customer).get("removed") == len(content))
    lift(customer)


def _ended(customer: Customer) -> None:
    suspend(customer)
    patch(customer, ending(soon(-60)))
    patch(customer, {"termination": {"confirmedBy": SECOND}}, customer.plane.user_kubeconfig(SECOND))
    eventually(lambda: phase(customer) == "Terminated")


def _put_back(plane: ControlPlane) -> None:
    """What holds tenants is deleted, and then altered."""
    before = _uids(plane)
    for kind, name in before:
        plane.kubectl("delete", kind, name)
    eventually(lambda: _new(before, _uids(plane)))
    before = _uids(plane)
    for kind, name in before:
        plane.kubectl("patch", kind, name, "--type=merge", "-p", json.dumps(ALTERED[kind]))
    eventually(lambda: _new(before, _uids(plane)))


def _uids(plane: ControlPlane) -> dict[tuple[str, str], str]:
    """What holds tenants: the UID of each object by kind and name."""
    command = ("get", HOLDS_TENANTS, "-l", "app.kubernetes.io/name=aup", "-o", "json")
    found = json.loads(plane.kubectl(*command).stdout)["items"]
    return {(one["kind"], one["metadata"]["name"]): one["metadata"]["uid"] for one in found}


def _new(before: Mapping[tuple[str, str], str], now: Mapping[tuple[str, str], str]) -> bool:
    return before.keys() == now.keys() and all(now[key] != uid for key, uid in before.items())


def _definition(kind: str) -> Json:
    """The definition of a kind of the Gateway API with objects of any form."""
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    unofficial = {"api-approved.kubernetes.io": "unapproved, for a test"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GATEWAY}", "annotations": unofficial},
        "spec": {
            "group": GATEWAY,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def _content() -> list[Json]:
    """One of each kind that may be removed."""
    workloads = ("ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "CronJob")
    page = workload("Deployment", "page")
    backend = {"service": {"name": "page", "port": {"number": 80}}}
    addresses = [{"addresses": [{"ip": "192.0.2.7"}], "ports": [{"port": 80}]}]
    core = {
        "ConfigMap": {"data": {"index.html": "Your password, please."}},
        "Service": {"spec": {"ports": [{"port": 80}]}},
        "Endpoints": {"subsets": addresses},
        "PodTemplate": {"template": page["spec"]["template"]},
    }
    named = {"metadata": {"name": "page"}}
    return [
        *({"apiVersion": "v1", "kind": kind, **named, **content} for kind, content in core.items()),
        *(workload(kind, "page") for kind in workloads),
        waiting_job("page"),
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", **named, "spec": {"defaultBackend": backend}},
        *({"apiVersion": f"{GATEWAY}/v1", "kind": kind, **named, "spec": {}} for kind in ROUTES),
    ]

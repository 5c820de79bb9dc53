"""Manifests that keep every rule, and a tenant's user to try them with."""

import json
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from aup_operator.kube import Kube, KubeError, connect
from testbed.controlplane import ControlPlane

Json = dict[str, Any]
_T = TypeVar("_T")

AUDITED_SECONDS = 300.0
"""Within which an audit has come round: it reads all that tests before have left, and rests four times as long."""

ADMIN = "kubernetes-admin"
"""The cluster's administrator, whose name a Suspension must bear that it orders."""


_RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}"
_COLLECTIONS = {
    "Tenant": "/apis/aup.asergo.com/v1alpha1/tenants",
    "Namespace": "/api/v1/namespaces",
    "Role": f"{_RBAC}/roles",
    "RoleBinding": f"{_RBAC}/rolebindings",
}


@dataclass(frozen=True)
class Customer:
    """A tenant with one namespace, and a user who may do everything in it, as the worst tenant could.

    `run` acts as that user, `provider` as the cluster's administrator; both return the finished kubectl.
    """

    plane: ControlPlane
    name: str
    namespace: str
    kubeconfig: Path

    def run(self, *args: str, stdin: object = None, check: bool = False) -> subprocess.CompletedProcess[str]:
        """kubectl as the tenant's user in its namespace; `stdin` is a manifest or a list of them."""
        return self.plane.kubectl(
            "--namespace", self.namespace, *args, input=_text(stdin), check=check, kubeconfig=self.kubeconfig
        )

    def provider(self, *args: str, stdin: object = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """kubectl as the provider, in the tenant's namespace."""
        return self.plane.kubectl("--namespace", self.namespace, *args, input=_text(stdin), check=check)

    def get(self, *args: str) -> Json:
        """What the provider gets as JSON."""
        answer: Json = json.loads(self.provider("get", *args, "-o", "json").stdout)
        return answer


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return yaml.safe_dump_all(value if isinstance(value, list) else [value])


def tenant_manifests(name: str, user: str) -> list[Json]:
    """A Tenant, its Namespace, and a Role there that allows `user` everything."""
    return [
        {
            "apiVersion": "aup.asergo.com/v1alpha1",
            "kind": "Tenant",
            "metadata": {"name": name},
            "spec": {
                "accountID": name,
                "legalName": f"{name} ApS",
                "country": "DK",
                "contacts": {"abuse": f"abuse@{name}.example"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": name,
                "labels": {"aup.asergo.com/tenant": name},
                "annotations": {"aup.asergo.com/license": "Apache-2.0"},
            },
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "everything", "namespace": name},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "everything", "namespace": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "everything"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        },
    ]


def container(name: str = "app", image: str = "registry.example/shop:1.4.2", **fields: Any) -> Json:
    """A container that keeps every rule, with fields added or replaced."""
    limits = {"limits": {"cpu": "100m", "memory": "64Mi"}}
    return {"name": name, "image": image, "resources": limits, **fields}


def pod(name: str, *containers: Json, **spec: Any) -> Json:
    """A Pod that keeps every rule, with fields of its spec added or replaced."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": list(containers) or [container()], **spec},
    }


def workload(kind: str, name: str, *containers: Json, **spec: Any) -> Json:
    """A Deployment, StatefulSet, ReplicaSet, DaemonSet, Job, CronJob or ReplicationController that keeps every rule.

    `spec` is added to the object's own spec.
    """
    labels = {"app": name}
    template: Json = {"metadata": {"labels": labels}, "spec": {"containers": list(containers) or [container()]}}
    group = {"Job": "batch/v1", "CronJob": "batch/v1", "ReplicationController": "v1"}.get(kind, "apps/v1")
    own: Json = {"template": template}
    match kind:
        case "Job" | "CronJob":
            template["spec"]["restartPolicy"] = "Never"
            if kind == "CronJob":
                own = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": template}}}
        case "ReplicationController":
            own["selector"] = labels
        case _:
            own["selector"] = {"matchLabels": labels}
    if kind == "StatefulSet":
        own["serviceName"] = name
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": {**own, **spec}}


def suspension(tenant: str, name: str = "", **spec: Any) -> Json:
    """A Suspension of a tenant, named after it unless named."""
    reasons = {"facts": "Deployment web ran a crypto miner."}
    return {
        "apiVersion": "aup.asergo.com/v1alpha1",
        "kind": "Suspension",
        "metadata": {"name": name or tenant},
        "spec": {"tenant": tenant, "clauses": ["1.6"], "orderedBy": ADMIN, "statementOfReasons": reasons, **spec},
    }


LIFT = json.dumps({"spec": {"lift": {"reason": "The cause is removed.", "orderedBy": ADMIN}}})
"""The merge patch that orders a lift."""


def eventually(look: Callable[[], _T], seconds: float = 120) -> _T:
    """Wait until a look gives something, and give that; after a look that takes long, rest as long.

    Raises:
        AssertionError: It does not within the time.
    """
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if found := look():
            return found
        now = time.monotonic()
        assert now < deadline, f"not within {seconds} s"
        time.sleep(max(0.1, now - began))


def once(look: Callable[[], _T], wanted: _T) -> _T:
    """What a look gives as soon as it is what is wanted; else what the last one gave, for a test to show."""
    found: list[_T] = []

    def seen() -> bool:
        found[:] = [look()]
        return found[0] == wanted

    with suppress(AssertionError):
        eventually(seen)
    return found[0]


def named_customer(plane: ControlPlane, name: str) -> Customer:
    """A new tenant of this name, once the webhook knows of it, which is a moment after the API server has stored it."""
    user, kube = f"{name}-user", client(plane.kubeconfig)
    for manifest in tenant_manifests(name, user):
        path = f"{_COLLECTIONS[manifest['kind']].format(name)}/{manifest['metadata']['name']}"
        kube.request("PATCH", path, manifest, "application/apply-patch+yaml", fieldManager="tests", force="true")
    eventually(lambda: kube.get(f"/api/v1/namespaces/{name}/serviceaccounts/default"))
    customer = Customer(plane, name, name, plane.user_kubeconfig(user))
    eventually(lambda: probed(customer) == "")
    return customer


def probed(customer: Customer) -> str:
    """Why the tenant cannot create a Pod that keeps every rule; empty where it can."""
    path = f"/api/v1/namespaces/{customer.namespace}/pods"
    try:
        client(customer.kubeconfig).request("POST", path, pod("probe"), dryRun="All")
    except KubeError as error:
        return error.message
    return ""


@cache
def client(kubeconfig: Path) -> Kube:
    """The API server as somebody, without the time that kubectl takes to start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(kubeconfig))
        return connect(1)

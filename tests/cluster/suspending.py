"""Suspending a tenant on a real cluster, and looking at what became of it."""

import json
from typing import Any

from aup.api.meta import SUSPENDED_LABEL
from aup_operator.discovery import Discovery
from aup_operator.drivers.known import KnownKind, known_kinds
from aup_operator.kube import Kube
from tests.support import LIFT, Customer, Json, client, container, eventually, pod, probed, suspension, workload

KINDS = "deployments,statefulsets,replicasets,replicationcontrollers,daemonsets,jobs,cronjobs"
WAITING = {"nodeSelector": {"no.such/node": "true"}}
"""A node selector that keeps a Job's Pods pending, so that the Job does not finish."""


def waiting_job(name: str, **spec: Any) -> Json:
    """A Job that goes on for as long as it is let."""
    manifest = workload("Job", name, **spec)
    manifest["spec"]["template"]["spec"] |= WAITING
    return manifest


def zoo() -> list[Json]:
    """One of everything that is held down, in the states that a careless restore would get wrong."""
    placed = workload("DaemonSet", "placed")
    placed["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/os": "linux"}
    labelled = workload("Deployment", "web", replicas=3)
    labelled["metadata"] |= {"labels": {"team": "shop"}, "annotations": {"shop.example/owner": "alice"}}
    return [
        labelled,
        workload("Deployment", "none", replicas=0),
        workload("Deployment", "paused", replicas=1, paused=True),
        workload(
            "StatefulSet",
            "db",
            replicas=2,
            podManagementPolicy="Parallel",
            persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete", "whenDeleted": "Retain"},
        ),
        workload("ReplicaSet", "set", replicas=2),
        workload("ReplicationController", "controller", replicas=1),
        workload("DaemonSet", "everywhere"),
        placed,
        waiting_job("running", parallelism=2, completions=4),
        waiting_job("held", suspend=True),
        workload("CronJob", "report"),
        workload("CronJob", "stopped", suspend=True),
        pod("bare", container(env=[{"name": "MODE", "value": "plain"}])),
    ]


def custom_zoo() -> list[Json]:
    """One object of each kind of other projects that is held down, and one of a kind that only has a scale."""
    objects = [_alive(known) for known in known_kinds() if known.set or known.cases]
    keda = {"scaleTargetRef": {"name": "web"}}
    return [
        *objects,
        {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "custom"}, "spec": keda},
        {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledJob",
            "metadata": {"name": "custom", "annotations": {"autoscaling.keda.sh/paused": "false"}},
            "spec": {"jobTargetRef": {}},
        },
        {"apiVersion": "example.com/v1", "kind": "Fleet", "metadata": {"name": "custom"}, "spec": {"size": 5}},
    ]


def _alive(known: KnownKind) -> Json:
    """An object at work: counts are 3, switches are off, and what is asked for before it can be paused holds."""
    manifest: Json = {
        "apiVersion": f"{known.group}/{known.versions[0]}",
        "kind": known.kind,
        "metadata": {"name": "custom", "labels": {"team": "shop"}},
        "spec": {},
    }
    steps = [(known.set, known.only), *((case.set, case.only) for case in known.cases[:1])]
    for fields, only in steps:
        wanted = {pointer: values[0] for pointer, values in only.items() if values[0] is not None}
        counts = {pointer: 3 for pointer, value in fields.items() if value == 0}
        for pointer, value in (counts | wanted).items():
            *parents, last = pointer.strip("/").split("/")
            holder = manifest
            for parent in parents:
                holder = holder.setdefault(parent, {})
            holder[last] = value
    return manifest


def whole_zoo() -> list[Json]:
    """One of everything that is held down."""
    return [*zoo(), *custom_zoo()]


def fingerprint(customer: Customer) -> dict[str, Any]:
    """UID, spec, labels and annotations of every workload; what the API server counts up itself is left out."""
    items = customer.get(KINDS)["items"]
    return {
        f"{item['kind']}/{item['metadata']['name']}": (
            item["metadata"]["uid"],
            item["spec"],
            item["metadata"].get("labels"),
            {
                key: value
                for key, value in item["metadata"].get("annotations", {}).items()
                if key != "deprecated.daemonset.template.generation"
            },
        )
        for item in items
    }


def bare_pod(customer: Customer) -> Json:
    """What of the bare Pod its owner wrote."""
    item = customer.get("pod", "bare")
    return {
        **item["spec"],
        "labels": item["metadata"].get("labels"),
        "annotations": item["metadata"].get("annotations"),
    }


def running(customer: Customer) -> int:
    """Pods that run or may start."""
    pods = administrator(customer).list(f"/api/v1/namespaces/{customer.namespace}/pods")
    return sum(item["status"].get("phase") not in {"Succeeded", "Failed"} for item in pods)


def status(customer: Customer, name: str = "") -> Json:
    """The status of the customer's Suspension."""
    found = administrator(customer).get(f"{SUSPENSIONS}/{name or customer.name}") or {}
    answer: Json = found.get("status", {})
    return answer


def phase(customer: Customer, name: str = "") -> str:
    """The phase of the customer's Suspension."""
    return str(status(customer, name).get("phase"))


def suspend(customer: Customer, name: str = "", **spec: Any) -> None:
    """Order a suspension and wait until it is enforced."""
    customer.provider("create", "-f", "-", stdin=suspension(customer.name, name, **spec))
    eventually(lambda: phase(customer, name) == "Enforced")


def lift(customer: Customer, name: str = "") -> None:
    """Order a lift and wait until it is done, and what judges the tenant's changes has heard of it."""
    customer.plane.kubectl("patch", "suspension", name or customer.name, "--type=merge", "-p", LIFT)
    eventually(lambda: phase(customer, name) == "Lifted")
    eventually(lambda: _let_go(customer))


def _let_go(customer: Customer) -> bool:
    """Whether the tenant is not held any more, or by another suspension."""
    namespace = administrator(customer).get(f"/api/v1/namespaces/{customer.namespace}")
    if namespace is None or SUSPENDED_LABEL in namespace["metadata"].get("labels", {}):
        return True
    return "AUP7301" not in probed(customer)


def past_the_freeze(customer: Customer, *args: str, stdin: object = None) -> None:
    """kubectl as the one user whom neither freeze nor webhook holds, as if the API server had let something through."""
    user = "--as=system:serviceaccount:aup-system:aup-operator"
    customer.provider(*args, user, "--as-group=system:masters", stdin=stdin)


def records(customer: Customer) -> list[Json]:
    """The records of the customer's suspensions, as they are stored."""
    path = "/apis/aup.asergo.com/v1alpha1/suspensionrecords"
    return [one for one in administrator(customer).list(path) if one["spec"]["tenant"] == customer.name]


def originals(customer: Customer) -> dict[str, list[str]]:
    """By `Kind/name`, the UIDs under which an object is recorded and not put back yet."""
    found: dict[str, list[str]] = {}
    for one in records(customer):
        done = one.get("status", {}).get("done", [])
        for entry in one["spec"]["entries"]:
            if entry["uid"] not in done:
                found.setdefault(f"{entry['kind']}/{entry['name']}", []).append(entry["uid"])
    return found


def requested(customer: Customer) -> dict[str, str]:
    """By path, what was wanted of recorded fields while they were held."""
    return {
        each["path"]: each.get("value", "")
        for one in records(customer)
        for each in one.get("status", {}).get("requested", [])
    }


def drift(customer: Customer) -> dict[str, int]:
    """How often each object came up again, by `Kind/name`."""
    found = status(customer).get("drift", [])
    return {one["object"].replace(f" {customer.namespace}/", "/"): one["count"] for one in found}


SUSPENSIONS = "/apis/aup.asergo.com/v1alpha1/suspensions"
TENANTS = "/apis/aup.asergo.com/v1alpha1/tenants"

_COMES_AND_GOES = {"Event", "Endpoints", "EndpointSlice", "Lease", "Notice", "ControllerRevision", "PodMetrics"}
"""Kinds that Kubernetes or we write by themselves; a suspension does not promise to leave none of these behind."""

COUNTED_UP = "deprecated.daemonset.template.generation"
"""An annotation that the API server counts up at each change of a DaemonSet's template, and that nobody can set."""


def everything(customer: Customer) -> dict[str, Any]:
    """Canonical JSON of spec, data, labels and annotations of every object in the namespace, and who owns its fields.

    Of Pods only bare ones count, since the others get new names; of these neither UID nor node.
    """
    kube = administrator(customer)
    kinds = {
        resource: kind
        for (_, kind), resource in Discovery(kube).served().resources.items()
        if resource.namespaced and resource.listed and kind not in _COMES_AND_GOES
    }
    found = {}
    for resource, kind in kinds.items():
        for item in kube.list(resource.collection(customer.namespace)):
            metadata = item["metadata"]
            if kind == "Pod" and metadata.get("ownerReferences"):
                continue
            spec = {key: value for key, value in item.get("spec", {}).items() if key != "nodeName"}
            annotations = {key: value for key, value in metadata.get("annotations", {}).items() if key != COUNTED_UP}
            found[f"{resource.group} {kind}/{metadata['name']}"] = json.dumps(
                [
                    "" if kind == "Pod" else metadata["uid"],
                    spec,
                    item.get("data"),
                    metadata.get("labels"),
                    annotations,
                    _owned(metadata),
                ],
                sort_keys=True,
            )
    return found


def administrator(customer: Customer) -> Kube:
    """The cluster's administrator."""
    return client(customer.plane.kubeconfig)


def _owned(metadata: Json) -> list[list[str]]:
    """Which managers own which fields of the spec, labels and annotations, in an order of its own."""
    owned = []
    for entry in metadata.get("managedFields", []):
        fields = {
            key: entry["fieldsV1"].get("f:metadata", {}).get(key, {}) for key in ("f:labels", "f:annotations")
        } | {"f:spec": entry["fieldsV1"].get("f:spec", {})}
        if entry.get("subresource", "") != "status":
            owned.append([entry["manager"], entry["operation"], json.dumps(fields, sort_keys=True)])
    return sorted(owned)

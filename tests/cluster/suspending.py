"""Suspending a tenant on a real cluster, and looking at what became of it."""

import json
from typing import Any

from tests.support import LIFT, Customer, Json, container, eventually, pod, suspension, workload

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
    return sum(item["status"].get("phase") not in {"Succeeded", "Failed"} for item in customer.get("pods")["items"])


def status(customer: Customer, name: str = "") -> Json:
    """The status of the customer's Suspension."""
    found: Json = json.loads(customer.plane.kubectl("get", "suspension", name or customer.name, "-o", "json").stdout)
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
    """Order a lift and wait until it is done."""
    customer.plane.kubectl("patch", "suspension", name or customer.name, "--type=merge", "-p", LIFT)
    eventually(lambda: phase(customer, name) == "Lifted")

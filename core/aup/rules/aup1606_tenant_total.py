"""AUP1606 tenant-total: more, over all namespaces of the tenant together, than its totals."""

from collections.abc import Iterator

import msgspec

from aup.amounts import named, shown
from aup.model import EVERY, Finding, Limits, Subject, rule
from aup.quantity import NANO
from aup.resources import claims, pod_asks, pods_at_once
from aup.review import Json, Review, count, listing, mapping
from aup.workload import Workload, old_workload

_RUNNING = frozenset(
    {
        ("", "Pod"),
        ("", "ReplicationController"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "ReplicaSet"),
        ("apps", "DaemonSet"),
        ("batch", "Job"),
    }
)
"""Kinds whose Pods run as soon as they are there; of all others only the Pods are counted, when they come."""


@rule(id="AUP1606", clause="1.6", kinds=EVERY, judges_change=True, parameters={"perTenant": {}})
def tenant_total(subject: Subject, limits: Limits) -> Iterator[Finding]:
    """The tenant would use more in all its namespaces together than its totals allow.

    Why: What is within the quota for one workload adds up. The API server counts what runs and holds each namespace to
    it with the ResourceQuota `aup`; this rule tells beforehand. Of a change only what it adds counts.

    Fix: Delete or scale down what you no longer need, in any of your namespaces, ask for less, or have your totals
    raised; a permit does not raise them. `kubectl get resourcequota aup` shows what is in use.
    """
    totals = limits.get("perTenant")
    review = subject.review
    if not totals or subject.standing == "Lifting" or (review.by_kubernetes_controller and _made(review)):
        return  # what a suspension took down fits again, and a controller's own objects count as their Pods do
    asked = _amounts(review, subject.workload)
    before = _amounts(_as_it_was(review), old_workload(review)) if review.operation == "UPDATE" else {}
    for resource, (amount, at) in asked.items():
        if resource not in totals:
            continue
        more = amount - before.get(resource, (0, ""))[0]
        used, most = subject.usage.get(resource, 0), totals[resource]
        if more > 0 and not subject.counted:
            yield Finding("metadata.namespace", "Kubernetes does not count here yet; try again in a few seconds")
            return
        if more > 0 and used + more > most:
            wants, uses, allows = (shown(resource, each) for each in (more, used, most))
            excess = shown(resource, used + more - most)
            found = f"{named(resource)} {wants} more, beside {uses} in use, where the tenant may have {allows} in all"
            yield Finding(at, f"{found}: {excess} too much", amount=more, amount_of=resource)


def _made(review: Review) -> bool:
    """Whether it is an object between a workload and its Pods, which are counted themselves."""
    return (review.group, review.kind) not in {("", "Pod"), ("", "PersistentVolumeClaim")}


def _as_it_was(review: Review) -> Review:
    """A review of the object before the change, for what it used."""
    return msgspec.structs.replace(review, object=review.old_object)


Placed = dict[str, tuple[int, str]]
"""Resource to how much of it, in nano-units, and the field path that says so."""


def _amounts(review: Review, workload: Workload) -> Placed:
    """What an object takes of its tenant's totals."""
    if not review.object:
        return {}
    kind = review.group, review.kind
    spec = mapping(review.object.get("spec"))
    if kind == ("autoscaling", "Scale"):
        return {"pods": (count(spec.get("replicas"), 0) * NANO, "spec.replicas")}
    if review.subresource not in {"", "resize"}:
        return {}
    found: Placed = {}
    if review.resource and not review.subresource:
        found[f"count/{review.resource}{f'.{review.group}' if review.group else ''}"] = NANO, "metadata.name"
    if kind in _RUNNING:
        found |= _of_pods(review, workload, spec)
    elif kind == ("", "Service"):
        found |= _of_service(spec)
    elif kind == ("", "PersistentVolumeClaim"):
        for claim in claims(review, workload):
            found |= {"storage": (claim.storage, claim.path), "persistentvolumeclaims": (NANO, "metadata.name")}
    return found


def _of_pods(review: Review, workload: Workload, spec: Json) -> Placed:
    """A workload's Pods; claims that it makes may be there from before, so they count when they come."""
    times = 0 if spec.get("suspend") is True else pods_at_once(review, workload)
    found: Placed = {}
    for template in workload.templates:
        at = workload.replicas_path or template.path
        found |= {resource: (amount * times, at) for resource, amount in pod_asks(template).amounts.items()}
        found["pods"] = times * NANO, at
    return found


def _of_service(spec: Json) -> Placed:
    """A Service with the addresses and node ports that it takes, as Kubernetes' quota counts them."""
    kind = spec.get("type")
    ports = len(listing(spec.get("ports"))) * NANO
    found: Placed = {"services": (NANO, "metadata.name")}
    if kind == "LoadBalancer":
        found["services.loadbalancers"] = NANO, "spec.type"
        if spec.get("allocateLoadBalancerNodePorts") is not False:
            found["services.nodeports"] = ports, "spec.type"
    elif kind == "NodePort":
        found["services.nodeports"] = ports, "spec.type"
    return found

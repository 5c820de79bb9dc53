"""Bare Pods: they cannot be paused, so they are recorded whole, deleted, and created again at the lift."""

from aup.review import Json, count, listing, mapping
from aup_operator.drivers.driver import Driver, Rank, Stage

POD = Driver(
    group="",
    version="v1",
    kind="Pod",
    plural="pods",
    stage=Stage.POD,
    rank=Rank.POD,
    changes=lambda _: [],
    says="One without a controller is recorded whole, deleted, and created again at the lift, on whatever node is free "
    "then. One that its controller does not take down is deleted, and the freeze denies its successors.",
    source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-lifetime",
)

# What the API server and the scheduler add to a Pod: a new Pod gets its own.
_SERVER_METADATA = frozenset(
    {"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation"}
    | {"ownerReferences", "resourceVersion", "selfLink", "uid"}
)


def runs(pod: Json) -> bool:
    """Whether a Pod's containers run or may still start."""
    return mapping(pod.get("status")).get("phase") not in {"Succeeded", "Failed"}


def terminating(pod: Json) -> bool:
    """Whether the Pod has been deleted and only has to end."""
    return "deletionTimestamp" in pod["metadata"]


def ending_seconds(pod: Json) -> int:
    """How long a Pod that was deleted may take to end; 0 for one that was not."""
    return count(pod["metadata"].get("deletionGracePeriodSeconds"), 0)


def controller(manifest: Json) -> Json:
    """The owner reference of an object's controller; empty for a bare one."""
    owners = listing(manifest["metadata"].get("ownerReferences"))
    return next((owner for owner in owners if owner.get("controller") is True), {})


def mirrors(pod: Json) -> bool:
    """Whether it only mirrors a static Pod, which its node runs from a file, whatever the API server says."""
    return "kubernetes.io/config.mirror" in mapping(pod["metadata"].get("annotations"))


def recreatable(pod: Json) -> Json:
    """The Pod as it has to be created again: without status, node, and what the API server adds."""
    whole = archived(pod)
    spec = {key: value for key, value in whole["spec"].items() if key not in {"nodeName", "ephemeralContainers"}}
    return {**whole, "apiVersion": POD.api_version, "kind": POD.kind, "spec": spec}


def archived(manifest: Json) -> Json:
    """An object as it has to be created again: without status and what the API server adds to any object.

    The entries of `managedFields` for what its owner wrote stay, so that ownership can be given back.
    """
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in _SERVER_METADATA}
    managed = [entry for entry in listing(metadata.get("managedFields")) if not entry.get("subresource")]
    return {key: value for key, value in manifest.items() if key != "status"} | {
        "metadata": metadata | ({"managedFields": managed} if managed else {})
    }

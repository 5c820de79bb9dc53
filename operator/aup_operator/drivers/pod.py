"""Bare Pods: they cannot be paused, so they are recorded whole, deleted, and created again at the lift."""

from aup.review import Json, count, listing, mapping
from aup_operator.drivers.driver import Driver

POD = Driver(api_version="v1", kind="Pod", plural="pods", changes=lambda _: [])

# What the API server and the scheduler add to a Pod: a new Pod gets its own.
_SERVER_METADATA = frozenset(
    {"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields"}
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


def recreatable(pod: Json) -> Json:
    """The Pod as it has to be created again: without status, node, and what the API server adds."""
    metadata = {key: value for key, value in pod["metadata"].items() if key not in _SERVER_METADATA}
    spec = {key: value for key, value in pod["spec"].items() if key not in {"nodeName", "ephemeralContainers"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

"""Job: suspended, which deletes its Pods; a finished one is left alone."""

from aup.review import Json, listing, mapping
from aup_operator.drivers.driver import Change, Driver, Rank, Stage

_OF_A_UID = frozenset({"controller-uid", "batch.kubernetes.io/controller-uid"})
"""Labels of a Job's Pods that the API server sets."""


def _suspended(manifest: Json) -> list[Change]:
    conditions = listing(mapping(manifest.get("status")).get("conditions"))
    finished = any(
        condition.get("type") in {"Complete", "Failed"} and condition.get("status") == "True"
        for condition in conditions
    )
    return [] if finished else [Change("/spec/suspend", True)]


def _outdated(manifest: Json) -> Json:
    """The start of a Job whose time is limited.

    Before Kubernetes 1.36 its controller keeps that while the Job is suspended, and fails the Job by it as soon as it
    goes on. Only the start of a suspended Job may be cleared.
    """
    spec, status = mapping(manifest.get("spec")), mapping(manifest.get("status"))
    kept = spec.get("suspend") is True and "activeDeadlineSeconds" in spec and "startTime" in status
    return {"startTime": None} if kept else {}


def _recreated(manifest: Json) -> Json:
    """The Job without its selector, unless its owner wrote that: the API server makes one for each Job's UID."""
    spec = manifest["spec"]
    if spec.get("manualSelector") is True:
        return manifest
    template = mapping(spec.get("template"))
    metadata = mapping(template.get("metadata"))
    labels = {key: value for key, value in mapping(metadata.get("labels")).items() if key not in _OF_A_UID}
    template = {**template, "metadata": {**metadata, "labels": labels}}
    kept = {key: value for key, value in spec.items() if key != "selector"}
    return {**manifest, "spec": {**kept, "template": template}}


JOB = Driver(
    group="batch",
    version="v1",
    kind="Job",
    plural="jobs",
    stage=Stage.JOB,
    rank=Rank.JOB,
    changes=_suspended,
    outdated=_outdated,
    recreated=_recreated,
    owners=frozenset({("jobset.x-k8s.io", "JobSet"), ("kubeflow.org", "MPIJob"), ("ray.io", "RayJob")}),
    says="It is suspended, which deletes its Pods; what they had not finished starts anew at the lift, and so does the "
    "clock of activeDeadlineSeconds. A finished Job is left alone, and one of a suspended JobSet, MPIJob or RayJob is "
    "left to that.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/job/#suspending-a-job",
)

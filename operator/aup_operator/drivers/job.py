"""Job: suspended, which deletes its Pods; a finished one is left alone."""

from aup.review import Json, listing, mapping
from aup_operator.drivers.driver import Change, Driver, Rank, Stage


def _suspended(manifest: Json) -> list[Change]:
    conditions = listing(mapping(manifest.get("status")).get("conditions"))
    finished = any(
        condition.get("type") in {"Complete", "Failed"} and condition.get("status") == "True"
        for condition in conditions
    )
    return [] if finished else [Change("/spec/suspend", True)]


JOB = Driver(
    group="batch",
    version="v1",
    kind="Job",
    plural="jobs",
    stage=Stage.JOB,
    rank=Rank.JOB,
    changes=_suspended,
    owners=frozenset({("jobset.x-k8s.io", "JobSet"), ("kubeflow.org", "MPIJob"), ("ray.io", "RayJob")}),
    says="It is suspended, which deletes its Pods; what they had not finished starts anew at the lift, and so does the "
    "clock of activeDeadlineSeconds from Kubernetes 1.36 on (before, a Job whose time has passed meanwhile fails). "
    "A finished Job is left alone, and one of a suspended JobSet, MPIJob or RayJob is left to that.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/job/#suspending-a-job",
)

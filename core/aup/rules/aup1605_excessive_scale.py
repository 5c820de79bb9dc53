"""AUP1605 excessive-scale: more Pods, now or by an autoscaler, than a workload may have."""

from collections.abc import Iterator

from aup.amounts import over, too_much
from aup.model import Finding, Limits, Subject, rule
from aup.quantity import NANO
from aup.resources import pods_at_once
from aup.review import Json, count, mapping

# Asergo's figures for a tenant without a quota of its own: Pods of a quarter of a CPU fill what a workload may have of
# CPUs (AUP1603); completions are a fifth of the 12,500 finished Pods that Kubernetes keeps in a whole cluster.
DEFAULTS = {"perWorkload": {"pods": 256 * NANO, "completions": 2500 * NANO}}
_SCALE = ("autoscaling", "Scale")
_HPA = ("autoscaling", "HorizontalPodAutoscaler")
_OBJECT, _JOB = ("keda.sh", "ScaledObject"), ("keda.sh", "ScaledJob")
_KEDA_MOST = 100
"""What KEDA takes an absent maxReplicaCount for."""


@rule(id="AUP1605", clause="1.6", kinds={_SCALE, _HPA, _OBJECT, _JOB}, parameters=DEFAULTS)
def excessive_scale(subject: Subject, limits: Limits) -> Iterator[Finding]:
    """The workload may grow to more Pods than the quota allows.

    Why: What an autoscaler may start is judged before it does, because a burst takes from others at once. A Scale or an
    autoscaler does not say how large its target's Pods are, so their number is bounded, whatever their size.

    Fix: Lower replicas, maxReplicas, maxReplicaCount, parallelism or completions, or have your quota raised.
    """
    for at, resource, number in _numbers(subject):
        if over(limits, "perWorkload", {resource: number * NANO}):
            yield too_much(limits, "perWorkload", at, resource, number * NANO)


def _numbers(subject: Subject) -> Iterator[tuple[str, str, int]]:
    """Each number of Pods that the object allows, with its place and what it is a number of."""
    review = subject.review
    spec = mapping(review.object.get("spec"))
    match review.group, review.kind:
        case ("autoscaling", "Scale"):
            yield "spec.replicas", "pods", count(spec.get("replicas"), 0)
        case ("autoscaling", "HorizontalPodAutoscaler"):
            yield "spec.maxReplicas", "pods", count(spec.get("maxReplicas"), 0)
        case ("keda.sh", "ScaledObject"):
            yield "spec.maxReplicaCount", "pods", count(spec.get("maxReplicaCount"), _KEDA_MOST)
        case ("keda.sh", "ScaledJob"):
            job = mapping(spec.get("jobTargetRef"))
            jobs, each = count(spec.get("maxReplicaCount"), _KEDA_MOST), count(job.get("parallelism"), 1)
            yield "spec.maxReplicaCount", "pods", max(jobs, 0) * max(each, 0)
            yield from _completions(job, "spec.jobTargetRef")
        case (group, kind):
            workload = subject.workload
            if workload.replicas_path:
                yield workload.replicas_path, "pods", pods_at_once(review, workload) * len(workload.templates)
            if group == "batch":
                cron = kind == "CronJob"
                job = mapping(mapping(spec.get("jobTemplate")).get("spec")) if cron else spec
                yield from _completions(job, "spec.jobTemplate.spec" if cron else "spec")


def _completions(job: Json, path: str) -> Iterator[tuple[str, str, int]]:
    if "completions" in job:
        yield f"{path}.completions", "completions", count(job["completions"], 1)

"""AUP7301 suspended-tenant: a suspended tenant brings something up again."""

from collections.abc import Iterator

from aup.model import EVERY, Finding, Subject, rule
from aup.review import Json, Review, annotations_of, count, mapping
from aup.wording import quoted

# Kinds without a pod template whose creation starts or raises workloads.
RAISING_KINDS = frozenset(
    {
        ("", "Binding"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("keda.sh", "ScaledObject"),
        ("keda.sh", "ScaledJob"),
    }
)
# Counts below `spec` of any kind, with the value that an absent field stands for.
COUNTS = {
    "replicas": 1,
    "parallelism": 1,
    "minReplicas": 1,
    "maxReplicas": 0,
    "minReplicaCount": 0,
    "maxReplicaCount": 100,
    "idleReplicaCount": 0,
}
SWITCHES = ("suspend", "paused")
PAUSE_ANNOTATIONS = ("autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas")


@rule(id="AUP7301", clause="7.3", kinds=EVERY, judges_change=True)
def suspended_tenant(subject: Subject) -> Iterator[Finding]:
    """The tenant is suspended: nothing may be created, scaled up, resumed or un-suspended.

    Why: A suspension stops what broke the policy until the matter is settled. Deleting and scaling down stay allowed,
    data is kept, and everything is put back as it was when the suspension is lifted.

    Fix: Read the statement of reasons with `kubectl get notices -o yaml` and answer it, or appeal, as it says there.
    """
    review = subject.review
    if subject.standing == "Good" or (subject.standing == "Lifting" and review.by_kubernetes_controller):
        return
    by = f"tenant {quoted(subject.namespace.tenant if subject.namespace else '')} is suspended by {subject.suspension}"
    for at, what in _raised(review, starts_pods=bool(subject.workload.templates)):
        yield Finding(at, f"{what}, while {by}")


def _raised(review: Review, *, starts_pods: bool) -> Iterator[tuple[str, str]]:
    """Each place where the request brings something up, with what it does there."""
    if review.operation == "CREATE":
        if review.subresource in {"", "binding"} and (starts_pods or (review.group, review.kind) in RAISING_KINDS):
            yield "metadata.namespace", f"a new {review.kind}"
        return
    if review.subresource == "ephemeralcontainers":
        yield "spec.ephemeralContainers", "a container added to a running Pod"
    new, old = mapping(review.object.get("spec")), mapping(review.old_object.get("spec"))
    for field, default in COUNTS.items():
        absent = 0 if review.kind == "Scale" else default  # a Scale of nought is written without `replicas`
        before, after = count(old.get(field), absent), count(new.get(field), absent)
        if after > before:
            yield f"spec.{field}", f"{before} raised to {after}"
    for field in SWITCHES:
        if old.get(field) is True and new.get(field) is not True:
            yield f"spec.{field}", "true changed to false"
    if review.kind == "DaemonSet" and _node_selector(new) != _node_selector(old):
        yield "spec.template.spec.nodeSelector", "changed"
    yield from _unpaused(annotations_of(review.object), annotations_of(review.old_object))


def _unpaused(new: Json, old: Json) -> Iterator[tuple[str, str]]:
    for key in PAUSE_ANNOTATIONS:
        if key in old and new.get(key) != old[key]:
            yield f"metadata.annotations[{key}]", "changed" if key in new else "removed"


def _node_selector(spec: Json) -> Json:
    return mapping(mapping(mapping(spec.get("template")).get("spec")).get("nodeSelector"))

"""AUP7301 suspended-tenant: a suspended tenant brings something up again."""

from collections.abc import Iterator

from aup.model import EVERY, Finding, Subject, rule
from aup.quantity import parse
from aup.review import Json, Review, annotations_of, count, listing, mapping, text
from aup.signs import NOT_GOOD
from aup.wording import quoted

# Kinds of Kubernetes without a pod template whose creation starts or raises workloads.
RAISING_KINDS = frozenset({("", "Binding"), ("autoscaling", "HorizontalPodAutoscaler")})
# Kinds of other projects that run something, as the freeze in the API server knows them.
STARTERS = frozenset(
    {
        "clonesets.apps.kruise.io",
        "clusters.postgresql.cnpg.io",
        "clusters.postgresql.k8s.enterprisedb.io",
        "cronworkflows.argoproj.io",
        "helmreleases.helm.toolkit.fluxcd.io",
        "jaxjobs.kubeflow.org",
        "jobsets.jobset.x-k8s.io",
        "kafkabridges.kafka.strimzi.io",
        "kafkaconnects.kafka.strimzi.io",
        "kafkamirrormaker2s.kafka.strimzi.io",
        "kafkanodepools.kafka.strimzi.io",
        "kafkas.kafka.strimzi.io",
        "kubeadmcontrolplanes.controlplane.cluster.x-k8s.io",
        "kustomizations.kustomize.toolkit.fluxcd.io",
        "machinedeployments.cluster.x-k8s.io",
        "machinepools.cluster.x-k8s.io",
        "machinesets.cluster.x-k8s.io",
        "mariadbs.k8s.mariadb.com",
        "maxscales.k8s.mariadb.com",
        "mpijobs.kubeflow.org",
        "paddlejobs.kubeflow.org",
        "pipelineruns.tekton.dev",
        "pytorchjobs.kubeflow.org",
        "rayclusters.ray.io",
        "raycronjobs.ray.io",
        "rayjobs.ray.io",
        "rayservices.ray.io",
        "rollouts.argoproj.io",
        "scaledjobs.keda.sh",
        "scaledobjects.keda.sh",
        "services.serving.knative.dev",
        "statefulsets.apps.kruise.io",
        "strimzipodsets.core.strimzi.io",
        "taskruns.tekton.dev",
        "tfjobs.kubeflow.org",
        "trainjobs.trainer.kubeflow.org",
        "virtualmachinepools.pool.kubevirt.io",
        "virtualmachines.kubevirt.io",
        "workflows.argoproj.io",
        "xgboostjobs.kubeflow.org",
    }
)
# Counts below `spec` of any kind, with the value that an absent field stands for.
COUNTS = {
    "replicas": 1,
    "parallelism": 1,
    "instances": 1,
    "size": 1,
    "minReplicas": 1,
    "maxReplicas": 0,
    "minReplicaCount": 0,
    "maxReplicaCount": 100,
    "idleReplicaCount": 0,
}
# Switches that stop something while they are true, and while they are false.
SWITCHES = (
    "disabled",
    "halted",
    "hibernate",
    "hibernated",
    "pause",
    "paused",
    "shutdown",
    "stop",
    "stopped",
    "suspend",
    "suspended",
)
RUNS = ("active", "enabled", "running")
PAUSE_ANNOTATIONS = (
    "autoscaling.keda.sh/paused",
    "autoscaling.keda.sh/paused-replicas",
    "cluster.x-k8s.io/paused",
    "cnpg.io/hibernation",
    "k8s.enterprisedb.io/hibernation",
    "strimzi.io/pause-reconciliation",
)


@rule(id="AUP7301", clause="7.3", kinds=EVERY, signs={NOT_GOOD}, judges_change=True)
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
        starts = starts_pods or (review.group, review.kind) in RAISING_KINDS
        if review.subresource in {"", "binding"} and (starts or f"{review.resource}.{review.group}" in STARTERS):
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
    yield from _resumed(new, old)
    if review.kind == "DaemonSet" and _node_selector(new) != _node_selector(old):
        yield "spec.template.spec.nodeSelector", "changed"
    if review.subresource == "resize":
        yield from _given_more(new, old)
    yield from _unpaused(annotations_of(review.object), annotations_of(review.old_object))


def _resumed(new: Json, old: Json) -> Iterator[tuple[str, str]]:
    for field in SWITCHES:
        if old.get(field) is True and new.get(field) is not True:
            yield f"spec.{field}", "true changed to false"
    for field in RUNS:
        if old.get(field) is False and new.get(field) is not False:
            yield f"spec.{field}", "false changed to true"
    if (
        mapping(old.get("runPolicy")).get("suspend") is True
        and mapping(new.get("runPolicy")).get("suspend") is not True
    ):
        yield "spec.runPolicy.suspend", "true changed to false"
    if old.get("runStrategy") == "Halted" and new.get("runStrategy") != "Halted":
        yield "spec.runStrategy", "no longer Halted"
    if _when_scaled(new) == "Delete" and _when_scaled(old) != "Delete":
        yield "spec.persistentVolumeClaimRetentionPolicy.whenScaled", "changed to Delete"


def _when_scaled(spec: Json) -> object:
    return mapping(spec.get("persistentVolumeClaimRetentionPolicy")).get("whenScaled")


def _given_more(new: Json, old: Json) -> Iterator[tuple[str, str]]:
    """What of a running Pod, and of which of its containers, gets more; an absent limit is none, a request nought."""
    before = {text(each.get("name")): each for _, each in _containers(old)}
    for path, each in [("spec", new), *_containers(new)]:
        was = old if path == "spec" else before.get(text(each.get("name")), {})
        amounts, earlier = mapping(each.get("resources")), mapping(was.get("resources"))
        limits, old_limits = mapping(amounts.get("limits")), mapping(earlier.get("limits"))
        requests, old_requests = mapping(amounts.get("requests")), mapping(earlier.get("requests"))
        more = [name for name in old_limits if name not in limits or _more(limits[name], old_limits[name])]
        if more or any(_more(amount, old_requests.get(name, 0)) for name, amount in requests.items()):
            yield f"{path}.resources", "a running Pod is given more"


def _containers(spec: Json) -> Iterator[tuple[str, Json]]:
    for field in ("containers", "initContainers"):
        for index, each in enumerate(listing(spec.get(field))):
            yield f"spec.{field}[{index}]", mapping(each)


def _more(amount: object, before: object) -> bool:
    try:
        return parse(amount) > parse(before)
    except ValueError:
        return amount != before


def _unpaused(new: Json, old: Json) -> Iterator[tuple[str, str]]:
    for key in PAUSE_ANNOTATIONS:
        if key in old and old[key] not in ("false", "off") and new.get(key) != old[key]:
            yield f"metadata.annotations[{key}]", "changed" if key in new else "removed"


def _node_selector(spec: Json) -> Json:
    return mapping(mapping(mapping(spec.get("template")).get("spec")).get("nodeSelector"))

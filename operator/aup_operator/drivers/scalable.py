"""Kinds with `spec.replicas`: Deployment, StatefulSet, ReplicaSet, ReplicationController."""

from aup.review import Json, mapping
from aup_operator.drivers.driver import Change, Driver, Rank, Stage

_DOCS = "https://kubernetes.io/docs/concepts/workloads/controllers"


def _to_zero(_: Json) -> list[Change]:
    return [Change("/spec/replicas", 0)]


def _to_zero_keeping_claims(manifest: Json) -> list[Change]:
    """To zero; with `whenScaled: Delete` the volumes would go with the Pods, so that is set to Retain with it."""
    retention = mapping(mapping(manifest.get("spec")).get("persistentVolumeClaimRetentionPolicy"))
    keep = [Change("/spec/persistentVolumeClaimRetentionPolicy/whenScaled", "Retain")]
    return [*(keep if retention.get("whenScaled") == "Delete" else []), Change("/spec/replicas", 0)]


SCALABLES: tuple[Driver, ...] = (
    Driver(
        group="apps",
        version="v1",
        kind="Deployment",
        plural="deployments",
        stage=Stage.SCALABLE,
        rank=Rank.WORKLOAD,
        changes=_to_zero,
        says="It is scaled to 0, and to its former count at the lift. An autoscaler leaves a count of 0 alone.",
        source=f"{_DOCS}/deployment/#scaling-a-deployment",
    ),
    Driver(
        group="apps",
        version="v1",
        kind="StatefulSet",
        plural="statefulsets",
        stage=Stage.SCALABLE,
        rank=Rank.STATE,
        changes=_to_zero_keeping_claims,
        says="It is scaled to 0, and to its former count at the lift. Where scaling down would delete its volumes "
        "(whenScaled: Delete), that is set to Retain first.",
        source=f"{_DOCS}/statefulset/#persistentvolumeclaim-retention",
    ),
    Driver(
        group="apps",
        version="v1",
        kind="ReplicaSet",
        plural="replicasets",
        stage=Stage.SCALABLE,
        rank=Rank.WORKLOAD,
        changes=_to_zero,
        owners=frozenset({("apps", "Deployment"), ("argoproj.io", "Rollout")}),
        says="It is scaled to 0, and to its former count at the lift. One of a Deployment or Rollout is left to that.",
        source=f"{_DOCS}/replicaset/#scaling-a-replicaset",
    ),
    Driver(
        group="",
        version="v1",
        kind="ReplicationController",
        plural="replicationcontrollers",
        stage=Stage.SCALABLE,
        rank=Rank.WORKLOAD,
        changes=_to_zero,
        says="It is scaled to 0, and to its former count at the lift.",
        source=f"{_DOCS}/replicationcontroller/#scaling",
    ),
)

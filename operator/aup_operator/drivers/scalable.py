"""Kinds with `spec.replicas`: Deployment, StatefulSet, ReplicaSet, ReplicationController."""

from aup.review import Json, mapping
from aup_operator.drivers.driver import Change, Driver


def _to_zero(_: Json) -> list[Change]:
    return [Change("/spec/replicas", 0)]


def _to_zero_keeping_claims(manifest: Json) -> list[Change]:
    """To zero; with `whenScaled: Delete` the volumes would go with the Pods, so that is set to Retain with it."""
    retention = mapping(mapping(manifest.get("spec")).get("persistentVolumeClaimRetentionPolicy"))
    keep = [Change("/spec/persistentVolumeClaimRetentionPolicy/whenScaled", "Retain")]
    return [*(keep if retention.get("whenScaled") == "Delete" else []), Change("/spec/replicas", 0)]


SCALABLES: tuple[Driver, ...] = (
    Driver(api_version="apps/v1", kind="Deployment", plural="deployments", changes=_to_zero),
    Driver(api_version="apps/v1", kind="StatefulSet", plural="statefulsets", changes=_to_zero_keeping_claims),
    Driver(api_version="apps/v1", kind="ReplicaSet", plural="replicasets", changes=_to_zero, owner="Deployment"),
    Driver(api_version="v1", kind="ReplicationController", plural="replicationcontrollers", changes=_to_zero),
)

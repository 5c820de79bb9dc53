"""Any other custom resource with a scale subresource: the field that counts is set to 0."""

from functools import partial

from aup.review import Json
from aup_operator.drivers.driver import Change, Driver, Rank, Stage

SAYS = (
    "The field that its scale subresource counts in is set to 0, and to its former value at the lift; an absent one, "
    "for which its controller has a default, becomes absent again."
)
SOURCE = (
    "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#scale-subresource"
)


def scaled(group: str, version: str, kind: str, plural: str, path: str) -> Driver:
    """A driver for a custom resource.

    Args:
        group: Its API group.
        version: The version that is served.
        kind: Its kind.
        plural: Its name in paths.
        path: The JSON Pointer of the field that counts.
    """
    return Driver(
        group=group,
        version=version,
        kind=kind,
        plural=plural,
        stage=Stage.SCALABLE,
        rank=Rank.WORKLOAD,
        changes=partial(_to_zero, path),
        says=SAYS,
        source=SOURCE,
    )


def pointer(specified: str) -> str:
    """A CustomResourceDefinition's specReplicasPath, such as `.spec.replicas`, as a JSON Pointer.

    Kubernetes allows dots between names there and nothing else
    (https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/).
    """
    return specified.replace("~", "~0").replace("/", "~1").replace(".", "/")


def _to_zero(path: str, _: Json) -> list[Change]:
    return [Change(path, 0)]

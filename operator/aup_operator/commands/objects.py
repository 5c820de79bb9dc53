"""`namespace/Kind/name`, as the commands take references to objects."""

from collections.abc import Iterable, Iterator

import click
import msgspec

from aup.api.suspension import WorkloadReference
from aup.review import Json
from aup_operator.drivers import BY_KIND

_OTHERS = {
    ("", "ConfigMap"): "configmaps",
    ("", "PersistentVolumeClaim"): "persistentvolumeclaims",
    ("", "Secret"): "secrets",
    ("", "Service"): "services",
    ("autoscaling", "HorizontalPodAutoscaler"): "horizontalpodautoscalers",
    ("networking.k8s.io", "Ingress"): "ingresses",
    ("networking.k8s.io", "NetworkPolicy"): "networkpolicies",
}
_SHORT = {
    "cj": ("batch", "CronJob"),
    "cm": ("", "ConfigMap"),
    "deploy": ("apps", "Deployment"),
    "ds": ("apps", "DaemonSet"),
    "hpa": ("autoscaling", "HorizontalPodAutoscaler"),
    "ing": ("networking.k8s.io", "Ingress"),
    "po": ("", "Pod"),
    "pvc": ("", "PersistentVolumeClaim"),
    "rc": ("", "ReplicationController"),
    "rs": ("apps", "ReplicaSet"),
    "sj": ("keda.sh", "ScaledJob"),
    "so": ("keda.sh", "ScaledObject"),
    "sts": ("apps", "StatefulSet"),
    "svc": ("", "Service"),
}


def reference(given: str) -> WorkloadReference:
    """An option's reference to an object in a namespace.

    Raises:
        click.BadParameter: It is none; the text says how to write it.
    """
    parts = given.split("/")
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004
        raise click.BadParameter(f"{given!r} is not namespace/kind/name; write it as shop/Deployment/web")
    namespace, written, name = parts
    group, kind = _kind(written)
    return WorkloadReference(api_group=group, kind=kind, namespace=namespace, name=name)


def shown(one: WorkloadReference) -> str:
    """`Kind namespace/name`, for people."""
    kind = f"{one.kind}.{one.api_group}" if "." in one.api_group else one.kind
    return f"{kind} {one.namespace}/{one.name}"


def manifests(references: Iterable[WorkloadReference]) -> list[Json]:
    """References as they stand in a Suspension, each once."""
    return [msgspec.to_builtins(one) for one in dict.fromkeys(references)]


def _kind(written: str) -> tuple[str, str]:
    """Group and kind of `Deployment`, `deployments`, `deploy`, `Kind.group`, `plural.group` or `group.Kind`."""
    kind, _, group = written.partition(".")
    front, _, last = written.rpartition(".")
    if front and last[:1].isupper():
        group, kind = front, last
    found = sorted(set(_known(kind, group)))
    if len(found) == 1:
        return found[0]
    if group and kind[:1].isupper():
        return group, kind
    if not found:
        raise click.BadParameter(f"{written!r} is no kind that aup knows; write it as Kind.group: Rollout.argoproj.io")
    choices = " or ".join(f"{each}.{its}" for its, each in found)
    raise click.BadParameter(f"{written!r} may be several kinds; write {choices}")


def _known(written: str, group: str) -> Iterator[tuple[str, str]]:
    lower = written.lower()
    if lower in _SHORT and group in {"", _SHORT[lower][0]}:
        yield _SHORT[lower]
    plurals = {key: driver.plural for key, driver in BY_KIND.items()} | _OTHERS
    for (its, kind), plural in plurals.items():
        if lower in {kind.lower(), plural} and group in {"", its}:
            yield its, kind

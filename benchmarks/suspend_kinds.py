"""The workloads of `benchmarks.suspend`: what is created of each kind, and what holds it down and puts it back."""

from collections.abc import Callable
from typing import Any

import msgspec

from aup.api.meta import SUSPENDED_LABEL

Json = dict[str, Any]

NAMESPACE = "bench-suspend"
_NO_NODE = {SUSPENDED_LABEL: "true"}
_KEDA = {"autoscaling.keda.sh/paused": "true", "autoscaling.keda.sh/paused-replicas": "0"}
_RUNS_ONE_IN = 10
"""Of so many workloads the Pods of one run; those of the others wait at a scheduling gate, which costs nothing."""


class Metadata(msgspec.Struct, frozen=True):
    """What of an object's metadata says who it is, and how some kinds are held."""

    name: str
    annotations: dict[str, str] = {}


class PodSpec(msgspec.Struct, frozen=True, rename="camel"):
    """Where a template's Pods may run."""

    node_selector: dict[str, str] = {}


class Template(msgspec.Struct, frozen=True):
    """A template of Pods."""

    spec: PodSpec = PodSpec()


class Spec(msgspec.Struct, frozen=True):
    """The fields that hold workloads down."""

    replicas: int = 1
    suspend: bool = False
    template: Template = Template()


class Workload(msgspec.Struct, frozen=True):
    """An object as the watch reads it."""

    metadata: Metadata
    spec: Spec


class Kind(msgspec.Struct, frozen=True):
    """A kind: where it is served, its own spec beside the template, and the merge patches down and up."""

    name: str
    group: str
    plural: str
    spec: Json
    down: Json
    up: Json
    held: Callable[[Workload], bool]

    @property
    def collection(self) -> str:
        """The path of its objects in our namespace."""
        return f"/apis/{self.group}/namespaces/{NAMESPACE}/{self.plural}"


def _scaled(name: str, plural: str, **spec: Any) -> Kind:
    down, up = {"spec": {"replicas": 0}}, {"spec": {"replicas": 1}}
    return Kind(name, "apps/v1", plural, {"replicas": 1, **spec}, down, up, lambda one: one.spec.replicas == 0)


def _paused(name: str, plural: str, **spec: Any) -> Kind:
    down, up = {"spec": {"suspend": True}}, {"spec": {"suspend": False}}
    return Kind(name, "batch/v1", plural, spec, down, up, lambda one: one.spec.suspend)


# In the order of a suspension, which the bare patches keep to as well.
KINDS = (
    _paused("CronJob", "cronjobs", schedule="0 0 1 1 *"),
    _paused("Job", "jobs"),
    _scaled("Deployment", "deployments"),
    _scaled("StatefulSet", "statefulsets", serviceName="none"),
    _scaled("ReplicaSet", "replicasets"),
    Kind(
        "DaemonSet",
        "apps/v1",
        "daemonsets",
        {},
        {"spec": {"template": {"spec": {"nodeSelector": _NO_NODE}}}},
        {"spec": {"template": {"spec": {"nodeSelector": None}}}},
        lambda one: one.spec.template.spec.node_selector == _NO_NODE,
    ),
    Kind(
        "ScaledObject",
        "keda.sh/v1alpha1",
        "scaledobjects",
        {"scaleTargetRef": {"name": "none"}},
        {"metadata": {"annotations": _KEDA}},
        {"metadata": {"annotations": dict.fromkeys(_KEDA)}},
        lambda one: _KEDA.items() <= one.metadata.annotations.items(),
    ),
)

KEDA: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "scaledobjects.keda.sh"},
    "spec": {
        "group": "keda.sh",
        "scope": "Namespaced",
        "names": {"kind": "ScaledObject", "listKind": "ScaledObjectList", "plural": "scaledobjects"}
        | {"singular": "scaledobject"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
"""As much of KEDA as it takes: its kind, without its operator."""


def workloads(count: int) -> list[tuple[Kind, str, Json]]:
    """So many workloads, kind by kind: the kind, the name, the manifest."""
    made = [(KINDS[number % len(KINDS)], number) for number in range(count)]
    return [(kind, f"w{number}", _manifest(kind, number)) for kind in KINDS for each, number in made if each is kind]


def _manifest(kind: Kind, number: int) -> Json:
    name = f"w{number}"
    pod: Json = {
        "containers": [
            {
                "name": "app",
                "image": "registry.example/shop/app:1.4.2",
                "env": [{"name": f"SETTING_{each}", "value": f"value-{each}"} for each in range(8)],
                "resources": {"limits": {"cpu": "10m", "memory": "16Mi"}},
            }
        ]
    }
    # A Job whose Pod ran would be finished at once, and there would be nothing to suspend.
    if number % _RUNS_ONE_IN or kind.name == "Job":
        pod["schedulingGates"] = [{"name": "bench.example/waits"}]
    labels = {"app": name}
    template: Json = {"metadata": {"labels": labels}, "spec": pod}
    spec: Json = {**kind.spec, "template": template}
    if kind.group == "apps/v1":
        spec["selector"] = {"matchLabels": labels}
    elif kind.group == "batch/v1":
        pod["restartPolicy"] = "Never"
    if kind.name == "ScaledObject":
        spec = kind.spec
    elif kind.name == "CronJob":
        spec = {**kind.spec, "jobTemplate": {"spec": {"template": template}}}
    metadata = {"name": name, "labels": labels | {"bench": "true"}, "annotations": {"shop.example/owner": "alice"}}
    return {"apiVersion": kind.group, "kind": kind.name, "metadata": metadata, "spec": spec}

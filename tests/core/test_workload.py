"""Every container of every kind of workload is found, with its path."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.review import of_object
from aup.workload import NOTHING, Container, workload

CONTAINER = {"name": "web", "image": "nginx"}
KINDS: list[tuple[str, str, str]] = [
    ("v1", "Pod", "spec"),
    ("v1", "PodTemplate", "template.spec"),
    ("v1", "ReplicationController", "spec.template.spec"),
    ("apps/v1", "Deployment", "spec.template.spec"),
    ("apps/v1beta1", "Deployment", "spec.template.spec"),
    ("apps/v1", "StatefulSet", "spec.template.spec"),
    ("apps/v1", "ReplicaSet", "spec.template.spec"),
    ("apps/v1", "DaemonSet", "spec.template.spec"),
    ("batch/v1", "Job", "spec.template.spec"),
    ("batch/v1", "CronJob", "spec.jobTemplate.spec.template.spec"),
    ("argoproj.io/v1alpha1", "Rollout", "spec.template.spec"),
    ("apps.kruise.io/v1alpha1", "CloneSet", "spec.template.spec"),
    ("serving.knative.dev/v1", "Service", "spec.template.spec"),
    ("work.open-cluster-management.io/v1", "ManifestWork", "spec.workload.manifests[0].spec.template.spec"),
    ("example.com/v1", "Fleet", "spec.members.main.podSpec"),
]
LISTS = [
    ("initContainers", {}, "init"),
    ("initContainers", {"restartPolicy": "Always"}, "sidecar"),
    ("containers", {}, "regular"),
    ("ephemeralContainers", {}, "ephemeral"),
]


def nested(path: str, value: Any) -> dict[str, Any]:
    """An object with `value` at a field path."""
    for key in reversed(path.split(".")):
        value = {key.removesuffix("[0]"): [value] if key.endswith("[0]") else value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(("api", "kind", "path"), KINDS)
@pytest.mark.parametrize(("key", "extra", "container_kind"), LISTS)
def test_each_list_of_each_kind_is_found(
    api: str, kind: str, path: str, key: str, extra: dict[str, str], container_kind: str
) -> None:
    """A container has its kind and field path in every list of every workload, known or not."""
    entry = {**CONTAINER, **extra}
    found = workload(of_object({"apiVersion": api, "kind": kind, **nested(path, {key: [entry]})}))

    assert [*found.containers()] == [Container(container_kind, f"{path}.{key}[0]", "web", entry)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("api", "kind", "spec", "replicas", "path"),
    [
        ("apps/v1", "Deployment", {"replicas": 3}, 3, "spec.replicas"),
        ("apps/v1", "Deployment", {}, 1, "spec.replicas"),
        ("apps/v1", "Deployment", {"replicas": -1}, 0, "spec.replicas"),
        ("apps/v1", "Deployment", {"replicas": "3"}, 1, "spec.replicas"),
        ("apps/v1", "Deployment", {"replicas": True}, 1, "spec.replicas"),
        ("apps/v1", "DaemonSet", {"replicas": 3}, 1, ""),
        ("batch/v1", "Job", {"parallelism": 4}, 4, "spec.parallelism"),
        ("example.com/v1", "Fleet", {"replicas": 5}, 5, "spec.replicas"),
    ],
)
def test_replicas_are_read_where_the_kind_keeps_them(
    api: str, kind: str, spec: dict[str, Any], replicas: int, path: str
) -> None:
    """A missing or malformed count is one, a negative one none."""
    manifest = {"apiVersion": api, "kind": kind, "spec": {**spec, "template": {"spec": {"containers": [CONTAINER]}}}}
    found = workload(of_object(manifest))

    assert (found.replicas, found.replicas_path) == (replicas, path)


@pytest.mark.parametrize(
    "manifest",
    [
        {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}},
        {"apiVersion": "v1", "kind": "Pod"},
        {"apiVersion": "v1", "kind": "Pod", "spec": []},
        {"apiVersion": "example.com/v1", "kind": "Shelf", "spec": {"containers": [{"name": "box"}]}},
        {"apiVersion": "example.com/v1", "kind": "Shelf", "metadata": {"spec": {"containers": [CONTAINER]}}},
        {
            "apiVersion": "example.com/v1",
            "kind": "Shelf",
            "status": {"template": {"spec": {"containers": [CONTAINER]}}},
        },
    ],
)
def test_what_runs_nothing_has_no_workload(manifest: dict[str, Any]) -> None:
    """Services, empty Pods, containers without images, and what metadata and status say are no workloads."""
    assert workload(of_object(manifest)) == NOTHING


def test_several_templates_of_one_object_are_all_found() -> None:
    """A custom resource with two pod templates has both."""
    template = {"spec": {"containers": [CONTAINER]}}
    found = workload(
        of_object({"apiVersion": "example.com/v1", "kind": "Fleet", "spec": {"a": template, "b": [template]}})
    )

    assert sorted(each.path for each in found.templates) == ["spec.a.spec", "spec.b[0].spec"]


def test_the_search_is_bounded_in_depth() -> None:
    """A pod template below forty levels is not searched for; the Pod that comes of it is judged."""
    manifest = nested(".".join(["spec"] * 40), {"containers": [CONTAINER]})

    assert workload(of_object({"apiVersion": "example.com/v1", "kind": "Deep", **manifest})) == NOTHING


def test_commands_are_those_of_the_container_its_hooks_and_its_probes() -> None:
    """`command` with `args`, both lifecycle hooks and all three probes, each word with its path."""
    run = {"exec": {"command": ["a", 7]}}
    spec = {
        "command": ["sh"],
        "args": ["-c", "x"],
        "lifecycle": {"postStart": run, "preStop": run},
        **dict.fromkeys(("startupProbe", "livenessProbe", "readinessProbe"), run),
    }
    first, *others = Container("regular", "spec.containers[0]", "web", spec).commands()

    assert first == [
        ("spec.containers[0].command[0]", "sh"),
        ("spec.containers[0].args[0]", "-c"),
        ("spec.containers[0].args[1]", "x"),
    ]
    assert others == [
        [(f"spec.containers[0].{place}.exec.command[0]", "a")]
        for place in ("lifecycle.postStart", "lifecycle.preStop", "startupProbe", "livenessProbe", "readinessProbe")
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["spec", "containers", "template", "image", "name", "env", "x"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from(KINDS))
def test_no_object_breaks_the_search(spec: object, kind: tuple[str, str, str]) -> None:
    """Whatever stands in `spec`, finding and reading the containers does not raise."""
    for container in workload(of_object({"apiVersion": kind[0], "kind": kind[1], "spec": spec})).containers():
        assert container.path.endswith("]")
        assert isinstance([container.image, *container.commands(), *container.environment()], list)

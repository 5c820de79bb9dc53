"""Every container of every kind of workload is found, with its path."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.review import of_object
from aup.signatures.reading import read
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
    ("kubernetes.crossplane.io/v1alpha2", "Object", "spec.forProvider.manifest.spec.template.spec"),
    ("jobset.x-k8s.io/v1alpha2", "JobSet", "spec.replicatedJobs[0].template.spec.template.spec"),
    ("ray.io/v1", "RayCluster", "spec.headGroupSpec.template.spec"),
    ("ray.io/v1", "RayJob", "spec.rayClusterSpec.workerGroupSpecs[0].template.spec"),
    ("argoproj.io/v1alpha1", "Workflow", "spec.templates[0].containerSet"),
    ("keda.sh/v1alpha1", "ScaledJob", "spec.jobTargetRef.template.spec"),
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


RUN = {"name": "run", "image": "alpine", "command": ["sh", "-c", "x"]}


@pytest.mark.parametrize(
    ("api", "kind", "path", "key", "value", "found"),
    [
        ("argoproj.io/v1alpha1", "Workflow", "spec.templates[0]", "container", RUN, ("regular", "")),
        ("argoproj.io/v1alpha1", "CronWorkflow", "spec.workflowSpec.templates[0]", "container", RUN, ("regular", "")),
        ("argoproj.io/v1alpha1", "WorkflowTemplate", "spec.templates[0]", "sidecars", [RUN], ("sidecar", "[0]")),
        (
            "argoproj.io/v1alpha1",
            "Workflow",
            "spec.templates[0]",
            "script",
            {"image": "python", "source": "print()"},
            ("regular", ""),
        ),
        ("tekton.dev/v1", "Task", "spec", "steps", [{"image": "alpine", "script": "x"}], ("regular", "[0]")),
        ("tekton.dev/v1", "TaskRun", "spec.taskSpec", "steps", [RUN], ("regular", "[0]")),
        ("tekton.dev/v1", "Pipeline", "spec.tasks[0].taskSpec", "sidecars", [RUN], ("sidecar", "[0]")),
        ("tekton.dev/v1", "Task", "spec", "stepTemplate", {"image": "alpine", "env": []}, ("regular", "")),
        ("example.com/v1", "Release", "spec.values", "extraContainers", [RUN], ("regular", "[0]")),
        ("example.com/v1", "Release", "spec.values", "extraInitContainers", [RUN], ("init", "[0]")),
    ],
)
def test_containers_under_other_names_are_found(
    api: str, kind: str, path: str, key: str, value: Any, found: tuple[str, str]
) -> None:
    """Of workflows and pipelines, which keep one container to a template or a list of steps."""
    manifest = {"apiVersion": api, "kind": kind, **nested(path, {key: value})}
    entry = value[0] if isinstance(value, list) else value
    wanted = Container(found[0], f"{path}.{key}{found[1]}", entry.get("name", ""), entry)  # type: ignore[arg-type]

    assert [*workload(of_object(manifest)).containers()] == [wanted]


def test_a_template_of_a_workflow_is_one_pod() -> None:
    """Its container, what runs before and beside it, and its annotations stand together."""
    template = {
        "metadata": {"annotations": {"a": "b"}},
        "container": RUN,
        "initContainers": [RUN],
        "sidecars": [RUN],
        "volumes": [],
    }
    (found,) = workload(
        of_object({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [template]}})
    ).templates

    assert (found.path, found.annotations, found.annotations_path) == (
        "spec.templates[0]",
        {"a": "b"},
        "spec.templates[0].metadata.annotations",
    )
    assert [(each.kind, each.path) for each in found.containers] == [
        ("init", "spec.templates[0].initContainers[0]"),
        ("sidecar", "spec.templates[0].sidecars[0]"),
        ("regular", "spec.templates[0].container"),
    ]


@pytest.mark.parametrize(
    "spec",
    [
        {"templates": [{"steps": [[{"name": "a", "template": "b"}]]}]},
        {"container": "web", "script": "x", "steps": ["a"]},
        {"container": {"image": "alpine"}},
        {"container": {"image": {"repository": "alpine"}, "command": []}},
        {"steps": [{"name": "a", "run": "x"}], "stepTemplate": {"env": []}},
        {"sidecars": [{"name": "logs", "enabled": True}]},
    ],
)
def test_what_only_has_the_name_of_a_container_is_none(spec: dict[str, Any]) -> None:
    """Steps that name templates, names of containers, and images that nothing runs."""
    assert workload(of_object({"apiVersion": "example.com/v1", "kind": "Flow", "spec": spec})) == NOTHING


def test_steps_without_an_image_run_in_that_of_the_step_template() -> None:
    """Their scripts are looked at with the others."""
    spec = {"stepTemplate": {"image": "alpine", "env": []}, "steps": [{"name": "a", "script": "x"}]}
    found = workload(of_object({"apiVersion": "tekton.dev/v1", "kind": "Task", "spec": spec}))

    assert [each.path for each in found.containers()] == ["spec.steps[0]", "spec.stepTemplate"]


def test_scripts_stand_among_what_a_container_says() -> None:
    """`script` and `source`, as text with their paths; other types are none."""
    container = Container("regular", "c", "a", {"image": "i", "script": "run one", "source": "run two"})

    assert [*container.scripts()] == [("c.script", "run one"), ("c.source", "run two")]
    assert container.texts() == ["i", "run one", "run two"]
    assert container.written() == ["i", "run one", "run two"]
    assert [*Container("regular", "c", "a", {"script": {"image": "x"}, "source": 1}).scripts()] == []
    commands = read(container).commands
    assert [(at, word) for each in commands if each.runs for at, word in each.words] == [
        *[("c.script", "run"), ("c.script", "one"), ("c.source", "run"), ("c.source", "two")]
    ]


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
            st.sampled_from(["spec", "containers", "template", "image", "name", "env", "steps", "script", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from(KINDS))
def test_no_object_breaks_the_search(spec: object, kind: tuple[str, str, str]) -> None:
    """Whatever stands in `spec`, finding and reading the containers does not raise."""
    for container in workload(of_object({"apiVersion": kind[0], "kind": kind[1], "spec": spec})).containers():
        assert container.path.endswith(("]", ".script"))
        assert isinstance([container.image, *container.commands(), *container.environment()], list)

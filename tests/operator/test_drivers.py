"""What each driver sets, on which objects, and whether the table of other projects' kinds can be meant."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from aup_operator.drivers import BY_KIND, DRIVERS, KNOWN
from aup_operator.drivers.driver import Rank, Stage
from aup_operator.drivers.known import KnownKind, known_kinds
from aup_operator.drivers.scaled import pointer, scaled

Json = dict[str, Any]

ANNOTATIONS = "/metadata/annotations/"
ENDED = {"conditions": [{"type": "Succeeded", "status": "True"}]}
KINDS = Path(__file__).resolve().parents[1] / "cluster" / "kinds.yaml"


def held(group: str, kind: str, spec: Json, status: Json | None = None) -> Json:
    """What a driver sets on an object, by JSON Pointer."""
    changes = BY_KIND[group, kind].changes({"metadata": {}, "spec": spec, "status": status or {}})
    return {change.path: change.held for change in changes}


@pytest.mark.parametrize(
    ("group", "kind", "spec", "status", "expected"),
    [
        (
            "keda.sh",
            "ScaledObject",
            {},
            {},
            {
                f"{ANNOTATIONS}autoscaling.keda.sh~1paused": "true",
                f"{ANNOTATIONS}autoscaling.keda.sh~1paused-replicas": "0",
            },
        ),
        ("keda.sh", "ScaledJob", {}, {}, {f"{ANNOTATIONS}autoscaling.keda.sh~1paused": "true"}),
        ("argoproj.io", "Rollout", {"replicas": 3}, {}, {"/spec/replicas": 0}),
        ("argoproj.io", "Workflow", {}, {"phase": "Running"}, {"/spec/suspend": True}),
        ("argoproj.io", "Workflow", {}, {"phase": "Succeeded"}, {}),
        ("jobset.x-k8s.io", "JobSet", {}, {}, {"/spec/suspend": True}),
        ("jobset.x-k8s.io", "JobSet", {}, {"terminalState": "Failed"}, {}),
        ("kubeflow.org", "MPIJob", {}, {}, {"/spec/runPolicy/suspend": True}),
        ("kubeflow.org", "MPIJob", {}, ENDED, {}),
        ("ray.io", "RayJob", {"shutdownAfterJobFinishes": True}, {}, {"/spec/suspend": True}),
        ("ray.io", "RayJob", {"shutdownAfterJobFinishes": False}, {}, {}),
        ("ray.io", "RayJob", {}, {}, {}),
        ("ray.io", "RayJob", {"shutdownAfterJobFinishes": True, "clusterSelector": {"a": "b"}}, {}, {}),
        ("ray.io", "RayJob", {"shutdownAfterJobFinishes": True}, {"jobDeploymentStatus": "Complete"}, {}),
        ("ray.io", "RayCluster", {}, {}, {"/spec/suspend": True}),
        ("ray.io", "RayService", {}, {}, {}),
        ("serving.knative.dev", "Service", {}, {}, {}),
        ("postgresql.cnpg.io", "Cluster", {"instances": 3}, {}, {f"{ANNOTATIONS}cnpg.io~1hibernation": "on"}),
        ("kafka.strimzi.io", "Kafka", {}, {}, {f"{ANNOTATIONS}strimzi.io~1pause-reconciliation": "true"}),
        ("kafka.strimzi.io", "KafkaNodePool", {"replicas": 3}, {}, {}),
        ("kafka.strimzi.io", "KafkaConnect", {"replicas": 3}, {}, {"/spec/replicas": 0}),
        ("kubevirt.io", "VirtualMachine", {"running": True}, {}, {"/spec/running": False}),
        ("kubevirt.io", "VirtualMachine", {"running": False}, {}, {"/spec/running": False}),
        ("kubevirt.io", "VirtualMachine", {"runStrategy": "Always"}, {}, {"/spec/runStrategy": "Halted"}),
        ("apps.kruise.io", "CloneSet", {"replicas": 2}, {}, {"/spec/replicas": 0}),
        ("apps.kruise.io", "CloneSet", {"volumeClaimTemplates": [{}]}, {}, {}),
        (
            "apps.kruise.io",
            "StatefulSet",
            {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}},
            {},
            {"/spec/replicas": 0, "/spec/persistentVolumeClaimRetentionPolicy/whenScaled": "Retain"},
        ),
    ],
)
def test_what_is_set(group: str, kind: str, spec: Json, status: Json, expected: Json) -> None:
    """The fields that stop it, and none on what is over or may not be touched."""
    assert held(group, kind, spec, status) == expected


@pytest.mark.parametrize("status", [{}, {"conditions": None}, {"conditions": ["x", {"type": "Succeeded"}]}, "x"])
def test_a_malformed_status_is_not_taken_for_an_end(status: Any) -> None:
    """Only a condition that is true ends a job."""
    assert BY_KIND["kubeflow.org", "MPIJob"].changes({"status": status})


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({"suspend": True, "activeDeadlineSeconds": 5}, {"startTime": "2026-11-01T00:00:00Z"}, {"startTime": None}),
        ({"suspend": True, "activeDeadlineSeconds": 5}, {}, {}),
        ({"suspend": True}, {"startTime": "2026-11-01T00:00:00Z"}, {}),
        ({"suspend": False, "activeDeadlineSeconds": 5}, {"startTime": "2026-11-01T00:00:00Z"}, {}),
    ],
)
def test_the_start_of_a_job_with_limited_time_is_outdated_once_it_is_held(
    spec: Json, status: Json, expected: Json
) -> None:
    """Its controller would fail it by that; one that was never suspended keeps what it has."""
    assert BY_KIND["batch", "Job"].outdated({"spec": spec, "status": status}) == expected


@pytest.mark.parametrize("manual", [True, False])
def test_a_job_is_created_again_with_the_selector_that_its_owner_wrote_alone(manual: bool) -> None:
    """The API server makes one for each Job's UID, and would refuse that of another."""
    made = {"job-name": "a", "controller-uid": "1", "batch.kubernetes.io/controller-uid": "1"}
    job: Json = {
        "metadata": {"name": "a"},
        "spec": {
            "manualSelector": manual,
            "selector": {"matchLabels": {"controller-uid": "1"}},
            "template": {"metadata": {"labels": {"app": "a", **made}}, "spec": {"containers": []}},
        },
    }
    template = {"metadata": {"labels": {"app": "a", "job-name": "a"}}, "spec": {"containers": []}}

    again = BY_KIND["batch", "Job"].recreated(job)

    assert again == (job if manual else {**job, "spec": {"manualSelector": False, "template": template}})


@pytest.mark.parametrize(
    ("annotations", "paused", "waits"),
    [
        ({}, "True", True),
        ({}, "False", False),
        ({"autoscaling.keda.sh/paused": "false"}, "True", True),
        ({"autoscaling.keda.sh/paused": "true"}, "True", False),
        ({"autoscaling.keda.sh/paused-replicas": "4"}, "True", False),
    ],
)
def test_a_pause_that_keda_has_not_ended_is_told(annotations: Json, paused: str, waits: bool) -> None:
    """Unless the tenant had it paused before."""
    status = {"conditions": [{"type": "Paused", "status": paused}]}
    put_back = {"metadata": {"annotations": annotations}, "status": status}

    assert bool(KNOWN["keda.sh", "ScaledObject"].unfinished(put_back)) is waits


def test_a_kind_with_a_scale_subresource_goes_to_zero_wherever_its_count_is() -> None:
    """The path is the CustomResourceDefinition's."""
    driver = scaled("example.com", "v1", "Fleet", "fleets", pointer(".spec.size.wanted"))

    assert [(one.path, one.held) for one in driver.changes({"spec": {}})] == [("/spec/size/wanted", 0)]
    assert driver.path("shop", "a") == "/apis/example.com/v1/namespaces/shop/fleets/a"
    assert not driver.built_in


def test_each_kind_has_one_driver() -> None:
    """And its place in both orders; built-in kinds are not in the table of other projects'."""
    assert max(Counter((one.group, one.kind) for one in known_kinds()).values()) == 1
    assert len(BY_KIND) == len(DRIVERS) + 1 + len(KNOWN)
    assert all(driver.stage in Stage and driver.rank in Rank for driver in BY_KIND.values())
    assert [driver for driver in DRIVERS if not driver.built_in] == []
    assert [driver for driver in KNOWN.values() if driver.built_in] == []


def test_owners_are_kinds_that_are_held_and_come_first() -> None:
    """A kind that is left to an owner must not be visited before it, nor may that owner be one that nothing stops."""
    for driver in BY_KIND.values():
        for owner in driver.owners:
            assert BY_KIND[owner].stage <= driver.stage


def test_a_kind_on_which_nothing_is_set_says_why() -> None:
    """It must not look like an oversight."""
    for one in known_kinds():
        assert one.says.startswith("Nothing is set") == (not one.set and not one.cases)


@pytest.mark.parametrize(
    "change",
    [{"sett": {}}, {"set": {"spec/replicas": 0}}, {"stage": "FIRST"}, {"group": "apps"}, {"source": "a book"}],
)
def test_a_slip_in_the_table_is_refused(change: Json) -> None:
    """A field, pointer, stage, group or source that cannot be meant ends the start."""
    one: Json = {
        "group": "example.com",
        "versions": ["v1"],
        "kind": "Fleet",
        "plural": "fleets",
        "set": {"/spec/replicas": 0},
        "stage": "SCALABLE",
        "rank": "WORKLOAD",
        "says": "It is scaled to 0.",
        "source": "https://example.com",
    }
    msgspec.convert(one, KnownKind)

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(one | change, KnownKind)


def test_the_cluster_tests_have_each_kind() -> None:
    """The reduced CustomResourceDefinitions serve every known kind under its names, in a version that was looked at."""
    served = {
        (crd["spec"]["group"], crd["spec"]["names"]["kind"]): (
            crd["spec"]["names"]["plural"],
            {version["name"] for version in crd["spec"]["versions"]},
        )
        for crd in yaml.safe_load(KINDS.read_text())["items"]
        if crd["kind"] == "CustomResourceDefinition"
    }

    for one in known_kinds():
        plural, versions = served[one.group, one.kind]
        assert plural == one.plural
        assert versions <= set(one.versions)

"""A rule finds the same in every kind that holds a pod template, and in every list of containers."""

from collections.abc import Iterator
from copy import deepcopy

import msgspec
import pytest

from aup.cases import NAMESPACE, Case, cases
from aup.engine import decide
from aup.model import Judged, Rule
from aup.review import Json, of_object
from aup.rules import RULES
from aup.workload import KINDS

Found = tuple[str, str, str, str]
"""Field path from the pod template or the container on, what was found, container, mode."""

FLEET = ("example.com", "Fleet")
"""A kind that nobody has heard of."""

HOLDERS = {kind: ".".join(template) for kind, (template, _) in KINDS.items()} | {FLEET: "spec.template"}
"""Each kind with the path of what holds its pod spec."""

LISTS = {"init": "initContainers", "sidecar": "initContainers", "ephemeral": "ephemeralContainers"}

OTHERWISE = {
    ("AUP1606", "PodTemplate"): "it runs nothing by itself",
    ("AUP1606", "CronJob"): "it runs nothing yet; its Jobs are counted when they come",
    ("AUP1606", "Fleet"): "what a custom resource runs is counted when its Pods come",
    ("AUP8201", "Job"): "what ends needs no probe",
    ("AUP8201", "CronJob"): "what ends needs no probe",
}
"""A rule and a kind in which it finds something else, with the reason."""

ELSEWHERE = {
    ("AUP1602", "ephemeral"): "Kubernetes allows no resources on an ephemeral container",
}
"""A rule and a list in which it finds something else, with the reason."""

WHOLE = frozenset({"AUP1606", "AUP7301"})
"""Rules that judge an object as a whole: they name its kind, or the field with its number of Pods."""

WITHOUT_POD = {"AUP1605": "it bounds how many Pods something makes"}
"""Rules that find nothing on a Pod by itself, with the reason."""


def plain(rule: Rule) -> Iterator[Case]:
    """The rule's failing cases on a new Pod."""
    for case in cases(rule):
        if case.expect and case.old is None and not case.subresource and not case.user:
            manifest = case.manifest()
            if (manifest.get("apiVersion"), manifest.get("kind")) == ("v1", "Pod"):
                yield case


POD_CASES = [(rule, case) for rule in RULES if rule.workloads for case in list(plain(rule))[:1]]


def in_container(case: Case) -> str:
    """The path of the one regular container in which the case has all its findings; empty if there is none."""
    spec = case.manifest().get("spec", {})
    for index in range(len(spec.get("containers", []))):
        path = f"spec.containers[{index}]"
        if all(one.at.startswith(path) for one in case.expect):
            return path
    return ""


CONTAINER_CASES = [
    (rule, case)
    for rule in RULES
    if rule.workloads
    for case in [next((one for one in plain(rule) if in_container(one)), None)]
    if case is not None
]


def found(rule: Rule, case: Case, manifest: Json, within: str) -> list[Found]:
    """What the rule finds in an object under the case's facts, with paths from `within` on."""
    review = msgspec.structs.replace(of_object(manifest, NAMESPACE), user=case.user)
    verdict = decide(review, case.known(), case.now)
    assert verdict.crashes == ()
    return sorted(_found(one, within) for one in verdict.findings if one.rule == rule.id)


def _found(one: Judged, within: str) -> Found:
    return one.path.removeprefix(within).removeprefix("."), one.found, one.container, one.mode


def planted(case: Case, kind: tuple[str, str]) -> Json:
    """The case's Pod as the pod template of another kind."""
    pod = deepcopy(case.manifest())
    group, name = kind
    if kind == ("", "Pod"):
        return pod
    version = {"apps": "apps/v1", "batch": "batch/v1", "example.com": "example.com/v1"}.get(group, "v1")
    metadata = pod.pop("metadata", {})
    template = {"metadata": {key: metadata[key] for key in ("annotations", "labels") if key in metadata}}
    holder: Json = {**template, "spec": pod["spec"]}
    for key in reversed(HOLDERS[kind].split(".")):
        holder = {key: holder}
    if name == "CronJob":
        holder["spec"]["concurrencyPolicy"] = "Forbid"
    own = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
    return {"apiVersion": version, "kind": name, "metadata": own, **holder}


@pytest.mark.parametrize("kind", HOLDERS, ids=lambda kind: kind[1])
@pytest.mark.parametrize(("rule", "case"), POD_CASES, ids=lambda one: getattr(one, "id", ""))
def test_a_pod_is_judged_in_every_kind(rule: Rule, case: Case, kind: tuple[str, str]) -> None:
    """The findings on the Pod are those on the pod template, at the same place in it and in the same words."""
    on_pod = found(rule, case, case.manifest(), "")
    planted_in = found(rule, case, planted(case, kind), HOLDERS[kind])
    assert on_pod

    if rule.id in WHOLE:
        differs = [one[1].replace(kind[1], "Pod") for one in planted_in] != [one[1] for one in on_pod]
    else:
        differs = planted_in != on_pod

    assert differs == ((rule.id, kind[1]) in OTHERWISE)


@pytest.mark.parametrize("where", LISTS)
@pytest.mark.parametrize(("rule", "case"), CONTAINER_CASES, ids=lambda one: getattr(one, "id", ""))
def test_a_container_is_judged_in_every_list(rule: Rule, case: Case, where: str) -> None:
    """The findings on the container are the same as an init, sidecar or ephemeral container, in the same words."""
    path = in_container(case)
    index = int(path.removeprefix("spec.containers[").removesuffix("]"))
    pod = deepcopy(case.manifest())
    moved = pod["spec"]["containers"].pop(index)
    if where == "sidecar":
        moved["restartPolicy"] = "Always"
    others = pod["spec"].setdefault(LISTS[where], [])
    others.append(moved)

    now = found(rule, case, pod, f"spec.{LISTS[where]}[{len(others) - 1}]")
    differs = now != found(rule, case, case.manifest(), path)

    assert differs == ((rule.id, where) in ELSEWHERE)


def test_every_rule_on_workloads_is_tried() -> None:
    """Each has a failing case on a Pod."""
    assert {rule.id for rule, _ in POD_CASES} | WITHOUT_POD.keys() == {rule.id for rule in RULES if rule.workloads}
    assert {rule.id for rule, _ in POD_CASES}.isdisjoint(WITHOUT_POD)

"""The rules of clause 1.3 judge Pods as Kubernetes' own Pod Security Standards, level baseline, version 1.37.

The Pods are the fixtures of the Go module k8s.io/pod-security-admission, folder test/testdata/baseline/v1.37: the
newest in v0.37.2, which the control plane's go.mod pins. Go fetches the module and checks it against go.sum; a test
that cannot get it fails.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from aup.cases import NOW
from aup.engine import decide
from aup.facts import gathered
from aup.review import of_object
from aup.rules import RULES
from testbed.gobuild import module
from testbed.tools import GOMOD_FOLDER

MODULE = "k8s.io/pod-security-admission"
VERSION = "v1.37"
CLAUSE = {rule.id for rule in RULES if rule.clause == "1.3"}


def baseline() -> Path:
    """The folder of baseline's fixtures, one folder a version of the standards.

    Raises:
        BuildError: There is no Go that is new enough, or it cannot fetch the module.
    """
    return module(GOMOD_FOLDER / "controlplane", MODULE) / "test" / "testdata" / "baseline"


def fixtures() -> list[str]:
    """Each fixture as `pass/name.yaml` or `fail/name.yaml`; a single one that fails where they cannot be had."""
    try:
        folder = baseline() / VERSION
    except Exception:  # noqa: BLE001 - told by the test, so that it is the only one to fail
        return ["unavailable"]
    return sorted(f"{file.parent.name}/{file.name}" for file in folder.glob("*/*.yaml"))


def denied(manifest: dict[str, Any]) -> bool:
    """Whether a rule of clause 1.3 rejects the object."""
    return any(one.rule in CLAUSE for one in decide(of_object(manifest), gathered(), NOW).denials)


@pytest.mark.parametrize("fixture", fixtures())
def test_a_pod_has_kubernetes_verdict(fixture: str) -> None:
    """What baseline lets through, no rule of clause 1.3 rejects, and what it forbids, one does."""
    pod = yaml.safe_load((baseline() / VERSION / fixture).read_text())

    assert denied(pod) == fixture.startswith("fail/")


@pytest.mark.parametrize("fixture", fixtures())
def test_a_deployment_has_the_verdict_of_its_pods(fixture: str) -> None:
    """The same Pod as a Deployment's template; annotations are those of the template."""
    pod = yaml.safe_load((baseline() / VERSION / fixture).read_text())
    template = {"metadata": {"annotations": pod["metadata"].get("annotations", {})}, "spec": pod["spec"]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": template},
    }

    assert denied(deployment) == fixture.startswith("fail/")


def test_the_fixtures_are_those_of_the_newest_version() -> None:
    """A newer version of the standards must be looked into: a changed check has to change here as well."""
    versions = [folder.name for folder in baseline().iterdir()]

    assert max(versions, key=lambda name: [int(part) for part in re.findall(r"\d+", name)]) == VERSION
    assert {kind: len(list((baseline() / VERSION / kind).iterdir())) > 10 for kind in ("pass", "fail")} == {
        "pass": True,
        "fail": True,
    }

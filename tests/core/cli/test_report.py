"""The report of `aup check`, to the letter, as text and as JSON."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

from aup.cli import check as check_command

Run = Callable[..., Result]

PERMIT = """\
---
apiVersion: aup.asergo.com/v1alpha1
kind: Permit
metadata: {name: acme-network}
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


def test_a_denied_manifest_is_told_with_line_place_reason_fix_and_next_step(
    check: Run, snapshot: SnapshotAssertion
) -> None:
    """Each finding has its line and object; the summary says whom to ask; the exit code is 1."""
    result = check("deploy.yaml", "clean.yaml")

    assert result.stdout == snapshot
    assert result.stderr == ""
    assert result.exit_code == 1


def test_colour_marks_places_verdicts_and_counts_only(check: Run, snapshot: SnapshotAssertion) -> None:
    """With colour the text is the same but for the escape sequences."""
    result = check("deploy.yaml", "--color", "always")

    assert result.stdout == snapshot


def test_a_terminal_is_needed_for_colour_unless_it_is_asked_for(check: Run) -> None:
    """Into a file or pipe there are no escape sequences."""
    assert "\x1b" not in check("deploy.yaml").stdout
    assert "\x1b" not in check("deploy.yaml", "--color", "never").stdout


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_the_environment_can_switch_colour_off(
    variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_COLOR with any value, or a dumb terminal, means no colour."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert check_command._coloured("auto", terminal=True) is coloured
    assert check_command._coloured("always", terminal=False) is True


def test_a_rule_is_explained_once_however_many_objects_break_it(
    check: Run, folder: Path, snapshot: SnapshotAssertion
) -> None:
    """The second and third object show place and evidence and refer to the first."""
    (folder / "deploy.yaml").write_text(
        "---\n".join(
            f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{hostPID: true}}\n"
            for name in ("one", "two", "three")
        )
    )

    assert check("deploy.yaml").stdout == snapshot


def test_json_has_every_key_always(check: Run, folder: Path, snapshot: SnapshotAssertion) -> None:
    """Findings, errors and summary; nothing else is written to standard output."""
    (folder / "broken.yaml").write_text("apiVersion: v1\nkind: Pod\nkind: Pod\n")

    result = check("deploy.yaml", "broken.yaml", "-o", "json")

    assert json.loads(result.stdout) == snapshot
    assert result.stderr == ""
    assert result.exit_code == 2


def test_a_permit_is_named_and_takes_the_denial_away(check: Run, folder: Path) -> None:
    """A finding that a permit covers is recorded, and the exit code is 0."""
    with (folder / "facts.yaml").open("a") as facts:
        facts.write(PERMIT)

    text, told = check("deploy.yaml"), check("deploy.yaml", "-o", "json")

    assert "  permit: acme-network\n" in text.stdout
    assert "2 recorded" in text.stdout
    assert text.exit_code == told.exit_code == 0
    assert {one["permit"] for one in json.loads(told.stdout)["findings"] if one["rule"] == "AUP1301"} == {
        "acme-network"
    }


def test_what_a_manifest_says_cannot_steer_the_terminal(check: Run) -> None:
    """Escape sequences in names, kinds, keys and values are shown and not sent."""
    evil = r"\e[2J\e[31m"
    manifest = (
        f'apiVersion: x/v1\nkind: "K{evil}"\nmetadata: {{name: "n{evil}", namespace: "s{evil}"}}\n'
        f'spec: {{"k{evil}": {{containers: [{{name: "c{evil}", image: x, securityContext: {{privileged: true}}}}]}}}}\n'
    )

    result = check("-", stdin=manifest)

    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert r"\u001b[2J" in result.stdout


def test_findings_of_an_object_come_in_the_order_of_its_lines(check: Run) -> None:
    """A reader goes down the file once."""
    found = json.loads(check("deploy.yaml", "-o", "json").stdout)["findings"]

    lines = [one["object"]["line"] for one in found]
    assert lines == sorted(lines)
    assert len(set(lines)) > 1

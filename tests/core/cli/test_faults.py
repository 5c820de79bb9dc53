"""A fault of ours is told as one, with the rule and the object, and hides nothing else."""

import json
from collections.abc import Callable, Iterator

import msgspec
import pytest
from click.testing import Result

from aup.cli import judging
from aup.facts import Facts, from_manifests
from aup.model import Finding, Rule, Subject
from aup.policy import ActiveRule, by_kind

Run = Callable[..., Result]


def broken(_: Subject) -> Iterator[Finding]:
    """A rule's body that fails."""
    raise KeyError("spec")


@pytest.fixture
def a_broken_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """AUP1301 fails on everything; it denies by default, so it fails closed."""

    def facts(manifests: list[dict[str, object]]) -> Facts:
        return msgspec.structs.replace(
            known := from_manifests(manifests),
            policies=tuple(
                msgspec.structs.replace(policy, **by_kind(map(_break, policy.rules))) for policy in known.policies
            ),
        )

    def _break(active: ActiveRule) -> ActiveRule:
        rule: Rule = msgspec.structs.replace(active.rule, check=broken)
        return msgspec.structs.replace(active, rule=rule) if rule.id == "AUP1301" else active

    monkeypatch.setattr(judging, "from_manifests", facts)


@pytest.mark.usefixtures("a_broken_rule")
def test_a_rule_that_breaks_is_named_with_the_object(check: Run) -> None:
    """Standard error asks for a report; the other rules' findings are there; the exit code is 1."""
    result = check("deploy.yaml")

    assert result.stderr == (
        "deploy.yaml:1:1: rule AUP1301 could not judge Deployment shop/web (KeyError: 'spec'): "
        "a fault of ours, please report it\n"
    )
    assert "AUP1602 missing-limits" in result.stdout
    assert result.exit_code == 1


@pytest.mark.usefixtures("a_broken_rule")
def test_a_fault_is_among_the_errors_in_json(check: Run) -> None:
    """A program sees it too, and can tell it from bad input by the exit code."""
    result = check("deploy.yaml", "-o", "json")

    assert "a fault of ours" in json.loads(result.stdout)["errors"][0]["message"]
    assert result.exit_code == 1


def test_an_engine_that_breaks_does_not_end_the_run(check: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next object is still judged."""

    def decide(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(judging, "decide", decide)

    result = check("deploy.yaml", "clean.yaml")

    assert result.stderr.count("the engine could not judge") == 2
    assert result.stdout.startswith("2 files, 2 objects: 2 errors\n")
    assert result.exit_code == 1

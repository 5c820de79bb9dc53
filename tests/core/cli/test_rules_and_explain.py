"""`aup rules` lists every rule, and `aup explain` teaches one."""

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import Result
from syrupy.assertion import SnapshotAssertion

from aup import facts
from aup.cases import Case, Expected
from aup.model import Finding, Limits, Rule, Subject, rule
from aup.quantity import parse
from aup.rules import RULES

Run = Callable[..., Result]


@rule(
    id="AUP1699",
    clause="1.6",
    aliases=("sleeping",),
    parameters={"perContainer": {"cpu": parse("2"), "memory": parse("1Gi")}},
)
def stolen_naps(subject: Subject, _: Limits) -> Iterator[Finding]:
    """The container naps.

    Why: A nap on somebody else's machine keeps others awake, and this sentence goes on until it has to be wrapped on
    the terminal.

    Fix: Wake up.
    """
    for container in subject.workload.containers():
        if container.image == "nap":
            yield Finding(f"{container.path}.image", '"nap"', container.name)


EXAMPLES = [
    Case(case="an edit is no example", old={}, pod={"containers": []}, expect=[Expected("spec", "x")]),
    Case(
        case="a nap",
        pod={"containers": [{"name": "a", "image": "nap"}]},
        expect=[Expected("spec.containers[0].image", '"nap"', "a")],
    ),
    Case(case="a look-alike is no example", shows="look-alike", pod={"containers": []}),
    Case(case="a busy container", pod={"containers": [{"name": "a", "image": "work"}]}),
]


def test_every_rule_is_in_the_table(run: Run) -> None:
    """Id, name, clause, mode, first version and the first sentence of the message, a line each."""
    lines = run("rules").stdout.splitlines()

    assert lines[0].split() == ["ID", "NAME", "CLAUSE", "MODE", "SINCE", "WHAT", "IT", "FINDS"]
    assert [line.split()[:5] for line in lines[1 : len(RULES) + 1]] == [
        [one.id, one.name, one.clause, one.mode, one.since] for one in RULES
    ]


def test_the_rules_are_told_to_programs(run: Run) -> None:
    """The JSON holds everything that a rule's docstring says."""
    told = json.loads(run("rules", "-o", "json").stdout)["rules"]

    assert [(one["id"], one["why"]) for one in told] == [(one.id, one.why) for one in RULES]
    assert set(told[0]) == {"id", "name", "aliases", "clause", "mode", "since", "message", "why", "fix"}


@pytest.fixture
def napping(monkeypatch: pytest.MonkeyPatch) -> Rule:
    """One rule with examples of its own, in place of all."""
    monkeypatch.setattr("aup.cli.explain.RULES", (stolen_naps,))
    monkeypatch.setattr("aup.cli.explain.cases", lambda _: EXAMPLES)
    monkeypatch.setattr("aup.cli.guidance.cases", lambda _: EXAMPLES)
    monkeypatch.setattr("aup.policy.RULES", (stolen_naps,))
    monkeypatch.setattr(facts, "_default", facts._default.__wrapped__)  # not the one that is kept
    return stolen_naps


@pytest.mark.usefixtures("napping")
def test_a_rule_is_explained_with_an_example_on_either_side(run: Run, snapshot: SnapshotAssertion) -> None:
    """Why, fix, limits, and what is found in the example."""
    assert run("explain", "AUP1699").stdout == snapshot


@pytest.mark.usefixtures("napping")
@pytest.mark.parametrize("word", ["aup1699", "stolen-naps", "Stolen-Naps", "sleeping"])
def test_a_rule_is_known_by_id_name_and_earlier_names(word: str, run: Run) -> None:
    """Capital letters do not matter."""
    assert run("explain", word).stdout == run("explain", "AUP1699").stdout


def test_a_rule_with_signatures_lists_them_with_their_sources(run: Run) -> None:
    """One can see what a name is matched against and where that knowledge is from."""
    result = run("explain", "crypto-mining")

    assert "\nSignatures (strength" in result.stdout
    assert "xmrig" in result.stdout
    assert "Falco" in result.stdout


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.id)
def test_every_rule_can_be_explained(one: Rule, run: Run) -> None:
    """With an object that it finds something in, and one that is fine."""
    told = run("explain", one.id).stdout

    assert told.startswith(f"{one.id} {one.name} (AUP {one.clause})")
    assert "\nFound, for example" in told
    assert "\nNot found, for example" in told


UNKNOWN = [
    ("host-acces", "Error: no rule 'host-acces'; did you mean AUP1301 host-access?"),
    ("zzz", "Error: no rule 'zzz'; `aup rules` lists them all."),
]


@pytest.mark.parametrize(("word", "told"), UNKNOWN)
def test_an_unknown_rule_is_told_with_near_ones(word: str, told: str, run: Run) -> None:
    """Exit code 2, and the names that come near."""
    result = run("explain", word)

    assert result.stderr.splitlines()[-1] == told
    assert result.exit_code == 2

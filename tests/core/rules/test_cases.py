"""Every rule gives exactly the findings that its case file states, and has a case for each situation."""

import pytest

from aup.cases import Case, Expected, cases
from aup.engine import decide
from aup.model import Rule
from aup.rules import RULES

ALL = [pytest.param(rule, case, id=f"{rule.id}-{case.case}") for rule in RULES for case in cases(rule)]


@pytest.mark.parametrize(("rule", "case"), ALL)
def test_a_case_gives_exactly_its_findings(rule: Rule, case: Case) -> None:
    """The rule's findings on the case's object are those in the file: place, text, container and mode."""
    verdict = decide(case.review(), case.known(), case.now)

    assert verdict.crashes == ()
    assert [
        Expected(one.path, one.found, one.container, one.mode) for one in verdict.findings if one.rule == rule.id
    ] == case.expect


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_a_case_for_every_situation(rule: Rule) -> None:
    """One passes, one fails, and there are an init and an ephemeral container, a look-alike and a malformed object."""
    known = cases(rule)

    assert {bool(case.expect) for case in known} == {True, False}
    assert {case.shows for case in known} >= {"initContainer", "ephemeralContainer", "look-alike", "malformed"}
    assert all(not any(one.mode == "deny" for one in case.expect) for case in known if case.shows == "look-alike")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_lives_in_the_file_named_after_it(rule: Rule) -> None:
    """Rule AUP1601 crypto-mining is `aup.rules.aup1601_crypto_mining.crypto_mining`."""
    assert rule.check.__module__ == f"aup.rules.{rule.id.lower()}_{rule.name.replace('-', '_')}"
    assert rule.clause.replace(".", "") == rule.id[3:5]


def test_rule_ids_and_names_are_unique() -> None:
    """No id, name or alias stands twice."""
    words = [word for rule in RULES for word in (rule.id, rule.name, *rule.aliases)]

    assert len(words) == len(set(words))

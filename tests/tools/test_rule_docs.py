"""A rule's page and `aup explain` say how to get a permit, and what is written there works."""

import msgspec
import pytest

from aup.api.permit import Permit
from aup.cli import guidance
from aup.facts import decoded
from aup.model import Rule
from aup.rules import RULES
from tools.rule_docs import rule_page


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_permit_on_a_page_is_a_permit_for_the_rule(rule: Rule) -> None:
    """It fits the schema, has an end, and carries a document's hash where the rule asks for one."""
    permit = decoded(msgspec.yaml.decode(guidance.permit(rule)), Permit)

    assert permit.spec.rules == [rule.id]
    assert permit.spec.valid_from < permit.spec.expires_at
    assert (permit.spec.document_sha256 is not None) == rule.needs_document


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_tells_all_of_a_rule(rule: Rule) -> None:
    """Message, clause, why, fix, what it judges, each limit, the request and the permit."""
    page = rule_page(rule)

    for part in (rule.message, f"Clause {rule.clause} ", rule.why, rule.fix, guidance.judges(rule)):
        assert part in page
    assert guidance.request(rule) in page
    assert guidance.permit(rule) in page
    assert (guidance.NEEDS_DOCUMENT in page) == rule.needs_document
    assert [line for line in page.splitlines() if line.startswith("| per")] == [
        f"| {' | '.join(row)} |" for row in guidance.limits(rule)
    ]

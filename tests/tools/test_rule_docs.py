"""A rule's page and `aup explain` say how to get a permit, and what is written there works."""

import msgspec
import pytest

from aup.api.permit import Permit
from aup.cases import Case, cases
from aup.cli import guidance
from aup.engine import decide
from aup.facts import decoded, from_manifests
from aup.model import Rule
from aup.rules import RULES
from tools.rule_docs import rule_page

NEVER = {
    "AUP3102": "it only warns",
    "AUP3301": "it only warns",
    "AUP8101": "a tenant that does not exist holds no permit",
    "AUP8102": "it only warns",
}
"""Rules whose findings no permit can cover, with the reason."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_permit_on_a_page_is_a_permit_for_the_rule(rule: Rule) -> None:
    """It fits the schema, has an end, and carries a document's hash where the rule asks for one."""
    permit = decoded(msgspec.yaml.decode(guidance.permit(rule)), Permit)

    assert permit.spec.rules == [rule.id]
    assert permit.spec.valid_from < permit.spec.expires_at
    assert (permit.spec.document_sha256 is not None) == rule.needs_document


def permitted(case: Case) -> bool:
    """Whether a permit could help: the tenant exists, and something is rejected."""
    kinds = {one["kind"] for one in case.facts if (one["kind"], one["metadata"]["name"]) != ("Tenant", "acme")}
    return kinds.isdisjoint({"Tenant", "Namespace", "Permit"}) and any(one.mode == "deny" for one in case.expect)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_permit_on_a_page_covers_what_the_rule_rejects(rule: Rule) -> None:
    """With the containers of a case in place of the example's, nothing of that case is rejected any more."""
    case = next((case for case in cases(rule) if permitted(case)), None)
    if case is None:
        assert rule.id in NEVER
        return
    manifest = msgspec.yaml.decode(guidance.permit(rule))
    if guidance.in_containers(rule):
        manifest["spec"]["scope"]["containers"] = sorted({one.container for one in case.expect})

    verdict = decide(case.review(), from_manifests([*case.all_facts(), manifest]), case.now)

    assert [one for one in verdict.denials if one.rule == rule.id] == []


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

"""The exact words that a person refused reads on a terminal, for each rule."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from aup.cases import cases
from aup.engine import decide
from aup.facts import gathered
from aup.message import SHOWN, rejection, warning
from aup.model import Rule
from aup.review import of_object
from aup.rules import RULES
from aup.wording import quoted

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_rejection_reads_as_recorded(rule: Rule, snapshot: SnapshotAssertion) -> None:
    """The message of the first case that the rule rejects, whole, as kubectl prints it."""
    case = next(case for case in cases(rule) if any(one.mode == "deny" for one in case.expect))

    assert rejection(case.review(), decide(case.review(), case.known(), case.now)) == snapshot


def test_the_warning_reads_as_recorded(snapshot: SnapshotAssertion) -> None:
    """A finding that was there before is told in one line, with why it is let through."""
    rule = next(rule for rule in RULES if rule.id == "AUP1301")
    case = next(case for case in cases(rule) if any(one.mode == "warn" for one in case.expect))
    verdict = decide(case.review(), case.known(), case.now)

    assert [warning(one) for one in verdict.warnings if one.rule == rule.id] == snapshot


def test_a_long_rejection_is_cut_and_says_so() -> None:
    """Twenty findings are shown; the rest are counted, and the command that shows them is named."""
    containers = [{"name": f"c{number}", "image": "web"} for number in range(SHOWN + 5)]
    review = of_object(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers}}
    )

    text = rejection(review, decide(review, gathered(), NOW))

    assert text.count("  at:    ") == SHOWN
    assert f"… and {2 * (SHOWN + 5) - SHOWN} more; `aup check FILE` shows them all." in text


@given(st.text(max_size=400))
def test_what_a_tenant_wrote_is_harmless_on_a_terminal(text: str) -> None:
    """No control character, no line break, and no more than a line's length of it."""
    shown = quoted(text)

    assert shown.isprintable()
    assert len(shown) < 6 * 160 + 40

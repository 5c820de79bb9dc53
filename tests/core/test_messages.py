"""The exact words that a person refused reads on a terminal, for each rule."""

from datetime import UTC, datetime

import msgspec
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
def test_the_message_reads_as_recorded(rule: Rule, snapshot: SnapshotAssertion) -> None:
    """What this rule says of the first case that it rejects, or warns of, as kubectl prints it.

    What other rules say of the same object is left out; a rule that only records is read as if it warned.
    """
    known = [case for case in cases(rule) if case.expect]
    case = next((case for case in known if any(one.mode == "deny" for one in case.expect)), known[0])
    verdict = decide(case.review(), case.known(), case.now)
    own = msgspec.structs.replace(verdict, findings=tuple(one for one in verdict.findings if one.rule == rule.id))

    told = rejection(case.review(), own) if own.denials else "\n".join(map(warning, own.findings))

    assert told == snapshot


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

"""The clock of an appeal: due exactly so many days of 24 hours after it was received."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from aup.api.suspension import AppealStatus, Suspension
from aup_operator.appeals import appeal_status

RECEIVED = datetime(2026, 3, 20, 23, 59, 59, tzinfo=UTC)
DUE = datetime(2026, 4, 3, 23, 59, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def suspension(status: dict[str, Any] | None = None, **appeal: Any) -> Suspension:
    """A suspension with an appeal that was received at `RECEIVED`, if any field of one is given."""
    spec: dict[str, Any] = {
        "tenant": "acme",
        "clauses": ["1.6"],
        "statementOfReasons": {"facts": "f"},
        "orderedBy": "dora",
    }
    if appeal:
        spec["appeal"] = {"receivedAt": RECEIVED, "statement": "No.", "recordedBy": "dora", **appeal}
    return msgspec.convert({"metadata": {"name": "a"}, "spec": spec, "status": status or {}}, Suspension)


@pytest.mark.parametrize(
    ("now", "phase"),
    [
        (RECEIVED, "Open"),
        (DUE - SECOND, "Open"),
        (DUE, "Overdue"),
        (DUE + SECOND, "Overdue"),
    ],
)
def test_an_appeal_is_overdue_from_the_instant_that_it_is_due(now: datetime, phase: str) -> None:
    """The last second before is in time; the clocks that change in some countries in between do not count."""
    status = appeal_status(suspension(recordedBy="dora"), 14, now)

    assert status is not None
    assert (status.phase, status.due_at) == (phase, DUE)


def test_the_due_instant_is_told_in_utc() -> None:
    """Whatever time zone it was received in."""
    received = RECEIVED.astimezone(timezone(timedelta(hours=2)))

    status = appeal_status(suspension(receivedAt=received), 14, RECEIVED)

    assert status is not None
    assert msgspec.to_builtins(status.due_at) == "2026-04-03T23:59:59Z"


@pytest.mark.parametrize("decided", [DUE - SECOND, DUE + SECOND])
def test_a_decision_stops_the_clock(decided: datetime) -> None:
    """Also one that comes late."""
    decision = {"outcome": "Upheld", "reason": "r", "decidedBy": "erik", "decidedAt": decided}

    status = appeal_status(suspension(decision=decision), 14, DUE + timedelta(days=9))

    assert status == AppealStatus(phase="Decided", due_at=DUE)


def test_a_later_policy_does_not_move_what_was_told() -> None:
    """The tenant was told a date; a revision with more days for the provider does not take it away."""
    told = {"appeal": {"phase": "Open", "dueAt": DUE}}

    status = appeal_status(suspension(told, recordedBy="dora"), 30, DUE)

    assert status == AppealStatus(phase="Overdue", due_at=DUE)


def test_without_an_appeal_there_is_no_clock() -> None:
    """Nothing is told."""
    assert appeal_status(suspension(), 14, DUE) is None

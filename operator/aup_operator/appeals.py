"""The clock of an appeal: pure, from stored dates alone."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from aup.api.suspension import AppealStatus, Suspension


def appeal_status(suspension: Suspension, appeal_days: int, now: datetime) -> AppealStatus | None:
    """Where a suspension's appeal stands: Open before the instant it is due, Overdue from that instant on, or Decided.

    A due date that was told once stays, whatever a later policy says.

    Args:
        suspension: With its status as it was written last.
        appeal_days: Days within which an appeal is decided, of 24 hours each, from when it was received.
        now: The instant.
    """
    appeal = suspension.spec.appeal
    if appeal is None:
        return None
    told = suspension.status.appeal
    due_at = told.due_at if told else appeal.received_at.astimezone(UTC) + timedelta(days=appeal_days)
    phase: Literal["Open", "Overdue", "Decided"] = "Decided"
    if appeal.decision is None:
        phase = "Open" if now < due_at else "Overdue"
    return AppealStatus(phase=phase, due_at=due_at)

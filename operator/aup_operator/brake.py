"""The brake: not more than so many tenants an hour are suspended without a second person.

A script that goes wrong, or an account that was taken over, must not stop a whole platform. The count follows from
stored instants (`status.frozenAt`), so that a restart forgets nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from aup.api.suspension import Suspension

WINDOW = timedelta(hours=1)


class Brake:
    """Counts tenants that were frozen within the last hour.

    Args:
        most: How many may be, before a second person has to approve of the next; 0 for no brake.
        known: All Suspensions.
        now: The instant; a tenant frozen exactly an hour before it does not count any more.
    """

    def __init__(self, most: int, known: Iterable[Suspension], now: datetime) -> None:
        self._most = most
        self._frozen = {
            one.spec.tenant for one in known if one.status.frozen_at is not None and now - one.status.frozen_at < WINDOW
        }

    def holds(self, one: Suspension) -> bool:
        """Whether a suspension that has not begun has to wait for a second person."""
        if not self._most or one.spec.approved_by or one.spec.tenant in self._frozen:
            return False
        return len(self._frozen) >= self._most

    def passed(self, tenant: str) -> None:
        """A tenant is being frozen."""
        self._frozen.add(tenant)

"""Dates at their very instant: each is in from that instant on, in UTC, whatever zone it was written in.

A whole pass of the operator is made at each instant, over an API server that is kept in memory.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from aup.api.suspension import Suspension
from aup.facts import suspension_standing
from aup.review import Json
from aup_operator import termination
from aup_operator.brake import Brake
from aup_operator.reconcile import Reconciler
from aup_operator.settings import Settings

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NOTICED = datetime(2026, 3, 20, 12, tzinfo=UTC)
BEGINS = NOTICED + 14 * DAY
LATER = BEGINS + 7 * DAY
"""The clocks of many countries change in between; no date of ours moves by that."""


class Cluster:
    """An API server with one tenant that has no namespace, and one suspension of it."""

    def __init__(self, **spec: Any) -> None:
        self.one: Json = {
            "metadata": {"name": "acme-1", "uid": "01234567-89ab", "generation": 1},
            "spec": {
                "tenant": "acme",
                "clauses": ["3.3"],
                "orderedBy": "dora",
                "statementOfReasons": {"facts": "No licence."},
                "noticedAt": written(NOTICED),
                "effectiveAt": written(BEGINS),
                **spec,
            },
        }

    def list(self, path: str, **_: Any) -> Iterator[Json]:
        """The tenant, the suspension, and nothing else."""
        tenant = {"accountID": "1", "legalName": "Acme", "country": "DK", "contacts": {"abuse": "a@b.example"}}
        items = {
            "tenants": [{"metadata": {"name": "acme", "uid": "t"}, "spec": tenant}],
            "suspensions": [self.one],
        }
        yield from items.get(path.rpartition("/")[2], [])

    def get(self, path: str) -> Json | None:
        """Nothing."""
        del path

    def request(self, *_: Any, **__: Any) -> Json:
        """Nothing is served beside what Kubernetes always serves."""
        return {"items": []}

    def patch(self, path: str, body: Json, content_type: str) -> Json:
        """A merge patch, at the top of metadata and status."""
        assert content_type == "application/merge-patch+json"
        if "/suspensions/" in path:
            for part, fields in body.items():
                stored = self.one.setdefault(part, {})
                stored |= {key: value for key, value in fields.items() if value is not None}
                for key in [key for key, value in fields.items() if value is None]:
                    stored.pop(key, None)
        return body

    def at(self, now: datetime) -> str:
        """The phase after the operator has looked at this instant; a suspension on its way gets all its passes."""
        reconciler = Reconciler(self, Settings(brake_tenants=0), SimpleNamespace(results={}))  # type: ignore[arg-type]
        for _ in range(4):
            reconciler.sync(now)
        return str(self.one["status"]["phase"])

    def extend(self, until: datetime) -> None:
        """More time is granted."""
        granted = {"effectiveAt": written(until), "reason": "r", "orderedBy": "dora"}
        self.one["spec"].setdefault("extensions", []).append(granted)

    def lift(self) -> None:
        """The tenant has shown what was wanted."""
        self.one["spec"]["lift"] = {"reason": "Proof arrived.", "orderedBy": "dora"}

    @property
    def ended(self) -> str:
        """How it ended."""
        return str(self.one["status"]["conditions"][0]["reason"])


def written(at: datetime) -> str:
    """An instant as Kubernetes writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("now", "phase"),
    [
        (NOTICED, "Pending"),
        (BEGINS - SECOND, "Pending"),
        (BEGINS - timedelta(microseconds=1), "Pending"),
        (BEGINS, "Enforced"),
        (BEGINS + SECOND, "Enforced"),
        (BEGINS + 400 * DAY, "Enforced"),
    ],
)
def test_a_suspension_begins_at_its_instant(now: datetime, phase: str) -> None:
    """The last moment before is the tenant's; webhook and operator say the same, also a year later."""
    cluster = Cluster()

    assert cluster.at(now) == phase
    assert cluster.at(now) == phase
    one = msgspec.convert({**Cluster().one, "status": {}}, Suspension)
    assert suspension_standing(one, now) == {"Pending": "Good", "Enforced": "Suspended"}[phase]


@pytest.mark.parametrize("zone", ["2026-04-03T14:00:00+02:00", "2026-04-03T12:00:00Z", "2026-04-03T07:00:00-05:00"])
def test_the_zone_that_a_date_is_written_in_does_not_move_it(zone: str) -> None:
    """They are one instant, with the clock that was changed in between or without."""
    cluster = Cluster(effectiveAt=zone)

    assert cluster.at(BEGINS - SECOND) == "Pending"
    assert "It takes effect at 2026-04-03 12:00 UTC." in str(cluster.one["status"]["conditions"])
    assert cluster.at(BEGINS) == "Enforced"


def test_more_time_that_is_granted_in_the_last_second_counts() -> None:
    """The reminder has gone out long ago; the old instant passes and nothing happens before the new one."""
    cluster = Cluster()
    cluster.at(NOTICED)
    cluster.at(BEGINS - SECOND)
    cluster.extend(LATER)

    assert cluster.at(BEGINS) == "Pending"
    assert cluster.at(LATER - SECOND) == "Pending"
    assert cluster.at(LATER) == "Enforced"


def test_of_more_time_that_is_granted_twice_the_last_counts() -> None:
    """Also where the same was granted twice."""
    cluster = Cluster()
    cluster.extend(BEGINS + DAY)
    cluster.extend(LATER)
    cluster.extend(LATER)

    assert cluster.at(BEGINS + 2 * DAY) == "Pending"
    assert cluster.at(LATER) == "Enforced"


def test_more_time_that_comes_a_second_late_undoes_nothing() -> None:
    """What has begun is ended by a lift alone, which puts everything back."""
    cluster = Cluster()
    cluster.at(BEGINS)
    cluster.extend(LATER)

    assert cluster.at(BEGINS + SECOND) == "Enforced"
    cluster.lift()
    assert cluster.at(BEGINS + 2 * SECOND) == "Lifted"
    assert cluster.ended == "Lifted"


@pytest.mark.parametrize(
    ("looked", "now", "ended"),
    [
        (BEGINS - SECOND, BEGINS - SECOND, "LiftedBeforehand"),
        (BEGINS - SECOND, BEGINS, "Lifted"),
        (BEGINS, BEGINS + SECOND, "Lifted"),
    ],
    ids=["in time", "at the instant, not begun", "a second late"],
)
def test_proof_that_arrives_around_the_deadline(looked: datetime, now: datetime, ended: str) -> None:
    """In time nothing is ever taken down; late it is put back. Twice is once."""
    cluster = Cluster()
    cluster.at(looked)
    cluster.lift()

    assert cluster.at(now) == "Lifted"
    assert cluster.ended == ended
    status = dict(cluster.one["status"])
    assert cluster.at(now + DAY) == "Lifted"
    assert cluster.one["status"] == status


@pytest.mark.parametrize(("now", "due"), [(LATER - SECOND, False), (LATER, True), (LATER + SECOND, True)])
def test_data_is_kept_until_just_before_its_retention_date(now: datetime, due: bool) -> None:
    """From the instant on it may go, once the suspension is enforced and a second person has confirmed."""
    step = {"reason": "r", "retainUntil": written(LATER), "orderedBy": "dora", "confirmedBy": "erik"}
    one = msgspec.convert(
        {**Cluster(termination=step).one, "status": {"phase": "Enforced", "enforcedAt": written(BEGINS)}}, Suspension
    )

    assert termination.due([one], now) is due


@pytest.mark.parametrize(("age", "holds"), [(timedelta(hours=1) - SECOND, True), (timedelta(hours=1), False)])
def test_a_tenant_counts_for_the_brake_for_an_hour_and_not_longer(age: timedelta, holds: bool) -> None:
    """Exactly an hour after, the next may pass."""
    frozen = Cluster().one | {"status": {"phase": "Enforced", "frozenAt": written(BEGINS - age)}}
    other = Cluster(tenant="globex").one
    known = [msgspec.convert(each, Suspension) for each in (frozen, other)]

    assert Brake(1, known, BEGINS).holds(known[1]) is holds

"""What suspensions cover, and the brake on too many of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from aup.api.suspension import Suspension
from aup.api.suspension_record import RecordEntry
from aup_operator import selection
from aup_operator.brake import Brake

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def suspension(
    tenant: str = "acme", *workloads: tuple[str, str], frozen_at: datetime | None = None, **spec: Any
) -> Suspension:
    """One of these Deployments, or of everything."""
    return msgspec.convert(
        {
            "metadata": {"name": tenant, "uid": "u"},
            "spec": {
                "tenant": tenant,
                "clauses": ["1.6"],
                "statementOfReasons": {"facts": "f"},
                "orderedBy": "desk",
                "workloads": [
                    {"apiGroup": "apps", "kind": kind, "namespace": "shop", "name": name} for kind, name in workloads
                ],
                **spec,
            },
            "status": {"frozenAt": frozen_at} if frozen_at else {},
        },
        Suspension,
    )


def entry(kind: str, name: str, owner: str = "", api_version: str = "apps/v1") -> RecordEntry:
    """What is recorded of an object whose UID is its name."""
    return RecordEntry(api_version=api_version, kind=kind, namespace="shop", name=name, uid=name, owner=owner)


def test_a_selection_covers_what_it_names_and_what_that_controls() -> None:
    """Through any number of controllers, and nothing else; a circle of references ends."""
    entries = [
        entry("Deployment", "web"),
        entry("ReplicaSet", "web-1", owner="web"),
        entry("Pod", "web-1-a", owner="web-1", api_version="v1"),
        entry("Deployment", "api"),
        entry("Deployment", "x", owner="y"),
        entry("Deployment", "y", owner="x"),
    ]
    one = selection.of([suspension("acme", ("Deployment", "web"))])

    assert one.closure(entries) == {"web", "web-1", "web-1-a"}
    assert selection.of([suspension(), suspension("acme", ("Deployment", "web"))]).closure(entries) == {
        each.uid for each in entries
    }
    assert selection.of([]).closure(entries) == frozenset()


def test_the_brake_counts_tenants_of_the_last_hour() -> None:
    """An hour is up when it is up: frozen exactly an hour ago does not count any more."""
    hour = timedelta(hours=1)
    known = [suspension("a", frozen_at=NOW - hour), suspension("b", frozen_at=NOW - hour + timedelta(seconds=1))]

    assert not Brake(2, known, NOW).holds(suspension("c"))
    assert Brake(1, known, NOW).holds(suspension("c"))
    assert not Brake(1, known, NOW).holds(suspension("b"))
    assert not Brake(1, known, NOW).holds(suspension("c", approvedBy="lead"))
    assert not Brake(0, known, NOW).holds(suspension("c"))


def test_the_brake_counts_what_passes_it_in_the_same_pass() -> None:
    """A hundred orders at once are a hundred."""
    brake = Brake(1, [], NOW)
    assert not brake.holds(suspension("a"))
    brake.passed("a")
    assert brake.holds(suspension("b"))

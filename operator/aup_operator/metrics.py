"""Metrics, named by Prometheus' conventions."""

from collections import Counter as Tally
from collections.abc import Iterable
from typing import get_args

from prometheus_client import Counter, Gauge, Histogram

from aup.api.suspension import Phase, Suspension

SYNC_SECONDS = Histogram("aup_operator_sync_duration_seconds", "Time for one look at everything.")
SYNCED = Gauge("aup_operator_synced_timestamp_seconds", "When everything was last looked at.")
FAILURES = Counter("aup_operator_failures_total", "Passes over a tenant that ended with an error.")
SUSPENDED = Gauge("aup_operator_suspended_tenants", "Tenants that are suspended or being lifted.")
SUSPENSIONS = Gauge("aup_operator_suspensions", "Suspensions, by phase.", ["phase"])
DRIFTED = Counter("aup_operator_drifted_total", "Held objects that came up again and were put down.")
AUDIT_SECONDS = Histogram("aup_audit_seconds", "Time for one audit of what tenants have stored.")
AUDIT_FINDINGS = Gauge(
    "aup_audit_findings", "Stored objects that break a rule, as of the last audit.", ["rule", "mode"]
)
DAMAGED = Gauge(
    "aup_operator_record_damaged", "1 where a record is missing or altered, so no lift is done.", ["tenant"]
)


def suspensions(ordered: Iterable[Suspension]) -> None:
    """Count the suspensions of each phase; one that was not looked at yet has none."""
    phases = Tally(one.status.phase for one in ordered)
    for phase in get_args(Phase):
        SUSPENSIONS.labels(phase).set(phases[phase])

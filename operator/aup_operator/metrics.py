"""Metrics, named by Prometheus' conventions.

A tenant is a label only of what is wrong with it, for as long as that lasts: tenants come and go without end, and each
label makes a series that Prometheus keeps.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from typing import get_args

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from aup.api.suspension import Phase, Suspension

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nothing reads

RECORD_DAMAGED = "RecordDamaged"
"""The reason of a Suspension's condition while a record is missing or altered."""

SYNC_SECONDS = Histogram(
    "aup_operator_sync_duration_seconds", "Time for one pass over all suspensions and what is told of tenants."
)
SYNCED = Gauge("aup_operator_synced_timestamp_seconds", "When such a pass last ended well, or the operator began.")
FAILURES = Counter(
    "aup_operator_failures_total",
    "Passes, audits, counts of totals and renewals of a certificate that failed, whole or for one tenant.",
)
SUSPENDED = Gauge("aup_operator_suspended_tenants", "Tenants that are suspended or being lifted.")
SUSPENSIONS = Gauge("aup_operator_suspensions", "Suspensions that there are, by phase.", ["phase"])
TIME_TO_ZERO = Histogram(
    "aup_operator_time_to_zero_seconds",
    "Time from the API server being told to let nothing up until nothing ran any more, of each suspension.",
    buckets=(1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 900, 3600),
)
DRIFT_REVERTS = Counter("aup_operator_drift_reverts_total", "Times that a held object came up again and was put down.")
DAMAGED = Gauge(
    "aup_operator_record_damaged",
    "1 while a record of the tenant's is missing or altered, so that nothing is put back; else there is no series.",
    ["tenant"],
)
PROTECTION_MISSING = Gauge(
    "aup_protection_objects_missing",
    "1 while an object that holds tenants in the API server is missing or altered, else 0.",
    ["kind", "name"],
)
PROTECTION_LOSSES = Counter(
    "aup_protection_losses_total", "Times that such an object was found to be missing or altered.", ["kind", "name"]
)
AUDIT_SECONDS = Histogram(
    "aup_audit_duration_seconds",
    "Time for one audit of what tenants have stored.",
    buckets=(0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)
AUDIT_FINDINGS = Gauge(
    "aup_audit_findings",
    "Stored objects that break a rule, as of the last audit, by what the rule would lead to: deny or warn.",
    ["rule", "mode"],
)


def suspensions(ordered: Iterable[Suspension]) -> None:
    """Show how many suspensions are in each phase (none for one not looked at yet) and whose records are damaged."""
    ordered = list(ordered)
    phases = Tally(one.status.phase for one in ordered)
    for phase in get_args(Phase):
        SUSPENSIONS.labels(phase).set(phases[phase])
    show(
        DAMAGED,
        {
            (one.spec.tenant,): 1
            for one in ordered
            if any(condition.reason == RECORD_DAMAGED for condition in one.status.conditions)
        },
    )


def show(gauge: Gauge, values: Mapping[tuple[str, ...], float]) -> None:
    """Have a gauge show these values, by its labels, and no others; a scrape meanwhile meets old and new ones."""
    before = {tuple(sample.labels.values()) for family in gauge.collect() for sample in family.samples}
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
    for labels in before - values.keys():
        gauge.remove(*labels)

"""The Grafana dashboard that the chart brings, from a list of panels."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_WIDTH, _HEIGHT = 12, 8
_SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True)
class Panel:
    """One graph: queries by what their lines are called, the unit, and what it tells."""

    title: str
    unit: str
    queries: dict[str, str]
    tells: str


def _quantile(share: str, metric: str, of_the_last: str = "$__rate_interval") -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({metric}_bucket[{of_the_last}])))"


PANELS = (
    Panel(
        "Reviews",
        "reqps",
        {"{{verdict}}": "sum by (verdict) (rate(aup_reviews_total[$__rate_interval]))"},
        "Changes of tenants that were judged, by verdict.",
    ),
    Panel(
        "Time for a review",
        "s",
        {
            "half take less": _quantile("0.5", "aup_review_duration_seconds"),
            "99 of 100 take less": _quantile("0.99", "aup_review_duration_seconds"),
        },
        "From the whole body being read to the answer being ready; the API server waits 5 s.",
    ),
    Panel(
        "Findings",
        "reqps",
        {"{{rule}} {{mode}}": "sum by (rule, mode) (rate(aup_findings_total[$__rate_interval]))"},
        "What reviews found, by rule and what it led to.",
    ),
    Panel(
        "Since a watch heard of the API server",
        "s",
        {"{{kind}}": "max by (kind) (time() - aup_watch_contact_timestamp_seconds)"},
        "A sign of life comes about every minute; what is older, the webhook judges by old facts.",
    ),
    Panel(
        "Watches begun again after an error",
        "short",
        {"{{kind}}": 'sum by (kind) (increase(aup_watch_restarts_total{reason="error"}[$__rate_interval]))'},
        "Now and then is usual, such as when an API server restarts.",
    ),
    Panel(
        "What the webhook judges by",
        "short",
        {"{{kind}}": "max by (kind) (aup_snapshot_objects)"},
        "Objects in the snapshot.",
    ),
    Panel(
        "Trouble in the webhook",
        "short",
        {
            "rule {{rule}} broke": "sum by (rule) (increase(aup_rule_crashes_total[$__rate_interval]))",
            "{{kind}} not readable": "sum by (kind) (increase(aup_facts_rejected_total[$__rate_interval]))",
            "not a review ({{code}})": "sum by (code) (increase(aup_bad_requests_total[$__rate_interval]))",
            "certificate {{result}}": "sum by (result) (increase(aup_certificate_reloads_total[$__rate_interval]))",
        },
        "Rules that broke, objects and requests that could not be read, and certificates loaded.",
    ),
    Panel(
        "Until the webhook's certificate expires",
        "s",
        {"{{pod}}": "min by (pod) (aup_webhook_certificate_expiry_timestamp_seconds - time())"},
        "What is renewed by itself is so when a third of its time is left.",
    ),
    Panel(
        "Suspensions",
        "short",
        {"{{phase}}": "sum by (phase) (aup_operator_suspensions)", "tenants": "max(aup_operator_suspended_tenants)"},
        "By phase; Freezing to Enforcing, and Lifting, should last moments.",
    ),
    Panel(
        "Put down again",
        "short",
        {"objects": "sum(increase(aup_operator_drift_reverts_total[$__rate_interval]))"},
        "Held objects that came up and were put down.",
    ),
    Panel(
        "From the freeze until nothing runs",
        "s",
        {
            "half take less": _quantile("0.5", "aup_operator_time_to_zero_seconds", "1d"),
            "99 of 100 take less": _quantile("0.99", "aup_operator_time_to_zero_seconds", "1d"),
        },
        "Of the suspensions of the last day. From the freeze on nothing comes up; what runs may take its time to end.",
    ),
    Panel(
        "The operator's passes",
        "s",
        {
            "since the last": "time() - max(aup_operator_synced_timestamp_seconds)",
            "99 of 100 take less": _quantile("0.99", "aup_operator_sync_duration_seconds"),
            "99 of 100 audits take less": _quantile("0.99", "aup_audit_duration_seconds"),
        },
        "It looks at everything at least every ten seconds.",
    ),
    Panel(
        "Trouble in the operator",
        "short",
        {
            "failures": "sum(increase(aup_operator_failures_total[$__rate_interval]))",
            "record of {{tenant}} damaged": "max by (tenant) (aup_operator_record_damaged) > 0",
        },
        "Passes and audits that ended with an error, and records without which nothing is put back.",
    ),
    Panel(
        "What is stored and breaks a rule",
        "short",
        {"{{rule}} {{mode}}": "max by (rule, mode) (aup_audit_findings)"},
        "As of the last audit.",
    ),
)


def generated() -> Iterator[tuple[str, str]]:
    """The dashboard as (path from the root, content)."""
    yield "charts/aup/files/dashboard.json", json.dumps(_dashboard(), indent=1) + "\n"


def _dashboard() -> dict[str, Any]:
    return {
        "uid": "aup",
        "title": "Acceptable Use Policy",
        "tags": ["aup"],
        "schemaVersion": 39,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, 2)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.tells,
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": _SOURCE, "expr": query, "legendFormat": legend}
            for index, (legend, query) in enumerate(panel.queries.items())
        ],
    }

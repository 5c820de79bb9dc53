"""Metrics, named by Prometheus' conventions."""

from prometheus_client import Counter, Gauge, Histogram

REVIEW_SECONDS = Histogram(
    "aup_review_duration_seconds",
    "Time from the whole body being read to the answer being ready.",
    buckets=(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5),
)
REVIEWS = Counter("aup_reviews_total", "Reviews answered, by verdict.", ["verdict"])
ALLOWED, DENIED = REVIEWS.labels("allowed"), REVIEWS.labels("denied")
FINDINGS = Counter("aup_findings_total", "Findings, by rule and the mode they led to.", ["rule", "mode"])
CRASHES = Counter("aup_rule_crashes_total", "Rules that broke while judging; each is a bug.", ["rule"])
BAD_REQUESTS = Counter("aup_bad_requests_total", "Requests that were no review, by status code.", ["code"])
FACTS_REJECTED = Counter("aup_facts_rejected_total", "Objects left out of the snapshot as unreadable.", ["kind"])
OBJECTS = Gauge("aup_snapshot_objects", "Objects in the snapshot.", ["kind"])
SNAPSHOT_SECONDS = Gauge("aup_snapshot_published_timestamp_seconds", "When the snapshot in use was made.")
CONTACT_SECONDS = Gauge("aup_watch_contact_timestamp_seconds", "When a watch last heard of the API server.", ["kind"])
WATCH_RESTARTS = Counter("aup_watch_restarts_total", "Watches begun again, by kind and reason.", ["kind", "reason"])
CERTIFICATE_RELOADS = Counter("aup_certificate_reloads_total", "Serving certificates loaded, by result.", ["result"])

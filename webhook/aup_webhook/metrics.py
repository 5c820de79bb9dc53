"""Metrics, named by Prometheus' conventions."""

import math
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from typing import Literal, get_args

from prometheus_client import REGISTRY, Counter, Gauge, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from aup.model import Mode
from aup.rules import RULES

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nothing reads

_BOUNDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5)


class Reviews(Collector):
    """Reviews answered, and how long each took: counted for every request, so without the library's lock and labels.

    Only the event loop's thread counts; a scrape reads.
    """

    def __init__(self) -> None:
        self._verdicts = {"allowed": 0, "denied": 0}
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0

    def count(self, verdict: Literal["allowed", "denied"], seconds: float) -> None:
        """Count a review that took so long, from its whole body being read to its answer being ready."""
        self._verdicts[verdict] += 1
        self._buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """What a scrape is told."""
        reviews = CounterMetricFamily("aup_reviews", "Reviews answered, by verdict.", labels=["verdict"])
        for verdict, count in self._verdicts.items():
            reviews.add_metric([verdict], count)
        yield reviews
        bounds = [*map(str, _BOUNDS), "+Inf"]
        yield HistogramMetricFamily(
            "aup_review_duration_seconds",
            "Time from the whole body being read to the answer being ready.",
            buckets=list(zip(bounds, accumulate(self._buckets), strict=True)),
            sum_value=self._seconds,
        )


REVIEWS = Reviews()
REGISTRY.register(REVIEWS)
FINDINGS = Counter(
    "aup_findings_total", "Findings of reviews, by rule and what they led to: deny, warn or audit.", ["rule", "mode"]
)
findings = cache(FINDINGS.labels)
"""The counter of a rule's findings of one mode, found quicker than by its labels."""
CRASHES = Counter("aup_rule_crashes_total", "Times that a rule broke while it judged; each is a bug of aup.", ["rule"])
BAD_REQUESTS = Counter(
    "aup_bad_requests_total", "Requests that were no review or came before all facts were in, by status code.", ["code"]
)
FACTS_REJECTED = Counter(
    "aup_facts_rejected_total", "Times that an object could not be read and was left out of the snapshot.", ["kind"]
)
OBJECTS = Gauge("aup_snapshot_objects", "Objects that the webhook judges by.", ["kind"])
SNAPSHOT_SECONDS = Gauge(
    "aup_snapshot_published_timestamp_seconds", "When the facts in use were put together; 0 before all are in."
)
CONTACT_SECONDS = Gauge(
    "aup_watch_contact_timestamp_seconds", "When a watch last heard of the API server: the age of its facts.", ["kind"]
)
WATCH_RESTARTS = Counter(
    "aup_watch_restarts_total",
    "Watches begun again: expired is usual, gone lists anew, error is not.",
    ["kind", "reason"],
)
CERTIFICATE_RELOADS = Counter("aup_certificate_reloads_total", "Serving certificates loaded, by result.", ["result"])
CERTIFICATE_NOT_BEFORE = Gauge(
    "aup_webhook_certificate_not_before_timestamp_seconds",
    "From when the certificate is good that the webhook serves; NaN while that is not known.",
)
CERTIFICATE_EXPIRY = Gauge(
    "aup_webhook_certificate_expiry_timestamp_seconds",
    "When the certificate expires that the webhook serves; NaN while that is not known.",
)

for _date in (CERTIFICATE_NOT_BEFORE, CERTIFICATE_EXPIRY):
    _date.set(math.nan)

# At 0, so that the first of each is an increase.
for _rule in RULES:
    CRASHES.labels(_rule.id)
    for _mode in get_args(Mode):
        FINDINGS.labels(_rule.id, _mode)
for _code in (400, 405, 413, 503):
    BAD_REQUESTS.labels(str(_code))
for _result in ("loaded", "failed"):
    CERTIFICATE_RELOADS.labels(_result)

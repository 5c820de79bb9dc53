"""What is counted for every review, as a scrape reads it."""

from prometheus_client import CollectorRegistry, generate_latest

from aup_webhook.metrics import Reviews


def test_reviews_are_counted_by_verdict_and_by_how_long_they_took() -> None:
    """Buckets add up, a bound belongs to the bucket below it, and sum and count are of all reviews."""
    reviews, registry = Reviews(), CollectorRegistry()
    registry.register(reviews)
    for seconds in (0.00005, 0.0003, 3.0):
        reviews.count("allowed", seconds)
    reviews.count("denied", 0.0004)

    lines = generate_latest(registry).decode().splitlines()

    assert {line for line in lines if not line.startswith("#")} >= {
        'aup_reviews_total{verdict="allowed"} 3.0',
        'aup_reviews_total{verdict="denied"} 1.0',
        'aup_review_duration_seconds_bucket{le="5e-05"} 1.0',
        'aup_review_duration_seconds_bucket{le="0.00025"} 1.0',
        'aup_review_duration_seconds_bucket{le="0.0005"} 3.0',
        'aup_review_duration_seconds_bucket{le="2.5"} 3.0',
        'aup_review_duration_seconds_bucket{le="+Inf"} 4.0',
        "aup_review_duration_seconds_count 4.0",
        "aup_review_duration_seconds_sum 3.00075",
    }

"""What one review costs in the process: decode, decide, answer, beside decoding alone as the floor.

`python -m benchmarks.review`
"""

import json
import platform
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from aup.engine import decide
from aup.facts import from_manifests
from aup_webhook.wire import answer, decode

RESULTS = Path(__file__).resolve().parent / "results"
ROUNDS = 7
BYTES_A_ROUND = 400_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def review(size: int, **container: Any) -> bytes:
    """An AdmissionReview of about `size` bytes for a Deployment; `container` replaces fields of its container."""
    app = {
        "name": "app",
        "image": "registry.example/shop:1.4.2",
        "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}},
        "env": [{"name": f"SETTING_{number}", "value": "x" * 40} for number in range(max(0, size - 900) // 72)],
        **container,
    }
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "annotations": {"aup.asergo.com/license": "MIT"}},
        "spec": {"replicas": 3, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [app]}}},
    }
    request = {
        "uid": "00000000-0000-0000-0000-000000000000",
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
        "operation": "CREATE",
        "namespace": "shop",
        "name": "web",
        "userInfo": {"username": "alice"},
        "object": manifest,
    }
    return msgspec.json.encode({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})


def cpu_microseconds(action: Callable[[], object], size: int) -> list[float]:
    """CPU time of one call on a body of `size` bytes in microseconds, one figure a round."""
    rounds, calls = [], max(3, BYTES_A_ROUND // size)
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(calls):
            action()
        rounds.append((time.process_time() - began) / calls * 1e6)
    return rounds


def main() -> None:
    """Measure, print the table, write the JSON."""
    tenant = {"accountID": "1", "legalName": "Acme", "country": "DK", "contacts": {"abuse": "a@acme.example"}}
    facts = from_manifests(
        [
            {"apiVersion": "aup.asergo.com/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"}, "spec": tenant},
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": "shop", "labels": {"aup.asergo.com/tenant": "acme"}},
            },
        ]
    )

    def judged(body: bytes) -> bytes:
        uid, asked = decode(body)
        return answer("enforce", uid, asked, decide(asked, facts, NOW))

    rows: dict[str, dict[str, float]] = {}
    for name, body in {
        "allowed, 4 KiB": review(4096),
        "denied, 4 KiB": review(4096, image="xmrig/xmrig:6.21"),
        "allowed, 40 KiB": review(40_960),
        "allowed, 400 KiB": review(409_600),
    }.items():
        floor = cpu_microseconds(partial(decode, body), len(body))
        whole = cpu_microseconds(partial(judged, body), len(body))
        rows[name] = {
            "bytes": len(body),
            "decode_us": statistics.median(floor),
            "review_us": statistics.median(whole),
            "review_us_spread": max(whole) - min(whole),
            "review_to_decode": statistics.median(whole) / statistics.median(floor),
        }
    print(f"{'CPU a review, µs':<18} {'bytes':>8} {'decode':>8} {'review':>8} {'spread':>8} {'ratio':>7}")
    for name, row in rows.items():
        print(
            f"{name:<18} {row['bytes']:>8.0f} {row['decode_us']:>8.1f} {row['review_us']:>8.1f} "
            f"{row['review_us_spread']:>8.1f} {row['review_to_decode']:>7.1f}"
        )
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"review-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    machine = {"python": platform.python_version(), "machine": platform.machine(), "aup": version("aup")}
    path.write_text(json.dumps({"machine": machine, "reviews": rows}, indent=2) + "\n")
    print(f"written to {path.relative_to(Path.cwd())}" if path.is_relative_to(Path.cwd()) else f"written to {path}")


if __name__ == "__main__":
    main()

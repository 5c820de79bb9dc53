"""The engine called in the process: CPU time of decoding, deciding and answering one review."""

import itertools
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import yaml

from aup.engine import decide
from aup.facts import Facts, from_manifests
from aup_webhook.wire import answer, decode
from benchmarks.bodies import Verdict, review
from benchmarks.direct import SIZES

_TENANTS = Path(__file__).resolve().parent.parent / "examples" / "tenants.yaml"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ROUNDS = 7
_BYTES_A_ROUND = 2_000_000
_DIFFERENT = 64


class Cost(msgspec.Struct, frozen=True):
    """CPU microseconds a review: decoding alone, all of it, and the spread of all of it over the rounds."""

    decode: float
    whole: float
    spread: float


def measure() -> dict[str, Cost]:
    """The cost of each size and verdict."""
    judged = partial(judge, known=facts())
    costs = {}
    verdicts: tuple[Verdict, ...] = ("allowed", "denied")
    for (name, size), verdict in itertools.product(SIZES.items(), verdicts):
        bodies = [review(number, verdict, size) for number in range(max(3, min(_DIFFERENT, _BYTES_A_ROUND // size)))]
        decoding, whole = _cpu(decode, bodies), _cpu(judged, bodies)
        spread = (max(whole) - min(whole)) / statistics.median(whole)
        costs[f"{name} {verdict}"] = Cost(statistics.median(decoding), statistics.median(whole), spread)
    return costs


def judge(body: bytes, known: Facts) -> bytes:
    """All that the webhook does with a body in the process."""
    asked = decode(body)
    return answer(asked, decide(asked, known, NOW))


def facts() -> Facts:
    """The tenants of the examples."""
    manifests = yaml.safe_load_all(_TENANTS.read_text())
    return from_manifests(each for each in manifests if each["kind"] in {"Tenant", "Namespace"})


def _cpu(action: Callable[[bytes], object], bodies: list[bytes]) -> list[float]:
    """CPU microseconds of one call, one figure a round."""
    rounds, times = [], max(1, _BYTES_A_ROUND // sum(map(len, bodies)))
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(times):
            for body in bodies:
                action(body)
        rounds.append((time.process_time() - began) / (times * len(bodies)) * 1e6)
    return rounds

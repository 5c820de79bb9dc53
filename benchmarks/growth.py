"""How the cost of a review grows with what it depends on: `python -m benchmarks.growth`.

Each figure is taken at three sizes or more; nothing may grow faster than its size, and what a review does not depend on
(signatures, tenants, permits that it does not need) may not be felt at all. Ends with 1 where one does.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle

from msgspec.structs import replace

from aup.engine import decide
from aup.facts import Facts
from aup.indicators import indexed
from aup.policy import by_kind
from aup_webhook.wire import decode
from benchmarks import growth_reviews as reviews
from benchmarks.growth_facts import changed, facts, kib_of_snapshot, snapshot
from benchmarks.growth_indicators import indicators, kib_of_index, lists
from benchmarks.growth_series import FLAT, Point, Series, series
from benchmarks.growth_signatures import detectors, kib_of_table, strong_name, table
from benchmarks.inprocess import NOW, judge

REPEATED = ("AUP1302", "AUP1602", "AUP1603", "AUP1605", "AUP3101")
"""The rules that are repeated: those that look into every Pod, whatever its signs, and look at most."""

_MORE_THAN_KEPT = 300
"""Objects by turns, so that what was found in one is forgotten before it comes again."""

Report = Callable[[str], None]

_WIDTH = 90
_TITLE = "growth, CPU µs at each size".ljust(40 + _WIDTH)
HEADER = f"{_TITLE}{'expon.':>7}{'step':>7}{'decode':>7}{'limit':>7}{'one more':>10}"
"""The line above the rows."""


def measure(report: Report) -> list[Series]:
    """Measure every series, and report each as a row of a table."""
    found = []
    for part in (_rules, _signatures, _indicators, _containers, _tenants, _permits, _findings, _custom_resources):
        for one in part():
            report(row(one))
            found.append(one)
    return found


def row(one: Series) -> str:
    """A series in a line, and another for its memory."""
    line = (
        f"{one.name:<40}{_points(one.sizes, one.microseconds)}{one.exponent:7.2f}{one.last_step:7.2f}"
        f"{one.decoding_last_step:7.2f}{one.limit:7.2f}{one.one_more:10.2f}"
        f"  {'holds' if one.holds else 'GROWS TOO FAST'}"
    )
    memory = f"\n{'  memory, KiB':<40}{_points(one.sizes, one.kib)}{one.kib_last_step:14.2f}" if one.kib else ""
    return line + memory


def main() -> int:
    """Measure, print the table, and say whether all of it holds."""
    print(HEADER, flush=True)
    broken = [one.name for one in measure(partial(print, flush=True)) if not one.holds]
    print(f"grows too fast: {'; '.join(broken)}" if broken else "nothing grows faster than it may")
    return 1 if broken else 0


def _points(sizes: tuple[int, ...], figures: tuple[float, ...]) -> str:
    return "".join(f"{f'{size:,}: {figure:,.1f}':<18}" for size, figure in zip(sizes, figures, strict=True)).ljust(
        _WIDTH
    )


def _at(size: int, body: bytes, known: Facts, findings: int = 0, denials: int = 0) -> Point:
    """A point, once it is sure that the review finds what it should."""
    asked = decode(body)
    verdict = decide(asked, known, NOW)
    told = verdict.denials + verdict.warnings  # what is only recorded comes on top, as it does of most Pods
    if (len(told), len(verdict.denials)) != (findings, denials):
        raise RuntimeError(f"{len(told)} findings, {len(verdict.denials)} denials at {size}")
    return Point(size, partial(judge, body, known), partial(decode, body))


def _rules() -> Iterator[Series]:
    body, known = reviews.deployment(), facts()
    policy = known.policies[0]
    repeated = [active for active in policy.rules if active.rule.id in REPEATED]
    points = []
    for count in (5, 10, 20, 50):
        rules = (
            replace(active, rule=replace(active.rule, id=f"{active.rule.id}{number:02}"))
            for number in range(count // len(REPEATED))
            for active in repeated
        )
        points.append(_at(count, body, replace(known, policies=(replace(policy, **by_kind(rules)),))))
    yield series("rules", "rules", points)


def _signatures() -> Iterator[Series]:
    sizes = (100, 1_000, 10_000, 100_000)
    known = facts()
    tables = {size: table(size) for size in sizes}
    made = {size: detectors(signatures) for size, signatures in tables.items()}

    def placed(size: int, body: bytes) -> Point:
        return _at(size, body, replace(known, detectors=made[size]))

    plain = reviews.deployment()
    yield series("signatures", "signatures", [placed(size, plain) for size in sizes], limit=FLAT)
    near = {size: reviews.deployment(f"un{strong_name(tables[size])}ed") for size in sizes}
    exact = [placed(size, near[size]) for size in sizes]
    yield series("signatures, searched exactly", "signatures", exact, limit=FLAT)
    builds = [Point(size, partial(detectors, tables[size])) for size in sizes]
    kib = tuple(kib_of_table(size) for size in sizes)
    yield series("signatures, building the sieve", "signatures", builds, unit="CPU µs a build", kib=kib, rounds=5)


def _indicators() -> Iterator[Series]:
    sizes = (100, 1_000, 10_000, 100_000)
    known = {size: replace(facts(), indicators=indicators(size)) for size in sizes}
    plain = reviews.deployment()
    yield series("indicators", "indicators", [_at(size, plain, known[size]) for size in sizes], limit=FLAT)
    others = {
        size: cycle([reviews.deployment(f"other-{number}") for number in range(_MORE_THAN_KEPT)]) for size in sizes
    }
    fresh = [Point(size, partial(_next_judged, others[size], known[size])) for size in sizes]
    yield series("indicators, text not seen before", "indicators", fresh, limit=FLAT)
    made = {size: lists(size) for size in sizes}
    builds = [Point(size, partial(indexed, made[size])) for size in sizes]
    kib = tuple(kib_of_index(size) for size in sizes)
    yield series("indicators, indexing the lists", "indicators", builds, unit="CPU µs a build", kib=kib, rounds=5)


def _next_judged(bodies: Iterator[bytes], known: Facts) -> bytes:
    return judge(next(bodies), known)


def _containers() -> Iterator[Series]:
    known = facts()
    containers = [
        _at(count, reviews.pod(*(reviews.container(number) for number in range(count))), known)
        for count in (1, 3, 10, 30, 100)
    ]
    yield series("containers of a Pod", "containers", containers)
    variables = [
        _at(count, reviews.pod(reviews.container(env=reviews.variables(count))), known) for count in (1, 10, 100, 1_000)
    ]
    yield series("environment variables", "variables", variables)
    for name, word in (("script, KiB", ""), ("script searched exactly, KiB", "unxmriged")):
        scripts = [
            _at(kib, reviews.pod(reviews.container(args=["-c", reviews.script(kib * 1024, word)])), known)
            for kib in (1, 4, 16, 63)
        ]
        yield series(name, "KiB of one argument", scripts)


def _tenants() -> Iterator[Series]:
    sizes = (10, 100, 1_000, 10_000)
    body = reviews.deployment()
    yield series("tenants", "tenants", [_at(size, body, facts(tenants=size)) for size in sizes], limit=FLAT)
    changes = [Point(size, partial(changed, snapshot(tenants=size))) for size in sizes]
    kib = tuple(kib_of_snapshot(size) for size in sizes)
    yield series("tenants, publishing a change of one", "tenants", changes, unit="CPU µs a change", kib=kib)


def _permits() -> Iterator[Series]:
    sizes = (1, 10, 100, 1_000)
    allowed, denied = reviews.deployment(), reviews.faulty(1)
    known = {size: facts(permits=size) for size in sizes}
    yield series("permits, allowed", "permits", [_at(size, allowed, known[size]) for size in sizes], limit=FLAT)
    points = [_at(size, denied, known[size], findings=1, denials=1) for size in sizes]
    yield series("permits that do not cover a denial", "permits", points)


def _findings() -> Iterator[Series]:
    sizes = (1, 5, 50, 500)
    known = facts()
    denied = [_at(size, reviews.faulty(size), known, findings=size, denials=size) for size in sizes]
    yield series("findings, denied", "findings", denied)
    kept = [_at(size, reviews.kept(size), known, findings=size) for size in sizes]
    yield series("findings that were there before", "findings", kept)


def _custom_resources() -> Iterator[Series]:
    known = facts()
    points = [_at(kib, reviews.custom_resource(kib * 1024), known) for kib in (4, 40, 120)]
    yield series("pod templates in a custom resource, KiB", "KiB of pod templates", points)


if __name__ == "__main__":
    sys.exit(main())

"""A figure at several sizes: how it is timed, how its growth is fitted, and what it is held to."""

import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence

import msgspec

LINEAR = 1.1
"""The exponent of what may grow with its size, with room for noise."""

FLAT = 0.15
"""The exponent of what may not grow with its size, with room for noise and colder caches."""

STEP_ROOM = 0.05
"""By how much the last step of a review's figure may exceed the limit of the whole: two points carry more noise."""

REVIEW = "CPU µs a review"
ROUNDS = 9
_BATCH_SECONDS = 0.012


class Point(msgspec.Struct, frozen=True):
    """One size, what is run for it, and what decodes its document where it has one."""

    size: int
    action: Callable[[], object]
    decoding: Callable[[], object] | None = None


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A figure at several sizes.

    Args:
        name: What was measured.
        grows: What the sizes count.
        unit: What `microseconds` are, such as CPU µs a review.
        sizes: The sizes, smallest first.
        microseconds: The median at each size.
        spread: Longest less shortest round at each size.
        one_more: Microseconds for one more, between the smallest and the largest size.
        exponent: The slope of log(microseconds) over log(size): the median of the rounds', each of which takes every
            size within a fraction of a second, so that a machine that is slower for a while changes none of them.
        last_step: The same between the two largest sizes, where a fixed cost hides least. What is done beside the
            reviews is not held to it: between two sizes it outgrows the processor's caches, which costs once.
        limit: The most that the exponent may be; the last step may be `STEP_ROOM` more.
        decoding_last_step: The last step of decoding the same documents and no more; 0 where it was not measured. It is
            above 1 where documents outgrow the processor's caches, and what works on them is held to it then.
        kib: The memory at each size, where it was measured.
        kib_last_step: Its slope between the two largest sizes; 0 where it was not measured.
        holds: Whether all this is within the limit.
    """

    name: str
    grows: str
    unit: str
    sizes: tuple[int, ...]
    microseconds: tuple[float, ...]
    spread: tuple[float, ...]
    one_more: float
    exponent: float
    last_step: float
    limit: float
    kib: tuple[float, ...] = ()
    kib_last_step: float = 0
    decoding_last_step: float = 0
    holds: bool


def series(
    name: str,
    grows: str,
    points: Sequence[Point],
    *,
    unit: str = REVIEW,
    limit: float = LINEAR,
    kib: tuple[float, ...] = (),
    rounds: int = ROUNDS,
) -> Series:
    """Time the points, in the same rounds decode the two largest documents, and hold the growth to its limit."""
    decodings = [Point(point.size, point.decoding) for point in points[-2:] if point.decoding]
    timed = _timed([*points, *decodings], rounds)
    measured, decoded = timed[: len(points)], timed[len(points) :]
    sizes = tuple(point.size for point in points)
    medians = tuple(statistics.median(each) for each in measured)
    exponent = _typical_slope(sizes, measured)
    last_step = _typical_slope(sizes[-2:], measured[-2:])
    decoding_last_step = _typical_slope(sizes[-2:], decoded) if decoded else 0.0
    kib_last_step = slope(sizes[-2:], kib[-2:]) if kib else 0.0
    steady = unit != REVIEW or last_step <= max(limit, decoding_last_step) + STEP_ROOM
    return Series(
        name=name,
        grows=grows,
        unit=unit,
        sizes=sizes,
        microseconds=medians,
        spread=tuple(max(each) - min(each) for each in measured),
        one_more=(medians[-1] - medians[0]) / (sizes[-1] - sizes[0]),
        exponent=exponent,
        last_step=last_step,
        limit=limit,
        kib=kib,
        kib_last_step=kib_last_step,
        decoding_last_step=decoding_last_step,
        holds=exponent <= limit and kib_last_step <= LINEAR + STEP_ROOM and steady,
    )


def slope(sizes: Sequence[float], figures: Sequence[float]) -> float:
    """The exponent of growth: 1 where twice the size takes twice as much, 0 where it takes the same."""
    return statistics.linear_regression([math.log(one) for one in sizes], [math.log(one) for one in figures]).slope


def _typical_slope(sizes: Sequence[float], measured: Sequence[Sequence[float]]) -> float:
    """The median of the rounds' slopes."""
    return statistics.median(slope(sizes, each) for each in zip(*measured, strict=True))


def _timed(points: Sequence[Point], rounds: int) -> list[list[float]]:
    """CPU µs of one call at each point, one figure a round; a round takes each point, so that noise meets them all."""
    gc.collect()
    gc.freeze()  # as the webhook does with what stays
    try:
        calls = [max(1, int(_BATCH_SECONDS * 1e6 / _batch(point, _warm(point)))) for point in points]
        found = [[_batch(point, each) for point, each in zip(points, calls, strict=True)] for _ in range(rounds)]
    finally:
        gc.unfreeze()
    return [list(each) for each in zip(*found, strict=True)]


def _warm(point: Point) -> int:
    """Call it once, and say how often it has to be called to know how long it takes."""
    return 1 if _batch(point, 1) > _BATCH_SECONDS * 1e6 else 5


def _batch(point: Point, calls: int) -> float:
    action = point.action
    began = time.process_time()
    for _ in range(calls):
        action()
    return (time.process_time() - began) / calls * 1e6

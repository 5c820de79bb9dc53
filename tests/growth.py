"""How the time of a function grows with what it is given: a ratio within one process, so no machine is too slow."""

import time
from collections.abc import Callable

_ATTEMPTS = 10


def grows_linearly(run: Callable[[int], object], size: int) -> bool:
    """Whether four times the size takes less than nine times as long, in one of ten attempts at least.

    A square would take sixteen times as long, whatever else the machine does meanwhile.

    Args:
        run: Takes the size, and returns when it is done.
        size: One that takes some milliseconds.
    """
    return any(_seconds(run, 4 * size) < 9 * _seconds(run, size) for _ in range(_ATTEMPTS))


def _seconds(run: Callable[[int], object], size: int) -> float:
    """Of this thread's CPU time, the least of three."""
    taken = []
    for _ in range(3):
        began = time.thread_time()
        run(size)
        taken.append(time.thread_time() - began)
    return min(taken)

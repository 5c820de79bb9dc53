"""Judging in several processes, where there is so much to read that they are quicker than one."""

import os
import stat
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextvars import ContextVar

import click
import msgspec

from aup.cli.judging import Basis, judged
from aup.cli.manifests import LARGEST
from aup.cli.report import Report, Trouble

WORTH = 384 * 1024
"""Bytes of manifests for each process; with fewer, starting it takes longer than it saves."""
_OPENING = 1024
"""Bytes that take as long to read as opening a file does."""
_SHARES = 8
"""Parts for each process, so that all of them end at about the same time."""
_LARGEST_PART = 1024 * 1024
"""Bytes of one part, so that progress is seen, and Ctrl-C heard, soon."""

_INTERRUPT_SECONDS = 0.5
"""How long after its processes' end the first one may hear of the Ctrl-C that ended them."""

_basis: ContextVar[Basis] = ContextVar("basis")


class Part(msgspec.Struct, frozen=True):
    """Some of the paths, judged in one go; `here` if only this process can read them."""

    paths: list[str | Trouble]
    here: bool = False


class Plan(msgspec.Struct, frozen=True):
    """The paths in parts, in their order, and how many processes judge them."""

    parts: list[Part]
    processes: int


class ProcessDiedError(click.ClickException):
    """One of several processes was killed, so that nothing is known of its files."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__(
            "a process that judged some of the files was killed, perhaps for want of memory, so there is no report; "
            "use --jobs 1, which takes less."
        )


def planned(paths: Sequence[str | Trouble], jobs: int | None) -> Plan:
    """Share paths out to `jobs` processes, or to as many as pay where it is not said."""
    most = jobs or processors()
    sizes = [_size(path) for path in paths] if most > 1 else []
    total = sum(size for size in sizes if size)
    wanted = jobs or min(most, total // WORTH)
    if wanted <= 1:
        return Plan([Part([path]) for path in paths], 1)
    parts = _parts(paths, sizes, min(_LARGEST_PART, total // (wanted * _SHARES)))
    return Plan(parts, min(wanted, len(parts)))


def processors() -> int:
    """The processors that this process may use."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _size(path: str | Trouble) -> int | None:
    """About how many bytes have to be read; None for standard input and pipes, which another process may not have."""
    if isinstance(path, Trouble):
        return 0
    if path == "-":
        return None
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of files are asked, and a Path takes longer
    except (OSError, ValueError):
        return _OPENING
    return _OPENING + min(found.st_size, LARGEST) if stat.S_ISREG(found.st_mode) else None


def _parts(paths: Sequence[str | Trouble], sizes: Sequence[int | None], enough: int) -> list[Part]:
    parts: list[Part] = []
    filled = enough
    for path, size in zip(paths, sizes, strict=True):
        if size is None:
            parts.append(Part([path], here=True))
            filled = enough
        elif filled >= enough:
            parts.append(Part([path]))
            filled = size
        else:
            parts[-1].paths.append(path)
            filled += size
    return parts


def reports(plan: Plan, basis: Basis) -> Generator[Report]:
    """A report on each part, in the order of the parts.

    Raises:
        ProcessDiedError: One of several processes was killed.
    """
    if plan.processes == 1:
        yield from _alone(plan, basis)
    else:
        yield from _together(plan, basis)


def _alone(plan: Plan, basis: Basis) -> Iterator[Report]:
    return (judged(part.paths, basis) for part in plan.parts)


def _together(plan: Plan, basis: Basis) -> Iterator[Report]:
    # Imported here, because one file needs none of it.
    import signal  # noqa: PLC0415
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415
    from multiprocessing import get_context  # noqa: PLC0415

    # Forked, a process has all modules and facts at once. That is safe because this one has no threads; elsewhere than
    # on Linux the system's own libraries may start some.
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    try:
        pool = ProcessPoolExecutor(plan.processes, context, _begin, (basis,))
    except (OSError, NotImplementedError):  # no semaphores, as in some sandboxes: slower is better than not at all
        yield from _alone(plan, basis)
        return
    try:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the new processes are ready for it
        try:
            begun = [None if part.here else pool.submit(_judged, part) for part in plan.parts]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for part, result in zip(plan.parts, begun, strict=True):
            yield judged(part.paths, basis) if result is None else result.result()
    except BrokenProcessPool:
        time.sleep(_INTERRUPT_SECONDS)  # Ctrl-C ends the others too, and ours may be still to come
        raise ProcessDiedError from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(basis: Basis) -> None:
    """What a new process does first. On Ctrl-C it ends without a word: that is for the first process to say."""
    import signal  # noqa: PLC0415 - as above
    from threading import Thread  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    Thread(target=_end_with_the_first, daemon=True).start()
    _basis.set(basis)


def _end_with_the_first() -> None:
    """End when the first process has ended, even where that was killed: nobody would take what this one finds."""
    from multiprocessing import parent_process  # noqa: PLC0415 - as above

    first = parent_process()
    if first is not None:
        first.join()
        os._exit(1)


def _judged(part: Part) -> Report:
    return judged(part.paths, _basis.get())

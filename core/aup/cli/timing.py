"""Where the time of one run went, for `--timing`."""

import os
import sys
import time

from aup.cli.report import Report


class Clock:
    """Measures one part of a run after another, the first from the start of the process."""

    def __init__(self) -> None:
        self._begun = self._last = _process_start()
        self.parts: dict[str, float] = {}

    def ended(self, part: str) -> None:
        """Say which part of the run ends now."""
        now = time.perf_counter()
        self.parts[part] = now - self._last
        self._last = now

    @property
    def total(self) -> float:
        """Seconds from the start of the process to the end of the last part."""
        return self._last - self._begun


def _process_start() -> float:
    """When this process began, as `time.perf_counter` counts."""
    now = time.perf_counter()
    if sys.platform == "linux":
        try:
            with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - pathlib would do no more here
                ticks = int(file.read().rpartition(b")")[2].split()[19])
        except (OSError, ValueError, IndexError):
            pass  # no /proc, as in some sandboxes
        else:
            return now - (time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    return now - time.process_time()  # as if nothing had kept it waiting


def table(clock: Clock, report: Report, processes: int) -> str:
    """The seconds of each part of a run, and how much was done, in all and in a second."""
    seconds = {
        "start-up": clock.parts.get("start-up", 0.0),
        "reading facts": clock.parts.get("reading facts", 0.0),
        "finding files": clock.parts.get("finding files", 0.0),
        "reading YAML": report.reading,
        "judging": report.judging,
        "writing": clock.parts.get("writing", 0.0),
        "total": clock.total,
    }
    done = {"files": report.files, "objects": report.objects, "bytes": report.size}
    sums = "   reading and judging are sums over them" if processes > 1 else ""
    lines = [f"{part:14}{spent:13.3f} s" for part, spent in seconds.items()]
    lines += [f"{what:14}{count:13,}   {count / clock.total:,.0f} a second" for what, count in done.items()]
    return "\n".join([*lines, f"processes     {processes:13}{sums}"])

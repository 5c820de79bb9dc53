"""`--timing` tells where the time went, on standard error and nowhere else."""

import re
from collections.abc import Callable

import pytest
from click.testing import Result

from aup.cli.report import Report
from aup.cli.timing import Clock, table

Run = Callable[..., Result]


class Stopped(Clock):
    """A clock whose parts have taken known times."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = {"start-up": 0.2, "reading facts": 0.04, "finding files": 0.02, "judging": 1.6, "writing": 0.14}

    @property
    def total(self) -> float:
        """All of it."""
        return 2.0


REPORT = Report(files=1064, objects=2518, size=3_204_706, reading=0.5, judging=0.25)

TABLE = """\
start-up              0.200 s
reading facts         0.040 s
finding files         0.020 s
reading YAML          0.500 s
judging               0.250 s
writing               0.140 s
total                 2.000 s
files                 1,064   532 a second
objects               2,518   1,259 a second
bytes             3,204,706   1,602,353 a second
processes                 1"""


def test_the_table_has_each_part_and_what_was_done_in_a_second() -> None:
    """Seconds to the thousandth; it says that the times of several processes are added up."""
    assert table(Stopped(), REPORT, 1) == TABLE
    assert table(Stopped(), REPORT, 2) == f"{TABLE[:-1]}2   reading and judging are sums over them"


@pytest.mark.parametrize("output", ["text", "json"])
def test_timing_is_on_standard_error_only(output: str, check: Run) -> None:
    """Standard output and the exit code are as without it, and the table comes after the errors."""
    without = check("deploy.yaml", "missing.yaml", "-o", output)
    timed = check("deploy.yaml", "missing.yaml", "-o", output, "--timing")

    assert (timed.stdout, timed.exit_code) == (without.stdout, without.exit_code)
    assert timed.stderr.startswith(f"{without.stderr}start-up ")
    assert re.search(
        r"\ntotal +[0-9]+\.[0-9]{3} s\nfiles +2 .*\nobjects +1 .*\nbytes +277 .*\nprocesses +1\n$", timed.stderr
    )


def test_timing_is_told_where_the_facts_cannot_be_read(check: Run) -> None:
    """Then nothing is judged, and that is what it says."""
    result = check("--facts", "missing.yaml", "deploy.yaml", "--timing")

    assert "\nfiles                     0   0 a second\n" in result.stderr
    assert result.exit_code == 2


def test_the_clock_begins_with_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system does not say when that was, the processor time used so far stands in."""
    clock = Clock()
    clock.ended("start-up")

    monkeypatch.setattr("sys.platform", "darwin")
    other = Clock()
    other.ended("start-up")

    assert clock.total == clock.parts["start-up"] > 0
    assert other.total == other.parts["start-up"] > 0

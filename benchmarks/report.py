"""What a run tells on the terminal: its progress, and tables of the medians with their spread."""

import statistics
import sys
import time
from collections.abc import Iterable
from typing import Any

import click

from benchmarks import growth


class Say:
    """Tells on standard error what is measured now, and since when."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, what: str) -> None:
        """Tell it."""
        print(f"==> {time.monotonic() - self._began:4.0f} s  {what}", file=sys.stderr, flush=True)


def field(measured: Any, name: str) -> float:
    """A figure by its path, such as `at_200.p99`."""
    for part in name.split("."):
        measured = getattr(measured, part)
    return float(measured)


def tables(found: dict[str, Any]) -> str:
    """All tables of a run."""
    return "\n\n".join([_straight(found), _through(found), _rest(found), _growth(found), _limits(found)])


def _straight(found: dict[str, Any]) -> str:
    rounds = found["rounds"]
    columns: list[tuple[str, str, float]] = [
        ("CPU µs", "cpu_us", 1),
        ("a second at 16", "per_second", 1),
        ("p50 one, ms", "one.p50", 1e-3),
        ("p99", "one.p99", 1e-3),
        ("p99.9", "one.p999", 1e-3),
        ("p50 200/s", "at_200.p50", 1e-3),
        ("p99", "at_200.p99", 1e-3),
        ("p99.9", "at_200.p999", 1e-3),
        ("p50 500/s", "at_500.p50", 1e-3),
        ("p99", "at_500.p99", 1e-3),
        ("p99.9", "at_500.p999", 1e-3),
    ]
    rows = [
        ["straight, server on one core", *(title for title, _, _ in columns)],
        *(
            [
                f"{which}, 4.6 KiB",
                *(_cell([field(each[which], name) * by for each in rounds]) for _, name, by in columns),
            ]
            for which in ("floor", "nothing", "allowed", "denied")
        ),
        *(
            [f"{which}, {size}"]
            + [
                _cell([field(each["larger"][size][which], name) for each in rounds])
                for name in ("cpu_us", "per_second")
            ]
            for size in rounds[0]["larger"]
            for which in ("floor", "allowed", "denied")
        ),
    ]
    return _table(rows)


def _through(found: dict[str, Any]) -> str:
    rows = [["through kube-apiserver, dry-run creates", "p50 ms", "p99 ms"]]
    for which, title in (
        ("without", "without a webhook"),
        ("nothing", "added by a Go no-op"),
        ("floor", "added by the floor"),
        ("ours", "added by aup"),
    ):
        each = [getattr(one["through"], which) for one in found["rounds"]]
        rows.append([title, _cell([one.p50 for one in each]), _cell([one.p99 for one in each])])
    return _table(rows)


def _rest(found: dict[str, Any]) -> str:
    costs = [["in the process, CPU µs", "decode", "whole", "spread"]]
    costs += [
        [name, f"{cost.decode:.1f}", f"{cost.whole:.1f}", f"{cost.spread:.0%}"]
        for name, cost in found["in_process"].items()
    ]
    memory = [["memory, MB", ""], *([name, f"{amount:.1f}"] for name, amount in found["memory_mb"].items())]
    replicas = [["replicas on two cores, load included", "a second", "CPU µs"]]
    replicas += [
        [str(count), f"{found['replicas'][f'{count} per second']:.0f}", f"{found['replicas'][f'{count} cpu_us']:.1f}"]
        for count in (1, 2)
    ]
    check = found["check"]
    checks = [["aup check", "seconds", "files a second"], ["one file", f"{check.one_file:.3f}", ""]]
    checks += [
        [
            f"{check.files:,} files, {jobs} process{'es' * (jobs != '1')}",
            f"{seconds:.2f}",
            f"{check.files / seconds:,.0f}",
        ]
        for jobs, seconds in check.all_files.items()
    ]
    compared = [["ratios", ""], *([name, f"{value:.2f}"] for name, value in found["ratios"].items())]
    return "\n\n".join(_table(rows) for rows in (costs, memory, replicas, checks, compared))


def _growth(found: dict[str, Any]) -> str:
    return "\n".join([click.style(growth.HEADER, bold=True), *map(growth.row, found["growth"])])


def _limits(found: dict[str, Any]) -> str:
    rows = [["limits", "measured", "limit", ""]]
    for each in found["limits"]:
        sign = "≥" if each["at_least"] else "≤"
        rows.append(
            [
                each["name"],
                f"{each['value']:.3g}",
                f"{sign} {each['limit']:.3g}",
                "holds" if each["holds"] else "DOES NOT HOLD",
            ]
        )
    return _table(rows)


def _cell(values: list[float]) -> str:
    """The median, and how far the rounds lie apart."""
    middle = statistics.median(values)
    shown = f"{middle:.0f}" if abs(middle) >= 100 else f"{middle:.3g}"  # noqa: PLR2004 - three digits are enough
    return f"{shown} ±{(max(values) - min(values)) / 2 / abs(middle or 1):.0%}"


def _table(rows: Iterable[list[str]]) -> str:
    lines = list(rows)
    widths = [max(len(row[column]) for row in lines if column < len(row)) for column in range(len(lines[0]))]
    made = [
        "  ".join(
            cell.ljust(widths[index]) if index == 0 else cell.rjust(widths[index]) for index, cell in enumerate(row)
        )
        for row in lines
    ]
    return "\n".join([click.style(made[0], bold=True), *made[1:]])

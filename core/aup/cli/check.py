"""`aup check`: judge manifests on disk as the cluster would judge them."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Literal, get_args

import click

from aup.cli import report_text
from aup.cli.judging import Basis, Manner, basis_of
from aup.cli.manifests import expanded
from aup.cli.processes import Plan, planned, reports
from aup.cli.report import Report
from aup.cli.timing import Clock, table

MANY_FILES = 200
PATIENCE = 1.0
"""Seconds before a progress bar appears."""

Colour = Literal["auto", "always", "never"]
Form = Literal["text", "json", "sarif", "junit", "github", "openreports"]
"""The forms of a report; each but text is `document` of `aup.cli.report_<form>`, imported when it is asked for."""

_OF_EACH_OBJECT = frozenset({"junit", "openreports"})
"""The forms that tell of every object, and not only of those with findings."""


_WITH_TROUBLES = frozenset({"json", "sarif", "junit", "github"})
"""The forms that hold what could not be judged; with others it goes to standard error, as it does with text."""


class UnwritableError(click.ClickException):
    """The report cannot be written where it was asked for."""

    exit_code = 2

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"{click.format_filename(path)} cannot be written: {error.strerror or error}; name another.")


def _instant(context: click.Context, option: click.Parameter, written: str | None) -> datetime:  # noqa: ARG001 - click's
    if written is None:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(written)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise click.BadParameter(f"{written!r} is no instant with a time zone; write for example 2026-01-31T12:00:00Z")


@click.command(epilog="Example: helm template shop ./chart | aup check -")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--facts", metavar="FILE", multiple=True, help="Namespaces, Tenants, Permits and policies. Repeatable.")
@click.option("-n", "--namespace", default="default", show_default=True, help="For objects that name none.")
@click.option("--at", callback=_instant, metavar="INSTANT", help="Judge as of then, e.g. 2026-01-31T12:00:00Z.")
@click.option("-o", "--output", type=click.Choice(get_args(Form)), default="text", show_default=True)
@click.option("--output-file", metavar="FILE", help="Write the report there, and the text to standard output.")
@click.option("--skip-unknown", is_flag=True, help="Leave out what is no Kubernetes object instead of failing on it.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes; as many as pay unless given.")
@click.option("--timing", is_flag=True, help="Tell on standard error where the time went.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.pass_context
def check(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    facts: tuple[str, ...],
    namespace: str,
    at: datetime,
    output: Form,
    output_file: str | None,
    skip_unknown: bool,
    jobs: int | None,
    timing: bool,
    color: Colour,
) -> None:
    """Judge manifests before the cluster does.

    PATH is a file, a folder (all .yaml, .yml and .json in it) or - for standard input.

    Exit code: 0 nothing is denied, 1 something is, 2 input cannot be read.
    """
    if [*paths, *facts].count("-") > 1:
        raise click.UsageError("standard input can be read only once; give one of the two a file")
    clock = Clock()
    clock.ended("start-up")
    report, processes = Report(), 1
    manner = Manner(
        namespace=namespace.encode(errors="replace").decode(),  # a name may be bytes that are no text
        now=at,
        skip_unknown=skip_unknown,
        each=output in _OF_EACH_OBJECT,
    )
    basis = basis_of(facts, manner)
    clock.ended("reading facts")
    if isinstance(basis, Basis):
        report.policy = basis.facts.policy_at(at)
        plan = planned(list(expanded(paths)), jobs)
        processes = plan.processes
        clock.ended("finding files")
        with closing(reports(plan, basis)) as parts:
            for part in _watched(plan, parts):
                report.add(part)
        clock.ended("judging")
    else:
        report.troubles = basis
    if output == "text" or output_file is not None:
        _show(report, color)
    if output_file is not None:
        _write(output_file, _document(report, output))
    elif output != "text":
        click.echo(_document(report, output))
        if output not in _WITH_TROUBLES:
            _show_troubles(report, color)
    clock.ended("writing")
    if timing:
        click.echo(table(clock, report, processes), err=True)
    context.exit(report.exit_code)


def _watched(plan: Plan, parts: Iterable[Report]) -> Iterator[Report]:
    """The reports on the parts one after another, with a progress bar on a terminal where it takes long."""
    started = time.monotonic()
    count, done = sum(len(part.paths) for part in plan.parts), 0
    with ExitStack() as stack:
        bar = None
        for part, report in zip(plan.parts, parts, strict=True):
            yield report
            done += len(part.paths)
            long = count > MANY_FILES or (count > 1 and time.monotonic() - started > PATIENCE)
            if bar is not None:
                bar.update(len(part.paths))
            elif long and sys.stderr.isatty():
                bar = stack.enter_context(click.progressbar(length=count, label="Checking", file=sys.stderr))
                bar.update(done)


def _document(report: Report, form: Form) -> str:
    if form == "text":
        return f"{report_text.findings(report, coloured=False)}{report_text.summary(report, coloured=False)}"
    return str(import_module(f"aup.cli.report_{form}").document(report))


def _write(path: str, document: str) -> None:
    try:
        Path(path).write_text(f"{document}\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UnwritableError(path, error) from None


def _show(report: Report, color: Colour) -> None:
    coloured = _coloured(color, terminal=sys.stdout.isatty())
    click.echo(report_text.findings(report, coloured=coloured), nl=False, color=coloured)
    sys.stdout.flush()  # so that the errors come after the findings where both go to one place
    _show_troubles(report, color)
    click.echo(report_text.summary(report, coloured=coloured), color=coloured)


def _show_troubles(report: Report, color: Colour) -> None:
    coloured = _coloured(color, terminal=sys.stderr.isatty())
    for one in report.troubles:
        click.echo(report_text.trouble(one, coloured=coloured), err=True, color=coloured)


def _coloured(color: Colour, *, terminal: bool) -> bool:
    if color != "auto":
        return color == "always"
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

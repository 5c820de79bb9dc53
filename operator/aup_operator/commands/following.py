"""Following a suspension to where it is ordered to go."""

import shutil
import sys
import time

import click

from aup.api import suspension as suspensions
from aup.api.suspension import Phase, Suspension
from aup.facts import decoded
from aup.wording import printable
from aup_operator.kube import Kube

POLL_SECONDS = 0.3
_REWRITE = "\r\x1b[K"


class Progress:
    """Tells each new state: one line that is rewritten on a terminal, a line each elsewhere."""

    def __init__(self) -> None:
        self._told = ""
        self._terminal = sys.stdout.isatty()

    def tell(self, line: str) -> None:
        """Show a line unless it is the one shown."""
        line = printable(line)
        if line == self._told:
            return
        self._told = line
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            click.echo(_REWRITE + (line if len(line) <= width else f"{line[: width - 1]}…"), nl=False)
        else:
            click.echo(line)

    def end(self) -> None:
        """Leave what is shown as it is and begin a new line, with all of what was cut."""
        if self._terminal and self._told:
            click.echo(_REWRITE + self._told)


def follow(kube: Kube, name: str, goal: Phase, timeout: float) -> None:
    """Tell each new state until the goal is reached, or exit 1 where it is not in time or somebody else is needed."""
    deadline = time.monotonic() + timeout
    progress = Progress()
    try:
        while time.monotonic() < deadline:
            manifest = kube.get(f"{suspensions.KIND.path}/{name}")
            if manifest is None:
                progress.tell(f"{name}: deleted")
                return
            one = decoded(manifest, Suspension)
            progress.tell(_line(one))
            if one.status.phase == goal:
                return
            if waits(one):
                break
            time.sleep(POLL_SECONDS)
    finally:
        progress.end()
    if not waits(one):
        click.echo(f"aup: {name} is not {goal} after {timeout:g} s; `aup status` shows what is left", err=True)
    sys.exit(1)


def waits(one: Suspension) -> bool:
    """Whether it goes on only when a second person approves."""
    return one.status.phase == "Waiting" and one.spec.approved_by is None


def _line(one: Suspension) -> str:
    conditions = [each.message for each in one.status.conditions if each.type == "Enforced"]
    phase = one.status.phase or "waiting for the operator"
    return f"{one.metadata.name}: {phase}" + "".join(f" - {each}" for each in conditions)

"""Commands that other packages add to `aup` through the entry-point group `aup.commands`."""

from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import click

GROUP = "aup.commands"
OWN = "aup"
"""The distribution whose commands need its extra `operator`: suspend, lift, status and what goes with them."""


def names() -> list[str]:
    """The names of all joined commands; nothing of them is imported."""
    return sorted(entry_points(group=GROUP).names)


def joined(name: str) -> click.Command | None:
    """The command of that name; where its package cannot be imported, one that says so. None if there is none."""
    entry = next(iter(entry_points(group=GROUP, name=name)), None)
    if entry is None:
        return None
    try:
        command = entry.load()
    except Exception as error:  # noqa: BLE001 - whatever a foreign package raises must not break our own commands
        return _unavailable(entry, _reason(entry, error))
    if not isinstance(command, click.Command):
        return _unavailable(entry, f"{_owner(entry)} gives no command under that name; report it there.")
    return command


def _reason(entry: EntryPoint, error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and _owner(entry) == OWN:
        return f"it needs the operator's packages ({error}). Install them: pip install 'aup[operator]'"
    return f"{_owner(entry)} could not be loaded ({type(error).__name__}: {error}). Update or remove that package."


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown package"


def _unavailable(entry: EntryPoint, reason: str) -> click.Command:
    told = f"aup {entry.name} is not available: {reason}"

    def say() -> NoReturn:
        raise click.UsageError(told)

    return click.Command(
        entry.name,
        callback=say,
        help=told,
        short_help="Not available here; run it to see why.",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )

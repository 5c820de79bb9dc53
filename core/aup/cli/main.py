"""The command `aup`, installed as `kubectl-aup` too: each command is imported when it is asked for."""

import gc
import io
import sys
from importlib import import_module
from pathlib import PurePath

import click

OWN = ("check", "explain", "rules", "screening-list")
"""Our commands: `screening-list` is `aup.cli.screening_list.screening_list`, and so on."""

_BETWEEN_COLLECTIONS = 50_000
"""Objects made before Python looks for cycles: a run leaves few, and looking after each 700 took a twentieth of it."""


class Commands(click.Group):
    """Our own commands and those that other packages join in."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Our own commands first."""
        from aup.cli import joined  # noqa: PLC0415 - reading entry points costs more than judging a file

        return [*OWN, *(name for name in joined.names() if name not in OWN)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """The command, imported now; None where there is none of that name."""
        if cmd_name in OWN:
            name = cmd_name.replace("-", "_")
            command = getattr(import_module(f"aup.cli.{name}"), name)
            return command if isinstance(command, click.Command) else None
        from aup.cli import joined  # noqa: PLC0415 - likewise

        return joined.joined(cmd_name)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: aup check deploy.yaml",
)
@click.version_option(package_name="aup", message="aup %(version)s")
def commands() -> None:
    """The hosting provider's Acceptable Use Policy on Kubernetes: check manifests by it, suspend and restore tenants.

    The first four commands need no cluster; the others talk to the one that KUBECONFIG names.
    """


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_BETWEEN_COLLECTIONS)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode still gets its answer
    program = PurePath(sys.argv[0]).name
    commands(prog_name="kubectl aup" if program == "kubectl-aup" else "aup")

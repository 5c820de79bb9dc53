"""The README's examples of the command: its true output, filled in between two marks."""

import re

from click.testing import CliRunner

from aup.cli.main import commands

_BLOCK = re.compile(r"(<!-- output of: (.+?) -->\n)(?:.*?)(<!-- end -->)", re.DOTALL)


def filled(text: str) -> str:
    """The text with each block `<!-- output of: aup … -->` holding what that command prints (run from the root)."""
    return _BLOCK.sub(lambda match: f"{match[1]}{_output(match[2])}{match[3]}", text)


def _output(command: str) -> str:
    arguments = command.split()[1:]
    result = CliRunner().invoke(commands, arguments, prog_name="aup", catch_exceptions=False)
    indented = "".join(f"    {line}\n" if line else "\n" for line in result.output.rstrip().splitlines())
    return f"\n{indented}\n"

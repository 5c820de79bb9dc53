"""Tables on the terminal."""

from collections.abc import Sequence

import click

from aup.wording import printable


def show(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below a header, in columns as wide as what stands in them; nothing in them steers the terminal."""
    shown = [header, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(header))]
    for row in shown:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

"""`aup rules`: the rules in a table."""

import json
from collections.abc import Sequence
from typing import Literal

import click

from aup.rules import RULES

_TITLES = ("ID", "NAME", "CLAUSE", "MODE", "SINCE", "WHAT IT FINDS")


@click.command(epilog="Example: aup rules -o json")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rules(output: Literal["text", "json"]) -> None:
    """List all rules with the mode that they have by default."""
    click.echo(_json() if output == "json" else _table())


def _table() -> str:
    rows = [(rule.id, rule.name, rule.clause, rule.mode, rule.since, _first_sentence(rule.message)) for rule in RULES]
    table: Sequence[tuple[str, ...]] = [_TITLES, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(_TITLES) - 1)]
    lines = ["  ".join([*map(str.ljust, row, widths), row[-1]]) for row in table]
    return "\n".join([*lines, "", "aup explain RULE tells why a rule is there, how to keep it, and shows an example."])


def _json() -> str:
    told = [
        {
            "id": rule.id,
            "name": rule.name,
            "aliases": list(rule.aliases),
            "clause": rule.clause,
            "mode": rule.mode,
            "since": rule.since,
            "message": rule.message,
            "why": rule.why,
            "fix": rule.fix,
        }
        for rule in RULES
    ]
    return json.dumps({"rules": told}, indent=2)


def _first_sentence(text: str) -> str:
    first, dot, _ = text.partition(". ")
    return f"{first}." if dot else first

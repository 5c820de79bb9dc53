"""`aup screening-list`: a table of listed parties as ScreeningLists."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TextIO

import click
import msgspec

from aup.api.meta import API_VERSION
from aup.api.screening_list import ListedParty, ScreeningListSpec

_MOST_PARTIES = 10_000
_MOST_BYTES = 1_000_000  # of one list: etcd takes 1.5 MiB, and the API server adds to it what manages the fields
_MOST_ALIASES = 64
_MOST_COUNTRIES = 32
_LONGEST = 512
_PROGRAMMES = ("programme", "program", "programs", "program_ids", "sanctions")
_COUNTRY = re.compile("[A-Z]{2}")


@click.command(
    "screening-list",
    epilog="Example: aup screening-list targets.simple.csv --name eu --source EU --published 2026-01-01",
)
@click.argument("table", type=click.File(encoding="utf-8-sig"))
@click.option("--name", required=True, help="Name of the lists; each part adds its number.")
@click.option("--source", required=True, help="Whose list it is.")
@click.option("--published", required=True, type=click.DateTime(), help="The list's date, in UTC.")
@click.option("--embargo", multiple=True, metavar="XX", help="A country under embargo. Repeatable.")
def screening_list(table: TextIO, name: str, source: str, published: datetime, embargo: Sequence[str]) -> None:
    """Write ScreeningLists of the parties in a CSV file.

    TABLE has the columns id and name, and may have aliases and countries (with semicolons between them), schema or
    type, and programme, as targets.simple.csv of OpenSanctions has them. Apply what is written with
    `kubectl apply --server-side -f -`.
    """
    rows = csv.DictReader(table)
    missing = {"id", "name"} - {*(rows.fieldnames or ())}
    if missing:
        raise click.UsageError(f"{table.name} has no column {' and '.join(sorted(missing))}")
    parties = []
    skipped = 0
    for row in rows:
        party = _party(row)
        if party is None:
            skipped += 1
        else:
            parties.append(party)
    countries = [country.upper() for country in embargo]
    wrong = [country for country in countries if not _COUNTRY.fullmatch(country)]
    if wrong:
        raise click.UsageError(f"{wrong[0]!r} is no ISO 3166-1 alpha-2 code")
    for number, part in enumerate(_parts(parties), 1):
        spec = ScreeningListSpec(
            source=source,
            published_at=published.replace(tzinfo=UTC),
            countries=countries if number == 1 else [],
            parties=part,
        )
        manifest = {
            "apiVersion": API_VERSION,
            "kind": "ScreeningList",
            "metadata": {"name": f"{name}-{number}"},
            "spec": msgspec.to_builtins(spec),
        }
        click.echo("---")  # JSON is YAML, and much quicker to write and to read
        click.echo(msgspec.json.encode(manifest))
    click.echo(f"{len(parties)} parties written, {skipped} rows without an id or a name left out", err=True)


def _party(row: dict[str, str]) -> ListedParty | None:
    """A row's party; None where it has no id or no name."""
    name, reference = (row.get("name") or "").strip(), (row.get("id") or "").strip()
    if not name or not reference:
        return None
    schema = (row.get("schema") or row.get("type") or "").strip().lower()
    programme = next((value.strip() for key in _PROGRAMMES if (value := row.get(key) or "").strip()), "")
    aliases = (alias for alias in _several(row.get("aliases")) if len(alias) <= _LONGEST)
    countries = (country.upper() for country in _several(row.get("countries")))
    return ListedParty(
        name=name[:_LONGEST],
        aliases=[*aliases][:_MOST_ALIASES],
        type="person" if schema == "person" else "organisation" if schema else None,
        countries=[country for country in countries if _COUNTRY.fullmatch(country)][:_MOST_COUNTRIES],
        reference=reference[:_LONGEST],
        programme=programme[:_LONGEST] or None,
    )


def _several(value: str | None) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in (value or "").split(";") if part.strip()))


def _parts(parties: Iterable[ListedParty]) -> Iterator[list[ListedParty]]:
    """The parties in lists that the API server takes; an empty one where there are none."""
    part: list[ListedParty] = []
    size = 0
    for party in parties:
        length = len(msgspec.json.encode(party)) + 1
        if part and (len(part) == _MOST_PARTIES or size + length > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(party)
        size += length
    yield part

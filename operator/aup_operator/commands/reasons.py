"""The statement of reasons, from options, from a file that was prepared, or from both."""

import re
from pathlib import Path

import click
import msgspec

from aup.api.suspension import StatementOfReasons
from aup.review import Json

_EVIDENCE_PARTS = 3


def statement(file: Path | None, *, partial: bool, options: Json) -> Json:
    """A statementOfReasons for a Suspension; options replace what stands in the file.

    Args:
        file: YAML of a whole or partial statementOfReasons.
        partial: Whether only named workloads are suspended.
        options: Fields from the command line, None where not given.

    Raises:
        click.UsageError: The file cannot be read, or the statement is not complete; the text names the place.
    """
    prepared = _read(file) if file else {}
    given = {key: value for key, value in options.items() if value not in (None, [], {})}
    decision = {**_mapping(prepared, "decision", file), **given.pop("decision", {})}
    if partial:
        decision.setdefault("type", "partialSuspension")
    whole = {**prepared, **given, **({"decision": decision} if decision else {})}
    if "facts" not in whole:
        raise click.UsageError("Missing option '--facts', or 'facts' in the file of '--statement-file'.")
    try:
        msgspec.convert(whole, StatementOfReasons)
    except msgspec.ValidationError as error:
        place = str(file) if file else "the statement of reasons"
        raise click.UsageError(f"{place}: {error}") from None
    return whole


def evidence(written: tuple[str, ...]) -> list[Json]:
    """Evidence from `OBJECT | FIELD | TEXT`: where it was seen, and what stood there or its SHA-256."""
    found = []
    for one in written:
        parts = [part.strip() for part in one.split("|", _EVIDENCE_PARTS - 1)]
        if not all(parts):
            raise click.UsageError(
                f"--evidence {one!r}: write it as OBJECT | FIELD | TEXT, such as "
                "'Deployment shop/web | spec.template.spec.containers[0].image | xmrig:6.21'"
            )
        entry: Json = {"object": parts[0]}
        if len(parts) > 1:
            entry["fieldPath"] = parts[1]
        if len(parts) == _EVIDENCE_PARTS:
            entry["sha256" if re.fullmatch(r"[0-9a-f]{64}", parts[2]) else "text"] = parts[2]
        found.append(entry)
    return found


def _read(file: Path) -> Json:
    try:
        read = msgspec.json.decode(msgspec.json.encode(msgspec.yaml.decode(file.read_bytes())))
    except (OSError, msgspec.DecodeError) as error:
        raise click.UsageError(f"{file}: {error}") from None
    if not isinstance(read, dict):
        raise click.UsageError(f"{file}: write the fields of statementOfReasons, such as 'facts: …'")
    return read


def _mapping(prepared: Json, key: str, file: Path | None) -> Json:
    value = prepared.get(key, {})
    if not isinstance(value, dict):
        raise click.UsageError(f"{file}: {key} is no mapping")
    return value

"""Dates and durations as the commands take them and write them."""

import re
from datetime import UTC, datetime, timedelta

import click
import msgspec

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=3650)


def instant(given: str) -> datetime:
    """An option's RFC 3339 date with its time zone, in UTC.

    Raises:
        click.BadParameter: It is none; the text says how to write it.
    """
    try:
        at = msgspec.convert(given, datetime)
    except msgspec.ValidationError:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):
            raise click.BadParameter(f"{given!r} has no time of day; write it as {given}T00:00:00Z") from None
        raise click.BadParameter(f"{given!r} is no RFC 3339 time; write it as 2026-12-01T09:00:00Z") from None
    if at.tzinfo is None:
        raise click.BadParameter(f"{given!r} has no time zone; add Z for UTC, or an offset such as +01:00")
    return at.astimezone(UTC)


def duration(given: str) -> timedelta:
    """An option's length of time in minutes, hours, days and weeks.

    Raises:
        click.BadParameter: It is none; the text says how to write it.
    """
    if re.fullmatch(r"([0-9]{1,6}[mhdw])+", given) is None:
        raise click.BadParameter(f"{given!r} is no duration; write it as 24h, 3d or 1d12h (units: m, h, d, w)")
    parts = re.findall(r"([0-9]+)([mhdw])", given)
    length = sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())
    if not timedelta() < length <= _LONGEST:
        raise click.BadParameter(f"{given!r} is not between 1m and 10 years")
    return length


def now() -> datetime:
    """This second."""
    return datetime.now(UTC).replace(microsecond=0)


def written(at: datetime) -> str:
    """An instant as Kubernetes writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def span(length: timedelta) -> str:
    """How long, in its largest units: `3 d`, `5 h`, `12 min`."""
    minutes = int(abs(length).total_seconds() // 60)
    for name, size in (("d", 1440), ("h", 60)):
        if minutes >= 2 * size:
            return f"{minutes // size} {name}"
    return f"{minutes} min"

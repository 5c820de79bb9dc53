"""`aup extend`."""

from datetime import datetime, timedelta

import click
import msgspec

from aup_operator.commands import cluster
from aup_operator.commands.times import duration, instant, now, written


@click.command(short_help="Give a tenant more time before a suspension takes effect.")
@click.argument("name")
@click.option("--until", type=instant, metavar="TIME", help="The new date (RFC 3339, such as 2026-12-01T09:00:00Z).")
@click.option("--by", type=duration, metavar="DURATION", help="How much later than now ordered, such as 24h or 3d.")
@click.option("--reason", required=True, help="Why; the tenant reads this.")
def extend(name: str, until: datetime | None, by: timedelta | None, reason: str) -> None:
    """Move the date from which the suspension NAME takes effect; the tenant is told the new one.

    Example: aup extend acme-20261201-090000 --by 3d --reason "The licence is on its way"
    """
    if (until is None) == (by is None):
        raise click.UsageError("Give either --until or --by.")
    with cluster.Cluster() as kube:
        one = cluster.suspension(kube, name)
        begins = one.spec.begins
        if begins is None or one.status.phase not in {None, "Pending"} or begins <= now():
            phase = one.status.phase or "ordered"
            raise click.ClickException(
                f"suspension {name} is {phase} and has no date to come; more time is only given before one takes effect"
            )
        moved = until or begins + (by or timedelta())
        if moved <= begins:
            raise click.ClickException(
                f"{written(moved)} is not later than {written(begins)}, when {name} takes effect; give a later date"
            )
        granted = {"effectiveAt": written(moved), "reason": reason, "orderedBy": cluster.caller(kube)}
        before = msgspec.to_builtins(one.spec.extensions)
        cluster.change(kube, one, {"extensions": [*before, granted]})
        click.echo(f"Suspension {name} takes effect at {written(moved)}, not at {written(begins)}; the tenant is told.")

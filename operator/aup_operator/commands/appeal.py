"""`aup appeal`."""

from datetime import datetime

import click

from aup.api.suspension import Suspension
from aup.review import Json
from aup_operator.commands import cluster
from aup_operator.commands.following import follow
from aup_operator.commands.times import instant, now, written
from aup_operator.kube import Kube


@click.command(short_help="Record or decide a tenant's appeal.")
@click.argument("name")
@click.option("--statement", help="What the tenant says; records the appeal.")
@click.option(
    "--received-at",
    type=instant,
    metavar="TIME",
    help="When it came (RFC 3339); now where absent. Its clock runs from here.",
)
@click.option("--decide", type=click.Choice(["upheld", "reversed"]), help="upheld: the suspension stands.")
@click.option("--reason", help="Why it is decided so; the tenant reads this.")
@click.option("--wait/--no-wait", default=True, help="Where it is reversed, wait until everything is back.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait.")
def appeal(
    name: str,
    statement: str | None,
    received_at: datetime | None,
    decide: str | None,
    reason: str | None,
    wait: bool,
    timeout: float,
) -> None:
    """Record the tenant's appeal against the suspension NAME, or decide it.

    Somebody decides who did not order the suspension. Where it is reversed, the lift is ordered too.

    Example: aup appeal acme-20261201-090000 --statement "It is no miner" --received-at 2026-12-02T08:30:00Z

    Example: aup appeal acme-20261201-090000 --decide reversed --reason "It is a benchmark"
    """
    if (statement is None) == (decide is None):
        raise click.UsageError("Give either --statement, to record an appeal, or --decide, to decide it.")
    if decide and not reason:
        raise click.UsageError("--decide needs --reason.")
    if statement and reason:
        raise click.UsageError("--reason belongs to --decide; what the tenant says is --statement.")
    if decide and received_at:
        raise click.UsageError("--received-at belongs to --statement.")
    received = received_at or now()
    if received > now():
        raise click.UsageError(f"--received-at {written(received)} is in the future.")
    with cluster.Cluster() as kube:
        one = cluster.suspension(kube, name)
        if statement:
            _record(kube, one, statement, received)
        elif _decide(kube, one, str(decide).capitalize(), str(reason)) and wait:
            follow(kube, name, "Lifted", timeout)


def _record(kube: Kube, one: Suspension, statement: str, received: datetime) -> None:
    name = one.metadata.name
    if one.spec.appeal is not None:
        raise click.ClickException(
            f"an appeal against {name} was recorded already, received {written(one.spec.appeal.received_at)}; "
            f"decide it: aup appeal {name} --decide …"
        )
    recorded = {"receivedAt": written(received), "statement": statement, "recordedBy": cluster.caller(kube)}
    cluster.change(kube, one, {"appeal": recorded})
    click.echo(f"The appeal against {name} is recorded. `aup status {one.spec.tenant}` shows until when to decide it.")
    click.echo(f"To decide it: aup appeal {name} --decide upheld|reversed --reason '…'")


def _decide(kube: Kube, one: Suspension, outcome: str, reason: str) -> bool:
    """Decide an appeal; whether a lift is ordered with it."""
    name = one.metadata.name
    if one.spec.appeal is None:
        raise click.ClickException(
            f"no appeal against {name} is recorded; record it: aup appeal {name} --statement '…'"
        )
    if one.spec.appeal.decision is not None:
        decided = one.spec.appeal.decision
        raise click.ClickException(
            f"the appeal against {name} was decided already: {decided.outcome.lower()}, by {decided.decided_by}"
        )
    person = cluster.caller(kube)
    if person == one.spec.ordered_by:
        raise click.ClickException(f"{person} ordered {name}; the appeal has to be decided by somebody else")
    decision = {"outcome": outcome, "reason": reason, "decidedBy": person, "decidedAt": written(now())}
    spec: Json = {"appeal": {"decision": decision}}
    lifts = outcome == "Reversed" and one.spec.lift is None and one.status.phase not in {"Lifted", "Terminated"}
    if lifts:
        spec["lift"] = {"reason": f"Appeal: {reason}"[:5000], "orderedBy": person}
    cluster.change(kube, one, spec)
    if outcome == "Upheld":
        click.echo(f"The appeal against {name} is decided: upheld. The suspension stands.")
    else:
        click.echo(f"The appeal against {name} is decided: reversed.{' The lift is ordered too.' if lifts else ''}")
    return lifts

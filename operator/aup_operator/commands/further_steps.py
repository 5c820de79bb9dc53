"""`aup remove`, `aup terminate` and `aup confirm`: what goes further than a suspension takes two people."""

import sys
from datetime import datetime
from typing import Literal

import click

from aup.api.suspension import Removal, Suspension, Termination, WorkloadReference
from aup_operator.commands import cluster
from aup_operator.commands.objects import manifests, reference, shown
from aup_operator.commands.times import instant, now, written
from aup_operator.kube import Kube

_Step = Literal["removal", "termination"]


@click.command(short_help="Order that content is removed while a suspension lasts.")
@click.argument("name")
@click.option(
    "--object",
    "objects",
    multiple=True,
    required=True,
    type=reference,
    metavar="NAMESPACE/KIND/NAME",
    help="What to remove, such as shop/ConfigMap/page. Repeat for more.",
)
@click.option("--reason", required=True, help="Why suspending is not enough; the tenant reads this.")
def remove(name: str, objects: tuple[WorkloadReference, ...], reason: str) -> None:
    """Order the removal of objects under the suspension NAME (clause 7.3).

    Nothing is removed before somebody else confirms. Each object is archived whole first; the lift creates it again.

    Example: aup remove acme-20261201-090000 --object shop/ConfigMap/page --reason "It is a phishing page"
    """
    with cluster.Cluster() as kube:
        one = _open(kube, name, "removal")
        person = cluster.caller(kube)
        step = {"objects": manifests(objects), "reason": reason, "orderedBy": person}
        cluster.change(kube, one, {"removal": step})
        click.echo(f"The removal of {_counted(objects)} under {name} is ordered, and waits for somebody else.")
        click.echo(f"To confirm it: aup confirm {name} removal")


@click.command(short_help="Order the end of the service of a suspended tenant.")
@click.argument("name")
@click.option(
    "--retain-until", required=True, type=instant, metavar="TIME", help="Until when everything is kept (RFC 3339)."
)
@click.option("--reason", required=True, help="Why the service ends; the tenant reads this.")
def terminate(name: str, retain_until: datetime, reason: str) -> None:
    """Order that the namespaces of the tenant behind the suspension NAME are deleted, with all data (clause 7.3).

    Nothing is deleted before the date, nor before somebody else confirms. Then nothing can be put back.

    Example: aup terminate acme-20261201-090000 --retain-until 2027-01-01T00:00:00Z --reason "Third violation"
    """
    if retain_until <= now():
        raise click.UsageError(f"--retain-until {written(retain_until)} is in the past; give the tenant time.")
    with cluster.Cluster() as kube:
        one = _open(kube, name, "termination")
        person = cluster.caller(kube)
        step = {"reason": reason, "retainUntil": written(retain_until), "orderedBy": person}
        cluster.change(kube, one, {"termination": step})
        click.echo(f"The termination of tenant {one.spec.tenant} is ordered, and waits for somebody else.")
        click.echo(f"Everything is kept until {written(retain_until)}. To stop it: aup lift {name} --reason '…'")
        click.echo(f"To confirm it: aup confirm {name} termination")


@click.command(short_help="Confirm a removal or a termination, as a second person.")
@click.argument("name")
@click.argument("step", type=click.Choice(["removal", "termination"]))
@click.option("--yes", is_flag=True, help="Do not ask.")
def confirm(name: str, step: _Step, yes: bool) -> None:
    """Confirm the removal or termination that somebody else has ordered under the suspension NAME.

    Example: aup confirm acme-20261201-090000 removal
    """
    with cluster.Cluster() as kube:
        one = cluster.suspension(kube, name)
        ordered = _step(one, step)
        if ordered is None:
            verb = {"removal": "remove", "termination": "terminate"}[step]
            raise click.ClickException(f"no {step} is ordered under {name}; `aup {verb}` orders one")
        if ordered.confirmed_by is not None:
            click.echo(f"The {step} under {name} is confirmed already, by {ordered.confirmed_by}.")
            return
        person = cluster.caller(kube)
        if person == ordered.ordered_by:
            raise click.ClickException(f"{person} ordered the {step}; it has to be confirmed by somebody else")
        for line in _what(one, ordered):
            click.echo(line)
        if not yes:
            if not sys.stdin.isatty():
                raise click.ClickException("nobody can be asked here; read the above, and give --yes")
            click.confirm(f"Confirm this {step}?", abort=True)
        cluster.change(kube, one, {step: {"confirmedBy": person}})
        click.echo(f"The {step} under {name} is confirmed; the tenant is told.")


def _open(kube: Kube, name: str, step: _Step) -> Suspension:
    """A suspension under which a step may be ordered; one that was ordered and not confirmed may be ordered anew."""
    one = cluster.suspension(kube, name)
    ordered = _step(one, step)
    if one.status.phase in {"Lifted", "Lifting", "Terminated"} or one.spec.lift is not None:
        raise click.ClickException(f"suspension {name} is over; {step} needs one that lasts: aup suspend")
    if one.spec.workloads:
        raise click.ClickException(f"suspension {name} is one of workloads; {step} needs one of the whole tenant")
    if ordered is not None and ordered.confirmed_by is not None:
        raise click.ClickException(
            f"a {step} under {name} is ordered and confirmed already, by {ordered.ordered_by} and "
            f"{ordered.confirmed_by}"
        )
    return one


def _step(one: Suspension, step: _Step) -> Removal | Termination | None:
    return one.spec.removal if step == "removal" else one.spec.termination


def _what(one: Suspension, ordered: Removal | Termination) -> list[str]:
    by = f"Ordered by {ordered.ordered_by}: {ordered.reason}"
    if isinstance(ordered, Termination):
        return [
            by,
            f"From {written(ordered.retain_until)} on all namespaces of tenant {one.spec.tenant} are deleted with all "
            "data. Nothing can be put back then.",
        ]
    return [
        by,
        f"{_counted(ordered.objects)} of tenant {one.spec.tenant}, to be archived and deleted until the lift:",
        *(f"  {shown(each)}" for each in ordered.objects),
    ]


def _counted(objects: tuple[WorkloadReference, ...] | list[WorkloadReference]) -> str:
    return "1 object" if len(objects) == 1 else f"{len(objects)} objects"

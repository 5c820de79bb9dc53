"""`aup approve`."""

import click

from aup_operator.commands import cluster
from aup_operator.commands.following import follow


@click.command(short_help="Let a suspension pass the brake, as a second person.")
@click.argument("name")
@click.option("--wait/--no-wait", default=True, help="Wait until nothing runs any more.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait.")
def approve(name: str, wait: bool, timeout: float) -> None:
    """Approve the suspension NAME, which waits because many tenants were suspended within the last hour.

    Example: aup approve acme-20261201-090000
    """
    with cluster.Cluster() as kube:
        one = cluster.suspension(kube, name)
        if one.spec.approved_by is not None:
            click.echo(f"Suspension {name} is approved already, by {one.spec.approved_by}.")
            return
        if one.status.phase not in {None, "Pending", "Waiting"}:
            click.echo(f"Suspension {name} waits for nobody: it is {one.status.phase}.")
            return
        person = cluster.caller(kube)
        if person == one.spec.ordered_by:
            raise click.ClickException(f"{person} ordered {name}; it has to be approved by somebody else")
        cluster.change(kube, one, {"approvedBy": person})
        click.echo(f"Suspension {name} is approved.")
        if wait and one.status.phase == "Waiting":
            follow(kube, name, "Enforced", timeout)

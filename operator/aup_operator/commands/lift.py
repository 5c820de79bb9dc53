"""`aup lift`."""

import click

from aup.api import suspension as suspensions
from aup.api.suspension import Suspension
from aup_operator.commands import cluster
from aup_operator.commands.following import follow

_OVER = {"Lifted", "Terminated"}


@click.command(short_help="Put a suspended tenant back as it was.")
@click.argument("name")
@click.option("--reason", required=True, help="Why the suspension ends.")
@click.option("--wait/--no-wait", default=True, help="Wait until everything is back.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait.")
def lift(name: str, reason: str, wait: bool, timeout: float) -> None:
    """Lift the suspension NAME, or all of the tenant NAME: everything is put back as it was.

    Example: aup lift acme-20261201-090000 --reason "Cause removed, statement received"
    """
    with cluster.Cluster() as kube:
        everything = cluster.everything(kube, suspensions.KIND.path, Suspension)
        chosen = [one for one in everything if one.metadata.name == name] or [
            one for one in everything if one.spec.tenant == name and one.status.phase not in _OVER
        ]
        if not chosen:
            if any(one.spec.tenant == name and one.status.phase == "Lifted" for one in everything):
                click.echo(f"Everything of tenant {name} is lifted already.")
                return
            if cluster.tenant_known(kube, name):
                raise click.ClickException(f"nothing of tenant {name!r} is suspended")
            raise click.ClickException(
                f"there is no suspension {name!r}, nor one of a tenant {name!r}; `aup status` lists them"
            )
        for one in chosen:
            if one.status.phase == "Terminated":
                raise click.ClickException(
                    f"suspension {one.metadata.name} has ended with the service; nothing is left to put back"
                )
            if one.status.phase == "Lifted" or one.spec.lift is not None:
                click.echo(f"Suspension {one.metadata.name} is lifted or being lifted already.")
                continue
            cluster.change(kube, one, {"lift": {"reason": reason, "orderedBy": cluster.caller(kube)}})
            click.echo(f"The lift of {one.metadata.name} is ordered.")
        for one in chosen if wait else ():
            follow(kube, one.metadata.name, "Lifted", timeout)

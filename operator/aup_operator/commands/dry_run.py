"""`aup suspend --dry-run`: what would be done, and nothing is."""

import click

from aup.api.suspension import Suspension
from aup.wording import printable
from aup_operator import namespaces
from aup_operator.commands import table
from aup_operator.commands.objects import shown
from aup_operator.kube import Kube, KubeError
from aup_operator.plan import Plan, plan
from aup_operator.settings import Settings

_FORBIDDEN = 403


def show(kube: Kube, suspension: Suspension) -> None:
    """Print what an order that the API server would accept leads to."""
    tenant = suspension.spec.tenant
    try:
        spaces = [one for one in namespaces.of_tenants(kube, Settings().apart) if one.tenant == tenant]
        planned = plan(kube, spaces, suspension)
    except KubeError as error:
        if error.code != _FORBIDDEN:
            raise
        raise click.ClickException(
            f"a dry run reads the tenant's workloads, and you may not ({error.message}); have an administrator bind "
            "the ClusterRole view to you in the whole cluster, or try it as somebody who has it"
        ) from None
    click.echo(f"Dry run: this is what the suspension of {_what(suspension)} would do now.")
    click.echo(f"Namespaces: {', '.join(sorted(one.name for one in spaces)) or 'none'}.")
    if planned.rows:
        click.echo()
        table.show(
            ("KIND", "OBJECT", "FIELD", "NOW", "WILL BE"),
            [(one.kind, one.object, one.field, _cut(one.now), _cut(one.then)) for one in planned.rows],
        )
    _further(planned)
    if not planned.rows and not planned.pods and not planned.unmanaged:
        click.echo("Nothing of it runs; new workloads would be refused.")
    click.echo()
    click.echo("Nothing was changed, and the tenant was told nothing.")


def _further(planned: Plan) -> None:
    _section("Pods that would be deleted, since no controller that is scaled down ends them:", planned.pods)
    _section(
        "Held by the denial of their Pods alone, or not for you to list:",
        [f"{one.object}: {one.reason}" for one in planned.unmanaged],
    )
    _section("Webhooks and APIServices that others call, and that would be down:", planned.backends)


def _section(title: str, lines: list[str]) -> None:
    if lines:
        click.echo()
        click.echo(title)
        for line in lines:
            click.echo(f"  {printable(line)}")


def _what(suspension: Suspension) -> str:
    workloads = suspension.spec.workloads
    named = ", ".join(shown(one) for one in workloads)
    return f"{named} of tenant {suspension.spec.tenant}" if named else f"tenant {suspension.spec.tenant}"


def _cut(value: str) -> str:
    return value if len(value) <= 40 else f"{value[:39]}…"  # noqa: PLR2004

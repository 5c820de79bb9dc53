"""`aup suspend`."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import click

from aup.api.meta import API_VERSION
from aup.api.suspension import Suspension, WorkloadReference
from aup.facts import decoded
from aup.review import Json
from aup.rules import RULES
from aup_operator.commands import cluster, dry_run, reasons
from aup_operator.commands.following import follow
from aup_operator.commands.objects import manifests, reference
from aup_operator.commands.times import duration, instant, now, written
from aup_operator.kube import Kube, KubeError

_SOURCES = ("article16Notice", "trustedFlagger", "otherNotification", "ownInitiative")


def _clauses(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for one in given:
        if re.fullmatch(r"[1-8]\.[1-9]", one) is None:
            raise click.BadParameter(f"{one!r} is no clause of the AUP; write it as 1.6")
    return tuple(dict.fromkeys(given))


def _rules(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    known = {rule.id for rule in RULES}
    for one in given:
        if one not in known:
            raise click.BadParameter(f"there is no rule {one!r}; `aup rules` lists them")
    return tuple(dict.fromkeys(given))


@click.command(short_help="Take a tenant, or some of its workloads, down and hold them down.")
@click.argument("tenant")
@click.option("--clause", "clauses", multiple=True, required=True, callback=_clauses, help="AUP clause, such as 1.6.")
@click.option("--facts", help="What was found, and where; the tenant reads this.")
@click.option("--explanation", help="Why that breaks the clauses.")
@click.option("--evidence", multiple=True, help="OBJECT | FIELD | TEXT or its SHA-256; no secrets. Repeat for more.")
@click.option("--rule", "rules", multiple=True, callback=_rules, help="A rule that found it, such as AUP1601.")
@click.option("--source", type=click.Choice(_SOURCES), help="What led to the finding.")
@click.option(
    "--automated-detection/--no-automated-detection",
    default=None,
    help="Whether a machine found it; yes with --rule, otherwise no.",
)
@click.option("--until", type=instant, metavar="TIME", help="When it ends.")
@click.option("--lift-condition", help="What the tenant has to do for it to be lifted.")
@click.option("--illegal-ground", help="The law, where it is illegal and not only against the AUP.")
@click.option("--illegal-explanation", help="Why it is illegal under that law.")
@click.option(
    "--statement-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML with the fields of statementOfReasons; options replace what it says.",
)
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    type=reference,
    metavar="NAMESPACE/KIND/NAME",
    help="Only this workload, such as shop/Deployment/web or shop/deploy/web. Repeat for more.",
)
@click.option(
    "--exposure",
    type=click.Choice(["keep", "deny"]),
    default="keep",
    show_default=True,
    help="deny lets no traffic in or out of the tenant's namespaces.",
)
@click.option(
    "--effective-at", type=instant, metavar="TIME", help="From when (RFC 3339, such as 2026-12-01T09:00:00Z)."
)
@click.option(
    "--notice", type=duration, metavar="DURATION", help="Notice period, such as 24h or 3d; the tenant is told now."
)
@click.option("--name", help="The Suspension's name; made from tenant and time where absent.")
@click.option("--dry-run", "dry", is_flag=True, help="Show what would be done, and change nothing.")
@click.option("--wait/--no-wait", default=True, help="Wait until nothing runs any more.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait.")
def suspend(
    tenant: str,
    clauses: tuple[str, ...],
    facts: str | None,
    explanation: str | None,
    evidence: tuple[str, ...],
    rules: tuple[str, ...],
    source: str | None,
    automated_detection: bool | None,
    until: datetime | None,
    lift_condition: str | None,
    illegal_ground: str | None,
    illegal_explanation: str | None,
    statement_file: Path | None,
    workloads: tuple[WorkloadReference, ...],
    exposure: str,
    effective_at: datetime | None,
    notice: timedelta | None,
    name: str | None,
    dry: bool,
    wait: bool,
    timeout: float,
) -> None:
    """Suspend TENANT: everything to zero, and held there until it is lifted; at once unless a date is given.

    Example: aup suspend acme --clause 1.6 --facts "Deployment shop/web ran xmrig 6.21" --dry-run

    Example: aup suspend acme --clause 3.3 --facts "No licence was proved" --notice 24h
    """
    if bool(illegal_ground) != bool(illegal_explanation):
        raise click.UsageError("--illegal-ground and --illegal-explanation go together: which law, and why.")
    ordered = now()
    named = name or f"{tenant}-{ordered:%Y%m%d-%H%M%S}"
    options: Json = {
        "facts": facts,
        "explanation": explanation,
        "evidence": reasons.evidence(evidence),
        "source": source,
        "automatedDetection": automated_detection if automated_detection is not None else (bool(rules) or None),
        "rulesUsed": [{"id": one} for one in rules],
        "illegal": {"legalGround": illegal_ground, "explanation": illegal_explanation} if illegal_ground else None,
        "decision": {
            key: value
            for key, value in (("until", written(until) if until else None), ("liftConditions", lift_condition))
            if value
        },
    }
    spec: Json = {
        "tenant": tenant,
        "clauses": list(clauses),
        "statementOfReasons": reasons.statement(statement_file, partial=bool(workloads), options=options),
        **_dates(ordered, effective_at, notice),
    }
    if workloads:
        spec["workloads"] = manifests(workloads)
    if exposure == "deny":
        spec["exposure"] = "Deny"
    with cluster.Cluster() as kube:
        if not cluster.tenant_known(kube, tenant):
            raise click.ClickException(f"there is no tenant {tenant!r}; `aup status` lists the tenants")
        spec["orderedBy"] = cluster.caller(kube)
        manifest = {"apiVersion": API_VERSION, "kind": "Suspension", "metadata": {"name": named}, "spec": spec}
        _create(kube, manifest, dry=dry)
        if dry:
            dry_run.show(kube, decoded(manifest, Suspension))
            return
        begins = spec.get("effectiveAt")
        when = f", to take effect at {begins}; the tenant is told now" if begins else ""
        click.echo(f"Suspension {named} is ordered{when}.")
        if wait and not begins:
            follow(kube, named, "Enforced", timeout)
        if begins:
            click.echo(f"To give more time: aup extend {named} --by 24h --reason '…'")
        click.echo(f"To put everything back: aup lift {named} --reason '…'")


def _create(kube: Kube, manifest: Json, *, dry: bool) -> None:
    try:
        cluster.create(kube, manifest, dry_run=dry)
    except KubeError as error:
        if error.conflict:
            name = manifest["metadata"]["name"]
            raise click.ClickException(
                f"there is a suspension {name!r} already; give another --name, or look at it: aup status"
            ) from None
        raise


def _dates(ordered: datetime, effective_at: datetime | None, notice: timedelta | None) -> Json:
    """`noticedAt` and `effectiveAt`; nothing where it takes effect at once."""
    if effective_at and notice:
        raise click.UsageError("--effective-at and --notice say the same thing; give one of them.")
    if effective_at and effective_at <= ordered:
        raise click.UsageError(
            f"--effective-at {written(effective_at)} is in the past; leave it out to suspend at once."
        )
    begins = ordered + notice if notice else effective_at
    return {"noticedAt": written(ordered), "effectiveAt": written(begins)} if begins else {}

"""`aup suspend`, `aup lift` and `aup status`: the abuse desk's commands, with the caller's own credentials."""

import re
import sys
import time
from datetime import UTC, datetime
from typing import TypeVar

import click
import urllib3

from aup.api import suspension as suspensions
from aup.api import tenant as tenants
from aup.api.meta import API_VERSION, Struct
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant
from aup.errors import AupError
from aup.facts import decoded
from aup.review import Json
from aup_operator.kube import MERGE_PATCH, Kube, KubeError, connect

_POLL_SECONDS = 0.3

T = TypeVar("T", bound=Struct)


def _clauses(_: click.Context, __: click.Parameter, written: tuple[str, ...]) -> tuple[str, ...]:
    for one in written:
        if re.fullmatch(r"[1-8]\.[1-9]", one) is None:
            raise click.BadParameter(f"{one!r} is no clause of the AUP; write it as 1.6")
    return written


@click.command(short_help="Take a tenant down and hold it down.")
@click.argument("tenant")
@click.option("--clause", "clauses", multiple=True, required=True, callback=_clauses, help="AUP clause, such as 1.6.")
@click.option("--facts", required=True, help="What was found, and where; the tenant reads this.")
@click.option("--explanation", help="Why that breaks the clauses.")
@click.option("--name", help="The Suspension's name; made from tenant and time where absent.")
@click.option("--effective-at", help="From when (RFC 3339, such as 2026-12-01T09:00:00Z); at once where absent.")
@click.option("--wait/--no-wait", default=True, help="Wait until nothing runs any more.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait.")
def suspend(
    tenant: str,
    clauses: tuple[str, ...],
    facts: str,
    explanation: str | None,
    name: str | None,
    effective_at: str | None,
    wait: bool,
    timeout: float,
) -> None:
    """Suspend TENANT: everything to zero, and held there until it is lifted.

    Example: aup suspend acme --clause 1.6 --facts "Deployment shop/web ran xmrig 6.21"
    """
    now = datetime.now(UTC)
    named = name or f"{tenant}-{now:%Y%m%d-%H%M%S}"
    reasons = {"facts": facts} | ({"explanation": explanation} if explanation else {})
    spec: Json = {"tenant": tenant, "clauses": list(clauses), "statementOfReasons": reasons}
    if effective_at:
        spec |= {"noticedAt": f"{now:%Y-%m-%dT%H:%M:%SZ}", "effectiveAt": effective_at}
    with _Cluster() as kube:
        spec["orderedBy"] = _caller(kube)
        if kube.get(f"{tenants.KIND.path}/{tenant}") is None:
            raise click.ClickException(f"there is no tenant {tenant!r}; `aup status` lists the tenants")
        manifest = {"apiVersion": API_VERSION, "kind": "Suspension", "metadata": {"name": named}, "spec": spec}
        kube.create(suspensions.KIND.path, manifest)
        when = f", to take effect at {effective_at}; the tenant is told now" if effective_at else ""
        click.echo(f"Suspension {named} is ordered{when}.")
        if wait and not effective_at:
            _follow(kube, named, "Enforced", timeout)
        click.echo(f"To put everything back: aup lift {named} --reason '…'")


@click.command(short_help="Put a suspended tenant back as it was.")
@click.argument("name")
@click.option("--reason", required=True, help="Why the suspension ends.")
@click.option("--wait/--no-wait", default=True, help="Wait until everything is back.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait.")
def lift(name: str, reason: str, wait: bool, timeout: float) -> None:
    """Lift the suspension NAME, or all of the tenant NAME: everything is put back as it was.

    Example: aup lift acme-20261201-090000 --reason "Cause removed, statement received"
    """
    with _Cluster() as kube:
        everything = _all(kube, suspensions.KIND.path, Suspension)
        chosen = [one for one in everything if one.metadata.name == name] or [
            one for one in everything if one.spec.tenant == name and one.status.phase != "Lifted"
        ]
        if not chosen and kube.get(f"{tenants.KIND.path}/{name}") is not None:
            raise click.ClickException(f"nothing of tenant {name!r} is suspended")
        if not chosen:
            raise click.ClickException(
                f"there is no suspension {name!r}, nor one of a tenant {name!r}; `aup status` lists them"
            )
        for one in chosen:
            if one.status.phase == "Lifted" or one.spec.lift is not None:
                click.echo(f"Suspension {one.metadata.name} is lifted or being lifted already.")
                continue
            order = {"spec": {"lift": {"reason": reason, "orderedBy": _caller(kube)}}}
            kube.patch(f"{suspensions.KIND.path}/{one.metadata.name}", order, MERGE_PATCH)
            click.echo(f"The lift of {one.metadata.name} is ordered.")
        for one in chosen if wait else ():
            _follow(kube, one.metadata.name, "Lifted", timeout)


@click.command(short_help="Show where tenants stand.")
@click.argument("tenant", required=False)
def status(tenant: str | None) -> None:
    """Show where tenants stand, and every suspension that is not over.

    Of one TENANT, all of them, what it uses, and what the audit of its stored objects found.

    Example: aup status acme
    """
    with _Cluster() as kube:
        known = [one for one in _all(kube, tenants.KIND.path, Tenant) if tenant in (None, one.metadata.name)]
        if tenant is not None and not known:
            raise click.ClickException(f"there is no tenant {tenant!r}; `aup status` lists the tenants")
        ordered = _all(kube, suspensions.KIND.path, Suspension)
        _table(
            ("TENANT", "STANDING", "NAMESPACES", "ABUSE CONTACT"),
            [
                (
                    one.metadata.name,
                    one.status.standing or "-",
                    str(one.status.namespaces or 0),
                    one.spec.contacts.abuse,
                )
                for one in known
            ],
        )
        if tenant is not None and known[0].status.usage:
            click.echo()
            _table(
                ("RESOURCE", "USED", "LIMIT"),
                [(name, one.used, one.limit) for name, one in known[0].status.usage.items()],
            )
        if tenant is not None and known[0].status.findings:
            click.echo()
            _table(
                ("RULE", "DENIED", "WARNED", "EXAMPLE"),
                [(one.rule, str(one.denied), str(one.warned), one.example) for one in known[0].status.findings],
            )
        shown = [
            one for one in ordered if one.spec.tenant == tenant or (tenant is None and one.status.phase != "Lifted")
        ]
        if shown:
            click.echo()
            _table(
                ("SUSPENSION", "TENANT", "CLAUSES", "PHASE", "RECORDED", "RUNNING", "ORDERED BY", "FACTS"),
                [_row(one) for one in shown],
            )
        for one in shown:
            for each in one.status.unenforced:
                click.echo(f"{one.metadata.name}: {each.object}: {each.reason}")


class _Cluster:
    """A client whose failures end the command with one sentence."""

    def __enter__(self) -> Kube:
        try:
            return connect(1)
        except AupError as error:
            raise click.ClickException(str(error)) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KubeError):
            raise click.ClickException(f"the API server refused: {error}") from None
        if isinstance(error, (OSError, urllib3.exceptions.HTTPError)):
            raise click.ClickException(f"the API server cannot be reached: {error}") from None
        if isinstance(error, AupError):
            raise click.ClickException(str(error)) from None


def _caller(kube: Kube) -> str:
    """Who the API server says that the caller is."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    return str(
        kube.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)["status"]["userInfo"]["username"]
    )


def _all(kube: Kube, path: str, type_: type[T]) -> list[T]:
    return [decoded(manifest, type_) for manifest in kube.list(path)]


def _row(one: Suspension) -> tuple[str, ...]:
    return (
        one.metadata.name,
        one.spec.tenant,
        ",".join(one.spec.clauses),
        one.status.phase or "-",
        "-" if one.status.recorded is None else str(one.status.recorded),
        "-" if one.status.running is None else str(one.status.running),
        one.spec.ordered_by,
        one.spec.statement_of_reasons.facts[:60],
    )


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _follow(kube: Kube, name: str, goal: str, timeout: float) -> None:
    """Tell each new state until the goal is reached; a line each, or one line rewritten on a terminal."""
    deadline = time.monotonic() + timeout
    told = ""
    while time.monotonic() < deadline:
        manifest = kube.get(f"{suspensions.KIND.path}/{name}")
        if manifest is None:
            click.echo(f"{name}: deleted")
            return
        one = decoded(manifest, Suspension)
        conditions = [each.message for each in one.status.conditions if each.type == "Enforced"]
        line = f"{name}: {one.status.phase or 'waiting for the operator'}" + "".join(
            f" - {each}" for each in conditions
        )
        if line != told:
            click.echo(line)
            told = line
        if one.status.phase == goal:
            return
        time.sleep(_POLL_SECONDS)
    click.echo(f"aup: {name} is not {goal} after {timeout:g} s; `aup status` shows what is left", err=True)
    sys.exit(1)

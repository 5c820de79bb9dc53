"""`aup status`."""

import sys
import time
from collections.abc import Iterator, Sequence

import click

from aup.api import suspension as suspensions
from aup.api import tenant as tenants
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant
from aup.wording import printable
from aup_operator.commands import cluster, table
from aup_operator.commands.following import POLL_SECONDS, Progress, waits
from aup_operator.commands.times import now, span, written
from aup_operator.kube import Kube

_SETTLED = {"Pending", "Waiting", "Enforced", "Lifted", "Terminated"}
_OVER = {"Lifted", "Terminated"}
_INTERRUPTED = 130


@click.command(short_help="Show where tenants and suspensions stand.")
@click.argument("tenant", required=False)
@click.option("--watch", is_flag=True, help="Show progress until nothing is on its way any more, or until Ctrl-C.")
def status(tenant: str | None, watch: bool) -> None:
    """Show where tenants stand, and every suspension that is not over, with what needs somebody's attention.

    Of one TENANT, all of them, what it uses, and what the audit of its stored objects found.

    Example: aup status acme --watch
    """
    with cluster.Cluster() as kube:
        known = [one for one in cluster.everything(kube, tenants.KIND.path, Tenant) if _named(one, tenant)]
        if tenant is not None and not known:
            raise click.ClickException(f"there is no tenant {tenant!r}; `aup status` lists the tenants")
        if watch:
            _watch(kube, tenant)
            known = [one for one in cluster.everything(kube, tenants.KIND.path, Tenant) if _named(one, tenant)]
        _tenants(known)
        if tenant is not None:
            _details(known[0])
        _suspensions(_shown(kube, tenant))


def _named(one: Tenant, name: str | None) -> bool:
    return name in (None, one.metadata.name)


def _shown(kube: Kube, tenant: str | None) -> list[Suspension]:
    """All suspensions of one tenant, or those of all tenants that are not over."""
    everything = cluster.everything(kube, suspensions.KIND.path, Suspension)
    return [
        one for one in everything if one.spec.tenant == tenant or (tenant is None and one.status.phase not in _OVER)
    ]


def _watch(kube: Kube, tenant: str | None) -> None:
    """Tell progress until everything has settled; Ctrl-C ends the command."""
    progress = Progress()
    followed: set[str] = set()
    try:
        while True:
            there = [
                one for one in _shown_or(kube, tenant, followed) if not _settled(one) or one.metadata.name in followed
            ]
            followed.update(one.metadata.name for one in there)
            if there:
                progress.tell("; ".join(_progress(one) for one in there))
            if all(_settled(one) for one in there):
                break
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        progress.end()
        sys.exit(_INTERRUPTED)
    progress.end()


def _shown_or(kube: Kube, tenant: str | None, followed: set[str]) -> list[Suspension]:
    """Those that are shown, and those that were followed and are over meanwhile."""
    everything = cluster.everything(kube, suspensions.KIND.path, Suspension)
    return [one for one in everything if one.spec.tenant == tenant or tenant is None or one.metadata.name in followed]


def _settled(one: Suspension) -> bool:
    observed = one.status.observed_generation >= one.metadata.generation or one.status.phase in _OVER
    return observed and one.status.phase in _SETTLED


def _progress(one: Suspension) -> str:
    status = one.status
    counts = []
    if status.phase in {"Lifting", "Lifted"}:
        counts.append(f"back {status.restored or 0} of {status.recorded or 0}")
    elif status.recorded is not None:
        counts.append(f"held {status.held or 0} of {status.recorded}")
        counts.append(f"running {_count(status.running)}")
    if status.drifted:
        counts.append(f"came up again {status.drifted}")
    if status.unenforced:
        counts.append(f"not done {len(status.unenforced)}")
    return ", ".join([f"{one.metadata.name}: {status.phase or 'waiting for the operator'}", *counts])


def _tenants(known: Sequence[Tenant]) -> None:
    table.show(
        ("TENANT", "STANDING", "NAMESPACES", "ABUSE CONTACT"),
        [
            (one.metadata.name, one.status.standing or "-", str(one.status.namespaces or 0), one.spec.contacts.abuse)
            for one in known
        ],
    )


def _details(one: Tenant) -> None:
    if one.status.usage:
        click.echo()
        table.show(
            ("RESOURCE", "USED", "LIMIT"), [(name, each.used, each.limit) for name, each in one.status.usage.items()]
        )
    click.echo()
    if one.status.audited_at is None:
        click.echo("What is stored was not audited yet.")
    elif not one.status.findings:
        click.echo(f"The audit of {written(one.status.audited_at)} found nothing in what is stored.")
    else:
        table.show(
            ("RULE", "DENIED", "WARNED", "EXAMPLE"),
            [(each.rule, str(each.denied), str(each.warned), each.example) for each in one.status.findings],
        )


def _suspensions(shown: Sequence[Suspension]) -> None:
    if not shown:
        return
    click.echo()
    header = ("SUSPENSION", "TENANT", "CLAUSES", "SCOPE", "PHASE", "HELD", "RUNNING", "DRIFTED", "ORDERED BY", "FACTS")
    table.show(header, [_row(one) for one in shown])
    lines = [f"{one.metadata.name}: {line}" for one in shown for line in _attention(one)]
    if lines:
        click.echo()
    for line in lines:
        click.echo(printable(line))


def _row(one: Suspension) -> tuple[str, ...]:
    status = one.status
    return (
        one.metadata.name,
        one.spec.tenant,
        ",".join(one.spec.clauses),
        f"{len(one.spec.workloads)} named" if one.spec.workloads else "everything",
        status.phase or "-",
        "-" if status.recorded is None else f"{status.held or 0}/{status.recorded}",
        _count(status.running),
        _count(status.drifted),
        one.spec.ordered_by,
        " ".join(one.spec.statement_of_reasons.facts.split())[:60],
    )


def _attention(one: Suspension) -> Iterator[str]:
    """What somebody should know or do about a suspension, a line each."""
    spec, status, name = one.spec, one.status, one.metadata.name
    if status.phase not in {"Enforced", "Waiting", *_OVER}:
        yield from (each.message for each in status.conditions if each.type == "Enforced")
    if waits(one):
        yield f"waits for somebody else than {spec.ordered_by} to approve it: aup approve {name}"
    if status.phase not in _OVER:
        yield from _waiting_steps(one)
    if spec.extensions and status.phase == "Pending":
        last = spec.extensions[-1]
        yield f"has more time until {written(last.effective_at)}, given by {last.ordered_by}: {last.reason}"
    if spec.exposure == "Deny" and status.phase not in _OVER:
        yield "no traffic is let in or out of the tenant's namespaces"
    yield from (f"not done: {each.object}: {each.reason}" for each in status.unenforced)
    yield from (f"held by the denial of its Pods alone: {each.object}: {each.reason}" for each in status.unmanaged)
    yield from (f"others call what it runs: {each}" for each in status.backends if status.phase not in _OVER)
    yield from (
        f"came up again: {each.object}, {each.count} times, last at {written(each.last_at)}" for each in status.drift
    )
    if status.removed:
        yield f"removed: {status.removed}"
    yield from _appeal(one)


def _waiting_steps(one: Suspension) -> Iterator[str]:
    name, removal, termination = one.metadata.name, one.spec.removal, one.spec.termination
    if removal is not None and removal.confirmed_by is None:
        yield (
            f"removal of {len(removal.objects)} waits for somebody else than {removal.ordered_by}: "
            f"aup confirm {name} removal"
        )
    if termination is None:
        return
    if termination.confirmed_by is None:
        yield f"termination waits for somebody else than {termination.ordered_by}: aup confirm {name} termination"
    else:
        yield f"the tenant's namespaces are deleted from {written(termination.retain_until)} on"


def _appeal(one: Suspension) -> Iterator[str]:
    appeal, clock = one.spec.appeal, one.status.appeal
    if appeal is None:
        return
    if appeal.decision is not None:
        yield f"appeal decided: {appeal.decision.outcome.lower()}, by {appeal.decision.decided_by}"
        return
    how = f"aup appeal {one.metadata.name} --decide upheld|reversed --reason '…'"
    if clock is None:
        yield f"appeal received {written(appeal.received_at)}: {how}"
        return
    left = clock.due_at - now()
    when = f"{span(left)} left" if left.total_seconds() > 0 else f"overdue by {span(left)}"
    yield f"appeal to be decided before {written(clock.due_at)}, {when}: {how}"


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)

"""What the tenant is told: Notices, and an Event for each, in all its namespaces.

A Notice is a document: it is never changed. What is decided later is told in a further one, and a Notice whose date was
replaced by a later date is closed.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

import msgspec

from aup.api import notice
from aup.api.meta import API_VERSION
from aup.api.notice import Notice, NoticeStatus
from aup.api.suspension import AppealDecision, Extension, Removal, Suspension, Termination
from aup.facts import decoded
from aup.review import Json
from aup_operator import record
from aup_operator.kube import Kube, KubeError
from aup_operator.namespaces import TenantNamespace
from aup_operator.statement import (
    STATEMENT_CHARACTERS,
    PolicyInForce,
    covered,
    day,
    in_force,
    named,
    redress,
    render,
    shortened,
)
from aup_operator.status import write

__all__ = ["PolicyInForce", "close", "compose", "event", "in_force", "instant", "issue", "render"]

log = logging.getLogger(__name__)

_Phase = Literal["Open", "Closed"]

_OBJECTS = 20
"""Objects that a Notice names at most."""


def issue(
    kube: Kube, suspension: Suspension, namespaces: Iterable[TenantNamespace], policy: PolicyInForce, now: datetime
) -> None:
    """Put what there is to tell where the tenant reads it, before anything is done; each once for each namespace.

    A notice that cannot be put there is logged and tried again in the next pass. It never stops the suspension: the
    statement stands in the Suspension already, and a tenant's quota may forbid notices.
    """
    everything = list(_everything(suspension, policy, now))
    for namespace in namespaces:
        with _Forgiven(namespace):
            there = _there(kube, suspension, namespace)
            for position, told in enumerate(everything):
                # Of the first notice and those of later dates, which follow it, only the last one counts.
                phase: _Phase = "Open" if position >= len(suspension.spec.extensions) else "Closed"
                _put(kube, suspension, namespace, told, there.get(told.name), phase, now)


def close(kube: Kube, suspension: Suspension, namespaces: Iterable[TenantNamespace], now: datetime, note: str) -> None:
    """End a suspension's notices: all are Closed, and a last one says so with `note`."""
    told = _of_lift(suspension, now, note)
    for namespace in namespaces:
        with _Forgiven(namespace):
            there = _there(kube, suspension, namespace)
            for item in there.values():
                _bring(kube, item, "Closed")
            _put(kube, suspension, namespace, told, there.get(told.name), "Closed", now)


def compose(suspension: Suspension, namespace: str, policy: PolicyInForce, now: datetime) -> Json:
    """The first Notice of a suspension for one namespace: the statement of reasons as it was issued."""
    return _manifest(suspension, namespace, next(_everything(suspension, policy, now)), now)


def event(kube: Kube, regarding: Json, reason: str, note: str, now: datetime) -> None:
    """A Kubernetes Event beside an object, as a mirror of what stands in it."""
    metadata = regarding["metadata"]
    namespace = metadata.get("namespace") or "default"
    manifest = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"generateName": f"{metadata['name']}-", "namespace": namespace},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": "Normal",
        "reason": reason,
        "action": reason,
        "note": note[:1024],
        "reportingController": "aup.asergo.com/operator",
        "reportingInstance": "aup-operator",
        "regarding": {
            "apiVersion": regarding["apiVersion"],
            "kind": regarding["kind"],
            "name": metadata["name"],
            "namespace": metadata.get("namespace", ""),
            "uid": metadata.get("uid", ""),
        },
    }
    _create(kube, f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", manifest)


def instant(now: datetime) -> str:
    """An instant as Kubernetes writes it."""
    return msgspec.to_builtins(now.replace(microsecond=0))  # type: ignore[no-any-return]


class _Forgiven:
    """What the API server refuses of one namespace's notices is logged, and stops nothing."""

    def __init__(self, namespace: TenantNamespace) -> None:
        self._namespace = namespace.name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, KubeError):
            return False
        log.warning("a notice could not be issued", extra={"namespace": self._namespace, "problem": str(error)})
        return True


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one Notice tells, and the reason of its Event."""

    name: str
    reason: str
    subject: str
    statement: str
    deadline: datetime | None = None
    how_to_answer: str
    how_to_appeal: str


def _everything(suspension: Suspension, policy: PolicyInForce, now: datetime) -> Iterator[_Told]:
    """What has to be told by now: the statement, then each later date, then further steps."""
    spec = suspension.spec
    name = record.name_of(suspension)
    answer = (
        f"Write to {policy.contact}, naming suspension {suspension.metadata.name}: "
        "what caused it, what you have done about it, and how you will prevent it."
    )
    review = redress(suspension, policy)
    statement = suspension.status.statement or render(suspension, policy, now)
    to_come = spec.effective_at is not None and now < spec.effective_at
    yield _Told(
        name=name,
        reason="Announced" if to_come else "Suspended",
        subject=_subject(suspension, to_come=to_come),
        statement=statement,
        deadline=spec.effective_at,
        how_to_answer=answer,
        how_to_appeal=review,
    )
    for number, extension in enumerate(spec.extensions, start=1):
        yield _Told(
            name=f"{name}-extension-{number}",
            reason="Extended",
            subject=f"You have more time: the suspension begins at {day(extension.effective_at)}",
            statement=_of_extension(suspension, extension, statement),
            deadline=extension.effective_at,
            how_to_answer=answer,
            how_to_appeal=review,
        )
    if spec.appeal is not None and spec.appeal.decision is not None:
        outcome = _OUTCOMES[spec.appeal.decision.outcome]
        yield _Told(
            name=f"{name}-appeal",
            reason="AppealDecided",
            subject=f"Your appeal is decided: {outcome}",
            statement=_of_appeal(suspension, spec.appeal.decision, policy),
            how_to_answer=answer,
            how_to_appeal=review,
        )
    if spec.removal is not None and spec.removal.confirmed_by is not None:
        yield _Told(
            name=f"{name}-removal",
            reason="Removed",
            subject=f"Content of yours is removed under AUP {', '.join(spec.clauses)}",
            statement=_of_removal(suspension, spec.removal, policy),
            how_to_answer=answer,
            how_to_appeal=review,
        )
    if spec.termination is not None and spec.termination.confirmed_by is not None:
        yield _Told(
            name=f"{name}-termination",
            reason="Terminated",
            subject=f"Your service ends; your data is kept until {day(spec.termination.retain_until)}",
            statement=_of_termination(suspension, spec.termination, policy),
            deadline=spec.termination.retain_until,
            how_to_answer=answer,
            how_to_appeal=review,
        )


_OUTCOMES = {"Upheld": "the suspension stands", "Reversed": "the suspension is lifted"}


def _subject(suspension: Suspension, *, to_come: bool) -> str:
    workloads = suspension.spec.workloads
    what, be = "Your workloads", "are"
    if workloads:
        what, be = (
            (f"{len(workloads)} of your workloads", "are") if len(workloads) > 1 else ("A workload of yours", "is")
        )
    return f"{what} {'will be' if to_come else be} suspended under AUP {', '.join(suspension.spec.clauses)}"


def _of_extension(suspension: Suspension, extension: Extension, statement: str) -> str:
    return (
        f"The date from which {covered(suspension)} of tenant {suspension.spec.tenant} will be suspended was moved to "
        f"{day(extension.effective_at)}. Earlier dates do not count any more.\n\nWhy it was moved: "
        f"{extension.reason}\n\n"
        f"The statement of reasons, as it was first issued:\n\n{statement}"
    )


def _of_appeal(suspension: Suspension, decision: AppealDecision, policy: PolicyInForce) -> str:
    return (
        f"{policy.provider} has looked again at suspension {suspension.metadata.name} of tenant "
        f"{suspension.spec.tenant}, and decided at {day(decision.decided_at)}: {_OUTCOMES[decision.outcome]}. It was "
        "decided by somebody who had not ordered the suspension.\n\nWhy: "
        f"{decision.reason}\n\n{redress(suspension, policy)}"
    )


def _of_removal(suspension: Suspension, removal: Removal, policy: PolicyInForce) -> str:
    return (
        f"{policy.provider} removes these objects of tenant {suspension.spec.tenant} while suspension "
        f"{suspension.metadata.name} lasts (clause 7.3 of the Acceptable Use Policy, version {policy.version}, "
        f"{policy.url}):\n{named(removal.objects, _OBJECTS)}\n\nWhy: {removal.reason}\n\nEach object is archived whole "
        f"first. When the suspension is lifted, it is created again.\n\n{redress(suspension, policy)}"
    )


def _of_termination(suspension: Suspension, termination: Termination, policy: PolicyInForce) -> str:
    until = day(termination.retain_until)
    return (
        f"{policy.provider} ends the service of tenant {suspension.spec.tenant} (clause 7.3 of the Acceptable Use "
        f"Policy, version {policy.version}, {policy.url}; broken: {', '.join(suspension.spec.clauses)}).\n\n"
        f"Why: {termination.reason}\n\nEverything is kept until {until}. From then on all your namespaces are "
        "deleted with all that is in them, and nothing can be put back. If you want your data, write to "
        f"{policy.contact} before.\n\n"
        f"{redress(suspension, policy)}"
    )


def _of_lift(suspension: Suspension, now: datetime, note: str) -> _Told:
    spec = suspension.spec
    decision = spec.appeal.decision if spec.appeal else None
    appealed = f"Your appeal is decided: {decision.reason}" if decision and decision.outcome == "Reversed" else ""
    why = f"Why: {spec.lift.reason}" if spec.lift else ""
    lifted = f"Suspension {suspension.metadata.name} of tenant {spec.tenant} is lifted at {day(now)}. {note}".strip()
    return _Told(
        name=f"{record.name_of(suspension)}-lift",
        reason="Lifted",
        subject="The suspension is lifted",
        statement="\n\n".join(filter(None, [lifted, why, appealed])),
        how_to_answer="No answer is needed. If something is not as it was, write to your provider, naming suspension "
        f"{suspension.metadata.name}.",
        how_to_appeal="There is nothing left to appeal against.",
    )


def _put(
    kube: Kube,
    suspension: Suspension,
    namespace: TenantNamespace,
    told: _Told,
    there: Notice | None,
    phase: _Phase,
    now: datetime,
) -> None:
    """Create a Notice that is not there, with an Event, and bring it to its phase."""
    if there is None:
        manifest = _manifest(suspension, namespace.name, told, now)
        created = _create(kube, f"/apis/{API_VERSION}/namespaces/{namespace.name}/notices", manifest)
        if created is None:
            return
        event(kube, created, told.reason, told.subject, now)
        there = decoded(created, Notice)
    _bring(kube, there, phase)


def _bring(kube: Kube, item: Notice, phase: _Phase) -> None:
    write(kube, notice.KIND, item, NoticeStatus(observed_generation=item.metadata.generation, phase=phase))


def _there(kube: Kube, suspension: Suspension, namespace: TenantNamespace) -> dict[str, Notice]:
    """The notices of a suspension that a namespace has; one that had the suspension's name before has others."""
    begins = record.name_of(suspension)
    items = (decoded(one, Notice) for one in kube.list(f"/apis/{API_VERSION}/namespaces/{namespace.name}/notices"))
    return {one.metadata.name: one for one in items if one.metadata.name.startswith(begins)}


def _manifest(suspension: Suspension, namespace: str, told: _Told, now: datetime) -> Json:
    """A Notice; a deadline that has passed already is left out, and what is too long is shortened."""
    deadline = told.deadline if told.deadline is not None and told.deadline > now else None
    return {
        "apiVersion": API_VERSION,
        "kind": "Notice",
        "metadata": {"name": told.name, "namespace": namespace},
        "spec": {
            "tenant": suspension.spec.tenant,
            "subject": shortened(told.subject, 512),
            **({"deadline": instant(deadline)} if deadline else {}),
            "clauses": list(suspension.spec.clauses),
            "statement": shortened(told.statement, STATEMENT_CHARACTERS),
            "issuedAt": instant(now),
            "howToAnswer": shortened(told.how_to_answer, 5000),
            "howToAppeal": shortened(told.how_to_appeal, 5000),
            "suspension": suspension.metadata.name,
        },
    }


def _create(kube: Kube, collection: str, manifest: Json) -> Json | None:
    """Create an object; None for one that is there already, and for a namespace that is ending."""
    try:
        return kube.create(collection, manifest)
    except KubeError as error:
        if not (error.conflict or error.not_found or error.ending):
            raise
        return None

"""The suspensions of one tenant: which are in force, and the next step of each from its order to its end."""

import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import msgspec

from aup.api import suspension
from aup.api.meta import GROUP, SELECTION_LABEL
from aup.api.suspension import Drift, Phase, Suspension, SuspensionStatus, Unenforced
from aup.facts import suspension_standing
from aup.review import mapping
from aup_operator import backends, exposure, hold, metrics, namespaces, notices, release, selection, termination
from aup_operator.appeals import appeal_status
from aup_operator.brake import Brake
from aup_operator.discovery import Discovery
from aup_operator.hold import FAILURES, OvertakenError, Scope
from aup_operator.kube import MERGE_PATCH, Kube, KubeError
from aup_operator.namespaces import TenantNamespace
from aup_operator.notices import PolicyInForce
from aup_operator.statement import day
from aup_operator.status import condition, write

log = logging.getLogger(__name__)

FINALIZER = f"{GROUP}/lift-first"
"""Keeps a deleted Suspension until everything is put back."""

_PATIENCE = timedelta(seconds=10)
"""How long controllers get to take their Pods down before we delete what is left."""

_TOLD = 50
"""Objects that a status names at most."""


class Pace(IntEnum):
    """How soon the next look is wanted: nothing is suspended, something is held, or something is on its way."""

    IDLE = 0
    HOLDING = 1
    BUSY = 2


class Suspending:
    """Brings one tenant at a time to where its Suspensions want it.

    Args:
        kube: The API server.
        pool: Threads for calls side by side.
        discovery: What the API server serves.
        apart: The names of the namespaces that are never suspended.
    """

    def __init__(self, kube: Kube, pool: Executor, discovery: Discovery, apart: frozenset[str]) -> None:
        self._kube = kube
        self._pool = pool
        self._discovery = discovery
        self._apart = apart

    def step(
        self,
        name: str,
        ordered: Sequence[Suspension],
        spaces: Sequence[TenantNamespace],
        policy: PolicyInForce,
        brake: Brake,
        now: datetime,
        *,
        exists: bool,
    ) -> Pace:
        """Take all suspensions of a tenant as far as they go in one pass.

        Args:
            name: The tenant.
            ordered: All its Suspensions.
            spaces: Its namespaces.
            policy: What of the policy in force the tenant is told.
            brake: On too many tenants in an hour.
            now: The instant of the pass.
            exists: Whether there is such a tenant, or a namespace of one.
        """
        ordered = [self._appealed(one, policy, now) for one in ordered if one.status.phase != "Terminated"]
        standings = {one.metadata.name: suspension_standing(one, now) for one in ordered}
        for one in ordered:
            if one.status.phase != "Waiting" and standings[one.metadata.name] == "Good":
                self._idle(one, spaces, policy, now)
        lifting = [one for one in ordered if standings[one.metadata.name] == "Lifting"]
        in_force = [
            one for one in ordered if one.status.phase == "Waiting" or standings[one.metadata.name] == "Suspended"
        ]
        if not exists:
            self._unknown([one for one in in_force if not one.status.records], now)
            in_force = [one for one in in_force if one.status.records]
        in_force = self._passed(in_force, spaces, policy, brake, now)
        if not in_force and not lifting:
            if any(one.status.phase == "Lifted" for one in ordered):
                namespaces.freeze(self._kube, spaces, None)  # another operator may have set it late
            return Pace.IDLE
        in_force = [self._begun(one, spaces, policy, now) for one in in_force]
        self._freeze(in_force, lifting, spaces)
        if self._damaged(name, in_force, "Enforcing", now) or self._damaged(name, lifting, "Lifting", now):
            return Pace.BUSY  # nothing is recorded anew: what stands there now are not the originals
        try:
            pace = self._hold(in_force, spaces, now) if in_force else Pace.IDLE
        except OvertakenError:
            return Pace.BUSY
        return max(pace, self._release(name, in_force, lifting, spaces, now)) if lifting else pace

    def failed(self, ordered: Sequence[Suspension], error: Exception, now: datetime) -> None:
        """Say in each suspension that a pass broke off, as far as the API server lets us."""
        for one in ordered:
            if one.status.phase not in {"Lifted", "Pending", "Waiting", "Terminated"}:
                try:
                    self._status(one, one.status.phase or "Freezing", "PassFailed", str(error)[:1000], now)
                except FAILURES:
                    return

    def _appealed(self, one: Suspension, policy: PolicyInForce, now: datetime) -> Suspension:
        """A suspension with the clock of its appeal set right."""
        appeal = appeal_status(one, policy.appeal_days, now)
        if appeal == one.status.appeal:
            return one
        status = msgspec.structs.replace(one.status, appeal=appeal)
        write(self._kube, suspension.KIND, one, status)
        return msgspec.structs.replace(one, status=status)

    def _unknown(self, ordered: Sequence[Suspension], now: datetime) -> None:
        """Suspensions of nobody: saying that nothing runs would be true, and would hide a slip of the pen."""
        for one in ordered:
            text = f"There is no Tenant {one.spec.tenant} and no namespace of one; nothing is suspended."
            self._status(one, "Pending", "UnknownTenant", text, now)

    def _idle(self, one: Suspension, spaces: Sequence[TenantNamespace], policy: PolicyInForce, now: datetime) -> None:
        """A suspension that is still to come, or that is over."""
        if one.status.phase == "Lifted":
            self._select(one, None)
            self._finalizer(one, present=False)
        elif one.spec.lift is not None or one.metadata.deletion_timestamp is not None:
            self._lifted_beforehand(one, spaces, now)
        else:
            self._finalizer(one, present=True)
            one = self._stated(one, policy, now)
            notices.issue(self._kube, one, spaces, policy, now)
            begins = f"It takes effect at {day(one.spec.begins)}." if one.spec.begins else ""
            self._status(one, "Pending", "NotYetEffective", begins, now)

    def _lifted_beforehand(self, one: Suspension, spaces: Sequence[TenantNamespace], now: datetime) -> None:
        notices.close(self._kube, one, spaces, now, "It did not take effect.")
        self._status(one, "Lifted", "LiftedBeforehand", "It was lifted before it took effect.", now, lifted_at=now)
        self._finalizer(one, present=False)

    def _passed(
        self,
        ordered: Iterable[Suspension],
        spaces: Sequence[TenantNamespace],
        policy: PolicyInForce,
        brake: Brake,
        now: datetime,
    ) -> list[Suspension]:
        """Those that have begun, and those that the brake lets begin; the others wait for a second person."""
        passed = []
        for one in ordered:
            if one.status.phase not in {None, "Pending", "Waiting"}:
                passed.append(one)
            elif one.spec.lift is not None or one.metadata.deletion_timestamp is not None:
                self._lifted_beforehand(one, spaces, now)
            elif brake.holds(one):
                text = (
                    "Many tenants were suspended within the last hour. It waits for a second person: "
                    f"aup approve {one.metadata.name}"
                )
                self._status(one, "Waiting", "Braked", text, now)
            else:
                brake.passed(one.spec.tenant)
                passed.append(self._stated(one, policy, now))
        return passed

    def _stated(self, one: Suspension, policy: PolicyInForce, now: datetime) -> Suspension:
        """A suspension whose statement of reasons is stored as it is issued; that comes before all else."""
        if one.status.statement is not None:
            return one
        status = msgspec.structs.replace(one.status, statement=notices.render(one, policy, now))
        write(self._kube, suspension.KIND, one, status)
        return msgspec.structs.replace(one, status=status)

    def _begun(
        self, one: Suspension, spaces: Sequence[TenantNamespace], policy: PolicyInForce, now: datetime
    ) -> Suspension:
        """A suspension of which the tenant is told, and which says what else its backends serve."""
        self._finalizer(one, present=True)
        if one.status.frozen_at is None:
            served = backends.of_tenant(self._kube, spaces)
            text = "The API server is told to let nothing up."
            one = self._status(one, "Freezing", "Freezing", text, now, frozen_at=now, backends=served)
        notices.issue(self._kube, one, spaces, policy, now)
        return one

    def _freeze(
        self, in_force: Sequence[Suspension], lifting: Sequence[Suspension], spaces: Sequence[TenantNamespace]
    ) -> None:
        """Have the API server hold what the suspensions cover: namespaces by their label, workloads by name."""
        for value, ordered in (("true", in_force), ("lifting", lifting)):
            for one in ordered:
                if one.spec.workloads:
                    self._select(one, value)
        if any(not one.spec.workloads for one in in_force):
            namespaces.freeze(self._kube, spaces, "true")
        elif any(not one.spec.workloads for one in lifting):
            namespaces.freeze(self._kube, spaces, "lifting")

    def _hold(self, ordered: Sequence[Suspension], spaces: Sequence[TenantNamespace], now: datetime) -> Pace:
        in_force = list(ordered)
        since = min(_since(one, now) for one in in_force)
        enforced = all(one.status.enforced_at is not None for one in in_force)

        def progress(outcome: hold.Outcome) -> None:
            """Name the records in the status before anything is changed, so that a lift knows what must be there."""
            for position, one in enumerate(in_force):
                if one.status.phase != "Enforced" or outcome.records != one.status.records:
                    text = f"Recorded: {outcome.recorded}. They are being taken down."
                    fields = {"recorded": outcome.recorded, "records": outcome.records}
                    in_force[position] = self._status(one, "Enforcing", "Enforcing", text, now, **fields)

        outcome = hold.run(
            self._kube,
            self._pool,
            Scope(in_force, selection.of(in_force), spaces),
            self._discovery.served(now=not enforced),
            overdue=now - since > _PATIENCE,
            enforced=enforced,
            now=now,
            in_force=lambda: all(self._unchanged(one) for one in in_force),
            progress=progress,
        )
        settled = not outcome.unenforced and outcome.running == 0
        ended = self._terminate(in_force, spaces, now) if settled else None
        for one in in_force:
            self._held(one, outcome, now, settled=settled, ended=ended)
        if outcome.drifted:
            metrics.DRIFT_REVERTS.inc(len(outcome.drifted))
            log.warning(
                "held objects came up again",
                extra={"tenant": in_force[0].spec.tenant, "objects": outcome.drifted[:_TOLD]},
            )
        return Pace.HOLDING if settled and ended is None else Pace.BUSY

    def _unchanged(self, one: Suspension) -> bool:
        """Whether a suspension is still ordered as it was when we read it."""
        metadata = mapping((self._kube.get(f"{suspension.KIND.path}/{one.metadata.name}") or {}).get("metadata"))
        return (metadata.get("uid"), metadata.get("generation")) == (one.metadata.uid, one.metadata.generation) and (
            "deletionTimestamp" in metadata
        ) is (one.metadata.deletion_timestamp is not None)

    def _held(
        self,
        one: Suspension,
        outcome: hold.Outcome,
        now: datetime,
        *,
        settled: bool,
        ended: list[Unenforced] | None,
    ) -> None:
        """Tell in a suspension's status what a pass of holding came to."""
        status = one.status
        if ended == [] and one.spec.termination is not None:
            text = "The service has ended; the tenant's namespaces are deleted."
            self._status(one, "Terminated", "Terminated", text, now, running=0)
            self._finalizer(one, present=False)
            return
        unenforced = outcome.unenforced + (ended or [])
        if settled:
            what = "Nothing of the tenant runs" if not one.spec.workloads else "Nothing of the selected workloads runs"
            text = f"{what}. Recorded: {outcome.recorded}."
        else:
            text = f"Pods still running: {outcome.running}. Could not be changed: {len(outcome.unenforced)}."
        phase: Phase = "Enforced" if settled else "Enforcing"
        parents = {each.object: each for each in (*status.unmanaged, *outcome.unmanaged)}
        self._status(
            one,
            phase,
            phase,
            text,
            now,
            recorded=outcome.recorded,
            records=outcome.records,
            held=outcome.held,
            running=outcome.running,
            removed=outcome.removed or None,
            unenforced=unenforced[:_TOLD],
            unmanaged=list(parents.values())[-_TOLD:],
            drifted=(status.drifted or 0) + len(outcome.drifted) or None,
            drift=_drift(status.drift, outcome.drifted, now),
            enforced_at=(status.enforced_at or now) if settled else status.enforced_at,
        )
        if settled and status.enforced_at is None and status.frozen_at is not None:
            metrics.TIME_TO_ZERO.observe((datetime.now(UTC) - status.frozen_at).total_seconds())

    def _terminate(
        self, in_force: Sequence[Suspension], spaces: Sequence[TenantNamespace], now: datetime
    ) -> list[Unenforced] | None:
        """End the service where that is due: what is still there; None where it is not due."""
        if not termination.due(in_force, now):
            return None
        failed = termination.carry_out(self._kube, spaces)
        there = [Unenforced(object=f"Namespace {one.name}", reason="It is being deleted.") for one in spaces]
        return failed or there

    def _release(
        self,
        name: str,
        in_force: Sequence[Suspension],
        lifting: Sequence[Suspension],
        spaces: Sequence[TenantNamespace],
        now: datetime,
    ) -> Pace:
        still = selection.of(in_force, exposure.names(in_force))
        records = hold.records_of(self._kube, name, _records(lifting))
        for one in lifting:
            if one.status.phase != "Lifting":
                self._status(one, "Lifting", "Restoring", "Originals are being put back.", now)
        outcome = release.run(self._kube, self._pool, records, still, self._discovery.served().resources)
        if outcome.unenforced:
            for one in lifting:
                what = f"Back: {outcome.restored}. Could not be put back yet: {len(outcome.unenforced)}."
                fields = {"restored": outcome.restored, "unenforced": outcome.unenforced[:_TOLD]}
                self._status(one, "Lifting", "Restoring", what, now, **fields)
            return Pace.BUSY
        if not any(not one.spec.workloads for one in in_force):
            there = namespaces.of_tenants(self._kube, self._apart)
            namespaces.freeze(self._kube, [one for one in there if one.tenant == name], None)
        gone = f" Deleted or replaced meanwhile: {outcome.gone}." if outcome.gone else ""
        message = f"Everything is as it was.{gone}"
        if still.everything:
            message = "Another suspension is still in force, so nothing is put back yet."
        elif in_force:
            message = f"Everything that no other suspension covers is as it was.{gone}"
        for one in lifting:
            self._lifted(one, spaces, message, now, outcome.restored)
        return Pace.IDLE

    def _damaged(self, name: str, suspensions: Sequence[Suspension], phase: Phase, now: datetime) -> bool:
        """Whether a record that a status names is missing or altered; then that is said and nothing else is done."""
        damage = release.damage(self._kube, _records(suspensions))
        if damage:
            log.error("a record is damaged", extra={"tenant": name, "problem": damage})
            for one in suspensions:
                self._status(one, phase, metrics.RECORD_DAMAGED, damage, now)
        return bool(damage)

    def _lifted(
        self, one: Suspension, spaces: Sequence[TenantNamespace], message: str, now: datetime, restored: int
    ) -> None:
        self._select(one, None)
        notices.close(self._kube, one, spaces, now, message)
        fields: dict[str, object] = {"restored": restored, "held": 0, "running": None, "unenforced": []}
        self._status(one, "Lifted", "Lifted", message, now, lifted_at=now, **fields)
        self._finalizer(one, present=False)

    def _select(self, one: Suspension, value: str | None) -> None:
        """Set or remove (None) the label by which the API server finds a selection's suspension."""
        if one.metadata.labels.get(SELECTION_LABEL) != value:
            body = {"metadata": {"uid": one.metadata.uid, "labels": {SELECTION_LABEL: value}}}
            self._patch(one, body)

    def _finalizer(self, one: Suspension, *, present: bool) -> None:
        ours = FINALIZER in one.metadata.finalizers
        if ours == present or (present and one.metadata.deletion_timestamp is not None):
            return
        others = [finalizer for finalizer in one.metadata.finalizers if finalizer != FINALIZER]
        self._patch(
            one, {"metadata": {"uid": one.metadata.uid, "finalizers": [*others, FINALIZER] if present else others}}
        )

    def _patch(self, one: Suspension, body: object) -> None:
        try:
            self._kube.patch(f"{suspension.KIND.path}/{one.metadata.name}", body, MERGE_PATCH)
        except KubeError as error:
            if not error.not_found:
                raise

    def _status(
        self, one: Suspension, phase: Phase, reason: str, message: str, now: datetime, **fields: object
    ) -> Suspension:
        """Write a suspension's status; the suspension with it."""
        enforced = condition(one, "Enforced", true=phase == "Enforced", reason=reason, message=message[:32768], now=now)
        status: SuspensionStatus = msgspec.structs.replace(
            one.status, phase=phase, observed_generation=one.metadata.generation, conditions=[enforced], **fields
        )
        if phase != one.status.phase:
            log.info(
                "suspension",
                extra={"suspension": one.metadata.name, "tenant": one.spec.tenant, "phase": phase, "reason": message},
            )
        write(self._kube, suspension.KIND, one, status)
        return msgspec.structs.replace(one, status=status)


def steady(suspensions: Iterable[Suspension]) -> bool:
    """Whether a tenant's suspensions are all settled, so that a look at them can wait for its turn."""
    return all(
        FINALIZER not in one.metadata.finalizers
        if one.status.phase in {"Lifted", "Terminated"}
        else one.status.phase == "Enforced"
        and one.status.observed_generation == one.metadata.generation
        and one.spec.lift is None
        and one.metadata.deletion_timestamp is None
        for one in suspensions
    )


def _drift(before: Sequence[Drift], objects: Iterable[str], now: datetime) -> list[Drift]:
    """What came up again, each object once, the latest last."""
    known = {one.object: one for one in before}
    for each in objects:
        old = known.pop(each, None)
        known[each] = Drift(object=each, count=1 + (old.count if old else 0), last_at=now)
    return list(known.values())[-_TOLD:]


def _records(suspensions: Iterable[Suspension]) -> list[str]:
    """The records that the suspensions name."""
    return sorted({record for one in suspensions for record in one.status.records})


def _since(one: Suspension, now: datetime) -> datetime:
    """Since when a suspension is being enforced; now while it is not yet."""
    begun = one.status.phase in {"Enforcing", "Enforced"}
    return next((each.last_transition_time for each in one.status.conditions if begun), now)

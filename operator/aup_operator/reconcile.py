"""One look at everything: what is ordered, what is true, and the next step from here to there.

Level-triggered: a pass reads the API server, trusts nothing remembered, and may be killed at any point.
"""

import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from aup.api import acceptable_use_policy, permit, suspension, tenant
from aup.api.acceptable_use_policy import AcceptableUsePolicy
from aup.api.meta import GROUP, Kind, Status
from aup.api.permit import Permit
from aup.api.suspension import Phase, Suspension, SuspensionStatus
from aup.api.tenant import Tenant
from aup.errors import InputError
from aup.facts import gathered, suspension_standing
from aup.model import Verdict
from aup_operator import hold, metrics, namespaces, notices, release, totals
from aup_operator.audit import Audit
from aup_operator.hold import FAILURES
from aup_operator.kube import MERGE_PATCH, Kube, KubeError
from aup_operator.listing import readable
from aup_operator.namespaces import TenantNamespace
from aup_operator.standing import permit_status, policy_status, tenant_status, unusable_status
from aup_operator.status import condition, write

log = logging.getLogger(__name__)

FINALIZER = f"{GROUP}/lift-first"
"""Keeps a deleted Suspension until everything is put back."""

_PATIENCE = timedelta(seconds=10)
"""How long controllers get to take their Pods down before we delete what is left."""

_TOLD = 50
"""Objects that a status names at most."""


class Reconciler:
    """Brings tenants to where their Suspensions want them.

    Args:
        kube: The API server.
        own_namespace: Ours, which is never suspended.
        connections: Calls to the API server at once.
        audit: Whose results are told in the tenants' status.
    """

    def __init__(self, kube: Kube, own_namespace: str, connections: int, audit: Audit) -> None:
        self._kube = kube
        self._own = own_namespace
        self._audit = audit
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="calls")

    def sync(self, now: datetime) -> bool:
        """One pass over all tenants.

        Returns:
            Whether some suspension or lift is still on its way, so that the next pass should come soon.
        """
        now = now.astimezone(UTC).replace(microsecond=0)
        policies = self._policies(now)
        tenants = readable(self._kube, tenant.KIND, Tenant)
        ordered = readable(self._kube, suspension.KIND, Suspension)
        spaces = namespaces.of_tenants(self._kube, self._own)
        told = _policy(policies, now)
        busy = False
        for name in sorted({one.spec.tenant for one in ordered}):
            of_tenant = [one for one in ordered if one.spec.tenant == name]
            owned = [one for one in spaces if one.tenant == name]
            try:
                exists = bool(owned) or any(one.metadata.name == name for one in tenants)
                busy |= self._tenant(name, of_tenant, owned, told, now, exists=exists)
            except Exception as error:  # whatever stops one tenant's pass must not stop the others'
                busy = True
                metrics.FAILURES.inc()
                log.exception("a tenant could not be reconciled", extra={"tenant": name, "problem": str(error)})
                self._failed(of_tenant, error, now)
        self._standings(policies, tenants, spaces, now)
        return busy

    def _policies(self, now: datetime) -> list[AcceptableUsePolicy]:
        """The policies that we understand; one that names what a later version knows is left out and says so."""
        usable = []
        for one in readable(self._kube, acceptable_use_policy.KIND, AcceptableUsePolicy):
            try:
                gathered(policies=[one])
                usable.append(one)
            except InputError as error:
                log.error("a policy cannot be used", extra={"policy": one.metadata.name, "problem": str(error)})  # noqa: TRY400
                self._stands(acceptable_use_policy.KIND, one, unusable_status(one, str(error), now))
        return usable

    def _standings(
        self,
        policies: Sequence[AcceptableUsePolicy],
        tenants: Sequence[Tenant],
        spaces: Sequence[TenantNamespace],
        now: datetime,
    ) -> None:
        ordered = readable(self._kube, suspension.KIND, Suspension)
        for policy in policies:
            self._stands(acceptable_use_policy.KIND, policy, policy_status(policy, policies, now))
        for one in readable(self._kube, permit.KIND, Permit):
            self._stands(permit.KIND, one, permit_status(one, {each.metadata.name for each in tenants}, now))
        limits = totals.totals_of(tenants, gathered(policies=policies).policy_at(now))
        usage = totals.usage(totals.kept(self._kube)) if limits else {}
        suspended = 0
        for each in tenants:
            name = each.metadata.name
            own = [one for one in ordered if one.spec.tenant == name]
            count = sum(one.tenant == name for one in spaces)
            status = tenant_status(
                each, own, count, now, limits.get(name), usage.get(name, {}), self._audit.results.get(name)
            )
            suspended += status.standing != "Good"
            self._stands(tenant.KIND, each, status)
        metrics.SUSPENDED.set(suspended)

    def _stands(self, kind: Kind, item: Any, status: Status) -> None:
        """Write where an item stands; one that was deleted meanwhile or is refused does not stop the others."""
        try:
            write(self._kube, kind, item, status)
        except KubeError as error:
            log.warning("a status was not written", extra={"object": item.metadata.name, "problem": str(error)})

    def _failed(self, ordered: Sequence[Suspension], error: Exception, now: datetime) -> None:
        """Say in each suspension that a pass broke off, as far as the API server lets us."""
        for one in ordered:
            if one.status.phase not in {"Lifted", "Pending"}:
                try:
                    self._status(one, one.status.phase or "Freezing", "PassFailed", str(error)[:1000], now)
                except FAILURES:
                    return

    def _tenant(
        self,
        name: str,
        ordered: Sequence[Suspension],
        spaces: Sequence[TenantNamespace],
        told: Verdict,
        now: datetime,
        *,
        exists: bool,
    ) -> bool:
        standings = {one.metadata.name: suspension_standing(one, now) for one in ordered}
        in_force = [one for one in ordered if standings[one.metadata.name] == "Suspended"]
        lifting = [one for one in ordered if standings[one.metadata.name] == "Lifting"]
        for one in ordered:
            if standings[one.metadata.name] == "Good":
                self._idle(one, spaces, told, now)
        if not exists:
            self._unknown([one for one in in_force if not one.status.records], now)
            in_force = [one for one in in_force if one.status.records]
        if in_force:
            for one in lifting:
                self._lifted(one, spaces, "Another suspension is still in force, so nothing is put back yet.", now)
            return self._hold(name, in_force, spaces, told, now)
        if lifting:
            return self._release(name, lifting, spaces, now)
        return False

    def _unknown(self, ordered: Sequence[Suspension], now: datetime) -> None:
        """Suspensions of nobody: saying that nothing runs would be true, and would hide a slip of the pen."""
        for one in ordered:
            text = f"There is no Tenant {one.spec.tenant} and no namespace of one; nothing is suspended."
            self._status(one, "Pending", "UnknownTenant", text, now)

    def _idle(self, one: Suspension, spaces: Sequence[TenantNamespace], told: Verdict, now: datetime) -> None:
        """A suspension that is still to come, or that is over."""
        if one.status.phase == "Lifted":
            self._finalizer(one, present=False)
        elif one.spec.lift is not None or one.metadata.deletion_timestamp is not None:
            notices.settle(self._kube, one, spaces, "Closed", now, "It did not take effect.")
            self._status(one, "Lifted", "LiftedBeforehand", "It was lifted before it took effect.", now, lifted_at=now)
        else:
            self._finalizer(one, present=True)
            notices.issue(self._kube, one, spaces, told, now)
            begins = f"It takes effect at {one.spec.effective_at:%Y-%m-%d %H:%M} UTC."
            self._status(one, "Pending", "NotYetEffective", begins, now)

    def _hold(
        self, name: str, ordered: Sequence[Suspension], spaces: Sequence[TenantNamespace], told: Verdict, now: datetime
    ) -> bool:
        in_force = list(ordered)
        for one in in_force:
            self._finalizer(one, present=True)
            if one.status.phase in {None, "Pending"}:
                self._status(one, "Freezing", "Freezing", "The API server is told to let nothing up.", now)
            notices.issue(self._kube, one, spaces, told, now)
            notices.settle(self._kube, one, spaces, "Open", now)
        namespaces.freeze(self._kube, spaces, "true")
        if self._damaged(name, in_force, "Enforcing", now):
            return True  # nothing is recorded anew: what stands there now are not the originals
        since = min(_since(one, now) for one in in_force)

        def progress(outcome: hold.Outcome) -> None:
            """Name the records in the status before anything is changed, so that a lift knows what must be there."""
            for position, one in enumerate(in_force):
                if one.status.phase != "Enforced" or outcome.records != one.status.records:
                    in_force[position] = self._status(
                        one,
                        "Enforcing",
                        "Enforcing",
                        f"Recorded: {outcome.recorded}. They are being taken down.",
                        now,
                        recorded=outcome.recorded,
                        records=outcome.records,
                    )

        outcome = hold.run(
            self._kube,
            self._pool,
            in_force[0],
            spaces,
            overdue=now - since > _PATIENCE,
            progress=progress,
        )
        settled = not outcome.unenforced and outcome.running == 0
        for one in in_force:
            self._status(
                one,
                "Enforced" if settled else "Enforcing",
                "Enforced" if settled else "Enforcing",
                f"Nothing of the tenant runs. Recorded: {outcome.recorded}."
                if settled
                else f"Pods still running: {outcome.running}. Could not be changed: {len(outcome.unenforced)}.",
                now,
                recorded=outcome.recorded,
                records=outcome.records,
                held=outcome.held,
                running=outcome.running,
                unenforced=outcome.unenforced[:_TOLD],
                enforced_at=(one.status.enforced_at or now) if settled else one.status.enforced_at,
            )
        return not settled

    def _release(
        self, name: str, lifting: Sequence[Suspension], spaces: Sequence[TenantNamespace], now: datetime
    ) -> bool:
        if self._damaged(name, lifting, "Lifting", now):
            return True
        records = hold.records_of(self._kube, name, _records(lifting))
        for one in lifting:
            if one.status.phase != "Lifting":
                self._status(one, "Lifting", "Restoring", "Originals are being put back.", now)
        if records:
            namespaces.freeze(self._kube, spaces, "lifting")
        outcome = release.run(self._kube, self._pool, records)
        if not outcome.done:
            for one in lifting:
                what = f"Back: {outcome.restored}. Could not be put back yet: {len(outcome.unenforced)}."
                self._status(
                    one,
                    "Lifting",
                    "Restoring",
                    what,
                    now,
                    restored=outcome.restored,
                    unenforced=outcome.unenforced[:_TOLD],
                )
            return True
        namespaces.freeze(self._kube, spaces_now(self._kube, self._own, name), None)
        for one in lifting:
            gone = f" Deleted or replaced meanwhile: {outcome.gone}." if outcome.gone else ""
            self._lifted(one, spaces, f"Everything is as it was.{gone}", now, outcome.restored)
        return False

    def _damaged(self, name: str, suspensions: Sequence[Suspension], phase: Phase, now: datetime) -> bool:
        """Whether a record that a status names is missing or altered; then that is said and nothing else is done."""
        damage = release.damage(self._kube, _records(suspensions))
        metrics.DAMAGED.labels(name).set(bool(damage))
        if damage:
            log.error("a record is damaged", extra={"tenant": name, "problem": damage})
            for one in suspensions:
                self._status(one, phase, "RecordDamaged", damage, now)
        return bool(damage)

    def _lifted(
        self, one: Suspension, spaces: Sequence[TenantNamespace], message: str, now: datetime, restored: int = 0
    ) -> None:
        notices.settle(self._kube, one, spaces, "Closed", now, message)
        self._status(
            one,
            "Lifted",
            "Lifted",
            message,
            now,
            restored=restored,
            held=0,
            running=None,
            unenforced=[],
            lifted_at=now,
        )
        self._finalizer(one, present=False)

    def _finalizer(self, one: Suspension, *, present: bool) -> None:
        ours = FINALIZER in one.metadata.finalizers
        if ours == present or (present and one.metadata.deletion_timestamp is not None):
            return
        others = [finalizer for finalizer in one.metadata.finalizers if finalizer != FINALIZER]
        body = {"metadata": {"uid": one.metadata.uid, "finalizers": [*others, FINALIZER] if present else others}}
        self._kube.patch(f"{suspension.KIND.path}/{one.metadata.name}", body, MERGE_PATCH)

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


def spaces_now(kube: Kube, own: str, name: str) -> list[TenantNamespace]:
    """A tenant's namespaces with their labels as they are now."""
    return [one for one in namespaces.of_tenants(kube, own) if one.tenant == name]


def _records(suspensions: Iterable[Suspension]) -> list[str]:
    """The records that the suspensions name."""
    return sorted({record for one in suspensions for record in one.status.records})


def _since(one: Suspension, now: datetime) -> datetime:
    """Since when a suspension is being enforced; now while it is not yet."""
    begun = one.status.phase in {"Enforcing", "Enforced"}
    return next((each.last_transition_time for each in one.status.conditions if begun), now)


def _policy(policies: Iterable[AcceptableUsePolicy], now: datetime) -> Verdict:
    """The provider's name, contact and version in force, for what the tenant is told."""
    in_force = gathered(policies=policies).policy_at(now)
    return Verdict(policy=in_force.version, provider=in_force.provider, contact=in_force.contact)

"""One look at everything: what is ordered, what is true, and the next step from here to there.

Level-triggered: a pass reads the API server, trusts nothing remembered, and may be killed at any point.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from aup.api import acceptable_use_policy, permit, suspension, tenant
from aup.api.acceptable_use_policy import AcceptableUsePolicy
from aup.api.meta import Kind, Status
from aup.api.permit import Permit
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant
from aup.cluster import tenant_of_cluster
from aup.errors import InputError
from aup.facts import gathered
from aup_operator import metrics, namespaces, notices, totals
from aup_operator.audit import Audit
from aup_operator.brake import Brake
from aup_operator.discovery import Discovery
from aup_operator.kube import Kube, KubeError
from aup_operator.listing import readable
from aup_operator.namespaces import TenantNamespace
from aup_operator.settings import Settings
from aup_operator.standing import permit_status, policy_status, tenant_status, unusable_status, whole_cluster
from aup_operator.status import write
from aup_operator.suspending import Pace, Suspending, steady

log = logging.getLogger(__name__)

_STEADY_SECONDS = 1.0
"""How long a pass looks at tenants that are held and settled, so that those with something to do never wait long."""


class Reconciler:
    """Brings tenants to where their Suspensions want them.

    Args:
        kube: The API server.
        settings: How the operator runs.
        audit: Whose results are told in the tenants' status.
    """

    def __init__(self, kube: Kube, settings: Settings, audit: Audit) -> None:
        self._kube = kube
        self._settings = settings
        self._audit = audit
        pool = ThreadPoolExecutor(settings.connections, thread_name_prefix="calls")
        self._suspending = Suspending(kube, pool, Discovery(kube), settings.apart)
        self._looked_at: dict[str, float] = {}

    def sync(self, now: datetime) -> Pace:
        """One pass over all tenants; how soon the next is wanted."""
        now = now.astimezone(UTC).replace(microsecond=0)
        policies = self._policies(now)
        tenants = readable(self._kube, tenant.KIND, Tenant)
        ordered = readable(self._kube, suspension.KIND, Suspension)
        whole = tenant_of_cluster(tenants)
        if whole and whole == self._settings.cluster_tenant:
            namespaces.join(self._kube, self._settings.apart, whole)
        spaces = namespaces.of_tenants(self._kube, self._settings.apart)
        told = notices.in_force(policies, now)
        brake = Brake(self._settings.brake_tenants, ordered, now)
        pace = Pace.IDLE
        began = time.monotonic()
        for name, of_tenant in self._in_turn(ordered):
            if steady(of_tenant) and time.monotonic() - began > _STEADY_SECONDS:
                pace = max(pace, Pace.HOLDING)  # its turn comes in a later pass
                continue
            self._looked_at[name] = time.monotonic()
            owned = [one for one in spaces if one.tenant == name]
            try:
                exists = bool(owned) or any(one.metadata.name == name for one in tenants)
                pace = max(pace, self._suspending.step(name, of_tenant, owned, told, brake, now, exists=exists))
            except Exception as error:  # whatever stops one tenant's pass must not stop the others'
                pace = Pace.BUSY
                metrics.FAILURES.inc()
                log.exception("a tenant could not be reconciled", extra={"tenant": name, "problem": str(error)})
                self._suspending.failed(of_tenant, error, now)
        self._standings(policies, tenants, spaces, now)
        return pace

    def _in_turn(self, ordered: Sequence[Suspension]) -> list[tuple[str, list[Suspension]]]:
        """Each tenant with its suspensions: those with something to do first, then whose last look is longest ago."""
        by_tenant: dict[str, list[Suspension]] = {}
        for one in ordered:
            by_tenant.setdefault(one.spec.tenant, []).append(one)
        return sorted(by_tenant.items(), key=lambda item: (steady(item[1]), self._looked_at.get(item[0], 0.0), item[0]))

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
                each,
                own,
                count,
                now,
                limits.get(name),
                usage.get(name, {}),
                self._audit.results.get(name),
                whole=whole_cluster(each, tenants, self._settings.cluster_tenant, now),
            )
            suspended += status.standing != "Good"
            self._stands(tenant.KIND, each, status)
        metrics.SUSPENDED.set(suspended)
        metrics.suspensions(ordered)

    def _stands(self, kind: Kind, item: Any, status: Status) -> None:
        """Write where an item stands; one that was deleted meanwhile or is refused does not stop the others."""
        try:
            write(self._kube, kind, item, status)
        except KubeError as error:
            log.warning("a status was not written", extra={"object": item.metadata.name, "problem": str(error)})

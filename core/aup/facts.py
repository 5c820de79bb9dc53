"""What the provider knows, as one immutable value: policies, tenants, namespaces, permits and suspensions."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import msgspec

from aup import tables
from aup.api import KINDS
from aup.api.acceptable_use_policy import AcceptableUsePolicy
from aup.api.indicator_list import IndicatorList
from aup.api.license_entitlement import LicenseEntitlement
from aup.api.meta import API_VERSION, ENTITLEMENT_ANNOTATION, LICENSE_ANNOTATION, TENANT_LABEL, Struct
from aup.api.permit import Permit
from aup.api.screening_list import ScreeningList
from aup.api.signature_list import SignatureList
from aup.api.suspension import Suspension, WorkloadReference
from aup.api.tenant import Tenant
from aup.cluster import SYSTEM, WholeCluster, tenant_of_cluster
from aup.decoding import looked_into
from aup.errors import InputError
from aup.indicators import NO_INDICATORS, Indicators, indexed
from aup.model import Limits, Namespace, Standing
from aup.policy import Policy, compiled, nanos
from aup.review import Json, Review, mapping, text
from aup.screening import NO_SCREENING, Screening, prepared
from aup.signatures.detectors import Detectors, with_lists
from aup.totals import Used, counted_namespaces, usage_by_tenant, used_of

T = TypeVar("T", bound=Struct)
Key = TypeVar("Key")
Item = TypeVar("Item")

_TYPES: dict[str, type[Any]] = {kind.kind: kind.model for kind in KINDS}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable snapshot.

    `policies` are sorted by their effective date, oldest first, permits and suspensions by name. Permits are found by
    tenant and rule id, suspensions by tenant; only tenants with a quota of their own stand in `quotas`, and those with
    totals in `usage`: what each uses of a resource, in nano-units, counted in the namespaces of `counted`.

    `namespaces` are as their labels say; `places` says whose they are. `cluster` is the name of the tenant that has the
    cluster alone, if one has, and `apart` are the names of namespaces that are no tenant's all the same.

    `complete` says that the snapshot is a whole cluster's, so that a namespace it does not know is an unknown one.
    """

    policies: tuple[Policy, ...]
    tenants: Mapping[str, Tenant] = {}
    namespaces: Mapping[str, Namespace] = {}
    permits: Mapping[tuple[str, str], tuple[Permit, ...]] = {}
    suspensions: Mapping[str, tuple[Suspension, ...]] = {}
    quotas: Mapping[str, Limits] = {}
    entitlements: Mapping[str, tuple[LicenseEntitlement, ...]] = {}
    indicators: Indicators = NO_INDICATORS
    screening: Screening = NO_SCREENING
    usage: Mapping[str, Mapping[str, int]] = {}
    counted: frozenset[str] = frozenset()
    detectors: Detectors | None = None
    cluster: str = ""
    apart: frozenset[str] = SYSTEM
    complete: bool = False

    @property
    def places(self) -> Mapping[str, Namespace]:
        """The namespaces of tenants, by name, each with the tenant whose it is."""
        return WholeCluster(self.namespaces, self.cluster, self.apart) if self.cluster else self.namespaces

    def policy_at(self, now: datetime) -> Policy:
        """The revision in force: of those effective at `now`, the latest; the oldest before any is."""
        for policy in reversed(self.policies):
            if policy.effective_at <= now:
                return policy
        return self.policies[0]

    def standing(self, tenant: str, review: Review, now: datetime) -> tuple[Standing, str]:
        """Where the object under review stands at `now`, and the Suspension behind it.

        One in force outweighs one being lifted; one of selected workloads says nothing of others.
        """
        lifting = ""
        for suspension in self.suspensions.get(tenant, ()):
            if suspension.spec.workloads and not any(_refers(one, review) for one in suspension.spec.workloads):
                continue
            match suspension_standing(suspension, now):
                case "Suspended":
                    return "Suspended", suspension.metadata.name
                case "Lifting":
                    lifting = suspension.metadata.name
        return ("Lifting", lifting) if lifting else ("Good", "")

    def permits_at(self, tenant: str, rule: str, now: datetime) -> tuple[Permit, ...]:
        """The tenant's permits for a rule that are valid at `now` (from inclusive, until exclusive)."""
        return tuple(
            permit
            for permit in self.permits.get((tenant, rule), ())
            if permit.spec.valid_from <= now < permit.spec.expires_at
        )


def _refers(workload: WorkloadReference, review: Review) -> bool:
    """Whether a reference is to the object under review, or to the one whose subresource (of another kind) that is."""
    if (workload.namespace, workload.name) != (review.namespace, review.name):
        return False
    if review.subresource:
        return f"{workload.kind.lower()}s" == review.resource
    return (workload.api_group, workload.kind) == (review.group, review.kind)


def suspension_standing(suspension: Suspension, now: datetime) -> Standing:
    """What one Suspension means for its tenant at `now`, whatever the operator has got round to."""
    if suspension.status.phase in {"Lifted", "Waiting"}:
        return "Good"
    begun = suspension.status.phase not in {None, "Pending"}  # a date moved later does not undo what has begun
    begins = suspension.spec.begins
    if not begun and begins is not None and now < begins:
        return "Good"
    lifted = suspension.spec.lift is not None or suspension.metadata.deletion_timestamp is not None
    return "Lifting" if lifted else "Suspended"


def gathered(
    policies: Iterable[AcceptableUsePolicy] = (),
    tenants: Iterable[Tenant] = (),
    namespaces: Iterable[Namespace] = (),
    permits: Iterable[Permit] = (),
    suspensions: Iterable[Suspension] = (),
    entitlements: Iterable[LicenseEntitlement] = (),
    indicators: Iterable[IndicatorList] = (),
    screening: Iterable[ScreeningList] = (),
    signatures: Iterable[SignatureList] = (),
    *,
    used: Iterable[Used] = (),
    apart: frozenset[str] = SYSTEM,
    complete: bool = False,
) -> Facts:
    """Put facts together; where there is no policy, the provider's default one stands in.

    Raises:
        InputError: A policy names an unknown rule, or a limit or quota is no quantity.
    """
    by_name = {tenant.metadata.name: tenant for tenant in tenants}
    counts = list(used)
    return Facts(
        policies=in_order(compiled(policy.spec) for policy in policies),
        tenants=by_name,
        namespaces={namespace.name: namespace for namespace in namespaces},
        permits=permits_by_rule(permits),
        suspensions=suspensions_by_tenant(suspensions),
        quotas={name: quota for name, tenant in by_name.items() if (quota := quota_of(tenant))},
        entitlements=entitlements_by_tenant(entitlements),
        indicators=indexed(indicators),
        screening=prepared(screening),
        usage=usage_by_tenant(counts),
        counted=counted_namespaces(counts),
        detectors=with_lists(signatures),
        cluster=tenant_of_cluster(by_name.values()),
        apart=apart,
        complete=complete,
    )


def in_order(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """The revisions by effective date; the provider's default one where there is none."""
    return tuple(sorted(policies, key=lambda policy: (policy.effective_at, policy.version))) or (_default(),)


def permits_by_rule(permits: Iterable[Permit]) -> dict[tuple[str, str], tuple[Permit, ...]]:
    """The permits of each tenant for each rule."""
    in_turn = sorted(permits, key=lambda permit: permit.metadata.name)
    return _grouped(((one.spec.tenant, rule), one) for one in in_turn for rule in dict.fromkeys(one.spec.rules))


def suspensions_by_tenant(suspensions: Iterable[Suspension]) -> dict[str, tuple[Suspension, ...]]:
    """The suspensions of each tenant."""
    in_turn = sorted(suspensions, key=lambda suspension: suspension.metadata.name)
    return _grouped((one.spec.tenant, one) for one in in_turn)


def entitlements_by_tenant(entitlements: Iterable[LicenseEntitlement]) -> dict[str, tuple[LicenseEntitlement, ...]]:
    """The entitlements of each tenant."""
    in_turn = sorted(entitlements, key=lambda entitlement: entitlement.metadata.name)
    return _grouped((one.spec.tenant, one) for one in in_turn)


def _grouped(pairs: Iterable[tuple[Key, Item]]) -> dict[Key, tuple[Item, ...]]:
    grouped: dict[Key, list[Item]] = {}
    for key, item in pairs:
        grouped.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in grouped.items()}


def quota_of(tenant: Tenant) -> Limits:
    """A tenant's own quota, which takes the place of the policy's limits; empty where it has none.

    Raises:
        InputError: An amount is no quantity.
    """
    return {
        scope: nanos(amounts, f"Tenant {tenant.metadata.name}: spec.quota.{scope}")
        for scope, amounts in tenant.spec.quota.by_scope().items()
        if amounts
    }


def from_manifests(manifests: Iterable[Json]) -> Facts:
    """Facts from Kubernetes objects: our kinds, Namespaces, and the ResourceQuotas that count a tenant's totals.

    Raises:
        InputError: An object is of another kind or does not fit its schema; the text names it.
    """
    found: dict[str, list[Any]] = {}
    for manifest in manifests:
        kind = text(manifest.get("kind"))
        if (manifest.get("apiVersion"), kind) == ("v1", "Namespace"):
            found.setdefault(kind, []).append(namespace_of(manifest))
        elif (manifest.get("apiVersion"), kind) == ("v1", "ResourceQuota"):
            found.setdefault(kind, []).append(used_of(manifest))
        elif manifest.get("apiVersion") == API_VERSION and kind in _TYPES:
            found.setdefault(kind, []).append(decoded(manifest, _TYPES[kind]))
        else:
            raise InputError(
                f"{kind or 'object'} {mapping(manifest.get('metadata')).get('name', '')}".strip(),
                f"facts are Namespaces (v1) and {', '.join(_TYPES)} ({API_VERSION}) only",
            )
    return gathered(
        found.get("AcceptableUsePolicy", ()),
        found.get("Tenant", ()),
        found.get("Namespace", ()),
        found.get("Permit", ()),
        found.get("Suspension", ()),
        found.get("LicenseEntitlement", ()),
        found.get("IndicatorList", ()),
        found.get("ScreeningList", ()),
        found.get("SignatureList", ()),
        used=found.get("ResourceQuota", ()),
    )


def decoded(manifest: Json, type_: type[T]) -> T:
    """One of our objects from its JSON form.

    Raises:
        InputError: It does not fit its schema; the text names the field.
    """
    try:
        return msgspec.convert(manifest, looked_into(type_))
    except msgspec.ValidationError as error:
        name = mapping(manifest.get("metadata")).get("name", "")
        raise InputError(f"{type_.__name__} {name}".strip(), str(error)) from None


def namespace_of(manifest: Json) -> Namespace:
    """The facts that a Namespace object carries."""
    metadata = mapping(manifest.get("metadata"))
    annotations = mapping(metadata.get("annotations"))
    license_, entitlement = annotations.get(LICENSE_ANNOTATION), annotations.get(ENTITLEMENT_ANNOTATION)
    return Namespace(
        text(metadata.get("name")),
        text(mapping(metadata.get("labels")).get(TENANT_LABEL)),
        license_ if isinstance(license_, str) else None,
        entitlement if isinstance(entitlement, str) else None,
    )


def default_policy() -> AcceptableUsePolicy:
    """Asergo's Acceptable Use Policy, effective 2023-06-01, which ships with the package."""
    return tables.read("default_policy", AcceptableUsePolicy)


@cache
def _default() -> Policy:
    return compiled(default_policy().spec)

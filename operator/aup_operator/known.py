"""The facts as the API server has them now, for whatever judges in the operator."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from aup.api import (
    acceptable_use_policy,
    indicator_list,
    license_entitlement,
    permit,
    screening_list,
    signature_list,
    suspension,
    tenant,
)
from aup.api.acceptable_use_policy import AcceptableUsePolicy
from aup.api.indicator_list import IndicatorList
from aup.api.license_entitlement import LicenseEntitlement
from aup.api.meta import QUOTA_LABEL, TENANT_LABEL
from aup.api.permit import Permit
from aup.api.screening_list import ScreeningList
from aup.api.signature_list import SignatureList
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant
from aup.cluster import tenant_of_cluster
from aup.errors import InputError
from aup.facts import Facts, gathered, namespace_of, quota_of
from aup.policy import compiled
from aup.totals import used_of
from aup_operator.kube import Kube
from aup_operator.listing import readable

T = TypeVar("T")


def policies(kube: Kube) -> list[AcceptableUsePolicy]:
    """The policies that this version understands; the reconciler says of the others that it does not."""
    return list(
        _usable(readable(kube, acceptable_use_policy.KIND, AcceptableUsePolicy), lambda one: compiled(one.spec))
    )


def facts(kube: Kube, apart: frozenset[str]) -> Facts:
    """Everything that the webhook knows too, read anew; an object that cannot be read is left out, as there.

    Args:
        kube: The API server.
        apart: The names of the namespaces that are no tenant's.
    """
    tenants = list(_usable(readable(kube, tenant.KIND, Tenant), quota_of))
    labelled = "" if tenant_of_cluster(tenants) else TENANT_LABEL
    namespaces = [namespace_of(one) for one in kube.list("/api/v1/namespaces", label_selector=labelled)]
    quotas = kube.list("/api/v1/resourcequotas", label_selector=f"{QUOTA_LABEL}=true")
    return gathered(
        policies(kube),
        tenants,
        namespaces,
        readable(kube, permit.KIND, Permit),
        readable(kube, suspension.KIND, Suspension),
        readable(kube, license_entitlement.KIND, LicenseEntitlement),
        readable(kube, indicator_list.KIND, IndicatorList),
        readable(kube, screening_list.KIND, ScreeningList),
        readable(kube, signature_list.KIND, SignatureList),
        used=(used_of(one) for one in _usable(quotas, used_of)),
        apart=apart,
        complete=True,
    )


def _usable(items: Iterable[T], read: Callable[[T], object]) -> Iterator[T]:
    """The items that can be read to the end; the loops that keep statuses and quotas say which cannot."""
    for item in items:
        try:
            read(item)
        except InputError:
            continue
        yield item

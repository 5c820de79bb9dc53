"""Termination (AUP 7.3): after the retention date the tenant's namespaces are deleted, with all that is in them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from aup.api.suspension import Suspension, Unenforced
from aup_operator.kube import Kube, KubeError
from aup_operator.namespaces import TenantNamespace

_FORBIDDEN = 403


def due(suspensions: Iterable[Suspension], now: datetime) -> bool:
    """Whether one of the suspensions, enforced, ends the service: confirmed, and its retention date has come."""
    return any(
        step is not None and step.confirmed_by is not None and now >= step.retain_until and one.status.enforced_at
        for one in suspensions
        for step in [one.spec.termination]
    )


def carry_out(kube: Kube, namespaces: Sequence[TenantNamespace]) -> list[Unenforced]:
    """Delete the namespaces, each only if it is still the one that was listed; what failed, with why."""
    failed = []
    for namespace in namespaces:
        try:
            kube.delete(f"/api/v1/namespaces/{namespace.name}", namespace.uid)
        except KubeError as error:
            hint = " Termination needs the chart's value operator.termination.enabled."
            reason = f"{error}.{hint if error.code == _FORBIDDEN else ''}"
            failed.append(Unenforced(object=f"Namespace {namespace.name}", reason=reason[:5000]))
    return failed

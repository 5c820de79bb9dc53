"""Status and conditions: written only where something changed."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from aup.api.meta import API_VERSION, Condition, Kind, Status
from aup_operator.kube import MERGE_PATCH, Kube


def condition(item: Any, type_: str, *, true: bool, reason: str, message: str, now: datetime) -> Condition:
    """A condition for an item's status; it keeps the time of its last transition while its status stays the same."""
    status: Literal["True", "False"] = "True" if true else "False"
    before = next((one for one in item.status.conditions if one.type == type_), None)
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=before.last_transition_time if before is not None and before.status == status else now,
        observed_generation=item.metadata.generation,
    )


def write(kube: Kube, kind: Kind, item: Any, status: Status, *, unchanged: bool = False) -> bool:
    """Store a status if it differs from the item's; whether it did.

    A field that was set and is not any more is removed (a merge patch does so for null). With `unchanged`, only while
    the item is as it was read, so that what another wrote meanwhile is not lost: else KubeError with `conflict`.
    """
    if status == item.status:
        return False
    metadata = item.metadata
    where = f"/apis/{API_VERSION}" + (f"/namespaces/{metadata.namespace}" if kind.namespaced else "")
    new = msgspec.to_builtins(status)
    dropped = dict.fromkeys(msgspec.to_builtins(item.status).keys() - new.keys())
    version = {"resourceVersion": metadata.resource_version} if unchanged else {}
    body = {"metadata": {"uid": metadata.uid, **version}, "status": {**dropped, **new}}
    kube.patch(f"{where}/{kind.plural}/{metadata.name}/status", body, MERGE_PATCH)
    return True

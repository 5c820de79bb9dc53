"""What a suspension would do to a tenant: looked at with the caller's own rights, and nothing is changed."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from aup.api.suspension import Suspension, Unenforced
from aup_operator import backends, record, selection
from aup_operator.discovery import Discovery
from aup_operator.find import Target, look, looked_after
from aup_operator.kube import Kube, KubeError
from aup_operator.namespaces import TenantNamespace

_CONNECTIONS = 8
_FORBIDDEN = 403


class Row(msgspec.Struct, frozen=True):
    """One field that would change: of which object, from what to what, both as JSON; `-` for an absent field."""

    kind: str
    object: str
    field: str
    now: str
    then: str


class Plan(msgspec.Struct, frozen=True):
    """All that would be done, in its order, and what could not be."""

    rows: list[Row]
    pods: list[str]
    unmanaged: list[Unenforced]
    backends: list[str]


def plan(kube: Kube, namespaces: Sequence[TenantNamespace], suspension: Suspension) -> Plan:
    """Look at all that a suspension of these namespaces would take down, without changing anything."""
    covered = selection.of([suspension])
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        found, pods = look(kube, pool, Discovery(kube).served().drivers, namespaces, covered)
    return Plan(
        rows=[row for target in found.targets for row in _rows(target)],
        pods=sorted(pod.label for pod in pods if not looked_after(pod, found.seen)),
        unmanaged=[*found.unlisted, *found.unknown],
        backends=_backends(kube, namespaces),
    )


def _backends(kube: Kube, namespaces: Sequence[TenantNamespace]) -> list[str]:
    """What others call; who may not list webhooks and APIServices is told so."""
    try:
        return backends.of_tenant(kube, namespaces)
    except KubeError as error:
        if error.code != _FORBIDDEN:
            raise
        return [f"not for you to look at: {error.message}"]


def _rows(target: Target) -> list[Row]:
    held = {one["path"]: record.canonical(one["value"]) for one in target.down if one["op"] in {"add", "replace"}}
    entry = target.entry
    return [
        Row(
            kind=entry.kind,
            object=f"{entry.namespace}/{entry.name}",
            field=field.path,
            now=field.value if field.present else "-",
            then=held.get(field.path, field.value),
        )
        for field in entry.fields
    ]

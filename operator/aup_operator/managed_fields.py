"""Field ownership as pure functions: who owned a field before we changed it, and giving it back.

Kubernetes keeps in `metadata.managedFields` which field manager wrote which field, and refuses a server-side apply that
would change another manager's (https://kubernetes.io/docs/reference/using-api/server-side-apply/). A change of ours
takes the field from its owner; without giving it back, the tenant's next apply after a lift would meet a conflict.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy

from aup.api.suspension_record import FieldValue, Owner
from aup.review import Json, listing, mapping, text
from aup_operator.kube import FIELD_MANAGER

_MOST_OWNERS = 8
"""What the CRD of records allows."""


def owners(manifest: Json, pointer: str) -> list[Owner]:
    """Who owns the field at a JSON Pointer through objects, or something around it as a whole."""
    found = []
    for entry in _entries(manifest):
        depth = _owned_at(mapping(entry.get("fieldsV1")), _keys(pointer))
        if depth:
            found.append(
                Owner(
                    manager=text(entry.get("manager")),
                    operation="Apply" if entry.get("operation") == "Apply" else "Update",
                    api_version=text(entry.get("apiVersion")),
                    subresource=text(entry.get("subresource")),
                    whole="" if depth == len(_keys(pointer)) else "/".join(pointer.split("/")[: depth + 1]),
                )
            )
    return found[:_MOST_OWNERS]


def given_back(manifest: Json, fields: Iterable[FieldValue]) -> list[Json] | None:
    """The managedFields with each field owned as recorded and nothing by us; None where that is so already."""
    entries = _entries(manifest)
    kept = [deepcopy(entry) for entry in entries if not _ours(entry)]
    changed = len(kept) != len(entries)
    for field in fields:
        for owner in field.owners:
            if owner.manager == FIELD_MANAGER:
                continue
            entry = next((one for one in kept if _identity(one) == _identity_of(owner)), None)
            if entry is None:
                entry = _made(owner)
                kept.append(entry)
            changed |= _add(entry["fieldsV1"], _keys(owner.whole or field.path))
    # An empty list would be ignored; a list with one empty entry clears it.
    return (kept or [{}]) if changed else None


def handed_over(manifest: Json, managed: Sequence[Json]) -> list[Json] | None:
    """The managedFields of an object that we created again, with what its owners wrote theirs; None where it is so."""
    entries = _entries(manifest)
    if not any(_ours(entry) for entry in entries):
        return None
    others = [entry for entry in entries if not _ours(entry)]
    known = {_identity(entry) for entry in others}
    return [*others, *(entry for entry in managed if _identity(entry) not in known)]


def _entries(manifest: Json) -> list[Json]:
    return [mapping(entry) for entry in listing(mapping(manifest.get("metadata")).get("managedFields"))]


def _ours(entry: Json) -> bool:
    return entry.get("manager") == FIELD_MANAGER


def _keys(pointer: str) -> list[str]:
    return [f"f:{part.replace('~1', '/').replace('~0', '~')}" for part in pointer.split("/")[1:]]


def _owned_at(fields: Json, keys: Sequence[str]) -> int:
    """How many of the keys lead to what is owned: all, or fewer to an atomic map around the field; 0 for neither."""
    for depth, key in enumerate(keys, start=1):
        if key not in fields:
            return 0
        fields = mapping(fields[key])
        if not fields:
            return depth
    return len(keys)


def _add(fields: Json, keys: Sequence[str]) -> bool:
    """Add a field to a set; whether it was not there."""
    added = False
    for position, key in enumerate(keys):
        if key not in fields:
            fields[key] = {}
            added = True
        elif not fields[key] and position < len(keys) - 1:
            fields[key]["."] = {}  # what has nothing below it is owned itself, and stays so
        fields = fields[key]
    return added


def _identity(entry: Json) -> tuple[str, ...]:
    return tuple(text(entry.get(key)) for key in ("manager", "operation", "apiVersion", "subresource"))


def _identity_of(owner: Owner) -> tuple[str, ...]:
    return owner.manager, owner.operation, owner.api_version, owner.subresource


def _made(owner: Owner) -> Json:
    entry: Json = {
        "manager": owner.manager,
        "operation": owner.operation,
        "apiVersion": owner.api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": {},
    }
    return entry | ({"subresource": owner.subresource} if owner.subresource else {})

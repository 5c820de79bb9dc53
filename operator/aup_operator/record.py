"""The write-ahead record as pure functions: what an object was, how it is held, and how it is put back."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy

import msgspec

from aup.api.meta import API_VERSION, TENANT_LABEL
from aup.api.suspension import Suspension
from aup.api.suspension_record import FieldValue, RecordEntry, SuspensionRecord
from aup.review import Json, mapping, text
from aup_operator import managed_fields
from aup_operator.drivers.driver import Change, Driver
from aup_operator.drivers.pod import controller

Operations = list[Json]
"""A JSON Patch (RFC 6902)."""

_ENTRIES = 200
_BYTES = 900_000
"""Together they keep a record below etcd's limit of 1.5 MiB for one object."""

_FIELD_CHARACTERS, _MANIFEST_CHARACTERS = 65_536, 262_144
"""What the CRD allows for one value and for one whole Pod."""


def canonical(value: object) -> str:
    """JSON text with sorted keys: equal values have equal texts."""
    return msgspec.json.encode(value, order="sorted").decode()


def digest(entries: Sequence[RecordEntry]) -> str:
    """SHA-256 of the canonical JSON of the entries, in hex."""
    return hashlib.sha256(canonical(entries).encode()).hexdigest()


def entry(
    driver: Driver, manifest: Json, changes: Iterable[Change], manifest_to_keep: Json | None = None
) -> RecordEntry:
    """What has to be known to put an object back: each field that will change, present or absent, and who owned it."""
    metadata = manifest["metadata"]
    return RecordEntry(
        api_version=driver.api_version,
        kind=driver.kind,
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        owner=text(controller(manifest).get("uid")),
        fields=[_field(manifest, path) for path in _with_parents(manifest, [change.path for change in changes])],
        manifest="" if manifest_to_keep is None else canonical(manifest_to_keep),
    )


def label(recorded: RecordEntry) -> str:
    """`Kind namespace/name`, for people."""
    return f"{recorded.kind} {recorded.namespace}/{recorded.name}"


def name_of(suspension: Suspension) -> str:
    """What is named after a Suspension: its name and the beginning of its UID, since a name may be used again."""
    return f"{suspension.metadata.name[:200].rstrip('-.')}-{suspension.metadata.uid[:8]}"


def records(suspension: Suspension, entries: Sequence[RecordEntry], first: int) -> Iterator[Json]:
    """The SuspensionRecords for entries, numbered from `first`, each small enough for etcd."""
    for number, chunk in enumerate(_chunks(entries), start=first):
        yield {
            "apiVersion": API_VERSION,
            "kind": "SuspensionRecord",
            "metadata": {
                "name": f"{name_of(suspension)}-{number:04d}",
                "labels": {TENANT_LABEL: suspension.spec.tenant},
            },
            "spec": {
                "tenant": suspension.spec.tenant,
                "suspension": suspension.metadata.name,
                "entries": msgspec.to_builtins(chunk),
                "digest": digest(chunk),
            },
        }


def pending(stored: SuspensionRecord) -> list[RecordEntry]:
    """The entries of a record that are not put back yet; one that was is the tenant's again, and recorded anew."""
    return [one for one in stored.spec.entries if one.uid not in stored.status.done]


def fits(recorded: RecordEntry) -> bool:
    """Whether an entry is small enough for a record."""
    return (
        all(len(field.value) <= _FIELD_CHARACTERS for field in recorded.fields)
        and len(recorded.manifest) <= _MANIFEST_CHARACTERS
        and weight(recorded) <= _BYTES
    )


def weight(recorded: RecordEntry) -> int:
    """The bytes of an entry as the API server stores it: it writes each of <, > and & as six."""
    written = canonical(recorded).encode()
    return len(written) + 5 * sum(written.count(character) for character in b"<>&")


def intact(record: SuspensionRecord) -> bool:
    """Whether a record still says what was written."""
    return record.spec.digest == digest(record.spec.entries)


def hold(manifest: Json, changes: Iterable[Change]) -> Operations:
    """The patch that holds an object down; empty where it is down already."""
    return _guarded(manifest, [(change.path, True, change.held) for change in changes])


def restore(manifest: Json, recorded: RecordEntry) -> Operations:
    """The patch that puts an object's recorded fields back; empty where they are back already."""
    return _guarded(
        manifest,
        [
            (field.path, field.present, msgspec.json.decode(field.value) if field.present else None)
            for field in reversed(recorded.fields)  # what is within a field comes after it in a record
        ],
    )


def _with_parents(manifest: Json, paths: Sequence[str]) -> list[str]:
    """The paths, each behind those of the objects around it that are not there: these are made, and taken away again.

    So the annotations of an object that had none are absent again at the end, and not empty.
    """
    return list(dict.fromkeys(one for path in paths for one in (*_missing(manifest, path), path)))


def _missing(manifest: Json, path: str) -> list[str]:
    """The paths of the objects around a field that are not there, the outermost first."""
    around = [path[:position] for position, character in enumerate(path) if character == "/" and position]
    return [one for one in around if not lookup(manifest, one)[0]]


def _is_parent(path: str, paths: Iterable[str]) -> bool:
    return any(one.startswith(f"{path}/") for one in paths)


def _emptied(path: str, current: object, operations: Operations) -> Operations:
    """What takes away an object that we made, if the operations before leave nothing in it."""
    removed = {operation["path"] for operation in operations if operation["op"] == "remove"}
    left = [key for key in mapping(current) if f"{path}/{_escaped(key)}" not in removed]
    return [] if left else [{"op": "test", "path": path, "value": {}}, {"op": "remove", "path": path}]


def _guarded(manifest: Json, wanted: Sequence[tuple[str, bool, object]]) -> Operations:
    """Operations for the fields that differ, behind tests that it is the same object with the values that were read."""
    operations: Operations = []
    for path, present, value in wanted:
        there, current = lookup(manifest, path)
        if present and there and canonical(current) != canonical(value):
            operations += [
                {"op": "test", "path": path, "value": current},
                {"op": "replace", "path": path, "value": value},
            ]
        elif present and not there:
            made = {operation["path"] for operation in operations}
            around = [{"op": "add", "path": one, "value": {}} for one in _missing(manifest, path) if one not in made]
            operations += [*around, {"op": "add", "path": path, "value": value}]
        elif there and not present and _is_parent(path, (other for other, *_ in wanted)):
            operations += _emptied(path, current, operations)
        elif there and not present:
            operations.append({"op": "remove", "path": path})
    if operations:
        operations.insert(0, {"op": "test", "path": "/metadata/uid", "value": manifest["metadata"]["uid"]})
    return operations


def differing(recorded: RecordEntry, operations: Operations) -> list[FieldValue]:
    """The fields of an object that a patch will change, with the values that stand there."""
    changed = {operation["path"] for operation in operations if operation["op"] != "test"}
    paths = [field.path for field in recorded.fields]
    return [field for field in recorded.fields if field.path in changed and not _is_parent(field.path, paths)]


def with_originals(manifest: Json, recorded: RecordEntry) -> Json:
    """The object with the recorded values in place of those that hold it down."""
    original = deepcopy(manifest)
    paths = [field.path for field in recorded.fields]
    for field in reversed(recorded.fields):
        *parents, last = _parts(field.path)
        holder: Json = original
        for part in parents:
            holder = holder.setdefault(part, {}) if field.present else mapping(holder.get(part))
        if field.present:
            holder[last] = msgspec.json.decode(field.value)
        elif not (_is_parent(field.path, paths) and holder.get(last)):
            holder.pop(last, None)  # what others wrote into an object that we made stays
    return original


def lookup(manifest: Json, pointer: str) -> tuple[bool, object]:
    """Whether a JSON Pointer through objects finds something, and what."""
    value: object = manifest
    for key in _parts(pointer):
        holder = mapping(value)
        if key not in holder:
            return False, None
        value = holder[key]
    return True, value


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _field(manifest: Json, path: str) -> FieldValue:
    present, value = lookup(manifest, path)
    if not present:
        return FieldValue(path=path, present=False)
    return FieldValue(path=path, present=True, value=canonical(value), owners=managed_fields.owners(manifest, path))


def _chunks(entries: Sequence[RecordEntry]) -> Iterator[list[RecordEntry]]:
    chunk: list[RecordEntry] = []
    size = 0
    for one in entries:
        own = weight(one)
        if chunk and (len(chunk) == _ENTRIES or size + own > _BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(one)
        size += own
    if chunk:
        yield chunk

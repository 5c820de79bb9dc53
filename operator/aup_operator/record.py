"""The write-ahead record as pure functions: what an object was, how it is held, and how it is put back."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from aup.api.meta import API_VERSION, TENANT_LABEL
from aup.api.suspension import Suspension
from aup.api.suspension_record import FieldValue, RecordEntry, SuspensionRecord
from aup.review import Json, mapping
from aup_operator.drivers.driver import Change, Driver

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


def entry(driver: Driver, manifest: Json, manifest_to_keep: Json | None = None) -> RecordEntry:
    """What has to be known to put an object back: each field that will change, present or absent."""
    metadata = manifest["metadata"]
    return RecordEntry(
        api_version=driver.api_version,
        kind=driver.kind,
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        fields=[_field(manifest, change.path) for change in driver.changes(manifest)],
        manifest="" if manifest_to_keep is None else canonical(manifest_to_keep),
    )


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
            for field in recorded.fields
        ],
    )


def _guarded(manifest: Json, wanted: Iterable[tuple[str, bool, object]]) -> Operations:
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
            operations.append({"op": "add", "path": path, "value": value})
        elif there and not present:
            operations.append({"op": "remove", "path": path})
    if operations:
        operations.insert(0, {"op": "test", "path": "/metadata/uid", "value": manifest["metadata"]["uid"]})
    return operations


def lookup(manifest: Json, pointer: str) -> tuple[bool, object]:
    """Whether a JSON Pointer through objects finds something, and what."""
    value: object = manifest
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        holder = mapping(value)
        if key not in holder:
            return False, None
        value = holder[key]
    return True, value


def _field(manifest: Json, path: str) -> FieldValue:
    present, value = lookup(manifest, path)
    return FieldValue(path=path, present=present, value=canonical(value) if present else "")


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

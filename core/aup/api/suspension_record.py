"""SuspensionRecord: the original values, written before anything is changed."""

from typing import Annotated, Literal

from msgspec import Meta

from aup.api.meta import SHA256, Column, Count, Kind, Line, Name, ObjectMeta, Status, Struct, Validation


class FieldValue(Struct, kw_only=True, frozen=True):
    """One original value."""

    path: Annotated[Line, Meta(description="JSON Pointer (RFC 6901) into the object.")]
    present: Annotated[bool, Meta(description="Whether the field was there at all; absent is restored as absent.")]
    value: Annotated[str, Meta(max_length=65536, description="The value as JSON text; empty where it was absent.")] = ""


class RecordEntry(Struct, kw_only=True, frozen=True):
    """One object as it was found."""

    api_version: Annotated[Line, Meta(description="Group and version.")]
    kind: Annotated[Name, Meta(description="Kind.")]
    namespace: Annotated[Name, Meta(description="Namespace.")]
    name: Annotated[Name, Meta(description="Name.")]
    uid: Annotated[Name, Meta(description="UID; a later object of the same name is another object.")]
    fields: Annotated[list[FieldValue], Meta(max_length=8, description="Values to put back.")] = []
    manifest: Annotated[
        str,
        Meta(
            max_length=262144,
            description="For a bare Pod, which is deleted: the whole object to create again, as JSON.",
        ),
    ] = ""


class SuspensionRecordSpec(Struct, kw_only=True, frozen=True):
    """Originals of up to 200 objects. It is written once and never changed."""

    tenant: Annotated[Name, Meta(description="The Tenant.")]
    suspension: Annotated[Name, Meta(description="The Suspension that opened the record.")]
    entries: Annotated[list[RecordEntry], Meta(max_length=200, description="One for each object.")]
    digest: Annotated[SHA256, Meta(description="SHA-256 of the canonical JSON of the entries; checked before a lift.")]


class SuspensionRecordStatus(Status, kw_only=True, frozen=True):
    """Whether it still holds something down."""

    phase: Annotated[
        Literal["Holding", "Restored"] | None, Meta(description="Holding until every object was put back.")
    ] = None
    done: Annotated[list[Name], Meta(max_length=200, description="UIDs of objects that are dealt with.")] = []
    restored: Annotated[Count | None, Meta(description="Objects put back.")] = None
    gone: Annotated[Count | None, Meta(description="Objects that were deleted or replaced meanwhile.")] = None


class SuspensionRecord(Struct, kw_only=True, frozen=True):
    """Write-ahead record of original values (cluster-scoped, written by the operator alone)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: SuspensionRecordSpec
    status: SuspensionRecordStatus = SuspensionRecordStatus()


KIND = Kind(
    kind="SuspensionRecord",
    plural="suspensionrecords",
    short_names=("susprec",),
    model=SuspensionRecord,
    spec=SuspensionRecordSpec,
    status=SuspensionRecordStatus,
    validations=(
        Validation(
            "self.digest == oldSelf.digest && self.tenant == oldSelf.tenant && self.suspension == oldSelf.suspension"
            " && size(self.entries) == size(oldSelf.entries)",
            "a record cannot be changed",
        ),
    ),
    columns=(
        Column("Tenant", ".spec.tenant"),
        Column("Suspension", ".spec.suspension"),
        Column("Phase", ".status.phase"),
        Column("Restored", ".status.restored", "integer"),
        Column("Gone", ".status.gone", "integer"),
        Column("Age", ".metadata.creationTimestamp", "date"),
    ),
)

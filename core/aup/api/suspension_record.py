"""SuspensionRecord: the original values, written before anything is changed."""

from typing import Annotated, Literal

from msgspec import Meta

from aup.api.meta import SHA256, Column, Count, Instant, Kind, Line, Name, ObjectMeta, Status, Struct, Validation


class Owner(Struct, kw_only=True, frozen=True):
    """A field manager that owned a field (an entry of `metadata.managedFields`)."""

    manager: Annotated[str, Meta(max_length=128, description="Its name.")] = ""
    operation: Annotated[Literal["Apply", "Update"], Meta(description="How it wrote the field.")]
    api_version: Annotated[Line, Meta(description="The version that it wrote.")]
    subresource: Annotated[str, Meta(max_length=128, description="The subresource that it wrote, if any.")] = ""
    whole: Annotated[
        str, Meta(max_length=512, description="JSON Pointer of a map around the field, where it owned that whole.")
    ] = ""


class FieldValue(Struct, kw_only=True, frozen=True):
    """One original value."""

    path: Annotated[Line, Meta(description="JSON Pointer (RFC 6901) into the object.")]
    present: Annotated[bool, Meta(description="Whether the field was there at all; absent is restored as absent.")]
    value: Annotated[str, Meta(max_length=65536, description="The value as JSON text; empty where it was absent.")] = ""
    owners: Annotated[
        list[Owner], Meta(max_length=8, description="Who owned it, so that ownership is put back with the value.")
    ] = []


class RecordEntry(Struct, kw_only=True, frozen=True):
    """One object as it was found."""

    api_version: Annotated[Line, Meta(description="Group and version.")]
    kind: Annotated[Name, Meta(description="Kind.")]
    namespace: Annotated[Name, Meta(description="Namespace.")]
    name: Annotated[Name, Meta(description="Name.")]
    uid: Annotated[Name, Meta(description="UID; a later object of the same name is another object.")]
    owner: Annotated[str, Meta(max_length=253, description="UID of its controller; empty for none.")] = ""
    fields: Annotated[list[FieldValue], Meta(max_length=8, description="Values to put back.")] = []
    manifest: Annotated[
        str,
        Meta(
            max_length=262144,
            description="For a bare Pod, and for removed content: the whole object to create again, as JSON.",
        ),
    ] = ""
    created: Annotated[
        bool, Meta(description="Whether the suspension made the object, so that the lift deletes it.")
    ] = False

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]


class SuspensionRecordSpec(Struct, kw_only=True, frozen=True):
    """Originals of up to 200 objects. It is written once and never changed."""

    tenant: Annotated[Name, Meta(description="The Tenant.")]
    suspension: Annotated[Name, Meta(description="The Suspension that opened the record.")]
    entries: Annotated[list[RecordEntry], Meta(max_length=200, description="One for each object.")]
    digest: Annotated[SHA256, Meta(description="SHA-256 of the canonical JSON of the entries; checked before a lift.")]


class Requested(Struct, kw_only=True, frozen=True):
    """What somebody wanted a recorded field to be meanwhile; the lift restores the original all the same."""

    uid: Annotated[Name, Meta(description="UID of the object.")]
    path: Annotated[Line, Meta(description="JSON Pointer of the field.")]
    value: Annotated[
        str, Meta(max_length=1024, description="The value found, as JSON; empty where it was removed.")
    ] = ""
    at: Annotated[Instant, Meta(description="When it was found.")]


class SuspensionRecordStatus(Status, kw_only=True, frozen=True):
    """Whether it still holds something down."""

    phase: Annotated[
        Literal["Holding", "Restored"] | None,
        Meta(description="Empty until a lift begins, then Holding until every object was put back."),
    ] = None
    done: Annotated[list[Name], Meta(max_length=200, description="UIDs of objects that are dealt with.")] = []
    requested: Annotated[
        list[Requested], Meta(max_length=200, description="What was wanted meanwhile, the latest of each field.")
    ] = []
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

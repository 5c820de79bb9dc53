"""Suspension: a tenant's workloads are taken down, held down, and put back exactly."""

from typing import Annotated, Literal

from msgspec import Meta

from aup.api.meta import Clause, Column, Count, Instant, Kind, Line, Name, ObjectMeta, Status, Struct, Text, Validation


class StatementOfReasons(Struct, kw_only=True, frozen=True):
    """Why, in words for the tenant (after Article 17(3) of Regulation (EU) 2022/2065)."""

    facts: Annotated[Text, Meta(description="What was found, and where.")]
    explanation: Annotated[Text | None, Meta(description="Why that breaks the clauses named.")] = None
    source: Annotated[
        Literal["article16Notice", "trustedFlagger", "otherNotification", "ownInitiative"],
        Meta(description="What led to the finding."),
    ] = "ownInitiative"
    automated_detection: Annotated[bool, Meta(description="Whether a machine found it.")] = False
    automated_decision: Annotated[
        Literal["fully", "partially", "not"], Meta(description="How far a machine decided it.")
    ] = "not"


class Lift(Struct, kw_only=True, frozen=True):
    """The order to put everything back. It cannot be taken back; suspend again instead."""

    reason: Annotated[Text, Meta(description="Why the suspension ends.")]
    ordered_by: Annotated[Line, Meta(description="Who ordered it.")]


class SuspensionSpec(Struct, kw_only=True, frozen=True):
    """Whom, why, and from when."""

    tenant: Annotated[Name, Meta(description="The Tenant whose workloads are taken down.")]
    clauses: Annotated[
        list[Clause],
        Meta(
            min_length=1,
            max_length=26,
            description="The AUP clauses that were broken, such as 1.6.",
            extra_json_schema={"x-kubernetes-list-type": "set"},
        ),
    ]
    statement_of_reasons: Annotated[StatementOfReasons, Meta(description="What the tenant is told.")]
    ordered_by: Annotated[Line, Meta(description="Who ordered it.")]
    noticed_at: Annotated[Instant | None, Meta(description="When the tenant was told beforehand, if so.")] = None
    effective_at: Annotated[
        Instant | None, Meta(description="From when workloads are taken down; at once where absent.")
    ] = None
    lift: Annotated[Lift | None, Meta(description="Set to put everything back.")] = None


class Unenforced(Struct, kw_only=True, frozen=True):
    """An object that still runs, or could not be changed or put back, and why."""

    object: Annotated[Line, Meta(description="Kind namespace/name.")]
    reason: Annotated[Text, Meta(description="Why.")]


Phase = Literal["Pending", "Freezing", "Recording", "Enforcing", "Enforced", "Lifting", "Lifted"]


class SuspensionStatus(Status, kw_only=True, frozen=True):
    """How far it is."""

    phase: Annotated[
        Phase | None,
        Meta(description="Pending, Freezing, Recording, Enforcing, Enforced; then Lifting, Lifted."),
    ] = None
    recorded: Annotated[Count | None, Meta(description="Objects whose originals are recorded.")] = None
    records: Annotated[list[Name], Meta(max_length=1000, description="The SuspensionRecords that hold them.")] = []
    held: Annotated[Count | None, Meta(description="Recorded objects that are down.")] = None
    running: Annotated[Count | None, Meta(description="Pods of the tenant that still run.")] = None
    restored: Annotated[Count | None, Meta(description="Recorded objects that are back as they were.")] = None
    unenforced: Annotated[
        list[Unenforced], Meta(max_length=50, description="What could not be done, the first 50.")
    ] = []
    enforced_at: Annotated[Instant | None, Meta(description="When nothing ran any more.")] = None
    lifted_at: Annotated[Instant | None, Meta(description="When everything was back.")] = None


class Suspension(Struct, kw_only=True, frozen=True):
    """The order to suspend one tenant (cluster-scoped, written by the provider); deleting it lifts it first."""

    metadata: ObjectMeta = ObjectMeta()
    spec: SuspensionSpec
    status: SuspensionStatus = SuspensionStatus()


KIND = Kind(
    kind="Suspension",
    plural="suspensions",
    short_names=("susp",),
    model=Suspension,
    spec=SuspensionSpec,
    status=SuspensionStatus,
    validations=(
        Validation("self.tenant == oldSelf.tenant", "tenant cannot be changed; order a new Suspension"),
        Validation(
            "self.statementOfReasons == oldSelf.statementOfReasons && self.clauses == oldSelf.clauses",
            "the clauses and the statement of reasons cannot be changed; order a new Suspension",
        ),
        Validation("!has(oldSelf.lift) || (has(self.lift) && self.lift == oldSelf.lift)", "lift cannot be taken back"),
        Validation(
            "!has(self.noticedAt) || !has(self.effectiveAt) || self.effectiveAt >= self.noticedAt",
            "effectiveAt must not be before noticedAt",
        ),
        Validation("!has(self.noticedAt) || has(self.effectiveAt)", "noticedAt needs effectiveAt"),
    ),
    columns=(
        Column("Tenant", ".spec.tenant"),
        Column("Clauses", ".spec.clauses"),
        Column("Phase", ".status.phase"),
        Column("Held", ".status.held", "integer"),
        Column("Running", ".status.running", "integer"),
        Column("Ordered By", ".spec.orderedBy"),
        Column("Age", ".metadata.creationTimestamp", "date"),
        Column("Facts", ".spec.statementOfReasons.facts", priority=1),
    ),
)

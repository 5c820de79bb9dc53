"""Suspension: a tenant's workloads are taken down, held down, and put back exactly."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from aup.api.meta import (
    SHA256,
    Clause,
    Column,
    Count,
    Instant,
    Kind,
    Line,
    Name,
    ObjectMeta,
    RuleId,
    Status,
    Struct,
    Text,
    Validation,
)


class Decision(Struct, kw_only=True, frozen=True):
    """What is restricted, where and for how long (Article 17(3)(a))."""

    type: Annotated[
        Literal[
            "totalSuspension", "partialSuspension", "totalTermination", "partialTermination", "removal", "disabling"
        ],
        Meta(description="The restriction, in the words of the DSA transparency database."),
    ] = "totalSuspension"
    territorial_scope: Annotated[
        list[Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]],
        Meta(max_length=250, description="Countries (ISO 3166-1 alpha-2) where it applies; everywhere where empty."),
    ] = []
    until: Annotated[Instant | None, Meta(description="When it ends; with its conditions where absent.")] = None
    lift_conditions: Annotated[Text | None, Meta(description="What the tenant has to do for it to be lifted.")] = None


class Evidence(Struct, kw_only=True, frozen=True):
    """One piece of evidence: where it was seen and when, and a hash instead of what may be secret."""

    object: Annotated[Line, Meta(description="Kind namespace/name.")]
    field_path: Annotated[Line | None, Meta(description="The field, such as spec.containers[0].image.")] = None
    text: Annotated[Text | None, Meta(description="What stood there; no secret values.")] = None
    sha256: Annotated[SHA256 | None, Meta(description="SHA-256 of what stood there, in hex.")] = None
    seen_at: Annotated[Instant | None, Meta(description="When it was seen.")] = None


class RuleUsed(Struct, kw_only=True, frozen=True):
    """A rule that found it."""

    id: Annotated[RuleId, Meta(description="The rule's id, such as AUP1601.")]
    version: Annotated[Line | None, Meta(description="The version of aup that ran it.")] = None


class Illegal(Struct, kw_only=True, frozen=True):
    """Where the content is illegal: under which law, and why (Article 17(3)(d))."""

    legal_ground: Annotated[str, Meta(min_length=1, max_length=500, description="The law.")]
    explanation: Annotated[str, Meta(min_length=1, max_length=2000, description="Why it is illegal under it.")]


class Redress(Struct, kw_only=True, frozen=True):
    """How to have the decision reviewed (Article 17(3)(f)); what is absent is said in general words."""

    internal_complaint: Annotated[Line | None, Meta(description="Where to appeal to the provider.")] = None
    out_of_court: Annotated[Line | None, Meta(description="The out-of-court dispute settlement body.")] = None
    judicial: Annotated[Line | None, Meta(description="The court.")] = None


class StatementOfReasons(Struct, kw_only=True, frozen=True):
    """Why, in words for the tenant: every field of Article 17(3) of Regulation (EU) 2022/2065.

    Of (e), the contractual ground, version and URL of the policy in force are added when it is issued.
    """

    decision: Annotated[Decision, Meta(description="What is restricted.")] = Decision()
    facts: Annotated[Text, Meta(description="What was found, and where.")]
    explanation: Annotated[Text | None, Meta(description="Why that breaks the clauses named.")] = None
    evidence: Annotated[list[Evidence], Meta(max_length=50, description="What the facts rest on.")] = []
    source: Annotated[
        Literal["article16Notice", "trustedFlagger", "otherNotification", "ownInitiative"],
        Meta(description="What led to the finding."),
    ] = "ownInitiative"
    notifier: Annotated[
        Line | None, Meta(description="Who notified it, only where the tenant cannot answer without (Recital 54).")
    ] = None
    automated_detection: Annotated[bool, Meta(description="Whether a machine found it.")] = False
    automated_decision: Annotated[
        Literal["fully", "partially", "not"], Meta(description="How far a machine decided it.")
    ] = "not"
    rules_used: Annotated[list[RuleUsed], Meta(max_length=50, description="The rules that found it.")] = []
    illegal: Annotated[
        Illegal | None, Meta(description="The law, where it is illegal and not only against the AUP.")
    ] = None
    redress: Annotated[Redress, Meta(description="How to have it reviewed.")] = Redress()


class WorkloadReference(Struct, kw_only=True, frozen=True):
    """One workload of a selection."""

    api_group: Annotated[str, Meta(max_length=253, description="API group; empty for the core group.")] = ""
    kind: Annotated[Name, Meta(description="Kind, such as Deployment.")]
    namespace: Annotated[Name, Meta(description="Namespace.")]
    name: Annotated[Name, Meta(description="Name.")]


class Extension(Struct, kw_only=True, frozen=True):
    """More time before the suspension takes effect."""

    effective_at: Annotated[Instant, Meta(description="The new instant from which workloads are taken down.")]
    reason: Annotated[Text, Meta(description="Why.")]
    ordered_by: Annotated[Line, Meta(description="Who granted it: the authenticated user.")]


class Removal(Struct, kw_only=True, frozen=True):
    """Content to remove while the suspension lasts: archived whole first, created again by the lift (clause 7.3).

    Nothing is removed before `confirmedBy` is set, by somebody else than who ordered it.
    """

    objects: Annotated[
        list[WorkloadReference], Meta(min_length=1, max_length=200, description="The objects to remove.")
    ]
    reason: Annotated[Text, Meta(description="Why suspending is not enough.")]
    ordered_by: Annotated[Line, Meta(description="Who ordered it: the authenticated user.")]
    confirmed_by: Annotated[Line | None, Meta(description="Who confirmed it: another authenticated user.")] = None


class Termination(Struct, kw_only=True, frozen=True):
    """The end of the service: the tenant's namespaces are deleted with all data, and nothing can be put back (7.3).

    Nothing is deleted before `retainUntil`, nor before `confirmedBy` is set by somebody else than who ordered it.
    """

    reason: Annotated[Text, Meta(description="Why the service ends.")]
    retain_until: Annotated[Instant, Meta(description="Until when everything is kept, so that data can be claimed.")]
    ordered_by: Annotated[Line, Meta(description="Who ordered it: the authenticated user.")]
    confirmed_by: Annotated[Line | None, Meta(description="Who confirmed it: another authenticated user.")] = None


class AppealDecision(Struct, kw_only=True, frozen=True):
    """How an appeal was decided."""

    outcome: Annotated[
        Literal["Upheld", "Reversed"], Meta(description="Upheld: the suspension stands. Reversed: it is to be lifted.")
    ]
    reason: Annotated[Text, Meta(description="Why.")]
    decided_by: Annotated[Line, Meta(description="Who decided: not who ordered the suspension.")]
    decided_at: Annotated[Instant, Meta(description="When.")]


class Appeal(Struct, kw_only=True, frozen=True):
    """The tenant asks for the decision to be reviewed."""

    received_at: Annotated[Instant, Meta(description="When it was received; its clock runs from here.")]
    statement: Annotated[Text, Meta(description="What the tenant says.")]
    recorded_by: Annotated[Line, Meta(description="Who recorded it.")]
    decision: Annotated[AppealDecision | None, Meta(description="The decision, once there is one.")] = None


class Lift(Struct, kw_only=True, frozen=True):
    """The order to put everything back. It cannot be taken back; suspend again instead."""

    reason: Annotated[Text, Meta(description="Why the suspension ends.")]
    ordered_by: Annotated[Line, Meta(description="Who ordered it.")]


class SuspensionSpec(Struct, kw_only=True, frozen=True):
    """Whom, why, and from when."""

    tenant: Annotated[Name, Meta(description="The Tenant whose workloads are taken down.")]
    workloads: Annotated[
        list[WorkloadReference],
        Meta(max_length=100, description="Only these workloads; everything of the tenant where empty."),
    ] = []
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
    extensions: Annotated[
        list[Extension], Meta(max_length=20, description="Later dates that were granted; the last one counts.")
    ] = []
    exposure: Annotated[
        Literal["Keep", "Deny"],
        Meta(
            description="Deny adds a NetworkPolicy that lets no traffic in or out; it is removed by the lift. Services "
            "and their addresses are kept in any case."
        ),
    ] = "Keep"
    approved_by: Annotated[
        Line | None,
        Meta(description="A second person, who lets it pass the brake on too many suspensions in an hour."),
    ] = None
    removal: Annotated[Removal | None, Meta(description="Content to remove, as a further step.")] = None
    termination: Annotated[Termination | None, Meta(description="The end of the service, as the last step.")] = None
    appeal: Annotated[Appeal | None, Meta(description="The tenant's appeal.")] = None
    lift: Annotated[Lift | None, Meta(description="Set to put everything back.")] = None

    @property
    def begins(self) -> datetime | None:
        """From when workloads are taken down, with the extensions that were granted; None for at once."""
        return self.extensions[-1].effective_at if self.extensions else self.effective_at


class Unenforced(Struct, kw_only=True, frozen=True):
    """An object that still runs, or could not be changed or put back, and why."""

    object: Annotated[Line, Meta(description="Kind namespace/name.")]
    reason: Annotated[Text, Meta(description="Why.")]


class Drift(Struct, kw_only=True, frozen=True):
    """An object that came up again while it was held, and was put down again."""

    object: Annotated[Line, Meta(description="Kind namespace/name.")]
    count: Annotated[Count, Meta(description="How often.")]
    last_at: Annotated[Instant, Meta(description="When last.")]


class AppealStatus(Struct, kw_only=True, frozen=True):
    """An appeal's clock."""

    phase: Annotated[Literal["Open", "Overdue", "Decided"], Meta(description="Where it stands.")]
    due_at: Annotated[Instant, Meta(description="Until when it has to be decided.")]


Statement = Annotated[str, Meta(min_length=1, max_length=20000)]
Phase = Literal[
    "Pending", "Waiting", "Freezing", "Recording", "Enforcing", "Enforced", "Lifting", "Lifted", "Terminated"
]


class SuspensionStatus(Status, kw_only=True, frozen=True):
    """How far it is."""

    phase: Annotated[
        Phase | None,
        Meta(
            description="Pending (before its date), Waiting (for a second approver), Freezing, Recording, Enforcing, "
            "Enforced; then Lifting, Lifted, or Terminated."
        ),
    ] = None
    statement: Annotated[
        Annotated[str, Meta(max_length=20000)] | None,
        Meta(description="The statement of reasons as it was issued, before anything was done."),
    ] = None
    frozen_at: Annotated[Instant | None, Meta(description="When the API server began to let nothing up.")] = None
    recorded: Annotated[Count | None, Meta(description="Objects whose originals are recorded.")] = None
    records: Annotated[list[Name], Meta(max_length=1000, description="The SuspensionRecords that hold them.")] = []
    held: Annotated[Count | None, Meta(description="Recorded objects that are down.")] = None
    running: Annotated[Count | None, Meta(description="Pods of the tenant that still run.")] = None
    restored: Annotated[Count | None, Meta(description="Recorded objects that are back as they were.")] = None
    unenforced: Annotated[
        list[Unenforced], Meta(max_length=50, description="What could not be done, the first 50.")
    ] = []
    unmanaged: Annotated[
        list[Unenforced],
        Meta(
            max_length=50,
            description="What is held by the denial of its Pods alone, because its kind cannot be paused or listed.",
        ),
    ] = []
    backends: Annotated[
        list[Line],
        Meta(max_length=50, description="Webhooks and APIServices that others call and that the tenant runs."),
    ] = []
    drifted: Annotated[Count | None, Meta(description="How often something came up again and was put down.")] = None
    drift: Annotated[list[Drift], Meta(max_length=50, description="What came up again, the latest 50.")] = []
    removed: Annotated[Count | None, Meta(description="Objects that were archived and removed.")] = None
    appeal: Annotated[AppealStatus | None, Meta(description="The clock of the appeal.")] = None
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
        Validation(
            "has(self.workloads) == has(oldSelf.workloads)"
            " && (!has(self.workloads) || self.workloads == oldSelf.workloads)",
            "the selection of workloads cannot be changed; order a new Suspension",
        ),
        Validation(
            "!has(oldSelf.extensions) || (has(self.extensions) && size(self.extensions) >= size(oldSelf.extensions)"
            " && oldSelf.extensions.all(one, one in self.extensions))",
            "an extension that was granted cannot be taken back",
        ),
        Validation(
            "!has(self.extensions) || has(self.effectiveAt)", "only a suspension with effectiveAt can be extended"
        ),
        Validation(
            "!has(self.removal) || !has(self.workloads) || size(self.workloads) == 0",
            "content is removed under a suspension of the whole tenant",
        ),
        Validation(
            "!has(self.termination) || !has(self.workloads) || size(self.workloads) == 0",
            "termination needs a suspension of the whole tenant",
        ),
        *(
            Validation(
                f"!has(self.{step}) || !has(self.{step}.confirmedBy)"
                f" || self.{step}.confirmedBy != self.{step}.orderedBy",
                f"{step} must be confirmed by somebody else than who ordered it",
            )
            for step in ("removal", "termination")
        ),
        Validation(
            "!has(self.approvedBy) || self.approvedBy != self.orderedBy",
            "approvedBy must be somebody else than orderedBy",
        ),
        Validation(
            "!has(oldSelf.appeal) || (has(self.appeal) && self.appeal.receivedAt == oldSelf.appeal.receivedAt"
            " && self.appeal.statement == oldSelf.appeal.statement)",
            "an appeal that was recorded cannot be changed",
        ),
        Validation(
            "!has(self.appeal) || !has(self.appeal.decision) || self.appeal.decision.decidedBy != self.orderedBy",
            "an appeal must be decided by somebody else than who ordered the suspension",
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
        Column("Drifted", ".status.drifted", "integer", priority=1),
        Column("Ordered By", ".spec.orderedBy"),
        Column("Age", ".metadata.creationTimestamp", "date"),
        Column("Facts", ".spec.statementOfReasons.facts", priority=1),
    ),
)

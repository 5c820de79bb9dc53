"""Notice: what the tenant reads with `kubectl get notices`."""

from typing import Annotated, Literal

from msgspec import Meta

from aup.api.meta import Clause, Column, Instant, Kind, Line, Name, ObjectMeta, Status, Struct, Text, Validation


class NoticeSpec(Struct, kw_only=True, frozen=True):
    """A message of the provider to the tenant."""

    tenant: Annotated[Name, Meta(description="The Tenant it is for.")]
    subject: Annotated[Line, Meta(description="What it is about, in one line.")]
    clauses: Annotated[list[Clause], Meta(max_length=26, description="The AUP clauses concerned.")] = []
    statement: Annotated[str, Meta(min_length=1, max_length=20000, description="The statement in plain words.")]
    issued_at: Annotated[Instant, Meta(description="When it was issued.")]
    deadline: Annotated[Instant | None, Meta(description="Until when to act, if there is a deadline.")] = None
    how_to_answer: Annotated[Text, Meta(description="How to answer.")]
    how_to_appeal: Annotated[Text, Meta(description="How to have the decision reviewed.")]
    suspension: Annotated[Name | None, Meta(description="The Suspension it tells of.")] = None


class NoticeStatus(Status, kw_only=True, frozen=True):
    """Whether the matter is still open."""

    phase: Annotated[
        Literal["Open", "Closed"] | None, Meta(description="Open until the matter is settled, then Closed.")
    ] = None


class Notice(Struct, kw_only=True, frozen=True):
    """A message to the tenant, in each of its namespaces (written by the operator, read by the tenant)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: NoticeSpec
    status: NoticeStatus = NoticeStatus()


KIND = Kind(
    kind="Notice",
    plural="notices",
    short_names=("ntc",),
    namespaced=True,
    model=Notice,
    spec=NoticeSpec,
    status=NoticeStatus,
    validations=(
        Validation("!has(self.deadline) || self.deadline >= self.issuedAt", "deadline must not be before issuedAt"),
    ),
    columns=(
        Column("Subject", ".spec.subject"),
        Column("Clauses", ".spec.clauses"),
        Column("Phase", ".status.phase"),
        Column("Issued", ".spec.issuedAt"),
        Column("Deadline", ".spec.deadline"),
    ),
)

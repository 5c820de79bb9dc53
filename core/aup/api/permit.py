"""Permit: a written consent of the provider with an end."""

from typing import Annotated, Literal

from msgspec import Meta, field

from aup.api.meta import SHA256, Column, Instant, Kind, Line, Name, ObjectMeta, RuleId, Status, Struct, Text, Validation

Names = Annotated[list[Name], Meta(max_length=64, extra_json_schema={"x-kubernetes-list-type": "set"})]


class PermitScope(Struct, kw_only=True, frozen=True):
    """Exactly what is covered. A finding must match every list that is given; names are compared whole."""

    namespaces: Annotated[
        list[Name],
        Meta(
            min_length=1, max_length=64, description="Namespaces.", extra_json_schema={"x-kubernetes-list-type": "set"}
        ),
    ]
    kinds: Annotated[Names, Meta(description="Kinds, such as Deployment; all where empty.")] = []
    names: Annotated[Names, Meta(description="Object names; all where empty. A Pod's is not its Deployment's.")] = []
    containers: Annotated[Names, Meta(description="Container names; all where empty.")] = []


class PermitSpec(Struct, kw_only=True, frozen=True):
    """Who may do what, where, and until when."""

    tenant: Annotated[Name, Meta(description="The Tenant that holds the permit.")]
    rules: Annotated[
        list[RuleId],
        Meta(min_length=1, max_length=64, description="Rule ids.", extra_json_schema={"x-kubernetes-list-type": "set"}),
    ]
    scope: Annotated[PermitScope, Meta(description="What is covered. Permits never combine: one must cover a finding.")]
    valid_from: Annotated[Instant, Meta(description="From when (inclusive).")]
    expires_at: Annotated[Instant, Meta(description="Until when (exclusive). A permit without an end is refused.")]
    reason: Annotated[Text, Meta(description="Why it was given.")]
    ticket: Annotated[Line, Meta(description="The provider's ticket.")]
    approved_by: Annotated[Line, Meta(description="Who approved it.")]
    document_sha256: Annotated[SHA256 | None, Meta(description="SHA-256 of the signed consent, in hex.")] = field(
        name="documentSHA256", default=None
    )


class PermitStatus(Status, kw_only=True, frozen=True):
    """Where the permit stands in time."""

    phase: Annotated[
        Literal["Pending", "Active", "Expired"] | None,
        Meta(description="Pending before validFrom, Active until expiresAt, then Expired."),
    ] = None


class Permit(Struct, kw_only=True, frozen=True):
    """A written consent with an end (cluster-scoped, written by the provider)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: PermitSpec
    status: PermitStatus = PermitStatus()


KIND = Kind(
    kind="Permit",
    plural="permits",
    short_names=("pmt",),
    model=Permit,
    spec=PermitSpec,
    status=PermitStatus,
    validations=(Validation("self.expiresAt > self.validFrom", "expiresAt must be after validFrom"),),
    columns=(
        Column("Tenant", ".spec.tenant"),
        Column("Rules", ".spec.rules"),
        Column("Phase", ".status.phase"),
        Column("Valid", '.status.conditions[?(@.type=="Valid")].status'),
        Column("Expires", ".spec.expiresAt"),
        Column("Ticket", ".spec.ticket"),
        Column("Approved By", ".spec.approvedBy", priority=1),
    ),
)

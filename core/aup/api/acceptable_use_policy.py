"""AcceptableUsePolicy: one revision of the provider's policy and how its rules are enforced."""

from typing import Annotated, Literal

from msgspec import Meta, field

from aup.api.meta import (
    Column,
    Domain,
    Instant,
    Kind,
    Line,
    ObjectMeta,
    ResourceLimits,
    RuleId,
    RuleMode,
    Status,
    Struct,
    Url,
    Validation,
)


class RuleSetting(Struct, kw_only=True, frozen=True):
    """How one rule is enforced under this revision; a rule that is not listed has its own default mode."""

    id: Annotated[RuleId, Meta(description="The rule's id, such as AUP1601.")]
    mode: Annotated[RuleMode, Meta(description="deny rejects, warn tells, audit only records, off does not judge.")]
    limits: Annotated[
        ResourceLimits,
        Meta(
            description="The most that may be asked for: AUP1603 of CPU, memory and devices, AUP1604 of storage, "
            "AUP1605 of Pods, AUP1606 by all namespaces of a tenant together (perTenant)."
        ),
    ] = ResourceLimits()


class AcceptableUsePolicySpec(Struct, kw_only=True, frozen=True):
    """One published revision. It is a document: it cannot be changed, a later revision replaces it."""

    version: Annotated[str, Meta(min_length=1, max_length=64, description="The revision's name, usually its date.")]
    provider: Annotated[Line, Meta(description="The legal name of the provider.")]
    announced_at: Annotated[Instant, Meta(description="When customers were told of this revision.")]
    effective_at: Annotated[Instant, Meta(description="From when it is in force.")]
    material: Annotated[
        bool, Meta(description="Whether it is a material change, which clause 7.1 wants announced 30 days before.")
    ] = True
    url: Annotated[Url, Meta(description="Where the text is published.")]
    contact: Annotated[Line, Meta(description="The abuse desk's address, named in every rejection.")]
    documentation_url: Annotated[Url, Meta(description="Where the rules' pages are; the rule's id is appended.")] = (
        field(name="documentationURL")
    )
    appeal_days: Annotated[
        int, Meta(ge=1, le=365, description="Days within which an appeal against a suspension is decided.")
    ] = 14
    protected_names: Annotated[
        list[Domain],
        Meta(
            max_length=1024, description="Domains that no customer's host may imitate, such as a bank's (clause 1.4)."
        ),
    ] = []
    rules: Annotated[
        list[RuleSetting],
        Meta(
            max_length=128,
            description="Rules whose mode or parameters differ from their defaults.",
            extra_json_schema={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"]},
        ),
    ] = []


class AcceptableUsePolicyStatus(Status, kw_only=True, frozen=True):
    """Where this revision stands in time."""

    phase: Annotated[
        Literal["Announced", "Effective", "Superseded"] | None,
        Meta(description="Announced until effectiveAt, then Effective until a later revision takes its place."),
    ] = None


class AcceptableUsePolicy(Struct, kw_only=True, frozen=True):
    """One revision of the provider's Acceptable Use Policy (cluster-scoped, written by the provider)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: AcceptableUsePolicySpec
    status: AcceptableUsePolicyStatus = AcceptableUsePolicyStatus()


KIND = Kind(
    kind="AcceptableUsePolicy",
    plural="acceptableusepolicies",
    short_names=("aupol",),
    model=AcceptableUsePolicy,
    spec=AcceptableUsePolicySpec,
    status=AcceptableUsePolicyStatus,
    validations=(
        Validation("self == oldSelf", "a published policy cannot be changed; publish a new revision instead"),
        Validation("self.effectiveAt >= self.announcedAt", "effectiveAt must not be before announcedAt"),
        Validation(
            "!self.material || self.effectiveAt - self.announcedAt >= duration('720h')",
            "a material change must be announced at least 30 days before it is effective (clause 7.1)",
        ),
    ),
    columns=(
        Column("Version", ".spec.version"),
        Column("Phase", ".status.phase"),
        Column("Announced", ".spec.announcedAt"),
        Column("Effective", ".spec.effectiveAt"),
    ),
)

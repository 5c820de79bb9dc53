"""Tenant: one customer of the provider, as the cluster knows it."""

from typing import Annotated, Literal

from msgspec import Meta, field

from aup.api.meta import (
    SHA256,
    Cidr,
    Column,
    Count,
    Domain,
    Instant,
    Kind,
    Line,
    Name,
    ObjectMeta,
    ResourceLimits,
    RuleId,
    Status,
    Struct,
    Url,
)


class Contacts(Struct, kw_only=True, frozen=True):
    """Whom to write to."""

    abuse: Annotated[Line, Meta(description="E-mail address for abuse matters; it must be read.")]
    technical: Annotated[Line | None, Meta(description="E-mail address for technical matters.")] = None
    billing: Annotated[Line | None, Meta(description="E-mail address for billing matters.")] = None


class Attestation(Struct, kw_only=True, frozen=True):
    """What the customer has declared to the provider in writing."""

    kind: Annotated[
        Literal["NoHighRiskUse"],
        Meta(description="NoHighRiskUse: nothing runs here whose failure could kill, hurt or pollute (clause 1.5)."),
    ]
    attested_at: Annotated[Instant, Meta(description="When it was signed.")]
    attested_by: Annotated[Line, Meta(description="Who signed it, with the customer.")]
    expires_at: Annotated[Instant | None, Meta(description="Until when it counts (exclusive); for good if absent.")] = (
        None
    )
    document_sha256: Annotated[SHA256 | None, Meta(description="SHA-256 of the signed document, in hex.")] = field(
        name="documentSHA256", default=None
    )


class EmailProgramme(Struct, kw_only=True, frozen=True):
    """How the customer sends bulk or commercial e-mail (clauses 2.1 to 2.3)."""

    privacy_policy: Annotated[Url | None, Meta(description="Where the privacy policy is published.")] = None
    abuse_contact: Annotated[Line | None, Meta(description="The public address for complaints.")] = None
    consent_record: Annotated[
        Line | None, Meta(description="Where the recipients' consent is kept: a URL or the name of a system.")
    ] = None
    opt_out: Annotated[Line | None, Meta(description="Where recipients opt out: a URL or an e-mail address.")] = None
    sender_identity: Annotated[Line | None, Meta(description="The name and address that mail is sent under.")] = None
    unsubscribe_contact: Annotated[
        Line | None, Meta(description="Who takes requests to unsubscribe: e-mail or URL.")
    ] = None
    unsubscribe_hours: Annotated[
        Annotated[int, Meta(ge=0, le=8760)] | None, Meta(description="In how many hours they are honoured; at most 72.")
    ] = None


class TenantSpec(Struct, kw_only=True, frozen=True):
    """Facts about a customer. A Namespace joins the tenant by the label aup.asergo.com/tenant, or by `cluster`."""

    account_id: Annotated[Name, Meta(description="The customer's id in the provider's books.")] = field(
        name="accountID"
    )
    legal_name: Annotated[Line, Meta(description="The customer's legal name.")]
    country: Annotated[
        str, Meta(pattern="^[A-Z]{2}$", max_length=2, description="ISO 3166-1 alpha-2 code of the customer's country.")
    ]
    contacts: Annotated[Contacts, Meta(description="Whom to write to.")]
    cluster: Annotated[
        bool,
        Meta(
            description="Whether the customer has the whole cluster: every namespace is theirs that carries no other "
            "tenant's label, but the system's and the provider's. One Tenant of a cluster can; the chart's value "
            "cluster.tenant must name it."
        ),
    ] = False
    assigned_cidrs: Annotated[
        list[Cidr],
        Meta(max_length=256, description="IP networks that the provider has assigned, IPv4 or IPv6 (clause 6.2)."),
    ] = field(name="assignedCIDRs", default_factory=list)
    verified_domains: Annotated[
        list[Domain],
        Meta(
            max_length=1024,
            description="Domains that the customer has proved to hold; all names below them count (clause 6.1). Look at"
            " each before it goes in here: what is verified imitates nobody. While there are none, hosts only warn.",
        ),
    ] = []
    parties: Annotated[
        list[Line],
        Meta(max_length=64, description="Owners, directors and other parties to screen, by legal name (clause 4.1)."),
    ] = []
    uses: Annotated[
        list[Name],
        Meta(max_length=64, description="What the customer uses the service for, as declared to the provider."),
    ] = []
    attestations: Annotated[list[Attestation], Meta(max_length=16, description="Signed declarations.")] = []
    email_programme: Annotated[
        EmailProgramme | None, Meta(description="For a customer that sends bulk or commercial e-mail.")
    ] = None
    quota: Annotated[ResourceLimits, Meta(description="Limits that replace the policy's, resource by resource.")] = (
        ResourceLimits()
    )


class Usage(Struct, kw_only=True, frozen=True):
    """How much of a resource is used in all the tenant's namespaces, and how much may be."""

    used: Annotated[Line, Meta(description="What Kubernetes has counted, a quantity.")]
    limit: Annotated[Line, Meta(description="The total, a quantity.")]


class RuleFindings(Struct, kw_only=True, frozen=True):
    """How many of the tenant's stored objects break a rule, and one of them."""

    rule: Annotated[RuleId, Meta(description="The rule; `aup explain` says what it wants.")]
    denied: Annotated[Count, Meta(description="Objects that would be rejected now.")] = 0
    warned: Annotated[Count, Meta(description="Objects that would be let in with a warning.")] = 0
    example: Annotated[Line, Meta(description="One of them, one that would be rejected if there is any.")]


class TenantStatus(Status, kw_only=True, frozen=True):
    """Where the tenant stands."""

    standing: Annotated[
        Literal["Good", "Suspended", "Lifting"] | None,
        Meta(description="Good, Suspended, or Lifting while originals are put back."),
    ] = None
    namespaces: Annotated[Count | None, Meta(description="How many namespaces carry the tenant's label.")] = None
    suspensions: Annotated[list[Name], Meta(max_length=64, description="Suspensions in force, by name.")] = []
    usage: Annotated[
        dict[str, Usage], Meta(max_length=64, description="What is used of each resource that has a total.")
    ] = {}
    findings: Annotated[
        list[RuleFindings], Meta(max_length=64, description="What the last audit of stored objects found, by rule.")
    ] = []
    audited_at: Annotated[
        Instant | None, Meta(description="When that was found; up to an hour older than the last audit.")
    ] = None


class Tenant(Struct, kw_only=True, frozen=True):
    """One customer (cluster-scoped, written by the provider)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: TenantSpec
    status: TenantStatus = TenantStatus()


KIND = Kind(
    kind="Tenant",
    plural="tenants",
    short_names=("tn",),
    model=Tenant,
    spec=TenantSpec,
    status=TenantStatus,
    columns=(
        Column("Account", ".spec.accountID"),
        Column("Standing", ".status.standing"),
        Column("Namespaces", ".status.namespaces", "integer"),
        Column("Suspensions", ".status.suspensions"),
        Column("Abuse Contact", ".spec.contacts.abuse"),
        Column("Age", ".metadata.creationTimestamp", "date"),
    ),
)

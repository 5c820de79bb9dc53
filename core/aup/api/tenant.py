"""Tenant: one customer of the provider, as the cluster knows it."""

from typing import Annotated, Literal

from msgspec import Meta, field

from aup.api.meta import Column, Count, Kind, Line, Name, ObjectMeta, ResourceLimits, Status, Struct


class Contacts(Struct, kw_only=True, frozen=True):
    """Whom to write to."""

    abuse: Annotated[Line, Meta(description="E-mail address for abuse matters; it must be read.")]
    technical: Annotated[Line | None, Meta(description="E-mail address for technical matters.")] = None
    billing: Annotated[Line | None, Meta(description="E-mail address for billing matters.")] = None


class TenantSpec(Struct, kw_only=True, frozen=True):
    """Facts about a customer. A Namespace joins the tenant by the label aup.asergo.com/tenant."""

    account_id: Annotated[Name, Meta(description="The customer's id in the provider's books.")] = field(
        name="accountID"
    )
    legal_name: Annotated[Line, Meta(description="The customer's legal name.")]
    country: Annotated[
        str, Meta(pattern="^[A-Z]{2}$", max_length=2, description="ISO 3166-1 alpha-2 code of the customer's country.")
    ]
    contacts: Annotated[Contacts, Meta(description="Whom to write to.")]
    quota: Annotated[ResourceLimits, Meta(description="Limits that replace the policy's, resource by resource.")] = (
        ResourceLimits()
    )


class TenantStatus(Status, kw_only=True, frozen=True):
    """Where the tenant stands."""

    standing: Annotated[
        Literal["Good", "Suspended", "Lifting"] | None,
        Meta(description="Good, Suspended, or Lifting while originals are put back."),
    ] = None
    namespaces: Annotated[Count | None, Meta(description="How many namespaces carry the tenant's label.")] = None
    suspensions: Annotated[list[Name], Meta(max_length=64, description="Suspensions in force, by name.")] = []


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

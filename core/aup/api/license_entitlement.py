"""LicenseEntitlement: a licence that a tenant holds, as the provider has seen it proved."""

from typing import Annotated

from msgspec import Meta, field

from aup.api.meta import SHA256, Column, Count, Instant, Kind, Line, Name, ObjectMeta, Status, Struct, Validation


class LicenseEntitlementSpec(Struct, kw_only=True, frozen=True):
    """What may be run, how much of it, and until when."""

    tenant: Annotated[Name, Meta(description="The Tenant that holds the licence.")]
    product: Annotated[Name, Meta(description="The product's id, as workloads name it in aup.asergo.com/entitlement.")]
    vendor: Annotated[Line | None, Meta(description="Who grants the licence.")] = None
    license: Annotated[Line | None, Meta(description="The SPDX LicenseRef- of its terms.")] = None
    count: Annotated[Count | None, Meta(description="How many Pods it is for; no bound if absent.")] = None
    valid_from: Annotated[Instant, Meta(description="From when (inclusive).")]
    expires_at: Annotated[Instant | None, Meta(description="Until when (exclusive); for good if absent.")] = None
    support_ends_at: Annotated[Instant | None, Meta(description="When the vendor's support ends (clause 3.2).")] = None
    evidence_sha256: Annotated[
        SHA256 | None, Meta(description="SHA-256 of the proof of licence, in hex (clause 3.3).")
    ] = field(name="evidenceSHA256", default=None)


class LicenseEntitlementStatus(Status, kw_only=True, frozen=True):
    """Nothing beyond the standard conditions."""


class LicenseEntitlement(Struct, kw_only=True, frozen=True):
    """A licence that a tenant holds (cluster-scoped, written by the provider)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: LicenseEntitlementSpec
    status: LicenseEntitlementStatus = LicenseEntitlementStatus()


KIND = Kind(
    kind="LicenseEntitlement",
    plural="licenseentitlements",
    short_names=("lic",),
    model=LicenseEntitlement,
    spec=LicenseEntitlementSpec,
    status=LicenseEntitlementStatus,
    validations=(
        Validation("!has(self.expiresAt) || self.expiresAt > self.validFrom", "expiresAt must be after validFrom"),
    ),
    columns=(
        Column("Tenant", ".spec.tenant"),
        Column("Product", ".spec.product"),
        Column("Count", ".spec.count", "integer"),
        Column("Expires", ".spec.expiresAt"),
        Column("Support Ends", ".spec.supportEndsAt"),
    ),
)

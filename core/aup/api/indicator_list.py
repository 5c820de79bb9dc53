"""IndicatorList: things that the provider has found to break the policy, such as an image or an address."""

from typing import Annotated, Literal

from msgspec import Meta

from aup.api.meta import Clause, Column, Count, Instant, Kind, Line, ObjectMeta, Status, Struct

IndicatorType = Literal["image", "digest", "registry", "host", "wallet", "sha256", "address"]


class Indicator(Struct, kw_only=True, frozen=True):
    """One entry of a list; what it does not say itself is as the list says."""

    type: Annotated[
        IndicatorType,
        Meta(
            description="image: a repository, with or without a tag. digest: sha256:…, of an image. registry: a host "
            "of images. host: a DNS name with all below it. wallet: an address of a cryptocurrency. sha256: of a "
            "file's content, as a ConfigMap may hold it. address: an IP address or network."
        ),
    ]
    value: Annotated[Line, Meta(description="The image, digest, host, address and so on.")]
    clause: Annotated[Clause | None, Meta(description="The clause that it breaks.")] = None
    reason: Annotated[Line | None, Meta(description="Why it is listed, as the person refused may read it.")] = None
    source: Annotated[Line | None, Meta(description="Who says so.")] = None
    expires_at: Annotated[Instant | None, Meta(description="Until when it counts (exclusive).")] = None


class IndicatorListSpec(Struct, kw_only=True, frozen=True):
    """Entries with what they have in common. An object of the API server holds about 10,000; use several lists."""

    clause: Annotated[Clause, Meta(description="The clause that the entries break.")]
    reason: Annotated[Line, Meta(description="Why they are listed, as the person refused may read it.")]
    source: Annotated[Line, Meta(description="Who says so: a feed, a report, a ticket.")]
    expires_at: Annotated[Instant | None, Meta(description="Until when the entries count (exclusive).")] = None
    indicators: Annotated[list[Indicator], Meta(max_length=20000, description="The entries.")]


class IndicatorListStatus(Status, kw_only=True, frozen=True):
    """How many entries are in force."""

    entries: Annotated[Count | None, Meta(description="How many entries the list has.")] = None


class IndicatorList(Struct, kw_only=True, frozen=True):
    """What must not run or be reached (cluster-scoped, written by the provider)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: IndicatorListSpec
    status: IndicatorListStatus = IndicatorListStatus()


KIND = Kind(
    kind="IndicatorList",
    plural="indicatorlists",
    short_names=("ioc",),
    model=IndicatorList,
    spec=IndicatorListSpec,
    status=IndicatorListStatus,
    columns=(
        Column("Clause", ".spec.clause"),
        Column("Source", ".spec.source"),
        Column("Expires", ".spec.expiresAt"),
        Column("Age", ".metadata.creationTimestamp", "date"),
    ),
)

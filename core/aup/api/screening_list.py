"""ScreeningList: persons, organisations and countries with whom the provider may not do business."""

from typing import Annotated, Literal

from msgspec import Meta

from aup.api.meta import Column, Count, Instant, Kind, Line, ObjectMeta, Status, Struct

Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", max_length=2)]


class ListedParty(Struct, kw_only=True, frozen=True):
    """One person or organisation."""

    name: Annotated[Line, Meta(description="The name as listed.")]
    aliases: Annotated[list[Line], Meta(max_length=64, description="Other names and spellings.")] = []
    type: Annotated[Literal["person", "organisation"] | None, Meta(description="What it is, where the list says.")] = (
        None
    )
    countries: Annotated[
        list[Country], Meta(max_length=32, description="ISO 3166-1 alpha-2 codes, for telling namesakes apart.")
    ] = []
    reference: Annotated[Line, Meta(description="The entry's id in the list, such as EU.27.28.")]
    programme: Annotated[Line | None, Meta(description="The regulation or programme.")] = None


class ScreeningListSpec(Struct, kw_only=True, frozen=True):
    """The entries of one source; a large source is split over several ScreeningLists."""

    source: Annotated[Line, Meta(description="Whose list it is.")]
    published_at: Annotated[Instant, Meta(description="The list's date.")]
    countries: Annotated[list[Country], Meta(max_length=256, description="Countries under embargo.")] = []
    parties: Annotated[list[ListedParty], Meta(max_length=10000, description="Persons and organisations.")] = []


class ScreeningListStatus(Status, kw_only=True, frozen=True):
    """How many entries it has."""

    entries: Annotated[Count | None, Meta(description="How many parties it lists.")] = None


class ScreeningList(Struct, kw_only=True, frozen=True):
    """With whom no business may be done (cluster-scoped, written by the provider)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: ScreeningListSpec
    status: ScreeningListStatus = ScreeningListStatus()


KIND = Kind(
    kind="ScreeningList",
    plural="screeninglists",
    short_names=("screen",),
    model=ScreeningList,
    spec=ScreeningListSpec,
    status=ScreeningListStatus,
    columns=(
        Column("Source", ".spec.source"),
        Column("Published", ".spec.publishedAt"),
        Column("Age", ".metadata.creationTimestamp", "date"),
    ),
)

"""SignatureList: signatures of the provider's own, beside those that come with aup."""

from typing import Annotated, Literal

from msgspec import Meta

from aup.api.meta import Column, Count, Kind, Line, Name, ObjectMeta, Status, Struct

Strength = Literal["weak", "medium", "strong"]
STRENGTHS: tuple[Strength, ...] = ("weak", "medium", "strong")
"""Weakest first."""

Topic = Literal[
    "container_escape",
    "crypto_mining",
    "denial_of_service",
    "malicious_code",
    "mass_scanning",
    "open_proxy",
    "phishing_kit",
    "proxyware",
    "tor_relay",
    "vulnerability_scanning",
]
"""What signatures are evidence of; each topic has one rule."""

Target = Literal[
    "name",
    "image",
    "program",
    "word",
    "repository",
    "scheme",
    "host",
    "flag",
    "phrase",
    "algorithm",
    "coin",
    "variable",
]


class ListedSignature(Struct, kw_only=True, frozen=True):
    """Tokens of one sort: what they are looked up against, what they are evidence of, and how strong."""

    matches: Annotated[
        Target,
        Meta(
            description="name: path segments of images, and programs. image, program: one of the two. word: a part of "
            "a name that backs up others. repository: two neighbouring path segments. scheme, host (with all below "
            "it), flag, phrase (program and argument, or program --option>=least), variable (without digits; "
            "PREFIX_*). algorithm, coin: of mining."
        ),
    ]
    tells: Annotated[Line, Meta(description="What stands between the match and the token: names the scanner.")]
    kind: Annotated[Name, Meta(description="Two medium ones must be of different kinds to reject.")]
    strength: Annotated[
        Strength,
        Meta(description="strong rejects alone, medium warns and rejects with another, weak only backs up others."),
    ]
    tokens: Annotated[
        list[Line], Meta(max_length=10000, description="Lower case, except for variables, which are upper case.")
    ]


class SignatureListSpec(Struct, kw_only=True, frozen=True):
    """Signatures of one topic from one source."""

    topic: Annotated[Topic, Meta(description="What they are evidence of, which says by which rule they reject.")]
    source: Annotated[Line, Meta(description="Where they come from.")]
    license: Annotated[Line, Meta(description="The licence of the source.")]
    signatures: Annotated[list[ListedSignature], Meta(max_length=256, description="The signatures.")]


class SignatureListStatus(Status, kw_only=True, frozen=True):
    """How many tokens it has."""

    tokens: Annotated[Count | None, Meta(description="How many tokens the list has.")] = None


class SignatureList(Struct, kw_only=True, frozen=True):
    """What else is to be detected (cluster-scoped, written by the provider)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: SignatureListSpec
    status: SignatureListStatus = SignatureListStatus()


KIND = Kind(
    kind="SignatureList",
    plural="signaturelists",
    short_names=("sig",),
    model=SignatureList,
    spec=SignatureListSpec,
    status=SignatureListStatus,
    columns=(
        Column("Topic", ".spec.topic"),
        Column("Source", ".spec.source"),
        Column("License", ".spec.license"),
        Column("Age", ".metadata.creationTimestamp", "date"),
    ),
)

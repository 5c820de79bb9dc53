"""The cases beside each rule: exact findings on small objects, read by tests, by `aup explain` and by the docs."""

from datetime import UTC, datetime
from importlib.resources import files
from typing import Literal

import msgspec

from aup.facts import Facts, from_manifests
from aup.model import Mode, Rule
from aup.review import Json, Operation, Review, of_object

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant at which cases are judged unless they name another."""

NAMESPACE = "shop"
"""The namespace of cases that name none; it belongs to the tenant `acme`."""

_ACME: list[Json] = [
    {
        "apiVersion": "aup.asergo.com/v1alpha1",
        "kind": "Tenant",
        "metadata": {"name": "acme"},
        "spec": {
            "accountID": "1001",
            "legalName": "Acme ApS",
            "country": "DK",
            "contacts": {"abuse": "abuse@acme.example"},
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"aup.asergo.com/tenant": "acme"}},
    },
]


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One finding that a case must give, to the letter."""

    at: str
    found: str
    container: str = ""
    mode: Mode = "deny"


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One object and the findings of the rule on it.

    `object` is a manifest; `pod` is short for a Pod named `web` with that spec. `old` makes it an UPDATE. `facts` are
    manifests beside (or in place of, by name) the tenant `acme` with its namespace `shop`. `shows` says which of the
    situations that every rule must have a case for this one is.
    """

    case: str
    shows: Literal["initContainer", "ephemeralContainer", "look-alike", "malformed"] | None = None
    object: Json = {}
    pod: Json = {}
    old: Json | None = None
    subresource: str = ""
    user: str = ""
    now: datetime = NOW
    facts: list[Json] = []
    expect: list[Expected] = []

    def manifest(self) -> Json:
        """The object under judgement, whole."""
        return self.object or {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "namespace": NAMESPACE},
            "spec": self.pod,
        }

    def review(self) -> Review:
        """The review that this case stands for."""
        operation: Operation = "CREATE" if self.old is None else "UPDATE"
        return msgspec.structs.replace(
            of_object(self.manifest(), NAMESPACE),
            operation=operation,
            old_object=self.old or {},
            subresource=self.subresource,
            user=self.user,
        )

    def all_facts(self) -> list[Json]:
        """The manifests of the facts: the tenant `acme` with its namespace where the case has none of that name."""
        own = {_key(manifest) for manifest in self.facts}
        return [*(manifest for manifest in _ACME if _key(manifest) not in own), *self.facts]

    def known(self) -> Facts:
        """The facts that it is judged with."""
        return from_manifests(self.all_facts())


def cases(rule: Rule) -> list[Case]:
    """The cases in the YAML file of the same name as the rule's module."""
    name = f"{rule.id.lower()}_{rule.name.replace('-', '_')}.yaml"
    return msgspec.yaml.decode(files("aup.rules").joinpath(name).read_bytes(), type=list[Case])


def _key(manifest: Json) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]

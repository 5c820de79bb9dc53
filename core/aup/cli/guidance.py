"""What `aup explain` and a rule's page say beside its own words: what it judges, its limits, how to get a permit."""

from collections.abc import Iterator
from typing import Any

import yaml

from aup.api.meta import API_VERSION
from aup.cases import NAMESPACE, Case, cases
from aup.model import EVERY, Rule
from aup.quantity import render

_MOST_LINES = 40
_LONGEST = 400  # characters of a text in an example
_NO_CONSENT = "0" * 64

NEEDS_DOCUMENT = (
    "This rule asks for the provider's prior written consent: only a permit that carries the SHA-256 of the signed "
    "document covers it."
)


def judges(rule: Rule) -> str:
    """Which objects a rule looks at, in a sentence."""
    if rule.kinds is EVERY:
        return "Judges objects of every kind."
    kinds = sorted(f"{kind}.{group}" if group else kind for group, kind in rule.kinds)
    *most, last = [*kinds, *(["every object with a pod template, whatever its kind"] if rule.workloads else [])]
    text = f"Judges {', '.join(most)} and {last}." if most else f"Judges {last}."
    return f"{text} It looks only at what the signatures of {_topic(rule)} find." if rule.detects else text


def _topic(rule: Rule) -> str:
    return str(rule.detects).replace("-", " ").replace("_", " ")


def limits(rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Each limit as (scope, resource, most); a scope without a number of its own has only what the provider sets."""
    for scope, amounts in rule.parameters.items():
        if not amounts:
            yield scope, "any", "what the provider sets"
        for resource, amount in amounts.items():
            yield scope, resource, render(amount, binary=_in_bytes(resource))


def _in_bytes(resource: str) -> bool:
    return resource.endswith(("memory", "storage")) or resource.startswith("hugepages-")


def request(rule: Rule) -> str:
    """The mail with which a tenant asks for a permit."""
    lines = [
        f"Subject: Permit for {rule.id} {rule.name}",
        "",
        "Tenant:      acme",
        f"Rule:        {rule.id} (AUP {rule.clause})",
        f"Where:       namespace {NAMESPACE}, {_kind(rule)} web{', container app' if in_containers(rule) else ''}",
        "What for:    what it does, and why it cannot be done without",
        "Until when:  2026-12-31",
    ]
    if rule.needs_document:
        lines.append("Consent:     please send the written consent to sign")
    return "\n".join(lines)


def in_containers(rule: Rule) -> bool:
    """Whether all that a rule rejects is in a container, so that a permit can name one."""
    return all(one.container for case in cases(rule) for one in case.expect if one.mode == "deny")


def _kind(rule: Rule) -> str:
    return next((str(case.manifest().get("kind")) for case in cases(rule) if case.expect and case.old is None), "Pod")


def permit(rule: Rule) -> str:
    """The Permit that the provider writes, with values to replace."""
    scope = {"namespaces": [NAMESPACE]}
    if in_containers(rule):
        scope["containers"] = ["app"]
    spec = {
        "tenant": "acme",
        "rules": [rule.id],
        "scope": scope,
        "validFrom": "2026-01-01T00:00:00Z",
        "expiresAt": "2027-01-01T00:00:00Z",
        "reason": "What it is for, and why it may be done.",
        "ticket": "T-1",
        "approvedBy": "name@provider.example",
    }
    if rule.needs_document:
        spec["documentSHA256"] = _NO_CONSENT
    manifest = {
        "apiVersion": API_VERSION,
        "kind": "Permit",
        "metadata": {"name": f"acme-{rule.name}"},
        "spec": spec,
    }
    return str(yaml.dump(manifest, Dumper=yaml.CSafeDumper, sort_keys=False, width=120)).rstrip()


HOW_A_SCOPE_WORKS = (
    "A finding has to match every list that is given. Of a Deployment, Kubernetes makes ReplicaSets and Pods, and each "
    "is judged: `kinds` and `names` are for objects that nothing else is made of."
)


def manifest(case: Case) -> list[str]:
    """A case's object in YAML, a line each; a long one is cut."""
    written = yaml.dump(_shortened(case.manifest()), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)
    lines = written.splitlines()
    if len(lines) <= _MOST_LINES:
        return lines
    return [*lines[:_MOST_LINES], f"# … and {len(lines) - _MOST_LINES} lines more"]


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value


class _Plain(yaml.CSafeDumper):
    """Writes what stands twice twice, not as an anchor and an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml's signature
        return True

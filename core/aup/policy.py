"""A policy revision made ready to judge with: each rule with its mode and limits, once per snapshot."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec

from aup.api.acceptable_use_policy import AcceptableUsePolicySpec
from aup.api.meta import Resources
from aup.errors import InputError
from aup.model import GroupKind, Limits, Mode, Rule
from aup.quantity import parse
from aup.rules import RULES

OTHER: GroupKind = ("*", "*")
"""Stands for every kind that no rule names."""


class ActiveRule(msgspec.Struct, frozen=True):
    """A rule as one policy revision enforces it."""

    rule: Rule
    mode: Mode
    limits: Limits
    url: str


class Policy(msgspec.Struct, frozen=True):
    """A policy revision ready to judge with; rules that are off are left out.

    The rules of each kind that some rule names, and of all others as `OTHER`, stand in `workload_rules` for objects
    with a pod template and in `kind_rules` for those without; those that need a sign stand in `signed`, and all of
    their signs in `signs`.
    """

    version: str
    provider: str
    url: str
    contact: str
    effective_at: datetime
    protected_names: frozenset[str]
    rules: tuple[ActiveRule, ...]
    workload_rules: Mapping[GroupKind, tuple[ActiveRule, ...]]
    kind_rules: Mapping[GroupKind, tuple[ActiveRule, ...]]
    signed: tuple[ActiveRule, ...]
    signs: frozenset[str]

    def rules_for(self, kind: GroupKind, signs: AbstractSet[str], *, workload: bool) -> tuple[ActiveRule, ...]:
        """The rules that may find something in an object of this kind.

        Args:
            kind: The object's.
            signs: What `aup.signs` sees in it; rules that need others have nothing to say.
            workload: Whether it has a pod template.
        """
        table = self.workload_rules if workload else self.kind_rules
        rules = table[kind] if kind in table else table[OTHER]
        if self.signs.isdisjoint(signs):
            return rules
        found = (one for one in self.signed if not one.rule.signs.isdisjoint(signs))
        return (*rules, *_judging(found, kind, workload=workload))


def compiled(spec: AcceptableUsePolicySpec) -> Policy:
    """Bring a policy revision's rules to the form that the engine runs.

    Raises:
        InputError: A rule id is unknown, or a limit is no quantity.
    """
    settings = {setting.id: setting for setting in spec.rules}
    unknown = sorted(settings.keys() - {rule.id for rule in RULES})
    if unknown:
        raise InputError("spec.rules", f"no such rule: {', '.join(unknown)}; `aup rules` lists them")
    active = []
    for rule in RULES:
        setting = settings.get(rule.id)
        mode = setting.mode if setting else rule.mode
        if mode == "off":
            continue
        own: Limits = {
            scope: nanos(amounts, f"spec.rules[{rule.id}].limits.{scope}")
            for scope, amounts in (setting.limits.by_scope() if setting else {}).items()
            if amounts
        }
        page = f"{spec.documentation_url.rstrip('/')}/{rule.id}"
        active.append(ActiveRule(rule, mode, narrowed(rule.parameters, own), page))
    return Policy(
        version=spec.version,
        provider=spec.provider,
        url=spec.url,
        contact=spec.contact,
        effective_at=spec.effective_at,
        protected_names=frozenset(name.lower() for name in spec.protected_names),
        **by_kind(active),
    )


def by_kind(active: Iterable[ActiveRule]) -> dict[str, Any]:
    """The fields of a Policy that hold its rules."""
    rules = tuple(active)
    always = [one for one in rules if not one.rule.signs]
    named = {OTHER, *chain.from_iterable(one.rule.kinds for one in always)}
    return {
        "rules": rules,
        "workload_rules": {kind: tuple(_judging(always, kind, workload=True)) for kind in named},
        "kind_rules": {kind: tuple(_judging(always, kind, workload=False)) for kind in named},
        "signed": tuple(one for one in rules if one.rule.signs),
        "signs": frozenset(chain.from_iterable(one.rule.signs for one in rules)),
    }


def _judging(active: Iterable[ActiveRule], kind: GroupKind, *, workload: bool) -> Iterator[ActiveRule]:
    return (one for one in active if (workload and one.rule.workloads) or kind in one.rule.kinds)


def nanos(amounts: Resources, place: str) -> dict[str, int]:
    """Resource amounts in nano-units.

    Raises:
        InputError: One is no quantity; `place` and the resource name say which.
    """
    parsed = {}
    for resource, amount in amounts.items():
        try:
            parsed[resource] = parse(amount)
        except ValueError as error:
            raise InputError(f"{place}.{resource}", str(error)) from None
    return parsed


def narrowed(limits: Limits, own: Limits) -> Limits:
    """The limits with each amount of `own` in place of the same scope's and resource's; other scopes are left out."""
    if own.keys().isdisjoint(limits):
        return limits
    return {scope: {**amounts, **own[scope]} if scope in own else amounts for scope, amounts in limits.items()}

"""A policy revision made ready to judge with: each rule with its mode and limits, once per snapshot."""

from datetime import datetime

import msgspec

from aup.api.acceptable_use_policy import AcceptableUsePolicySpec
from aup.api.meta import Resources
from aup.errors import InputError
from aup.model import Limits, Mode, Rule
from aup.quantity import parse
from aup.rules import RULES


class ActiveRule(msgspec.Struct, frozen=True):
    """A rule as one policy revision enforces it."""

    rule: Rule
    mode: Mode
    limits: Limits
    url: str


class Policy(msgspec.Struct, frozen=True):
    """A policy revision ready to judge with; rules that are off are left out.

    `rules_without_workload` are those of `rules` that judge objects without a pod template too.
    """

    version: str
    provider: str
    url: str
    contact: str
    effective_at: datetime
    rules: tuple[ActiveRule, ...]
    rules_without_workload: tuple[ActiveRule, ...]


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
        rules=tuple(active),
        rules_without_workload=tuple(one for one in active if not one.rule.needs_workload),
    )


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
    """The limits with each amount of `own` in place of the same scope's and resource's."""
    if not own:
        return limits
    return {scope: {**limits.get(scope, {}), **own.get(scope, {})} for scope in {**limits, **own}}

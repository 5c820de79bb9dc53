"""What rules are made of: a subject to look at, findings, and the frozen declaration of a rule."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from aup.api.license_entitlement import LicenseEntitlement
from aup.api.meta import RuleMode
from aup.api.signature_list import Topic
from aup.api.tenant import Tenant
from aup.indicators import NO_INDICATORS, Indicators
from aup.review import Review
from aup.screening import NO_SCREENING, Screening
from aup.signatures.scan import Scan
from aup.workload import Workload

Standing = Literal["Good", "Suspended", "Lifting"]
Mode = Literal["deny", "warn", "audit"]
Limits = Mapping[str, Mapping[str, int]]
"""Scope (`perContainer` to `perTenant`) to resource name to the most allowed, in nano-units."""


GroupKind = tuple[str, str]
"""API group (empty for the core group) and kind."""


class _Every(frozenset[GroupKind]):
    """The set that holds every kind."""

    def __contains__(self, kind: object) -> bool:
        return True


EVERY: frozenset[GroupKind] = _Every()
"""For a rule that judges objects of every kind."""


class Namespace(msgspec.Struct, frozen=True):
    """What the provider and the tenant say on a Namespace: its tenant's name, inherited licence and entitlement."""

    name: str
    tenant: str = ""
    license: str | None = None
    entitlement: str | None = None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """All that a rule may look at: the request, its pod templates, and the facts that concern it.

    `namespace` is None where the facts do not know the object's namespace; `tenant` is None where it has no tenant or
    names one that does not exist. `complete` says that the facts are a cluster's own, so what is missing is missing
    there and not just left out of a file. `entitlements` are the tenant's, whether in force or not. `protected_names`
    are the policy's, lower case. `namespaces` are those of all tenants, by name. `usage` is what all the tenant's
    namespaces use, by resource, in nano-units, where it has totals, and `counted` says that Kubernetes counts in this
    namespace too.
    """

    review: Review
    workload: Workload
    namespace: Namespace | None
    tenant: Tenant | None
    standing: Standing
    suspension: str
    entitlements: tuple[LicenseEntitlement, ...] = ()
    indicators: Indicators = NO_INDICATORS
    screening: Screening = NO_SCREENING
    protected_names: frozenset[str] = frozenset()
    namespaces: Mapping[str, Namespace] = {}
    usage: Mapping[str, int] = {}
    counted: bool = True
    scan: Scan
    complete: bool
    now: datetime
    worked_out: dict[str, Any] = {}
    """What one rule has worked out and others need too, by its name."""


class Finding(msgspec.Struct, frozen=True):
    """One place where an object breaks a rule.

    Args:
        at: The field path.
        found: What stands there, for people.
        container: The container's name, where the place is in one.
        amount: How much, in nano-units, where less of it is better: an edit that lowers it does not worsen a finding.
        amount_of: What the amount is of, where one place may have too much of several things.
        advisory: The evidence is too weak to reject; the finding only warns.
    """

    at: str
    found: str
    container: str = ""
    amount: int | None = None
    amount_of: str = ""
    advisory: bool = False


Check = Callable[..., Iterator[Finding]]
"""Takes the Subject, and behind it the Limits in force where its rule has parameters."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's declaration; `message`, `why` and `fix` come from the docstring of `check`."""

    id: str
    name: str
    clause: str
    mode: RuleMode
    since: str
    aliases: tuple[str, ...]
    workloads: bool
    kinds: frozenset[GroupKind]
    detects: Topic | None
    signs: frozenset[str]
    needs_document: bool
    judges_change: bool
    parameters: Limits
    message: str
    why: str
    fix: str
    check: Check


def rule(
    *,
    id: str,  # noqa: A002 - the field's own word for it
    clause: str,
    mode: RuleMode = "deny",
    since: str = "0.1.0",
    aliases: tuple[str, ...] = (),
    workloads: bool = True,
    kinds: Collection[GroupKind] = frozenset(),
    detects: Topic | None = None,
    signs: Collection[str] = (),
    needs_document: bool = False,
    judges_change: bool = False,
    parameters: Limits | None = None,
) -> Callable[[Check], Rule]:
    """Declare the decorated generator function as a rule named after it.

    It takes the Subject, and behind it the limits in force where it has parameters.

    Args:
        id: `AUP`, the clause's two digits, a number; never reused.
        clause: The clause of the AUP.
        mode: The mode where a policy does not set one.
        since: The first version with it.
        aliases: Earlier names.
        workloads: It judges every object that has a pod template, whatever its kind.
        kinds: It judges objects of these kinds, with a pod template or without one; `EVERY` for all kinds.
        detects: The topic of signatures that it tells of; it runs only where the scan has found something of it.
        signs: It has something to say only where one of these is among the object's signs (see `aup.signs`), so it
            runs only there; it runs on all that it judges where none is given.
        needs_document: Only a Permit that carries the SHA-256 of the written consent covers its findings.
        judges_change: It compares old and new itself, so the engine does not.
        parameters: Limits that a policy and a tenant's quota may replace.

    Raises:
        ValueError: The docstring lacks its message, `Why:` or `Fix:` part.
    """

    def declare(check: Check) -> Rule:
        parts = re.fullmatch(r"(?s)(.+?)\n\n\s*Why:(.+?)\n\n\s*Fix:(.+?)\s*", check.__doc__ or "")
        if parts is None:
            raise ValueError(f"{id}: the docstring needs a message, a 'Why:' and a 'Fix:' paragraph")
        message, why, fix = (" ".join(part.split()) for part in parts.groups())
        return Rule(
            id=id,
            name=check.__name__.replace("_", "-"),
            clause=clause,
            mode=mode,
            since=since,
            aliases=aliases,
            workloads=workloads,
            kinds=kinds if isinstance(kinds, frozenset) else frozenset(kinds),
            detects=detects,
            signs=frozenset(signs).union([detects] if detects else []),
            needs_document=needs_document,
            judges_change=judges_change,
            parameters=parameters or {},
            message=message,
            why=why,
            fix=fix,
            check=check,
        )

    return declare


class Judged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finding with all that has to be told about it, the same at every enforcement point.

    `mode` is what it leads to: `deny` rejects, `warn` tells, `audit` only records. `permit` names the permit that
    covers it and `existing` says that the object had it before this change; both take the teeth out of `deny`.
    """

    rule: str
    name: str
    clause: str
    mode: Mode
    path: str
    container: str = ""
    found: str
    message: str
    fix: str
    url: str
    permit: str = ""
    existing: bool = False


class Crash(msgspec.Struct, frozen=True):
    """A rule that broke while judging: a bug of ours, told apart from the tenant's findings."""

    rule: str
    error: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """All findings on one review, sorted by path and rule, with the policy they were judged under."""

    findings: tuple[Judged, ...] = ()
    crashes: tuple[Crash, ...] = ()
    policy: str = ""
    provider: str = ""
    contact: str = ""
    tenant: str = ""

    @property
    def denials(self) -> tuple[Judged, ...]:
        """The findings that reject the request."""
        return tuple(one for one in self.findings if one.mode == "deny")

    @property
    def warnings(self) -> tuple[Judged, ...]:
        """The findings that are told and do not reject."""
        return tuple(one for one in self.findings if one.mode == "warn")

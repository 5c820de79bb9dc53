"""The decision: a pure function of the review, the facts and the instant."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import chain

import msgspec

from aup.api.permit import Permit
from aup.facts import Facts
from aup.message import crash_finding
from aup.model import Crash, Finding, Judged, Limits, Mode, Namespace, Rule, Subject, Verdict
from aup.policy import ActiveRule, Policy, narrowed
from aup.review import Review
from aup.signatures.detectors import built_in
from aup.signatures.scan import Scan
from aup.signs import signs
from aup.workload import Workload, old_workload, workload

_MOST = 100
"""Denials of one rule on one object; more would only make the answer long, and the object is rejected anyway."""

Spot = tuple[str, str, str]
"""Container, what an amount is of, and the path without list positions, which move when a neighbour comes or goes."""


class _Old(msgspec.Struct):
    """What a rule found on a spot of the object as it was: the words of the findings, and the largest amount."""

    said: set[str]
    most: int | None = None


def decide(review: Review, facts: Facts, now: datetime) -> Verdict:
    """Judge one object.

    A DELETE passes. On an UPDATE, what the object had before and has not got worse is marked `existing` and only
    warns. A rule that breaks counts as a finding of its mode, so a hard rule fails closed, and is named in `crashes`.

    Args:
        review: The object and what happens to it.
        facts: What the provider knows.
        now: The instant of the decision, with a time zone.

    Returns:
        All findings, each with the mode that applies; the same for the same arguments, always.
    """
    policy = facts.policy_at(now)
    namespace = facts.places.get(review.namespace)
    tenant_name = namespace.tenant if namespace else ""
    told = Verdict(policy=policy.version, provider=policy.provider, contact=policy.contact, tenant=tenant_name)
    if review.operation == "DELETE":
        return told
    subject = _subject(review, facts, namespace, policy, now)
    findings: list[Judged] = []
    crashes: list[Crash] = []
    quota = facts.quotas.get(tenant_name, {})
    kind, has_template = (review.group, review.kind), bool(subject.workload.templates)
    for active in policy.rules_for(kind, _signs(subject, policy), workload=has_template):
        try:
            found = _findings(active, subject, quota)
            first = next(found, None)
            if first is not None:
                findings += _judge(active, subject, chain((first,), found), facts)
        except Exception as error:  # noqa: BLE001 - whatever breaks in one rule must not decide for the others
            findings.append(_told(active, active.mode, Finding("", crash_finding(active.rule.id))))
            crashes.append(Crash(active.rule.id, f"{type(error).__name__}: {error}"))
    if not findings:
        return told
    findings.sort(key=lambda one: (one.path, one.rule, one.found))
    return msgspec.structs.replace(told, findings=tuple(findings), crashes=tuple(crashes))


def _subject(review: Review, facts: Facts, namespace: Namespace | None, policy: Policy, now: datetime) -> Subject:
    what = workload(review)
    tenant = namespace.tenant if namespace else ""
    standing, suspension = facts.standing(tenant, review, now)
    return Subject(
        review=review,
        workload=what,
        namespace=namespace,
        tenant=facts.tenants.get(tenant),
        standing=standing,
        suspension=suspension,
        entitlements=facts.entitlements.get(tenant, ()),
        indicators=facts.indicators,
        screening=facts.screening,
        scan=_scan(review, what, facts),
        protected_names=policy.protected_names,
        namespaces=facts.places,
        usage=facts.usage.get(tenant, {}),
        counted=review.namespace in facts.counted or not facts.complete,
        complete=facts.complete,
        now=now,
    )


def _scan(review: Review, what: Workload, facts: Facts) -> Scan:
    config_map = review.object if (review.group, review.kind) == ("", "ConfigMap") else None
    return Scan(facts.detectors or built_in(), what, config_map)


def _signs(subject: Subject, policy: Policy) -> AbstractSet[str]:
    """The signs of the object; all there are where that breaks, so that each rule looks, and says so if it breaks."""
    try:
        return signs(subject)
    except Exception:  # noqa: BLE001 - the rules' own calls raise it again, where it is caught and told
        return policy.signs


def _findings(active: ActiveRule, subject: Subject, quota: Limits) -> Iterator[Finding]:
    """What a rule finds, given its limits where it has some: the policy's and the tenant's quota."""
    rule = active.rule
    return rule.check(subject, narrowed(active.limits, quota)) if active.limits else rule.check(subject)


def _judge(active: ActiveRule, subject: Subject, found: Iterable[Finding], facts: Facts) -> Iterator[Judged]:
    tenant = subject.namespace.tenant if subject.namespace else ""
    permits = facts.permits_at(tenant, active.rule.id, subject.now) if active.mode == "deny" else ()
    before: dict[Spot, _Old] | None = None
    denials = 0
    for finding in found:
        if denials == _MOST:
            return
        mode = active.mode
        if mode == "deny" and finding.advisory:
            mode = "warn"
        if mode != "deny":
            yield _told(active, mode, finding)
            continue
        permit = next((one for one in permits if _covers(one, active.rule, finding, subject.review)), None)
        if permit is not None:
            yield _told(active, "audit", finding, permit=permit.metadata.name)
            continue
        if before is None:
            before = _before(active, subject, facts)
        old = before.get(_spot(finding))
        existing = old is not None and _no_worse(finding, old)
        denials += not existing
        yield _told(active, "warn" if existing else "deny", finding, existing=existing)


def _told(active: ActiveRule, mode: Mode, finding: Finding, *, permit: str = "", existing: bool = False) -> Judged:
    rule = active.rule
    return Judged(
        rule=rule.id,
        name=rule.name,
        clause=rule.clause,
        mode=mode,
        path=finding.at,
        container=finding.container,
        found=finding.found,
        message=rule.message,
        fix=rule.fix,
        url=active.url,
        permit=permit,
        existing=existing,
    )


def _covers(permit: Permit, rule: Rule, finding: Finding, review: Review) -> bool:
    """Whether this one permit of the rule covers the whole finding; permits never combine."""
    scope = permit.spec.scope
    return (
        (not rule.needs_document or permit.spec.document_sha256 is not None)
        and review.namespace in scope.namespaces
        and (not scope.kinds or review.kind in scope.kinds)
        and (not scope.names or review.name in scope.names)
        and (not scope.containers or finding.container in scope.containers)
    )


def _before(active: ActiveRule, subject: Subject, facts: Facts) -> dict[Spot, _Old]:
    """What the rule finds in the object as it was before an UPDATE; nothing for a rule that judges changes itself."""
    review = subject.review
    if active.rule.judges_change or review.operation != "UPDATE" or not review.old_object:
        return {}
    old = old_workload(review)
    then = msgspec.structs.replace(review, operation="CREATE", object=review.old_object, old_object={})
    judged = msgspec.structs.replace(subject, review=then, workload=old, scan=_scan(then, old, facts), worked_out={})
    found: dict[Spot, _Old] = {}
    quota = facts.quotas.get(subject.namespace.tenant, {}) if subject.namespace else {}
    for finding in _findings(active, judged, quota):
        spot = found.setdefault(_spot(finding), _Old(set()))
        spot.said.add(finding.found)
        if finding.amount is not None:
            spot.most = max(finding.amount, spot.most or 0)
    return found


def _spot(finding: Finding) -> Spot:
    parts = finding.at.split("[")
    path = parts[0] + "".join(part.partition("]")[2] for part in parts[1:])
    return finding.container, finding.amount_of, path


def _no_worse(finding: Finding, old: _Old) -> bool:
    """Whether a finding is as an old one on the same spot, or less of it."""
    if finding.found in old.said:
        return True
    return finding.amount is not None and old.most is not None and finding.amount <= old.most

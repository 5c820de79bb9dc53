"""The statement of reasons in plain words: all that Article 17(3) of Regulation (EU) 2022/2065 asks for.

It is rendered once, before anything is done, and shown everywhere as it was issued then.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from aup.api.acceptable_use_policy import AcceptableUsePolicy
from aup.api.suspension import Decision, Evidence, StatementOfReasons, Suspension, WorkloadReference
from aup.clauses import CLAUSES
from aup.facts import default_policy
from aup.wording import printable, quoted

STATEMENT_CHARACTERS = 20_000
"""What `status.statement` and a Notice's `spec.statement` hold."""

_LINE = 512

_TYPES = {
    "totalSuspension": "suspension of the whole service",
    "partialSuspension": "suspension of a part of the service",
    "totalTermination": "termination of the whole service",
    "partialTermination": "termination of a part of the service",
    "removal": "removal of content",
    "disabling": "disabling of access to content",
}
_SOURCES = {
    "article16Notice": "a notice under Article 16 of Regulation (EU) 2022/2065",
    "trustedFlagger": "a notice of a trusted flagger under Article 22 of Regulation (EU) 2022/2065",
    "otherNotification": "a notification by somebody else",
    "ownInitiative": "the provider's own observation",
}
_DECIDED = {"fully": "by a machine alone", "partially": "by a person with a machine's help", "not": "by a person"}


class PolicyInForce(msgspec.Struct, frozen=True, kw_only=True):
    """What of the policy in force a tenant is told."""

    provider: str
    version: str
    url: str
    contact: str
    appeal_days: int


class _Room(msgspec.Struct, frozen=True):
    """How much is shown: entries of each list, and characters of each text."""

    entries: int
    text: int


_ROOMS = [
    _Room(250, 5000),
    _Room(20, 5000),
    _Room(10, 3000),
    _Room(5, 2000),
    _Room(3, 1000),
    _Room(3, 500),
]
"""From everything to what nearly always fits; lists are shortened before texts are."""


def in_force(policies: Iterable[AcceptableUsePolicy], now: datetime) -> PolicyInForce:
    """What a tenant is told of the policy: of those effective at `now` the latest, the oldest before any is."""
    known = sorted(policies, key=lambda one: (one.spec.effective_at, one.spec.version)) or [default_policy()]
    effective = [one for one in known if one.spec.effective_at <= now]
    spec = (effective[-1] if effective else known[0]).spec
    return PolicyInForce(
        provider=spec.provider,
        version=spec.version,
        url=spec.url,
        contact=spec.contact,
        appeal_days=spec.appeal_days,
    )


def render(suspension: Suspension, policy: PolicyInForce, now: datetime) -> str:
    """The statement of reasons of a suspension as it is issued at an instant, not longer than it may be."""
    review = redress(suspension, policy)
    most = STATEMENT_CHARACTERS - len(review) - 2
    statement = ""
    for room in _ROOMS:
        statement = "\n\n".join(_paragraphs(suspension, policy, now, room))
        if len(statement) <= most:
            break
    return f"{shortened(statement, most)}\n\n{review}"


def shortened(text: str, most: int) -> str:
    """Text cut at a space where it is longer than so many characters, with how much was cut."""
    if len(text) <= most:
        return text
    kept = text[: most - 60]
    kept = kept[: kept.rfind(" ")] if " " in kept[len(kept) // 2 :] else kept
    return f"{kept} … (cut; {len(text) - len(kept)} more characters)"


def day(at: datetime) -> str:
    """An instant, for people."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def redress(suspension: Suspension, policy: PolicyInForce) -> str:
    """How to have a suspension reviewed: by the provider, out of court, by a court."""
    told = suspension.spec.statement_of_reasons.redress
    name = suspension.metadata.name
    where = told.internal_complaint or f'write to {policy.contact} with the subject "Appeal {name}"'
    days = "1 day" if policy.appeal_days == 1 else f"{policy.appeal_days} days"
    out_of_court = told.out_of_court or (
        "you may turn to an out-of-court dispute settlement body, where one is competent; the certified ones are "
        "listed by the European Commission"
    )
    return (
        "If you think that this decision is wrong, you can have it reviewed. "
        f"By {policy.provider}: {_ended(where)} You can do so for as long as the decision stands. A person who did not "
        f"order it decides within {days} after your appeal is received, and tells you why. "
        f"Out of court: {_ended(out_of_court)} "
        f"By a court: {_ended(told.judicial or 'you may take the matter to a court at any time')}"
    )


def covered(suspension: Suspension) -> str:
    """What a suspension covers, in a few words."""
    workloads = suspension.spec.workloads
    if not workloads:
        return "all workloads"
    return "one workload" if len(workloads) == 1 else f"{len(workloads)} workloads"


def named(references: Sequence[WorkloadReference], most: int) -> str:
    """Objects by name, one a line, so many of them."""
    return _lines([f"{one.kind} {one.namespace}/{one.name}" for one in references], most)


def _paragraphs(suspension: Suspension, policy: PolicyInForce, now: datetime, room: _Room) -> Iterator[str]:
    reasons = suspension.spec.statement_of_reasons
    yield _decision(suspension, policy, now, room)
    yield _duration(reasons.decision, policy, room)
    yield f"Facts: {shortened(reasons.facts, room.text)}"
    if reasons.evidence:
        yield f"Evidence:\n{_lines([_evidence(one) for one in reasons.evidence], room.entries)}"
    yield _origin(reasons, room)
    yield _contract(suspension, policy, room)
    if reasons.illegal:
        illegal = reasons.illegal
        why = shortened(illegal.explanation, room.text)
        yield f"Legal ground: it is also illegal under {illegal.legal_ground}. Why: {why}"
    yield _meaning(suspension)


def _decision(suspension: Suspension, policy: PolicyInForce, now: datetime, room: _Room) -> str:
    spec = suspension.spec
    begins = spec.begins
    verb = "will suspend" if begins is not None and now < begins else "has suspended"
    since = day(begins or now)
    decision = spec.statement_of_reasons.decision
    kind = "partialSuspension" if spec.workloads and decision.type == "totalSuspension" else decision.type
    where = ", ".join(decision.territorial_scope)
    type_ = f"Decision: {_TYPES[kind]}, {f'in {where}' if where else 'in all countries'}."
    if not spec.workloads:
        return f"{policy.provider} {verb} the workloads of tenant {spec.tenant} from {since}. {type_}"
    return (
        f"{policy.provider} {verb} {covered(suspension)} of tenant {spec.tenant} from {since}, with all that belongs "
        f"to {'it' if len(spec.workloads) == 1 else 'them'}; the others go on. {type_}\n"
        f"{named(spec.workloads, room.entries)}"
    )


def _duration(decision: Decision, policy: PolicyInForce, room: _Room) -> str:
    conditions = shortened(decision.lift_conditions, room.text) if decision.lift_conditions else ""
    if decision.until and conditions:
        return f"Duration: until {day(decision.until)}, or until these conditions are met before: {conditions}"
    if decision.until:
        return f"Duration: until {day(decision.until)}."
    if conditions:
        return f"Duration: until these conditions are met: {conditions}"
    return (
        f"Duration: until {policy.provider} lifts it, which needs that the cause is removed and will not come back. "
        f"Write to {policy.contact} when it is."
    )


def _evidence(one: Evidence) -> str:
    """A piece of evidence; what a tenant wrote is quoted, and what may be secret is there as its hash alone."""
    parts = [shortened(printable(one.object), _LINE)]
    if one.field_path:
        parts.append(shortened(printable(one.field_path), _LINE))
    if one.text:
        parts.append(quoted(one.text))
    if one.sha256:
        parts.append(f"SHA-256 {one.sha256}")
    if one.seen_at:
        parts.append(f"seen at {day(one.seen_at)}")
    return ", ".join(parts)


def _origin(reasons: StatementOfReasons, room: _Room) -> str:
    found = "by a machine" if reasons.automated_detection else "by a person"
    source = _SOURCES[reasons.source] + (f" by {reasons.notifier}" if reasons.notifier else "")
    rules = [f"{one.id} ({one.version})" if one.version else one.id for one in reasons.rules_used]
    used = f" Rules used: {_some(rules, room.entries)}." if rules else ""
    return f"Source: {source}. This was found {found} and decided {_DECIDED[reasons.automated_decision]}.{used}"


def _contract(suspension: Suspension, policy: PolicyInForce, room: _Room) -> str:
    spec = suspension.spec
    clauses = "\n".join(f"- {one} {CLAUSES.get(one, '')}".rstrip() for one in spec.clauses)
    explanation = spec.statement_of_reasons.explanation
    why = f"\nWhy this breaks it: {shortened(explanation, room.text)}" if explanation else ""
    many = "clauses" if len(spec.clauses) > 1 else "clause"
    return (
        f"Contractual ground: {many} {', '.join(spec.clauses)} of the Acceptable Use Policy of {policy.provider}, "
        f"version {policy.version}, {policy.url}\n{clauses}{why}"
    )


def _meaning(suspension: Suspension) -> str:
    traffic = " No traffic is let in or out of your namespaces meanwhile." if suspension.spec.exposure == "Deny" else ""
    what = "nothing runs, and nothing can be created, scaled up or resumed"
    if suspension.spec.workloads:
        it = "it" if len(suspension.spec.workloads) == 1 else "they"
        what = f"{it} cannot run, be scaled up or be resumed"
    return (
        f"What it means: {what}. Your data, Services and addresses are kept; you may delete and scale down.{traffic} "
        "When the suspension is lifted, everything is put back as it was."
    )


def _lines(entries: Sequence[str], most: int) -> str:
    shown = [f"- {one}" for one in entries[:most]]
    if len(entries) > most:
        shown.append(f"- and {len(entries) - most} more; ask for the whole list")
    return "\n".join(shown)


def _some(entries: Sequence[str], most: int) -> str:
    more = f" and {len(entries) - most} more" if len(entries) > most else ""
    return ", ".join(entries[:most]) + more


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."

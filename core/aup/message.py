"""The words that a person reads: one composition for the rejection, the warnings, Events and the command line."""

from collections.abc import Iterable

from aup.model import Judged, Verdict
from aup.review import Review
from aup.wording import printable, quoted

SHOWN = 20
"""Findings shown in one rejection; a terminal holds no more, and `aup check` shows all."""


def place(path: str, container: str) -> str:
    """A field path with the container's name, which is what its author knows it by."""
    return f"{printable(path)} (container {quoted(container)})" if container else printable(path)


def headline(finding: Judged) -> str:
    """One finding in one line: rule, place, what is wrong, what was found."""
    return (
        f"[{finding.rule} {finding.name}] {place(finding.path, finding.container)}: "
        f"{finding.message} Found: {finding.found}."
    )


def evidence(finding: Judged) -> list[str]:
    """Where a finding is and what stands there, a line each."""
    return [
        f"  at:    {place(finding.path, finding.container)}",
        f"  found: {printable(finding.found)}",
    ]


def teaching(finding: Judged) -> list[str]:
    """Why a finding is one, how to mend it and where to read on, a line each: the same for all findings of a rule."""
    return [
        f"  why:   {finding.message}",
        f"  fix:   {finding.fix}",
        f"  more:  {finding.url}",
    ]


def permit_advice(contact: str, tenant: str, rules: Iterable[str], decision: str = "") -> str:
    """Whom to ask for a permit, and what to name: the rules, and the decision's id where it has one."""
    asker = f" as tenant {tenant}" if tenant else ""
    named = f"{', '.join(sorted(set(rules)))}{f' and decision {decision}' if decision else ''}"
    return f"If this is legitimate, ask {contact} for a permit{asker}, naming {named}."


def warning(finding: Judged, decision: str = "") -> str:
    """A finding that does not reject, as an admission warning (one line, as `kubectl` prints it)."""
    told = headline(finding)
    if finding.existing:
        told += (
            " It was there before this change, which is why the change is let through; new Pods with it are rejected."
        )
    return f"{told} Fix: {finding.fix} {finding.url}{f' (decision {decision})' if decision else ''}"


def rejection(review: Review, verdict: Verdict) -> str:
    """Why a request is rejected: every denying finding with place, what was found, fix and page, and whom to ask."""
    denials = verdict.denials
    lines = [
        f"{printable(review.display_name)} breaks the Acceptable Use Policy of {verdict.provider} ({verdict.policy}) "
        f"in {len(denials)} place{'s' if len(denials) > 1 else ''}.",
        "",
    ]
    by_rule: dict[str, list[Judged]] = {}
    for finding in denials[:SHOWN]:
        by_rule.setdefault(finding.rule, []).append(finding)
    for group in by_rule.values():
        first = group[0]
        lines.append(f"[{first.rule} {first.name}] AUP {first.clause}")
        for finding in group:
            lines += evidence(finding)
        lines += [*teaching(first), ""]
    if len(denials) > SHOWN:
        lines += [f"… and {len(denials) - SHOWN} more; `aup check FILE` shows them all.", ""]
    rules = (finding.rule for finding in denials)
    lines.append(permit_advice(verdict.contact, verdict.tenant, rules, review.decision))
    return "\n".join(lines)


def crash_finding(rule: str) -> str:
    """What the person refused is told when a rule of ours broke."""
    return f"rule {rule} could not judge this object because of a fault of ours; the provider has been told"

"""The report as people read it on a terminal."""

import click

from aup.cli.report import Located, Report, Trouble
from aup.message import evidence, permit_advice, teaching
from aup.wording import printable

_WORDS = {"deny": ("denied", "red"), "warn": ("warning", "yellow"), "audit": ("recorded", "blue")}


def findings(report: Report, *, coloured: bool) -> str:
    """Every finding with its line and object; a rule is explained where it comes first and named after that.

    What is only recorded is the provider's to read and is counted, unless a permit covers it.
    """
    explained: set[str] = set()
    blocks = []
    for one in report.findings:
        if one.finding.mode == "audit" and not one.finding.permit:
            continue
        blocks.append("\n".join(_block(one, known=one.finding.rule in explained, coloured=coloured)))
        explained.add(one.finding.rule)
    return "".join(f"{block}\n\n" for block in blocks)


def _block(one: Located, *, known: bool, coloured: bool) -> list[str]:
    finding = one.finding
    word, colour = _WORDS[finding.mode]
    where, who = f"{printable(one.file)}:{one.line}", printable(one.display_name)
    if coloured:
        where, word = click.style(where, bold=True), click.style(word, fg=colour, bold=True)
    lines = [f"{where}  {who}  {word}  {finding.rule} {finding.name} (AUP {finding.clause})", *evidence(finding)]
    if finding.permit:
        lines.append(f"  permit: {printable(finding.permit)}")
    return [*lines, f"  fix:   as above; aup explain {finding.rule}"] if known else [*lines, *teaching(finding)]


def trouble(one: Trouble, *, coloured: bool) -> str:
    """One trouble in one line: `file:line:column: what, and what to do`."""
    place = printable(f"{one.file}:{one.line}:{one.column}" if one.line else one.file)
    return f"{click.style(place, fg='red', bold=True) if coloured else place}: {one.message}"


def summary(report: Report, *, coloured: bool) -> str:
    """The counts, by which policy, and what to do next."""
    denied, warned, recorded = (report.count(mode) for mode in _WORDS)
    counts = [
        (f"{denied} denied", denied, "red"),
        (_several(warned, "warning"), warned, "yellow"),
        (f"{recorded} recorded", recorded, "blue"),
        (_several(len(report.troubles), "error"), len(report.troubles), "red"),
    ]
    told = [click.style(text, fg=colour, bold=True) if coloured else text for text, count, colour in counts if count]
    found = ", ".join(told) or ("nothing to judge" if not report.objects else "nothing found")
    return "\n".join([f"{looked_at(report)}: {found}", *_next(report)])


def looked_at(report: Report) -> str:
    """How much was read, and what was left out of it."""
    looked = f"{_several(report.files, 'file')}, {_several(report.objects, 'object')}"
    return f"{looked}, {report.skipped} skipped" if report.skipped else looked


def _next(report: Report) -> list[str]:
    lines = []
    denials = [one for one in report.findings if one.finding.mode == "deny"]
    if report.policy and report.findings:
        policy = report.policy
        lines.append(f"Judged by the Acceptable Use Policy of {policy.provider}, version {policy.version}.")
        if denials:
            first = denials[0].finding.rule
            lines.append(f"Mend what is denied and check again; `aup explain {first}` tells more and shows an example.")
            tenants = {one.tenant for one in denials}
            tenant = tenants.pop() if len(tenants) == 1 else ""
            lines.append(permit_advice(policy.contact, tenant, (one.finding.rule for one in denials)))
    if any(not one.fault for one in report.troubles):
        lines.append("Mend what could not be read and check again.")
    return lines


def _several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"

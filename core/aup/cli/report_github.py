"""The report as GitHub's workflow commands: an annotation on each line of a pull request with a finding."""

from collections.abc import Iterator

from aup.cli.report import Located, Report
from aup.cli.report_text import summary
from aup.message import place
from aup.wording import printable

_LEVELS = {"deny": "error", "warn": "warning", "audit": "notice"}


def document(report: Report) -> str:
    """A command a line and the summary. No line begins with what a tenant wrote, so none can be a command of his."""
    return "\n".join([*_commands(report), summary(report, coloured=False)])


def _commands(report: Report) -> Iterator[str]:
    for one in report.findings:
        finding = one.finding
        title = f"{finding.rule} {finding.name} (AUP {finding.clause})"
        yield _command(_LEVELS[finding.mode], one.file, {"line": one.line, "title": title}, _message(one))
    for trouble in report.troubles:
        at = {"line": trouble.line, "col": trouble.column} if trouble.line else {}
        yield _command("error", trouble.file, {**at, "title": "aup check"}, trouble.message)


def _message(one: Located) -> str:
    finding = one.finding
    lines = [
        printable(one.display_name),
        f"{place(finding.path, finding.container)}: {finding.message}",
        f"Found: {printable(finding.found)}",
    ]
    if finding.permit:
        lines.append(f"Permit: {printable(finding.permit)}")
    return "\n".join([*lines, f"Fix: {finding.fix}", finding.url])


def _command(level: str, file: str, properties: dict[str, str | int], message: str) -> str:
    named = {"file": file, **properties}
    told = ",".join(f"{name}={_property(str(value))}" for name, value in named.items())
    return f"::{level} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

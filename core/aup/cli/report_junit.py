"""The report as JUnit XML: a suite a file, a test case an object.

A test case has at most one failure, with all denials in its text: Jenkins and others read only the first one.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import groupby

from aup.cli.report import Located, Report, Seen, Trouble
from aup.message import evidence, teaching
from aup.wording import printable

_WORDS = {"deny": "denied", "warn": "warning", "audit": "recorded"}


def document(report: Report) -> str:
    """The whole document; characters that XML cannot hold are written as escapes."""
    suites = [
        *(_suite(file, list(seen)) for file, seen in groupby(report.seen, key=lambda one: one.file)),
        *(_broken(file, list(troubles)) for file, troubles in groupby(report.troubles, key=lambda one: one.file)),
    ]
    failed = sum(1 for one in report.seen if _denials(one))
    counts = {
        "tests": len(report.seen) + len(report.troubles),
        "failures": failed,
        "errors": len(report.troubles),
    }
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', *_element("testsuites", {"name": "aup check", **counts}, suites)]
    )


def _suite(file: str, seen: list[Seen]) -> str:
    failed = sum(1 for one in seen if _denials(one))
    counts = {"name": file, "tests": len(seen), "failures": failed, "errors": 0, "skipped": 0}
    return "\n".join(_element("testsuite", counts, map(_case, seen)))


def _case(one: Seen) -> str:
    attributes = {"name": one.display_name, "classname": f"{one.api_version}/{one.kind}", "file": one.file}
    denials = _denials(one)
    others = [finding for finding in one.findings if finding.finding.mode != "deny"]
    inside = []
    if denials:
        rules = ", ".join(dict.fromkeys(f"{denial.finding.rule} {denial.finding.name}" for denial in denials))
        inside.append(_text("failure", {"message": rules, "type": "denied"}, _blocks(denials)))
    if others:
        inside.append(_text("system-out", {}, _blocks(others)))
    return "\n".join(_element("testcase", attributes, inside))


def _broken(file: str, troubles: list[Trouble]) -> str:
    counts = {"name": file, "tests": len(troubles), "failures": 0, "errors": len(troubles), "skipped": 0}
    return "\n".join(_element("testsuite", counts, map(_error, troubles)))


def _error(one: Trouble) -> str:
    at = f"{one.file}:{one.line}:{one.column}" if one.line else one.file
    kind = "fault" if one.fault else "input"
    inside = _text("error", {"message": one.message, "type": kind}, [at])
    return "\n".join(_element("testcase", {"name": at, "classname": "aup check", "file": one.file}, [inside]))


def _denials(one: Seen) -> list[Located]:
    return [finding for finding in one.findings if finding.finding.mode == "deny"]


def _blocks(findings: Iterable[Located]) -> Iterator[str]:
    for one in findings:
        finding = one.finding
        yield f"{one.file}:{one.line} {_WORDS[finding.mode]} {finding.rule} {finding.name} (AUP {finding.clause})"
        yield from evidence(finding)
        if finding.permit:
            yield f"  permit: {finding.permit}"
        yield from teaching(finding)


def _element(name: str, attributes: Mapping[str, object], inside: Iterable[str]) -> Iterator[str]:
    written = "".join(f' {key}="{_safe(str(value))}"' for key, value in attributes.items())
    children = list(inside)
    if not children:
        yield f"<{name}{written}/>"
        return
    yield f"<{name}{written}>"
    yield from children
    yield f"</{name}>"


def _text(name: str, attributes: Mapping[str, object], lines: Iterable[str]) -> str:
    written = "".join(f' {key}="{_safe(str(value))}"' for key, value in attributes.items())
    return f"<{name}{written}>{chr(10).join(map(_safe, lines))}</{name}>"


def _safe(text: str) -> str:
    return escape(printable(text))

"""The report as SARIF 2.1.0 (OASIS), which GitHub, Azure DevOps and editors read."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from aup.cli.report import Located, Report, Trouble
from aup.message import place
from aup.policy import ActiveRule
from aup.wording import printable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
"""What relative file names are relative to; viewers know it as the root of the sources."""

_LEVELS = {"deny": "error", "warn": "warning", "audit": "note"}
_POSITION = re.compile(r"\[\d+\]")

Json = dict[str, Any]


def document(report: Report) -> str:
    """One run: the rules in force, a result for each finding, and what could not be judged as notifications."""
    rules = report.policy.rules if report.policy else ()
    order = {active.rule.id: index for index, active in enumerate(rules)}
    same: Counter[str] = Counter()
    run = {
        "tool": {"driver": _driver(rules)},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder that `aup check` was started in."}}},
        "results": [_result(one, order, same) for one in report.findings],
        "columnKind": "unicodeCodePoints",
        "properties": _policy(report),
    }
    told = json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})
    return msgspec.json.format(told, indent=2)


def _driver(rules: Sequence[ActiveRule]) -> Json:
    return {
        "name": "aup",
        "fullName": "aup check: Kubernetes manifests against an Acceptable Use Policy",
        "semanticVersion": version("aup"),
        "rules": [_rule(active) for active in rules],
    }


def _rule(active: ActiveRule) -> Json:
    rule = active.rule
    return {
        "id": rule.id,
        "name": rule.name,
        "deprecatedNames": list(rule.aliases),
        "shortDescription": {"text": rule.message},
        "fullDescription": {"text": f"{rule.message} {rule.why}"},
        "help": {
            "text": f"Why: {rule.why}\n\nFix: {rule.fix}",
            "markdown": f"**Why.** {rule.why}\n\n**Fix.** {rule.fix}\n\n[More on {rule.id}]({active.url})",
        },
        "helpUri": active.url,
        "defaultConfiguration": {"level": _LEVELS[active.mode]},
        "properties": {"tags": ["acceptable-use", f"AUP {rule.clause}"], "clause": rule.clause},
    }


def _invocation(report: Report) -> Json:
    return {
        "executionSuccessful": not report.troubles,
        "exitCode": report.exit_code,
        "toolExecutionNotifications": [_notification(one) for one in report.troubles],
    }


def _notification(one: Trouble) -> Json:
    region = {"region": {"startLine": one.line, "startColumn": one.column}} if one.line else {}
    return {
        "level": "error",
        "message": {"text": one.message},
        "descriptor": {"id": "fault" if one.fault else "input"},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(one.file), **region}}],
    }


def _policy(report: Report) -> Json:
    if report.policy is None:
        return {}
    return {"policy": report.policy.version, "provider": report.policy.provider}


def _result(one: Located, order: dict[str, int], same: Counter[str]) -> Json:
    finding = one.finding
    identity = _identity(one)
    same[identity] += 1
    fingerprint = f"{identity}:{same[identity]}"
    where = place(finding.path, finding.container)
    text = f"{printable(one.display_name)}, {where}: {finding.message} Found: {printable(finding.found)}."
    permit = {"kind": "external", "status": "accepted", "justification": f"Permit {printable(finding.permit)}"}
    return {
        "ruleId": finding.rule,
        "ruleIndex": order[finding.rule],
        "level": _LEVELS[finding.mode],
        "message": {"text": f"{text} Fix: {finding.fix}"},
        "locations": [_location(one)],
        # GitHub looks at the first of the names only; both say the same
        "partialFingerprints": {"primaryLocationLineHash": fingerprint, "aup/v1": fingerprint},
        "suppressions": [permit] if finding.permit else [],
        "properties": {
            "clause": finding.clause,
            "container": finding.container,
            "permit": finding.permit,
            "existing": finding.existing,
        },
    }


def _identity(one: Located) -> str:
    """What stays as it is when lines or list positions move: file, object, field, container and what was found."""
    finding = one.finding
    parts = (
        one.file,
        one.api_version,
        one.kind,
        one.namespace,
        one.name,
        finding.rule,
        _POSITION.sub("", finding.path),
        finding.container,
        finding.found,
    )
    return sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _location(one: Located) -> Json:
    who = printable(one.display_name)
    path = printable(one.finding.path)
    logical = [{"name": printable(one.name) or who, "fullyQualifiedName": who, "kind": "object"}]
    if path:
        logical.append({"name": path, "fullyQualifiedName": f"{who}: {path}", "kind": "property"})
    return {
        "physicalLocation": {"artifactLocation": _artifact(one.file), "region": {"startLine": one.line}},
        "logicalLocations": logical,
    }


def _artifact(file: str) -> Json:
    """A file's URI: below the current folder relative to it, else absolute; standard input has a name of its own."""
    if file == "<stdin>":
        return {"uri": "stdin"}
    here, path = Path.cwd(), Path.cwd() / file
    if ".." in path.parts:
        path = path.resolve()
    if path.is_relative_to(here):
        return {"uri": quote(path.relative_to(here).as_posix()), "uriBaseId": ROOT}
    return {"uri": path.as_uri()}

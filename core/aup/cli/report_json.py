"""The report as JSON for programs; `docs/check.md` describes every key."""

import json
from typing import Any

import msgspec

from aup.cli.report import Located, Report


def document(report: Report) -> str:
    """The whole report; every key is always there. `json` itself would leave C as soon as it had to indent."""
    told = json.dumps(
        {
            "findings": [_finding(one) for one in report.findings],
            "errors": [
                {"file": one.file, "line": one.line, "column": one.column, "message": one.message}
                for one in report.troubles
            ],
            "summary": {
                "files": report.files,
                "objects": report.objects,
                "skipped": report.skipped,
                "denied": report.count("deny"),
                "warned": report.count("warn"),
                "audited": report.count("audit"),
                "errors": len(report.troubles),
                "policy": report.policy.version if report.policy else "",
            },
        }
    )
    return msgspec.json.format(told, indent=2)


def _finding(one: Located) -> dict[str, Any]:
    finding = one.finding
    return {
        "rule": finding.rule,
        "clause": finding.clause,
        "mode": finding.mode,
        "object": {
            "apiVersion": one.api_version,
            "kind": one.kind,
            "namespace": one.namespace,
            "name": one.name,
            "file": one.file,
            "line": one.line,
        },
        "path": finding.path,
        "container": finding.container,
        "found": finding.found,
        "message": finding.message,
        "fix": finding.fix,
        "url": finding.url,
        "permit": finding.permit,
        "existing": finding.existing,
    }

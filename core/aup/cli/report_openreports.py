"""The report as OpenReports objects (openreports.io): a Report for each namespace, a ClusterReport for the rest.

Their size is bounded: passes are only counted, at most `MOST` results stand in each, and the counts are never cut.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import yaml

from aup.cli.report import Located, Report, Seen

MOST = 500
"""Results in one object; etcd takes about a megabyte and a half."""

NAME = "aup-check"

_RESULTS = {"deny": "fail", "warn": "warn", "audit": "skip"}
_SEVERITIES = {"deny": "high", "warn": "medium", "audit": "info"}
_KEPT = ("fail", "warn")

Json = dict[str, Any]


def document(report: Report) -> str:
    """The objects as YAML documents, namespaces in alphabetical order; empty where nothing was judged."""
    by_namespace: dict[str, list[Seen]] = {}
    for one in report.seen:
        by_namespace.setdefault(one.namespace, []).append(one)
    objects = [_object(namespace, by_namespace[namespace]) for namespace in sorted(by_namespace)]
    return str(yaml.dump_all(objects, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120)).rstrip()


def _object(namespace: str, seen: list[Seen]) -> Json:
    metadata = {"name": NAME, "namespace": namespace} if namespace else {"name": NAME}
    return {
        "apiVersion": "openreports.io/v1alpha1",
        "kind": "Report" if namespace else "ClusterReport",
        "metadata": {**metadata, "labels": {"app.kubernetes.io/managed-by": "aup"}},
        "source": "aup",
        "configuration": {"limits": {"maxResults": MOST, "statusFilter": list(_KEPT)}},
        "summary": _summary(seen),
        "results": _results(seen)[:MOST],
    }


def _summary(seen: list[Seen]) -> dict[str, int]:
    """How many objects pass, and how many findings of the others and of what is told there are."""
    counts = dict.fromkeys(("pass", "fail", "warn", "error", "skip"), 0)
    for one in seen:
        modes = [finding.finding.mode for finding in one.findings]
        counts["pass"] += "deny" not in modes
        for mode in modes:
            counts[_RESULTS[mode]] += 1
    return counts


def _results(seen: list[Seen]) -> list[Json]:
    """What is denied, and behind it what is told: where there are too many, the denials stay."""
    found = list(chain.from_iterable(one.findings for one in seen))
    return list(chain(_of_mode(found, "deny"), _of_mode(found, "warn")))


def _of_mode(found: list[Located], mode: str) -> Iterator[Json]:
    return (_result(one) for one in found if one.finding.mode == mode)


def _result(one: Located) -> Json:
    finding = one.finding
    resource = {"apiVersion": one.api_version, "kind": one.kind}
    resource |= {"namespace": one.namespace} if one.namespace else {}
    resource |= {"name": one.name} if one.name else {}
    properties = {
        "path": finding.path,
        "container": finding.container,
        "found": finding.found,
        "fix": finding.fix,
        "url": finding.url,
        "file": f"{one.file}:{one.line}",
    }
    return {
        "policy": finding.rule,
        "rule": finding.name,
        "category": f"AUP {finding.clause}",
        "result": _RESULTS[finding.mode],
        "severity": _SEVERITIES[finding.mode],
        "scored": finding.mode == "deny",
        "message": finding.message,
        "resources": [resource],
        "properties": {key: value for key, value in properties.items() if value},
    }

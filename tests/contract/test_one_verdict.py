"""One verdict: engine, webhook, audit and `aup check` say the same of the same object, facts and instant."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from click.testing import CliRunner
from fastapi.testclient import TestClient

from aup.cases import Case, cases
from aup.cli.main import commands
from aup.engine import decide
from aup.message import rejection, warning
from aup.model import Verdict
from aup.rules import RULES
from aup_operator.audit import AUDITED, Audit, broken, judged
from aup_operator.settings import Settings
from aup_webhook import reviews
from aup_webhook.app import review_app
from aup_webhook.draining import Draining
from aup_webhook.snapshot import Snapshot
from tests.admission import admission
from tests.stored import Stored

ALL = [pytest.param(case, id=f"{rule.id}-{case.case}") for rule in RULES for case in cases(rule)]
PLAIN = [
    pytest.param(case, id=f"{rule.id}-{case.case}")
    for rule in RULES
    for case in cases(rule)
    if case.old is None and not case.subresource and not case.user and case.manifest().get("kind")
]
"""Cases that a file on disk can be: no UPDATE, subresource or requester."""

LISTED = {(one.api_version, one.kind) for one in AUDITED}

Told = tuple[str, str, str, str]


def key(case: Case) -> tuple[str, str]:
    """API version and kind of a case's object."""
    return case.manifest().get("apiVersion", ""), case.manifest()["kind"]


def told(verdict: Verdict, mode: str) -> list[Told]:
    """What has to be said of the findings of a mode."""
    return [(one.rule, one.path, one.found, one.fix) for one in verdict.findings if one.mode == mode]


@pytest.mark.parametrize("case", ALL)
def test_the_webhook_answers_as_the_engine_decides(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Denials stand in the causes and warnings beside them, for every case of every rule.

    The words are the same too, but for the decision's id, which only a request has.
    """
    verdict = decide(case.review(), case.known(), case.now)
    monkeypatch.setattr(reviews, "decide", lambda review, facts, _: decide(review, facts, case.now))
    snapshot = Snapshot()
    snapshot.facts = case.known()
    client = TestClient(review_app(snapshot, 2**20, Draining()))

    response = client.post("/enforce", content=admission(case.review())).json()["response"]

    causes = response.get("status", {}).get("details", {}).get("causes", [])
    assert response["allowed"] == (not verdict.denials)
    assert [(one["reason"], one["field"]) for one in causes] == [one[:2] for one in told(verdict, "deny")]
    assert all(
        found in cause["message"] and fix in cause["message"]
        for cause, (_, _, found, fix) in zip(causes, told(verdict, "deny"), strict=True)
    )
    assert response.get("status", {}).get("message", "").replace(" and decision u-1.", ".") == (
        rejection(case.review(), verdict) if verdict.denials else ""
    )
    assert [one.removesuffix(" (decision u-1)") for one in response.get("warnings", [])] == [
        warning(one) for one in verdict.warnings
    ]


def test_the_webhook_names_an_object_whose_name_is_still_to_come() -> None:
    """`generateName` is all that a Pod of a controller has."""
    case = next(case for case in cases(RULES[0]) if case.expect and case.old is None)
    review = case.review()
    unnamed = {**review.object, "metadata": {"generateName": "web-", "namespace": "shop"}}
    snapshot = Snapshot()
    snapshot.facts = case.known()
    body = admission(msgspec.structs.replace(review, name="", object=unnamed))

    response = TestClient(review_app(snapshot, 2**20, Draining())).post("/enforce", content=body).json()["response"]

    assert response["status"]["message"].startswith(f"{review.kind} shop/web-* breaks")


@pytest.mark.parametrize("case", PLAIN)
def test_the_command_reports_as_the_engine_decides(case: Case, tmp_path: Path) -> None:
    """`aup check -o json` has the same findings for every case that can be a file."""
    verdict = decide(case.review(), case.known(), case.now)
    manifest, facts = tmp_path / "object.json", tmp_path / "facts.yaml"
    manifest.write_text(json.dumps(case.manifest()))
    facts.write_text(yaml.safe_dump_all(case.all_facts()))
    options = ["--facts", str(facts), "--namespace", "shop", "--at", case.now.isoformat(), "-o", "json"]

    result = CliRunner().invoke(commands, ["check", str(manifest), *options])

    report: dict[str, Any] = json.loads(result.stdout)
    assert report["errors"] == []
    assert sorted((one["mode"], one["rule"], one["path"], one["found"]) for one in report["findings"]) == sorted(
        (one.mode, one.rule, one.path, one.found) for one in verdict.findings
    )
    assert result.exit_code == (1 if verdict.denials else 0)


def stored(case: Case) -> dict[str, Any]:
    """The case's object as the API server has it: in a namespace."""
    manifest = case.manifest()
    metadata = manifest.get("metadata")
    given = metadata if isinstance(metadata, dict) else {}
    return {**manifest, "metadata": {"name": "web", "uid": "u", **given, "namespace": case.review().namespace}}


@pytest.mark.parametrize("case", PLAIN)
def test_the_audit_judges_as_the_engine_decides(case: Case) -> None:
    """Every field of the verdict, for every case that can be stored."""
    assert judged(stored(case), case.known(), case.now) == decide(case.review(), case.known(), case.now)


@pytest.mark.parametrize("case", [one for one in PLAIN if (key(one.values[0]) in LISTED)])
def test_the_audit_tells_what_the_engine_finds(case: Case) -> None:
    """From the API server's lists to the tenant's findings, for every case of a kind that is looked at."""
    known = msgspec.structs.replace(case.known(), complete=True)
    namespace = known.places.get(case.review().namespace)
    audit = Audit(Stored(*case.all_facts(), stored(case)), Settings().apart)

    audit.sync(case.now)

    found = audit.results[namespace.tenant].findings if namespace and namespace.tenant else []
    wanted = broken(decide(case.review(), known, case.now)) if namespace and namespace.tenant else {}
    assert {one.rule: "deny" if one.denied else "warn" for one in found} == wanted

"""The id of a decision leads from what a tenant pastes to our log and to the API server's audit log."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient

from aup.cases import cases
from aup.engine import decide
from aup.review import Review
from aup.rules import RULES
from aup_webhook.app import review_app
from aup_webhook.draining import Draining
from aup_webhook.snapshot import Snapshot
from tests.admission import admission

UID = "9f3c2a1b-6c0e-4c55-8a51-8e5e2c6d1f00"
ID = "9f3c2a1b"

Lines = Callable[[], list[logging.LogRecord]]


def case(mode: str) -> tuple[Review, Snapshot]:
    """A review all of whose findings are of this mode, or that has none for no mode, and what is known."""
    wanted, now = {mode} if mode else set(), datetime.now(UTC)
    every = (one for rule in RULES for one in cases(rule))
    found = next(
        one for one in every if {each.mode for each in decide(one.review(), one.known(), now).findings} == wanted
    )
    snapshot = Snapshot()
    snapshot.facts = found.known()
    return msgspec.structs.replace(found.review(), uid=UID), snapshot


def answer(review: Review, snapshot: Snapshot) -> Any:
    """The webhook's answer."""
    client = TestClient(review_app(snapshot, 2**20, Draining()))
    return client.post("/enforce", content=admission(review)).json()["response"]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """What the webhook has logged so far."""
    caplog.set_level(logging.INFO, logger="aup_webhook.reviews")
    return lambda: [line for line in caplog.records if line.name == "aup_webhook.reviews"]


def test_a_denied_change_has_one_id_in_message_log_and_audit(lines: Lines) -> None:
    """The first eight characters of the request's uid, which the whole answer still carries."""
    response = answer(*case("deny"))

    assert response["uid"] == UID
    assert response["status"]["message"].endswith(f" and decision {ID}.")
    assert response["auditAnnotations"]["decision"] == ID
    assert [(line.getMessage(), vars(line)["decision"]) for line in lines()] == [("denied", ID)]


def test_a_warned_change_has_it_in_each_warning(lines: Lines) -> None:
    """And a line in the log, so that a question about a warning is answered as one about a denial."""
    response = answer(*case("warn"))

    assert response["allowed"]
    assert all(one.endswith(f" (decision {ID})") for one in response["warnings"])
    assert response["auditAnnotations"]["decision"] == ID
    assert [(line.getMessage(), vars(line)["decision"]) for line in lines()] == [("warned", ID)]


def test_a_change_without_findings_is_answered_bare(lines: Lines) -> None:
    """No line and no annotation: most changes are such, and nobody asks about them."""
    assert answer(*case("")) == {"uid": UID, "allowed": True}
    assert lines() == []


def test_a_line_names_who_what_where_and_by_which_policy(lines: Lines) -> None:
    """What support needs, and never what stood there, which may be a secret."""
    review, snapshot = case("deny")
    response = answer(review, snapshot)

    logged = vars(lines()[0])
    causes = response["status"]["details"]["causes"]
    assert logged["findings"] == [f"{one['reason']} {one['field']}" for one in causes]
    assert (logged["object"], logged["operation"], logged["user"]) == (
        review.display_name,
        review.operation,
        review.user,
    )
    assert {key: logged[key] for key in ("tenant", "policy")} == {
        key: response["auditAnnotations"][key] for key in ("tenant", "policy")
    }
    assert not any(one["message"] in str(logged) for one in causes)


def test_a_uid_that_is_none_spoils_neither_terminal_nor_log() -> None:
    """Whoever reaches the port may send any; eight characters of it are shown at most, and no control character."""
    review, snapshot = case("deny")
    response = answer(msgspec.structs.replace(review, uid="\x1b[2J\n" + "x" * 5000), snapshot)

    assert response["status"]["message"].endswith(" and decision \\u001b[2J\\u000axxx.")


def test_a_file_on_disk_has_none() -> None:
    """Nothing was decided about a request."""
    review, _ = case("deny")

    assert Review(object=review.object).decision == ""

"""Each class of attack is held by something that exists, or is told as a limit."""

import re
from pathlib import Path

import pytest

from aup.cases import cases
from aup.rules import RULES
from tests.cluster.attempts import attacks
from tools.attacks import AttackClass, classes

ROOT = Path(__file__).resolve().parents[2]
ALL = classes()
LIMITS = (ROOT / "docs" / "limits.md").read_text()
CASES = {f"{rule.id}: {case.case}" for rule in RULES for case in cases(rule)}
ROWS = {row.id for row in [*attacks().cases, *attacks().suspended]}


def exists(holder: str, of: str) -> bool:
    """Whether what is said to hold a class is there."""
    if holder == "table":
        return of in ROWS
    path, separator, test = holder.partition("::")
    if not separator:
        return holder in CASES
    return re.search(rf"^def {test}\(", (ROOT / path).read_text(), re.MULTILINE) is not None


def test_the_classes_stand_once_and_in_order() -> None:
    """By their ids."""
    ids = [one.id for one in ALL]

    assert ids == sorted(set(ids))


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_what_holds_a_class_exists(one: AttackClass) -> None:
    """Rows of the table, cases beside rules, and tests."""
    assert [holder for holder in one.held if not exists(holder, one.id)] == []


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_a_class_is_held_or_told(one: AttackClass) -> None:
    """What is denied has something that fails without the defence, or says openly what is missing."""
    assert one.held or one.open or one.outcome == "unseen"


@pytest.mark.parametrize("one", [one for one in ALL if one.outcome == "unseen"], ids=lambda one: one.id)
def test_what_cannot_be_seen_stands_in_the_limits(one: AttackClass) -> None:
    """The page names the class, with what to use instead beside it."""
    assert re.search(rf"\b{one.id}\b", LIMITS)


def test_every_row_of_the_table_is_of_a_class() -> None:
    """Each class with rows says so."""
    assert {one.id for one in ALL if "table" in one.held} == ROWS

"""Every clause of the policy has a row that says what enforces it or that nothing does."""

import re
from pathlib import Path

import pytest

from aup.clauses import CLAUSES, TITLES
from aup.rules import RULES
from tools.coverage import BESIDE, coverage_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = coverage_page(RULES)


def test_every_rule_enforces_a_clause_that_there_is() -> None:
    """Its clause is one of the policy's."""
    assert {rule.clause for rule in RULES} <= CLAUSES.keys()


def test_every_clause_is_told_of() -> None:
    """In one row, under the title of its chapter, in order."""
    assert BESIDE.keys() == CLAUSES.keys()
    assert re.findall(r"^\| (\d\.\d) ", PAGE, re.MULTILINE) == list(CLAUSES) == sorted(CLAUSES)
    assert {clause[0] for clause in CLAUSES} == TITLES.keys()


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_clause_is_enforced_or_said_to_be_open(clause: str) -> None:
    """Where nothing enforces it, the last column says whose matter it is."""
    (row,) = re.findall(rf"^\| {re.escape(clause)} .*$", PAGE, re.MULTILINE)
    _, _, enforced, _, left, _ = (cell.strip() for cell in row.split("|"))

    assert enforced != "nothing" or left


@pytest.mark.parametrize("path", re.findall(r"\]\(\.\./([^)]+)\)", PAGE))
def test_what_is_said_to_test_a_clause_exists(path: str) -> None:
    """Case files and test files."""
    assert (ROOT / path).is_file()

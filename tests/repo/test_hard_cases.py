"""The table of hard cases is whole, and names tests that exist."""

import ast
from pathlib import Path

import pytest

from tools.hard_cases import HardCase, hard_cases

_ROOT = Path(__file__).resolve().parents[2]
_CASES = 47


def test_each_hard_case_is_there_once() -> None:
    """All of them, by number."""
    assert [one.case for one in hard_cases()] == list(range(1, _CASES + 1))


@pytest.mark.parametrize("one", hard_cases(), ids=lambda one: str(one.case))
def test_its_tests_exist(one: HardCase) -> None:
    """A test that is renamed is renamed in the table too."""
    for test in one.tests:
        path, _, name = test.partition("::")
        tree = ast.parse((_ROOT / path).read_text())
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name.partition("[")[0] in names, test

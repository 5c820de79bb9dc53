"""The tables that the product reads are those that people write."""

from pathlib import Path

import pytest
import yaml

from aup import tables
from aup.signatures import TOPICS
from tools.tables import generated

CORE = Path(__file__).resolve().parents[2] / "core/aup"
FILES = list(generated())


@pytest.mark.parametrize(("path", "text"), FILES, ids=[path for path, _ in FILES])
def test_a_table_is_what_its_yaml_says(path: str, text: str) -> None:
    """`make generate` ran after the last edit."""
    assert (CORE.parent.parent / path).read_text() == text


def test_every_table_has_a_name_of_its_own() -> None:
    """Two YAML files of one name would be one table."""
    paths = [path for path, _ in FILES]

    assert sorted(set(paths)) == sorted(paths)
    assert {f"core/aup/tables/{topic}.json" for topic in TOPICS} <= set(paths)


def test_a_table_reads_as_yaml_would() -> None:
    """Texts, numbers and days as they stand in the file."""
    written = yaml.safe_load((CORE / "licenses/deprecated.yaml").read_text())

    assert tables.read("deprecated", dict[str, str]) == written

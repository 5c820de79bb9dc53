"""`aup screening-list` writes lists that can be used as facts."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from aup.cli import screening_list
from aup.facts import from_manifests

Run = Callable[..., Result]

OPTIONS = ("--name", "eu", "--source", "EU", "--published", "2026-01-01")
TABLE = """\
"id","schema","name","aliases","birth_date","countries","sanctions","dataset"
"Q1","Person","Ivan Sidorov","Иван Сидоров;I. Sidorov","1970","ru;by;suhh","EX 1/2025","eu"
"NK-2","Company","Acme Trading LLC","","","","",""
"","Company","Without an id","","","","",""
"""


def test_a_table_becomes_a_list(run: Run, folder: Path) -> None:
    """Every column that is known is taken; what has no id is counted."""
    (folder / "table.csv").write_text(TABLE, encoding="utf-8-sig")

    result = run("screening-list", "table.csv", *OPTIONS, "--embargo", "kp")

    (manifest,) = yaml.safe_load_all(result.stdout)
    assert manifest["metadata"] == {"name": "eu-1"}
    assert manifest["spec"] == {
        "source": "EU",
        "publishedAt": "2026-01-01T00:00:00Z",
        "countries": ["KP"],
        "parties": [
            {
                "name": "Ivan Sidorov",
                "aliases": ["Иван Сидоров", "I. Sidorov"],
                "type": "person",
                "countries": ["RU", "BY"],
                "reference": "Q1",
                "programme": "EX 1/2025",
            },
            {"name": "Acme Trading LLC", "type": "organisation", "reference": "NK-2"},
        ],
    }
    assert result.stderr == "2 parties written, 1 rows without an id or a name left out\n"
    assert from_manifests([manifest]).screening


def test_a_large_table_is_split(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No list is larger than the API server takes."""
    monkeypatch.setattr(screening_list, "_MOST_PARTIES", 2)
    (folder / "table.csv").write_text("id,name\n" + "".join(f"{number},Party {number}\n" for number in range(5)))

    manifests = list(yaml.safe_load_all(run("screening-list", "table.csv", *OPTIONS).stdout))

    assert [one["metadata"]["name"] for one in manifests] == ["eu-1", "eu-2", "eu-3"]
    assert [len(one["spec"].get("parties", [])) for one in manifests] == [2, 2, 1]


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        ("name\nAcme\n", (), "has no column id"),
        ("", (), "has no column id and name"),
        ("id,name\n", ("--embargo", "Denmark"), "'DENMARK' is no ISO 3166-1 alpha-2 code"),
    ],
)
def test_what_is_wrong_is_told(table: str, options: tuple[str, ...], said: str, run: Run, folder: Path) -> None:
    """Exit code 2 and a sentence."""
    (folder / "table.csv").write_text(table)

    result = run("screening-list", "table.csv", *OPTIONS, *options)

    assert result.exit_code == 2
    assert said in result.stderr

"""The page on `aup check` shows what the command really prints."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

Run = Callable[..., Result]

PAGE = (Path(__file__).parents[3] / "docs" / "check.md").read_text()


def block(language: str) -> str:
    """The page's one block in that language."""
    (found,) = re.findall(rf"(?s)```{language}\n(.*?)```\n", PAGE)
    return str(found)


def keys(value: Any) -> set[str]:
    """All keys in a JSON value."""
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_the_example_is_true_output(run: Run, folder: Path) -> None:
    """Text and JSON are what the command prints for the manifest on the page."""
    (folder / "pod.yaml").write_text(block("yaml"))

    assert run("check", "pod.yaml").stdout == block("text")
    assert run("check", "pod.yaml", "-o", "json").stdout == block("json")


def test_the_examples_of_other_forms_are_true_output(run: Run, folder: Path) -> None:
    """All but SARIF, whose rules are many, stand there whole."""
    (folder / "pod.yaml").write_text(block("yaml"))

    assert run("check", "pod.yaml", "-o", "junit").stdout == block("xml")
    assert run("check", "pod.yaml", "-o", "github").stdout == block("console")
    assert run("check", "pod.yaml", "-o", "openreports").stdout == block("yml")
    (result,) = json.loads(run("check", "pod.yaml", "-o", "sarif").stdout)["runs"][0]["results"]
    assert {**result, "ruleIndex": 0} == {**json.loads(block("jsonc")), "ruleIndex": 0}  # it moves with each new rule


def test_every_key_of_the_json_is_described(run: Run, folder: Path) -> None:
    """A key without a line in the table would be a key that nobody can rely on."""
    (folder / "broken.yaml").write_text("a: 1")

    told = keys(json.loads(run("check", "deploy.yaml", "broken.yaml", "-o", "json").stdout))

    described = {word.rstrip("[]") for word in re.findall(r"`([a-zA-Z\[\]]+)`", PAGE)}
    assert told - described == set()
    assert "path" in told

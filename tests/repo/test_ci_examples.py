"""The examples for CI and the pre-commit hook are valid and use only what the command has."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml

from aup.cli.main import commands

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "ci"
WRITTEN = [*sorted(EXAMPLES.iterdir()), ROOT / "docs" / "ci.md", ROOT / "docs" / "check.md", ROOT / "README.md"]
SCHEMAS = files("check_jsonschema").joinpath("builtin_schemas/vendor")
_COMMAND = re.compile(r"(?:^|[\s|'`])(aup check(?: [^\n'`|#]*)?)")

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {hostPID: true, containers: []}\n"


def lines() -> Iterator[Any]:
    """Every `aup check` command line in the examples and the pages about it."""
    for path in WRITTEN:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for command in _COMMAND.findall(line):
                if len(shlex.split(command)) > 2:
                    yield pytest.param(command.removesuffix("-->").rstrip(), id=f"{path.name}:{number}")


@pytest.mark.parametrize("line", [*lines()])
def test_a_command_line_in_the_docs_has_options_that_exist(line: str) -> None:
    """The command's own parser takes it."""
    words = [word for word in shlex.split(line)[2:] if word != "…"]
    check = commands.get_command(click.Context(commands), "check")
    assert check is not None
    if all(word.startswith("-") for word in words):
        words.append("FILE")  # an option named in running text

    check.make_context("aup check", words)


@pytest.mark.parametrize(
    ("name", "schema"), [("github-actions.yml", "github-workflows.json"), ("gitlab-ci.yml", "gitlab-ci.json")]
)
def test_a_pipeline_keeps_to_its_systems_schema(name: str, schema: str) -> None:
    """The schema is the one that SchemaStore and GitLab publish, as a package carries it."""
    loaded = yaml.safe_load((EXAMPLES / name).read_text())
    written = {"on" if key is True else key: value for key, value in loaded.items()}  # YAML 1.1 takes `on` for true

    jsonschema.validate(written, json.loads(SCHEMAS.joinpath(schema).read_text()))


def test_the_script_for_other_systems_fails_where_a_chart_cannot_be_rendered(tmp_path: Path) -> None:
    """It is executable, and fails where the command before a pipe does, whatever that one has written."""
    (tmp_path / "aup").write_text("#!/bin/sh\ncat >/dev/null\n")
    (tmp_path / "helm").write_text(f"#!/bin/sh\necho '{POD}'\nexit 1\n")
    for program in ("aup", "helm"):
        (tmp_path / program).chmod(0o755)
    path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}

    ran = subprocess.run([EXAMPLES / "check.sh"], env=path, stdin=subprocess.DEVNULL, check=False)

    assert ran.returncode == 1


def test_the_page_shows_the_configuration_of_the_hook() -> None:
    """It is the example, to the letter but for its first line."""
    example = (EXAMPLES / "pre-commit-config.yaml").read_text().partition("\n")[2]

    assert f"```yaml\n{example}```\n" in (ROOT / "docs" / "ci.md").read_text()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the hook as its own, and files of many kinds staged."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    del hook["minimum_pre_commit_version"]
    local = {**hook, "language": "system"}  # the command that is installed here, in place of one from a network
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "ci.yaml").write_text("on: push\njobs: {}\n")
    (tmp_path / "package.json").write_text('{"name": "shop"}\n')
    (tmp_path / "template.yaml").write_text("apiVersion: v1\nkind: {{ .Values.kind }}\n")
    (tmp_path / "notes.txt").write_text(POD)
    git(tmp_path, "init", "--quiet")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    """git in a folder, also where a hook of git runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env=environment)


def hooked(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run all hooks on what is staged, with no settings of this machine."""
    git(folder, "add", "--all")
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "PRE_COMMIT_HOME": str(folder / ".cache"),
    }
    command = [sys.executable, "-m", "pre_commit", "run", "--verbose"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_hook_is_one_that_pre_commit_takes() -> None:
    """Its own check of the file finds nothing."""
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"]

    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stdout


def test_the_hook_leaves_other_files_alone(repository: Path) -> None:
    """A workflow, a package.json and a template are handed over and left out."""
    answer = hooked(repository)

    assert answer.returncode == 0, answer.stdout
    assert "0 objects, " in answer.stdout
    assert "skipped: nothing to judge" in answer.stdout


def test_the_hook_stops_a_commit_with_a_denied_manifest(repository: Path) -> None:
    """The finding is shown."""
    (repository / "pod.yaml").write_text(POD)

    answer = hooked(repository)

    assert answer.returncode == 1
    assert "pod.yaml:4  Pod shop/a  denied  AUP1301 host-access" in answer.stdout

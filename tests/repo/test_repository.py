"""Facts about the repository itself."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_python_keeps_its_own_operator_module_at_the_repositorys_root() -> None:
    """From the root, where the folder `operator/` is, `import operator` gives Python's own module."""
    code = "import operator; print(operator.itemgetter(1)('ab'), operator.__file__)"

    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    letter, path = answer.stdout.split()
    assert letter == "b"
    assert not Path(path).is_relative_to(ROOT / "operator")


def test_source_roots_hold_one_package_each_and_no_modules() -> None:
    """A module directly in operator/ would stand in for one of Python's."""
    for root, package in (("core", "aup"), ("webhook", "aup_webhook"), ("operator", "aup_operator")):
        tracked = subprocess.run(
            ["git", "ls-files", root], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.splitlines()

        assert tracked
        assert all(path.startswith(f"{root}/{package}/") for path in tracked)


def test_the_core_runs_without_the_extras() -> None:
    """`aup` imports neither kopf, kubernetes nor fastapi, so the command needs no extra."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['kopf', 'kubernetes', 'fastapi', 'uvicorn']));"
        "from aup.cli.main import commands; commands(['rules'])"
    )

    answer = subprocess.run([sys.executable, "-Ic", code], capture_output=True, text=True, check=False)

    assert "AUP1601" in answer.stdout, answer.stderr


def test_version_stands_the_same_everywhere() -> None:
    """pyproject.toml, the chart and the changelog name one version."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    chart = (ROOT / "charts/aup/Chart.yaml").read_text()
    assert f"version: {version}\n" in chart
    assert f"appVersion: {version}\n" in chart
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()


def test_locked_requirements_name_no_registry() -> None:
    """Lock files carry hashes and no addresses, and every line is pinned."""
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()

        assert "://" not in text, lock.name
        assert "--hash=sha256:" in text, lock.name


def test_the_locks_pin_one_version_of_a_package() -> None:
    """What one target installs is what the others have, so `make bench` changes nothing under the tests."""
    pins: dict[str, set[str]] = {}
    for lock in (ROOT / "requirements").glob("*.txt"):
        for line in lock.read_text().splitlines():
            name, equals, version = line.partition("==")
            if equals and not line.startswith((" ", "#")):
                pins.setdefault(name, set()).add(f"{lock.name} {version.rstrip(chr(92)).strip()}")

    differing = {name for name, found in pins.items() if len({each.partition(" ")[2] for each in found}) > 1}

    assert {name: pins[name] for name in differing if not any(";" in each for each in pins[name])} == {}


def test_the_readme_names_the_two_commands() -> None:
    """A newcomer finds `make demo` and `make test`."""
    readme = (ROOT / "README.md").read_text()

    assert "make demo" in readme
    assert "make test" in readme


_TEST = "@.venv/bin/python -m pytest -n 2 --dist loadgroup test_one.py"


@pytest.mark.parametrize(
    ("test", "passes_at", "e2e_passes_at", "code", "e2e_runs"),
    [
        (_TEST, 1, 1, 0, 1),
        (_TEST, 2, 1, 0, 1),
        (_TEST, 3, 1, 1, 0),
        ("@false", 1, 1, 5, 0),
        (_TEST, 1, 2, 0, 2),
        (_TEST, 1, 3, 1, 2),
    ],
    ids=[
        "all pass",
        "one passes alone",
        "one fails alone too",
        "none is on record as failed",
        "one of the node passes alone",
        "one of the node fails alone too",
    ],
)
def test_continuous_integration_runs_every_test_and_alone_what_failed(
    tmp_path: Path, test: str, passes_at: int, e2e_passes_at: int, code: int, e2e_runs: int
) -> None:
    """`.ci/run` is `make test` and `make e2e` with CI=true; they pass if what failed does alone.

    An older record is no excuse.
    """
    for folder in (".ci", "bin", "seen", "tests/e2e/seen", ".pytest_cache/v/cache"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / ".pytest_cache/v/cache/lastfailed").write_text('{"test_one.py::test_other": true}')
    (tmp_path / ".venv").symlink_to(sys.prefix)
    targets = {"test": test, "e2e": "@.venv/bin/python -m pytest -m e2e tests/e2e"}
    recipes = "".join(f"{target}:\n\t@test $$CI = true\n\t{recipe}\n" for target, recipe in targets.items())
    (tmp_path / "Makefile").write_text(recipes)
    for file, mark, run in (
        ("test_one.py", "xdist_group('group')", passes_at),
        ("tests/e2e/test_two.py", "e2e", e2e_passes_at),
    ):
        (tmp_path / file).write_text(
            "import time\nimport pytest\nfrom pathlib import Path\n\n"
            "SEEN = Path(__file__).with_name('seen')\n\n"
            f"@pytest.mark.{mark}\n"
            "def test_it():\n"
            "    (SEEN / str(time.time())).touch()\n"
            f"    assert len(list(SEEN.iterdir())) >= {run}\n\n"
            "def test_other():\n    pass\n"
        )
    for program in ("buildah", "mmdebstrap"):
        (tmp_path / "bin" / program).touch(0o755)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    script = shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")

    path = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    ran = subprocess.run([script], cwd=tmp_path, env=path, capture_output=True, text=True, check=False)

    assert ran.returncode == code, ran.stdout + ran.stderr
    assert len(list((tmp_path / "tests/e2e/seen").iterdir())) == e2e_runs

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


_PYTEST = "@.venv/bin/python -m pytest -n 2 --dist loadgroup"


@pytest.mark.parametrize(
    ("recipe", "body", "code"),
    [
        (_PYTEST, "assert len(list(Path('seen').iterdir())) > 1", 0),
        (_PYTEST, "assert len(list(Path('seen').iterdir())) > 2", 1),
        ("@false", "pass", 5),
    ],
    ids=["passes alone", "fails alone too", "none is on record as failed"],
)
def test_continuous_integration_runs_every_test_and_alone_what_failed(
    tmp_path: Path, recipe: str, body: str, code: int
) -> None:
    """`.ci/run` is `make test` with CI=true; it passes if what failed does alone. An older record is no excuse."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "Makefile").write_text(f"test:\n\t@test $$CI = true\n\t{recipe}\n")
    (tmp_path / "test_one.py").write_text(
        "import time\nimport pytest\nfrom pathlib import Path\n\n"
        "@pytest.mark.xdist_group('group')\n"
        f"def test_it():\n    Path('seen', str(time.time())).touch()\n    {body}\n\n"
        "def test_other():\n    pass\n"
    )
    for folder in (".ci", "seen", ".pytest_cache/v/cache"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / ".pytest_cache/v/cache/lastfailed").write_text('{"test_one.py::test_other": true}')
    script = shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")

    path = {"PATH": os.environ["PATH"]}
    ran = subprocess.run([script], cwd=tmp_path, env=path, capture_output=True, text=True, check=False)

    assert ran.returncode == code, ran.stdout + ran.stderr

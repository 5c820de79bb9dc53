"""The command itself: its help, its version, commands of other packages, and that it starts light."""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import click
import pytest
from click.testing import Result

from aup.cli import check, joined
from aup.cli.main import OWN, main
from aup.cli.processes import Part, Plan
from aup.cli.report import Report

Run = Callable[..., Result]


def test_help_lists_our_commands_and_those_of_other_packages(run: Run) -> None:
    """One line each; a package that cannot be imported does not break the list."""
    result = run("--help")

    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.stdout for name in (*OWN, "suspend", "lift", "status"))


@pytest.mark.parametrize("name", OWN)
def test_the_help_of_each_command_has_an_example(name: str, run: Run) -> None:
    """It fits on a screen."""
    result = run(name, "--help")

    assert re.search(rf"Example: .*aup {name}", result.stdout)
    assert len(result.stdout.splitlines()) < 30


def test_the_version_is_told(run: Run) -> None:
    """That of the installed package."""
    assert run("--version").stdout.startswith("aup 0.")


def test_an_unknown_command_is_a_usage_error(run: Run) -> None:
    """Exit code 2 and a sentence."""
    result = run("frobnicate")

    assert "No such command 'frobnicate'" in result.stderr
    assert result.exit_code == 2


def test_as_a_plugin_it_is_called_kubectl_aup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Usage lines can be copied."""
    monkeypatch.setattr("sys.argv", ["/usr/bin/kubectl-aup", "check", "--help"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert capsys.readouterr().out.startswith("Usage: kubectl aup check ")
    assert ended.value.code == 0


class Package(Distribution):
    """A distribution that has a name and nothing else."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    def read_text(self, filename: str) -> str | None:
        """No files."""
        raise NotImplementedError(filename)

    def locate_file(self, path: object) -> Path:
        """No files."""
        raise NotImplementedError(path)


@pytest.fixture
def join(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Let a package join the command line with one command."""

    def do(name: str, value: str, package: str) -> None:
        entry = EntryPoint(name, value, joined.GROUP)
        vars(entry)["dist"] = Package(package)

        def entry_points(*, group: str, name: str = "") -> list[EntryPoint]:
            return [entry] if group == joined.GROUP and name in {"", entry.name} else []

        monkeypatch.setattr(joined, "entry_points", entry_points)

    return do


def test_a_command_of_another_package_is_run(run: Run, join: Callable[[str, str, str], None]) -> None:
    """It is imported when it is asked for."""
    join("greet", f"{__name__}:greet", "other")

    assert run("greet").stdout == "hello\n"


@click.command()
def greet() -> None:
    """Say hello."""
    click.echo("hello")


MISSING = [
    (
        ("suspend", "aup_missing.commands:suspend", "aup"),
        "Error: aup suspend is not available: it needs the operator's packages (No module named 'aup_missing'). "
        "Install them: pip install 'aup[operator]'",
    ),
    (
        ("bill", "billing_missing:bill", "billing"),
        "Error: aup bill is not available: billing could not be loaded (ModuleNotFoundError: "
        "No module named 'billing_missing'). Update or remove that package.",
    ),
    (
        ("bill", "json:dumps", "billing"),
        "Error: aup bill is not available: billing gives no command under that name; report it there.",
    ),
]


@pytest.mark.parametrize(("entry", "told"), MISSING, ids=["no extra", "broken package", "no command"])
def test_a_command_that_cannot_be_imported_says_why(
    entry: tuple[str, str, str], told: str, run: Run, join: Callable[[str, str, str], None]
) -> None:
    """Whatever its arguments are: exit code 2, one sentence, and what to install."""
    join(*entry)

    result = run(entry[0], "acme", "--now")

    assert result.stderr.splitlines()[-1] == told
    assert result.exit_code == 2


def test_judging_a_file_imports_nothing_that_only_other_runs_need(folder: Path) -> None:
    """The start-up time is in what is not imported: clients, entry points, other forms of a report, and rare needs."""
    code = (
        "import sys; from aup.cli.main import commands;"
        "commands(['check', 'clean.yaml'], standalone_mode=False);"
        "print(*sorted(set(sys.argv[1:]) & {*sys.modules}))"
    )
    unwanted = [
        *("kopf", "kubernetes", "fastapi", "aup.cli.joined", "importlib.metadata", "aup.cases", "importlib.resources"),
        *(f"aup.cli.report_{form}" for form in ("json", "sarif", "junit", "github", "openreports")),
        *("json", "difflib", "hashlib", "multiprocessing", "confusable_homoglyphs", "publicsuffixlist", "rapidfuzz"),
    ]

    done = subprocess.run(
        [sys.executable, "-c", code, *unwanted], cwd=folder, capture_output=True, text=True, check=True
    )

    assert done.stdout == "1 file, 1 object: nothing found\n\n"


def test_a_terminal_without_unicode_gets_its_answer(folder: Path) -> None:
    """What it cannot show is escaped; no traceback."""
    (folder / "ø.yaml").write_text("apiVersion: v1\nkind: PΣd\nmetadata: {name: ø}\nspec: {containers: [{image: ø}]}\n")
    program = "from aup.cli.main import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", program, "check", "ø.yaml"],
        cwd=folder,
        env={"PYTHONIOENCODING": "latin-1", "PATH": ""},
        capture_output=True,
        check=False,
    )

    assert b"P\\u03a3d" in done.stdout
    assert done.stderr == b""


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.parametrize(
    ("count", "patience", "terminal", "shown"),
    [(2, 100.0, True, False), (2, 0.0, True, True), (300, 100.0, True, True), (300, 0.0, False, False)],
    ids=["short run", "slow run", "many files", "no terminal"],
)
def test_progress_is_shown_on_a_terminal_on_long_runs_only(
    count: int, patience: float, terminal: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, and every report is passed on."""
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(check, "PATIENCE", patience)
    plan = Plan([Part([str(number)]) for number in range(count)], 1)
    reports = [Report(files=number) for number in range(count)]

    watched = list(check._watched(plan, reports))

    assert watched == reports
    assert ("Checking" in stream.getvalue()) is shown

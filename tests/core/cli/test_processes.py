"""Several processes give the same report as one, and it is told when one of them dies."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import Result

from aup.cli import processes
from aup.cli.judging import Basis, Manner, basis_of
from aup.cli.processes import Part, planned
from aup.cli.report import Trouble

Run = Callable[..., Result]

MAIN = "from aup.cli.main import main; main()"


def aup(*arguments: str, program: str = MAIN, stdin: str = "") -> tuple[int, str, str]:
    """Run `aup` as a process of its own: exit code, standard output, standard error."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def mixed(folder: Path) -> list[str]:
    """Arguments for a folder with findings, clean files, broken ones and a link to nowhere, and more beside it."""
    inside = folder / "mixed"
    inside.mkdir()
    for number in range(12):
        (inside / f"{number:02}-denied.yaml").write_text((folder / "deploy.yaml").read_text())
        (inside / f"{number:02}-clean.yaml").write_text((folder / "clean.yaml").read_text())
    (inside / "03-broken.yaml").write_text("apiVersion: v1\nkind: Pod\nkind: Pod\n---\napiVersion: v1\nkind: Secret\n")
    (inside / "05-latin.yaml").write_bytes(b"a: \xf8")
    (inside / "07-gone.yaml").symlink_to("nowhere.yaml")
    (folder / "empty").mkdir()
    return ["missing.yaml", "mixed", "-", "empty", "deploy.yaml", "--facts", "facts.yaml"]


@pytest.mark.parametrize("output", ["text", "json"])
def test_two_processes_give_the_report_of_one(output: str, mixed: list[str], folder: Path) -> None:
    """Findings, errors, their order, the counts and the exit code are the same, standard input in its place."""
    stdin = (folder / "deploy.yaml").read_text()
    arguments = ["check", *mixed, "--at", "2026-06-01T00:00:00Z", "-o", output]

    one, two = (aup(*arguments, "--jobs", jobs, stdin=stdin) for jobs in ("1", "2"))

    assert one == two
    assert one[0] == 2
    assert one[1].count("mixed/03-denied.yaml") > 1
    assert "<stdin>" in one[1]


def test_a_pipe_is_read_by_the_process_that_has_it(folder: Path) -> None:
    """`/dev/stdin` among files gives its objects with several processes too."""
    stdin = (folder / "deploy.yaml").read_text()

    _, told, _ = aup("check", "deploy.yaml", "/dev/stdin", "clean.yaml", "--jobs", "2", stdin=stdin)

    assert "\n3 files, 3 objects: " in told


def test_a_process_that_dies_is_told(folder: Path) -> None:
    """There is no report, one sentence says why and what to do, and the exit code is 2."""
    program = f"import os; from aup.cli import judging; judging.decide = lambda *_: os._exit(9)\n{MAIN}"

    told = aup("check", str(folder / "deploy.yaml"), str(folder / "clean.yaml"), "--jobs", "2", program=program)

    assert told == (
        2,
        "",
        "Error: a process that judged some of the files was killed, perhaps for want of memory, so there is no "
        "report; use --jobs 1, which takes less.\n",
    )


@pytest.fixture
def judging_for_ever(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`aup` with two processes that have begun to judge and never end by themselves."""
    program = (
        "import pathlib, time; from aup.cli import judging;"
        "judging.decide = lambda *_: (pathlib.Path('begun').touch(), time.sleep(600));"
        f"{MAIN}"
    )
    command = [sys.executable, "-c", program, "check", "deploy.yaml", "clean.yaml", "--jobs", "2"]
    pipe = subprocess.PIPE
    first = subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, start_new_session=True)
    while not (folder / "begun").exists():
        assert first.poll() is None
        time.sleep(0.01)
    yield first
    with suppress(ProcessLookupError):
        os.killpg(first.pid, signal.SIGKILL)
    first.communicate()


def test_when_the_first_process_is_killed_the_others_end(judging_for_ever: subprocess.Popen[bytes]) -> None:
    """None is left behind, which would hold on to memory and to the pipes: they are closed when the last has ended."""
    judging_for_ever.kill()

    assert judging_for_ever.communicate(timeout=60) == (b"", b"")


def test_ctrl_c_ends_all_processes_without_a_traceback(judging_for_ever: subprocess.Popen[bytes]) -> None:
    """Nothing is told but that it was ended."""
    os.killpg(judging_for_ever.pid, signal.SIGINT)

    assert judging_for_ever.communicate(timeout=60) == (b"", b"\nAborted!\n")
    assert judging_for_ever.returncode == 1


def test_where_no_other_process_can_be_had_one_does_it_all(check: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox without semaphores gets the same report."""

    def refuse(*_: object) -> NoReturn:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", refuse)

    assert check("deploy.yaml", "clean.yaml", "--jobs", "2").stdout == check("deploy.yaml", "clean.yaml").stdout


@pytest.mark.parametrize(("jobs", "told"), [("0", "0 is not in the range x>=1."), ("two", "'two' is not a valid")])
def test_the_number_of_processes_is_checked(jobs: str, told: str, check: Run) -> None:
    """It is a number from 1 up."""
    result = check("clean.yaml", "--jobs", jobs)

    assert told in result.stderr
    assert result.exit_code == 2


def test_the_basis_of_a_judgement_can_be_sent_to_another_process(folder: Path) -> None:
    """Where processes are not forked it arrives as it was, rules and all."""
    basis = basis_of([str(folder / "facts.yaml")], Manner(namespace="shop", now=datetime(2026, 6, 1, tzinfo=UTC)))

    assert isinstance(basis, Basis)
    assert pickle.loads(pickle.dumps(basis)) == basis  # noqa: S301 - our own


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two processors."""
    monkeypatch.setattr(processes, "processors", lambda: 2)


@pytest.mark.usefixtures("two_processors")
def test_few_bytes_are_for_one_process(folder: Path) -> None:
    """Starting another would take longer."""
    plan = planned([str(folder / "deploy.yaml")] * 10, None)

    assert plan.processes == 1
    assert [part.paths for part in plan.parts] == [[str(folder / "deploy.yaml")]] * 10


@pytest.mark.usefixtures("two_processors")
def test_many_bytes_are_for_as_many_processes_as_there_are_processors(folder: Path) -> None:
    """In several parts for each, every path once and in its order."""
    (folder / "large.yaml").write_text("# large\n" * (processes.WORTH // 80))
    paths = ["large.yaml"] * 40

    plan = planned(paths, None)

    assert plan.processes == 2
    assert len(plan.parts) == 14
    assert [path for part in plan.parts for path in part.paths] == paths


@pytest.mark.usefixtures("folder")
def test_on_one_processor_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much there is to read."""
    monkeypatch.setattr(processes, "processors", lambda: 1)
    monkeypatch.setattr(processes, "WORTH", 1)

    assert planned(["deploy.yaml", "clean.yaml"], None).processes == 1


def test_there_are_never_more_processes_than_parts(folder: Path) -> None:
    """Whatever is asked for; a path that nobody can read counts too, and a trouble is passed on."""
    trouble = Trouble("x", 0, 0, "told")
    paths = ["missing.yaml", trouble, str(folder / "deploy.yaml")]

    plan = planned(paths, 100)

    assert plan.processes == len(plan.parts) <= 3
    assert [path for part in plan.parts for path in part.paths] == paths


def test_standard_input_and_pipes_stay_in_this_process(folder: Path) -> None:
    """Another one may not have them; what stands around them is shared out."""
    os.mkfifo(folder / "pipe")

    plan = planned(["deploy.yaml", "-", "pipe", "clean.yaml"], 2)

    assert plan.parts == [
        Part(["deploy.yaml"]),
        Part(["-"], here=True),
        Part(["pipe"], here=True),
        Part(["clean.yaml"]),
    ]


def test_the_processors_are_those_that_this_process_may_use() -> None:
    """At least one, and no more than the machine has."""
    assert 1 <= processes.processors() <= (os.cpu_count() or 1)

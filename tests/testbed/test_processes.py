"""Processes: they are told apart, they end, also when their starter is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from testbed import processes
from testbed.processes import Processes, end_by_pid, free_ports, start_time

REPOSITORY = Path(__file__).resolve().parents[2]

STARTER = """
import sys, time
from pathlib import Path
from testbed.processes import Processes
folder = Path(sys.argv[1])
started = Processes(folder, folder / "logs", leave_running=False)
component = started.start("sleeper", ["sleep", "600"], {"PATH": "/usr/bin:/bin"})
print(component.process.pid, flush=True)
time.sleep(600)
"""


def gone(pid: int, within: float = 60.0) -> bool:
    """Whether a process ends within some seconds."""
    deadline = time.monotonic() + within
    while start_time(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    return start_time(pid) is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_its_starter(tmp_path: Path, number: signal.Signals) -> None:
    """Whatever ends the starter, its processes end too; keys go, logs stay."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "ca.key").write_text("secret")
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert start_time(pid) is not None
        starter.send_signal(number)
    assert gone(pid)
    deadline = time.monotonic() + 60
    while (tmp_path / "pki").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [entry.name for entry in tmp_path.iterdir()] == ["logs"]


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the grace time SIGKILL ends it."""
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.3)
    started = Processes(tmp_path, tmp_path, leave_running=False)
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    component = started.start("stubborn", ["sh", "-c", script], dict(os.environ))
    while "ready" not in component.log.read_text():
        time.sleep(0.01)
    started.stop()
    assert component.process.returncode == -signal.SIGKILL
    assert started.pids() == {}


def test_a_failure_shows_the_name_the_code_the_path_and_the_last_lines(tmp_path: Path) -> None:
    """Twenty lines of the log are shown, no more."""
    started = Processes(tmp_path, tmp_path, leave_running=False)
    component = started.start("talker", ["sh", "-c", "seq 100; exit 7"], dict(os.environ))
    component.process.wait()
    assert started.ended() == [component]
    started.stop()
    lines = "\n".join(f"  {number}" for number in range(81, 101))
    assert component.failure() == f"talker ended with exit code 7. The end of {tmp_path}/talker.log:\n{lines}"
    assert not component.wants_other_port()


def test_a_taken_port_is_recognised(tmp_path: Path) -> None:
    """What servers say when a port is taken makes another start worth a try."""
    started = Processes(tmp_path, tmp_path, leave_running=False)
    script = "echo 'listen tcp 127.0.0.1:1: bind: address already in use'; exit 1"
    component = started.start("late", ["sh", "-c", script], dict(os.environ))
    component.process.wait()
    started.stop()
    assert component.wants_other_port()


def test_a_reused_process_id_is_left_alone() -> None:
    """A process with the id but another start time is somebody else's."""
    with subprocess.Popen(["sleep", "600"]) as process:
        ticks = start_time(process.pid)
        assert ticks is not None
        end_by_pid({process.pid: ticks - 1})
        assert process.poll() is None
        end_by_pid({process.pid: ticks})
        assert process.wait(60) == -signal.SIGTERM


def test_free_ports_are_all_different() -> None:
    """Ports chosen together never collide, and Linux gives none of them to another process by itself."""
    ports = free_ports(20)

    assert len(set(ports)) == 20
    assert all(20_000 <= port < 30_000 for port in ports)

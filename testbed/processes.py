"""Starts, watches and stops the processes of one control plane."""

import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

GRACE_SECONDS = 4.0
"""How long a process may take to end after SIGTERM before it gets SIGKILL."""

POLL_SECONDS = 0.05
LOG_LINES = 20

_PORTS = range(20_000, 30_000)
"""Below those that Linux gives to a client, or to a server that asks for any (32,768 to 60,999), and a NodePort."""


class StartError(Exception):
    """The control plane did not start; the text names the process and shows the end of its log."""


class PortTakenError(StartError):
    """A port was free when it was chosen and taken when a process wanted it; another start helps."""


@dataclass(frozen=True)
class Component:
    """One running process: its name, its handle and the file with its output."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def failure(self) -> str:
        """Name, exit code (or that it still runs), the last lines of the log, and the log's path."""
        code = self.process.poll()
        state = "is still running" if code is None else f"ended with exit code {code}"
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        text = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        return f"{self.name} {state}. The end of {self.log}:\n{text}"

    def answers_within(self, url: str, seconds: float) -> bool:
        """Wait until it answers; whether it did, before it ended and within the time."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            if answers(url):
                return True
            time.sleep(POLL_SECONDS)
        return False

    def wants_other_port(self) -> bool:
        """Whether it ended because a port was taken."""
        if self.process.poll() is None:
            return False
        return "address already in use" in self.log.read_text(errors="replace")


def answers(url: str) -> bool:
    """Whether a GET of a URL of this machine is answered well."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback URL
            return True
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Different TCP ports that are free on 127.0.0.1 now; nothing reserves them, but nobody is given one by chance."""
    with ExitStack() as stack:
        return [_take(stack.enter_context(socket.socket())) for _ in range(count)]


def _take(item: socket.socket) -> int:
    while True:
        port = secrets.choice(_PORTS)  # not by random's seed, which is the same in each worker of the tests
        try:
            item.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port


class Processes:
    """The processes of one control plane, in starting order.

    Each gets a session of its own, so that Ctrl-C in a terminal reaches the starter alone and the starter stops them in
    order. Unless `leave_running`, a guard process stops them when the starter dies (see guard.py).
    """

    def __init__(self, run_dir: Path, log_dir: Path, *, leave_running: bool) -> None:
        self._log_dir = log_dir
        self._components: list[Component] = []
        self._guard: subprocess.Popen[bytes] | None = None
        if not leave_running:
            guard = Path(__file__).with_name("guard.py")
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(guard), str(run_dir)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Component:
        """Start one process; its output goes to `<name>.log`."""
        log = self._log_dir / f"{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                command,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        component = Component(name, process, log)
        self._components.append(component)
        self._tell_guard(str(process.pid))
        return component

    def pids(self) -> dict[str, int]:
        """The process id of each process by name."""
        return {component.name: component.process.pid for component in self._components}

    def ended(self) -> list[Component]:
        """The processes that have ended by themselves."""
        return [component for component in self._components if component.process.poll() is not None]

    def stop(self) -> None:
        """End all processes, the ones started last first; a second call does nothing.

        etcd is last: a server without its store would wait for it instead of ending.
        """
        components, self._components = self._components, []
        store = [component.process for component in components if component.name == "etcd"]
        server = [component.process for component in components if component.name == "kube-apiserver"]
        rest = [component.process for component in components if component.process not in [*store, *server]]
        for group in (rest, server, store):
            end_processes(group)
        self._tell_guard("done")
        if self._guard is not None:
            if self._guard.stdin is not None:
                with suppress(OSError):
                    self._guard.stdin.close()
            self._guard.wait()
            self._guard = None

    def _tell_guard(self, line: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            with suppress(BrokenPipeError):
                self._guard.stdin.write(f"{line}\n".encode())
                self._guard.stdin.flush()


def end_processes(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """SIGTERM to all, SIGKILL to those that are still there after the grace time; all are reaped."""
    processes = list(processes)
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None if there is none or it is only waiting to be reaped.

    Process id and start time together name one process for good; an id alone is used again.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in {"Z", "X"} else int(fields[18])


def end_by_pid(started: Mapping[int, int]) -> None:
    """End processes of another starter: SIGTERM, then SIGKILL.

    Args:
        started: Process id to start time; an id that belongs to another process by now is left alone.
    """

    def alive() -> list[int]:
        return [pid for pid, ticks in started.items() if start_time(pid) == ticks]

    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in alive():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + GRACE_SECONDS
        while alive() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

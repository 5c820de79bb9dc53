"""Servers under measurement: started, bound to a core, and read from /proc (Linux)."""

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

_READY_SECONDS = 30.0
_POLL_SECONDS = 0.005


class ServerError(Exception):
    """A server did not become ready; the text has the end of its log."""


class Server:
    """One server process.

    Attributes:
        port: Where it serves HTTPS.
        ready_seconds: From the start of the process until it was ready.
    """

    def __init__(
        self, port: int, command: Sequence[str], ready: Callable[[], bool], log: Path, **environment: str
    ) -> None:
        self.port = port
        with log.open("wb") as file:
            began = time.monotonic()
            self._process = subprocess.Popen(
                command, env={"PATH": "/usr/bin:/bin", **environment}, stdout=file, stderr=subprocess.STDOUT
            )
        while not ready():
            if self._process.poll() is not None or time.monotonic() - began > _READY_SECONDS:
                self.stop()
                raise ServerError(f"{' '.join(command)} is not ready:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(_POLL_SECONDS)
        self.ready_seconds = time.monotonic() - began

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """CPU time that its threads have used so far."""
        return cpu_seconds(self.pid)

    def memory_mb(self) -> float:
        """Resident memory in MB (10⁶ bytes)."""
        return memory_mb(self.pid)

    def highest_memory_mb(self) -> float:
        """The most resident memory that it has had, in MB."""
        return memory_mb(self.pid, "VmHWM")

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def listens(port: int, authority: bytes) -> Callable[[], bool]:
    """Whether a TLS server answers on a port of this machine."""
    context = ssl.create_default_context(cadata=authority.decode())

    def ask() -> bool:
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=1) as plain,
            context.wrap_socket(plain, server_hostname="localhost"),
        ):
            return True
        return False

    return ask


def bind(pids: Mapping[str, int] | Sequence[int], cores: set[int]) -> None:
    """Let processes, with all their threads, run on these cores only."""
    for pid in pids.values() if isinstance(pids, Mapping) else pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # it ended meanwhile
                os.sched_setaffinity(int(thread.name), cores)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process's threads, to the nanosecond where the kernel says so."""
    spent = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            spent += int((thread / "schedstat").read_text().split()[0])
    return spent / 1e9


def memory_mb(pid: int, line: Literal["VmRSS", "VmHWM"] = "VmRSS") -> float:
    """Resident memory of a process in MB (10⁶ bytes), now or (`VmHWM`) at its highest."""
    said = next(each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith(line))
    return int(said.split()[1]) * 1024 / 1e6


def busy_seconds() -> float:
    """CPU time that all processes of the machine have used so far, and what a hypervisor gave to others."""
    _, user, nice, system, _, _, irq, softirq, steal, *_ = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(map(int, (user, nice, system, irq, softirq, steal))) / os.sysconf("SC_CLK_TCK")

"""The one control plane of `python -m testbed up`: what a state file says about it."""

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from testbed.controlplane import ControlPlane
from testbed.gobuild import cache_root
from testbed.processes import end_by_pid, start_time


@dataclass(frozen=True)
class Running:
    """A control plane that outlives its starter.

    `started` maps a process name to its id and its start time in clock ticks since boot.
    """

    kubeconfig: str
    server: str
    run_dir: str
    started: dict[str, tuple[int, int]]

    def alive(self) -> list[str]:
        """The names of the processes that still run."""
        return [name for name, (pid, ticks) in self.started.items() if start_time(pid) == ticks]

    def complete(self) -> bool:
        """Whether every process runs."""
        return len(self.alive()) == len(self.started)


def state_file() -> Path:
    """Where the state is: one file for each user's cache folder."""
    return cache_root() / "cluster.json"


@contextmanager
def locked() -> Iterator[None]:
    """Let one `up` or `down` work at a time; others wait."""
    with state_file().with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def read() -> Running | None:
    """The plane in the state file, running or not; None if there is no readable state."""
    try:
        state = json.loads(state_file().read_text())
        state["started"] = {name: (int(pid), int(ticks)) for name, (pid, ticks) in state["started"].items()}
        return Running(**state)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def up() -> tuple[Running, bool]:
    """The running plane, and whether it was started now; remains of an older one are ended first."""
    with locked():
        known = read()
        if known is not None:
            if known.complete():
                return known, False
            _end(known)
        plane = ControlPlane.start(leave_running=True)
        return remember(plane, plane.pids), True


def remember(plane: ControlPlane, pids: Mapping[str, int]) -> Running:
    """Write the state file for a plane that is left running with these processes."""
    # A process that ended since gets start time 0: it is then seen as not running.
    started = {name: (pid, start_time(pid) or 0) for name, pid in pids.items()}
    state = Running(str(plane.kubeconfig), plane.server, str(plane.run_dir), started)
    state_file().write_text(json.dumps(asdict(state), indent=2) + "\n")
    return state


def down() -> Running | None:
    """End the plane of the state file and remove its folder; None if there was none."""
    with locked():
        known = read()
        if known is not None:
            _end(known)
        return known


def _end(known: Running) -> None:
    end_by_pid({pid: ticks for name, (pid, ticks) in known.started.items() if name != "etcd"})
    end_by_pid(dict(known.started.values()))
    shutil.rmtree(known.run_dir, ignore_errors=True)
    state_file().unlink(missing_ok=True)

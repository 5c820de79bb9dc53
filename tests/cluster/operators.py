"""Operator processes that a test may kill at any write, behind relays that see what they do."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from testbed import kubeconfig
from testbed.installation import NAMESPACE, Installation
from testbed.processes import free_ports
from tests.cluster.relay import Relay

_ROOT = Path(__file__).resolve().parents[2]
_GONE_SECONDS = 10.0
_LOG_CHARACTERS = 6_000


class Operators:
    """Operators behind one relay, one at a time, each a process of its own that is forked from a prepared one.

    Attributes:
        relay: What they talk to.
        pid: The process that runs now, 0 for none.
    """

    def __init__(self, aup: Installation, folder: Path, **settings: str) -> None:
        """`settings` are more of the operator's environment variables."""
        cluster = json.loads(aup.plane.kubeconfig.read_text())["clusters"][0]["cluster"]
        self.relay = Relay(aup.plane.server, kubeconfig.decoded(cluster["certificate-authority-data"]).decode())
        token = aup.plane.kubectl("create", "token", "aup-operator", "--namespace", NAMESPACE).stdout.strip()
        config = kubeconfig.write(folder / "kubeconfig", {"server": self.relay.url}, {"token": token})
        self.pid = 0
        self._kill_at = 0
        self._lock = threading.Lock()
        self.relay.written = self._count
        self.writes: list[str] = []
        log = (folder / "operators.log").open("wb")
        self._log = folder / "operators.log"
        self._parent = subprocess.Popen(
            [sys.executable, str(_ROOT / "tests" / "cluster" / "forked_operator.py")],
            env={
                "PATH": "/usr/bin:/bin",
                "KUBECONFIG": str(config),
                "AUP_NAMESPACE": NAMESPACE,
                "AUP_HOST": "127.0.0.1",
                "AUP_HEALTH_PORT": str(free_ports(1)[0]),
                "AUP_RESYNC_SECONDS": "2",
                "AUP_BRAKE_TENANTS": "0",
                **settings,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        log.close()

    def start(self) -> None:
        """Start an operator."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write("\n")
        self._parent.stdin.flush()
        self.pid = int(self._parent.stdout.readline())

    def kill_at(self, write: int) -> None:
        """SIGKILL the operator when the API server has done so many of its writes from now on; 0 for never."""
        with self._lock:
            self.writes.clear()
            self._kill_at = write

    def kill(self) -> None:
        """SIGKILL the operator that runs now."""
        pid, self.pid = self.pid, 0
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + _GONE_SECONDS
            while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                time.sleep(0.01)

    @property
    def killed(self) -> bool:
        """Whether none runs."""
        return not self.pid

    def log(self) -> str:
        """The end of what they wrote to stderr, with where the one that runs now is, or that none does."""
        state = "none was to run"
        if self.pid:
            state = f"{self.pid} runs"
            try:
                os.kill(self.pid, signal.SIGUSR1)
            except ProcessLookupError:
                state = f"{self.pid} has ended"
            time.sleep(1)
        return f"{state}; the end of the log:\n{self._log.read_text()[-_LOG_CHARACTERS:]}"

    def close(self) -> None:
        """End everything."""
        self.kill()
        self._parent.kill()
        self._parent.communicate()  # which closes its pipes too
        self.relay.close()

    def _count(self, method: str, path: str) -> None:
        with self._lock:
            self.writes.append(f"{method} {path.partition('?')[0]}")
            if self._kill_at and len(self.writes) == self._kill_at:
                self.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def instead_of(aup: Installation, folder: Path, **settings: str) -> Iterator[Operators]:
    """Operators in place of the installation's own, which runs again afterwards."""
    aup.kill("operator")
    try:
        with Operators(aup, folder, **settings) as operators:
            operators.start()
            yield operators
    finally:
        aup.start_operator()

"""Watches workloads from a process of its own and tells when the last of them was held down, or was up again."""

import http.client
import multiprocessing
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from benchmarks.patches import Server
from benchmarks.suspend_kinds import KINDS, Kind, Workload


class Turned(msgspec.Struct, frozen=True):
    """All workloads are down, or up: when the first had turned and when the last had, on the system's steady clock."""

    held: bool
    first: float
    last: float


class NotSeenError(Exception):
    """The workloads did not turn within the time."""


class Watch:
    """The watching process, and what it has told."""

    def __init__(self, kubeconfig: Path, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._told, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_watch, args=(kubeconfig, count, theirs), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid or 0

    def forget(self) -> None:
        """Forget what was told so far."""
        while self._told.poll(0):
            self._told.recv()

    def wait(self, seconds: float, *, held: bool) -> Turned:
        """Wait until all workloads are held, or all are up.

        Raises:
            NotSeenError: They were not within the time.
        """
        deadline = time.monotonic() + seconds
        while self._told.poll(max(0.0, deadline - time.monotonic())):
            turned: Turned = self._told.recv()
            if turned.held == held:
                return turned
        raise NotSeenError(f"not all workloads were {'held' if held else 'up'} within {seconds:.0f} s")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()


class _Seen:
    def __init__(self, count: int, tell: Connection) -> None:
        self._count = count
        self._tell = tell
        self._lock = threading.Lock()
        self._known: set[tuple[str, str]] = set()
        self._down: set[tuple[str, str]] = set()
        self._was: bool | None = None
        self._first = 0.0

    def put(self, one: tuple[str, str], *, held: bool) -> None:
        now = time.monotonic()
        with self._lock:
            self._known.add(one)
            if held != (one in self._down):
                self._first = self._first or now
            (self._down.add if held else self._down.discard)(one)
            if len(self._known) == self._count and len(self._down) in {0, self._count}:
                here = bool(self._down)
                if here != self._was:
                    self._was = here
                    self._tell.send(Turned(here, self._first or now, now))
                self._first = 0.0


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


def _watch(kubeconfig: Path, count: int, tell: Connection) -> None:
    server, seen = Server(kubeconfig), _Seen(count, tell)
    threads = [threading.Thread(target=_follow, args=(server, kind, seen)) for kind in KINDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _follow(server: Server, kind: Kind, seen: _Seen) -> None:
    """All objects of a kind as they are, and then each change; a watch that ends is begun anew."""
    events, workloads = msgspec.json.Decoder(_Event), msgspec.json.Decoder(Workload)
    while True:
        connection = server.connection()
        connection.settimeout(None)
        # None but those that we made: a Deployment's ReplicaSets are its own.
        query = "watch=true&timeoutSeconds=3600&labelSelector=bench"
        connection.sendall(server.request("GET", f"{kind.collection}?{query}"))
        response = http.client.HTTPResponse(connection)
        response.begin()
        while line := response.readline():
            event = events.decode(line)
            if event.type in {"ADDED", "MODIFIED"}:
                one = workloads.decode(event.object)
                seen.put((kind.name, one.metadata.name), held=kind.held(one))
        connection.close()

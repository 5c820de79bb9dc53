"""The benchmark of suspensions measures what it says: the fields that drivers set, and the last workload that turns."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable

import msgspec
import pytest

from aup_operator.drivers import DRIVERS, KNOWN
from benchmarks import patches
from benchmarks.suspend import Down, Round, Size, limits
from benchmarks.suspend_kinds import KINDS, Json, Kind, Workload, workloads
from benchmarks.suspend_watch import Turned, _Seen


def merged(manifest: Json, patch: Json) -> Json:
    """A manifest after a JSON merge patch (RFC 7396)."""
    result = dict(manifest)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key) or {}, value) if isinstance(value, dict) else value
    return result


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_bare_patch_does_what_the_driver_does(kind: Kind) -> None:
    """No more and no less than a suspension changes, and up again after it."""
    manifest = next(one for each, _, one in workloads(100) if each is kind)
    group = kind.group.partition("/")[0]
    known = {(driver.group, driver.kind): driver for driver in (*DRIVERS, *KNOWN.values())}
    held: Json = {}
    for change in known[group, kind.name].changes(manifest):
        at = held
        *path, last = [part.replace("~1", "/").replace("~0", "~") for part in change.path.split("/")[1:]]
        for part in path:
            at = at.setdefault(part, {})
        at[last] = change.held

    assert kind.down == held
    states = [manifest, merged(manifest, kind.down), merged(merged(manifest, kind.down), kind.up)]
    assert [kind.held(msgspec.convert(state, Workload)) for state in states] == [False, True, False]


def test_the_kinds_are_mixed_evenly_and_named_apart() -> None:
    """Whatever the number of workloads."""
    made = workloads(50)

    assert len({(kind.name, name) for kind, name, _ in made}) == 50
    counts = {kind.name: sum(each is kind for each, _, _ in made) for kind in KINDS}
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_last_that_turns_ends_the_measure() -> None:
    """Not the first, not a change of something else, and once each way."""
    mine, theirs = multiprocessing.Pipe(duplex=False)
    seen = _Seen(2, theirs)
    began = time.monotonic()
    for name, held in (("a", False), ("b", False), ("a", True), ("a", True), ("b", True), ("b", True), ("a", False)):
        seen.put(("Deployment", name), held=held)
    told: list[Turned] = []
    while mine.poll(0):
        told.append(mine.recv())
    mine.close()
    theirs.close()

    assert [each.held for each in told] == [False, True]
    assert began < told[1].first < told[1].last < time.monotonic()


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{ }\n", b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n3\r\n{ }\r\n0\r\n\r\n"],
)
def test_an_answer_is_read_to_its_end_and_no_further(answer: bytes) -> None:
    """However it arrives."""
    ours, theirs = socket.socketpair()

    def send() -> None:
        for position in range(0, len(answer), 7):
            theirs.sendall(answer[position : position + 7])
            time.sleep(0.001)

    with ours, theirs:
        ours.settimeout(5)
        sender = threading.Thread(target=send)
        sender.start()
        found = patches.read(ours)
        sender.join()

    assert found == answer


def size(count: int, suspension: float, bare: float, memory: float = 100) -> Size:
    """A size with two rounds, the second of them the median's neighbour."""
    down: Callable[[float], Down] = lambda seconds: Down(0.1, seconds, seconds, 1, 1, 0)  # noqa: E731
    rounds = [Round(down(bare), down(suspension), 1, 1, bare_first=True) for _ in range(2)]
    return Size(count, rounds, 80, 90, memory)


def test_the_limits_are_those_that_were_promised() -> None:
    """1.3 times the bare patches at 1,000, no more for each at 5,000, and 150 MB."""
    good = [size(1_000, 1.2, 1), size(5_000, 6, 5)]
    assert all(each.holds for each in limits(good))

    for bad in ([size(1_000, 1.4, 1)], [size(1_000, 1, 1), size(5_000, 9, 5)], [size(10, 1, 1, memory=151)]):
        assert sum(not each.holds for each in limits(bad)) == 1

"""What a review costs: the real webhook beside the floor of its stack, straight and through kube-apiserver.

`python -m benchmarks.review [--quick]` prints tables, writes benchmarks/results/review-<time>.json, and ends with 1 if
a limit does not hold. docs/performance.md says what is measured and why.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import check, direct, growth, inprocess, machine, report, through
from benchmarks.bodies import Verdict
from benchmarks.generator import Generator, finished
from benchmarks.servers import Server, bind, listens
from testbed.controlplane import ControlPlane, controlplane
from testbed.installation import NAMESPACE, RELEASE, Installation
from testbed.processes import answers, free_ports

RESULTS = Path(__file__).resolve().parent / "results"
ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
STARTS = 3
_SETTLED = 12.0
"""Seconds after the load; the webhook gives back what is free every ten."""


class Limit(msgspec.Struct, frozen=True):
    """A figure that has to hold: at most (or at least) so much."""

    name: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether it does."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


class Bench:
    """The servers and the generator of one run, and what was measured so far."""

    def __init__(self, plane: ControlPlane, folder: Path, *, scale: float) -> None:
        self.plane = plane
        self.folder = folder
        self.scale = scale
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:  # noqa: PLR2004 - one for the server, one for the load
            raise SystemExit("make bench needs two cores: one for the server and one for the load")
        self.server_core, self.load_core = cores[0], cores[-1]
        self.cores = set(cores)
        self.aup = Installation(plane, folder)
        self.authority = self.aup.authority.pair.certificate
        self.generator = Generator(folder, self.authority, self.load_core)
        self._logs = 0
        self._user = ""

    def install(self) -> None:
        """Install the chart, without its operator, and make a tenant."""
        self.aup.install_chart()
        self._user = str(self.plane.service_account_kubeconfig(NAMESPACE, f"{RELEASE}-webhook"))
        self.plane.kubectl("apply", "-f", str(ROOT / "examples/tenants.yaml"))

    def webhook(self, port: int | None = None) -> Server:
        """The real webhook; without a port, on the one that the API server knows."""
        port = port or self.aup.port
        (plain,) = free_ports(1)
        environment = {
            "KUBECONFIG": self._user,
            "AUP_PORT": str(port),
            "AUP_PLAIN_PORT": str(plain),
            "AUP_TLS_CERT": str(self.aup.certificate),
            "AUP_TLS_KEY": str(self.aup.key),
            "AUP_LOG_LEVEL": "warning",
        }
        command = [sys.executable, "-Im", "aup_webhook"]
        return Server(port, command, partial(answers, f"http://127.0.0.1:{plain}/readyz"), self._log(), **environment)

    def floor(self) -> Server:
        """FastAPI doing nothing."""
        (port,) = free_ports(1)
        command = [sys.executable, "-m", "benchmarks.floor", str(port), str(self.aup.certificate), str(self.aup.key)]
        return Server(port, command, listens(port, self.authority), self._log(), PYTHONPATH=str(ROOT))

    def nothing(self) -> Server:
        """A Go program that decodes nothing and allows."""
        (port,) = free_ports(1)
        listen = ["-listen", f"127.0.0.1:{port}", "-cert", str(self.aup.certificate), "-key", str(self.aup.key)]
        command = [str(self.generator.program), "serve", *listen]
        return Server(port, command, listens(port, self.authority), self._log())

    @contextmanager
    def alone(self, *servers: Server) -> Iterator[None]:
        """The servers on their core, and everything else on the load's."""
        everything = [*self.plane.pids.values(), os.getpid()]
        bind(everything, {self.load_core})
        bind([server.pid for server in servers], {self.server_core})
        try:
            yield
        finally:
            bind([*everything, *(server.pid for server in servers)], self.cores)

    def _log(self) -> Path:
        self._logs += 1
        return self.folder / f"server-{self._logs}.log"


def measure(bench: Bench, say: report.Say) -> dict[str, Any]:
    """Everything, as it goes into the JSON."""
    say("installing the chart, building the load generator and writing the bodies")
    bench.install()
    bodies = direct.write_bodies(bench.generator)
    found: dict[str, Any] = {"starts_seconds": [], "rounds": []}
    for _ in range(STARTS):
        with bench.webhook() as server:
            found["starts_seconds"].append(server.ready_seconds)
    with ExitStack() as stack:
        ours, floor, nothing = (stack.enter_context(start()) for start in (bench.webhook, bench.floor, bench.nothing))
        found["memory_mb"] = {"idle": ours.memory_mb(), "floor idle": floor.memory_mb()}
        through.prepare(bench.plane, bench.authority, nothing.port, floor.port)
        client = through.Client(bench.plane)
        for number in range(1, ROUNDS + 1):
            say(f"round {number} of {ROUNDS}: straight")
            with bench.alone(ours, floor, nothing):
                found["rounds"].append(_round(bench, ours, floor, nothing, bodies))
            say(f"round {number} of {ROUNDS}: through kube-apiserver")
            found["rounds"][-1]["through"] = through.measure(client, max(50, round(500 * bench.scale)))
        time.sleep(_SETTLED)
        found["memory_mb"] |= {"after load": ours.memory_mb(), "floor after load": floor.memory_mb()}
        found["memory_mb"] |= {"at its highest": ours.highest_memory_mb()}
    say("two replicas on two cores")
    found["replicas"] = _replicas(bench, bodies)
    say("in the process")
    found["in_process"] = inprocess.measure()
    say("aup check")
    found["check"] = check.measure()
    say("growth")
    found["growth"] = growth.measure(lambda _: None)
    return found


def _round(
    bench: Bench, ours: Server, floor: Server, nothing: Server, bodies: dict[tuple[str, Verdict], Path]
) -> dict[str, Any]:
    """One round; each server is measured beside the others, so that a noisy minute meets all of them."""
    generator, scale = bench.generator, bench.scale
    allowed, denied = bodies[direct.SMALL, "allowed"], bodies[direct.SMALL, "denied"]
    found: dict[str, Any] = {
        "floor": direct.small(generator, floor, allowed, "allowed", scale),
        "allowed": direct.small(generator, ours, allowed, "allowed", scale),
        "denied": direct.small(generator, ours, denied, "denied", scale / 2),
        "nothing": direct.small(generator, nothing, allowed, "allowed", scale / 2),
        "larger": {},
    }
    for size in list(direct.SIZES)[1:]:
        found["larger"][size] = {
            "floor": direct.large(generator, floor, bodies[size, "allowed"], "allowed", scale / 2),
            "allowed": direct.large(generator, ours, bodies[size, "allowed"], "allowed", scale / 2),
            "denied": direct.large(generator, ours, bodies[size, "denied"], "denied", scale / 2),
        }
    return found


def _replicas(bench: Bench, bodies: dict[tuple[str, Verdict], Path]) -> dict[str, float]:
    """Reviews a second of one and of two webhook processes, generators and servers sharing two cores."""
    allowed, found = bodies[direct.SMALL, "allowed"], {}
    options = {"connections": "16", "duration": f"{4 * bench.scale:.2f}s", "warmup": "0s"}
    with bench.webhook() as first, bench.webhook(free_ports(1)[0]) as second:
        for count, servers in ((1, [first]), (2, [first, second])):
            cores = [bench.server_core, bench.load_core]
            for server, core in zip(servers, cores, strict=False):
                bind([server.pid], {core})
            before = sum(server.cpu_seconds() for server in servers)
            runs = [bench.generator.start(server.port, allowed, "allowed", **options) for server in servers]
            if count > 1:
                bind([run.pid for run in runs], bench.cores)
            loads = [finished(run) for run in runs]
            spent = sum(server.cpu_seconds() for server in servers) - before
            found[f"{count} per second"] = sum(load.requests_per_second for load in loads)
            found[f"{count} cpu_us"] = spent / sum(load.requests for load in loads) * 1e6
            found[f"{count} generator_us"] = statistics.mean(load.generator_cpu for load in loads)
    return found


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """Each compared with the floor in the same round; the median of the rounds."""

    def middle(name: str, which: str = "allowed") -> float:
        return statistics.median(
            report.field(each[which], name) / report.field(each["floor"], name) for each in found["rounds"]
        )

    return {
        "cpu_per_review_to_floor": middle("cpu_us"),
        "cpu_per_review_one_at_a_time_to_floor": middle("cpu_us_one"),
        "cpu_per_denied_review_to_floor": middle("cpu_us", "denied"),
        "throughput_to_floor": middle("per_second"),
        "p50_one_at_a_time_to_floor": middle("one.p50"),
        "p99_one_at_a_time_to_floor": middle("one.p99"),
        "p99_at_200_to_floor": middle("at_200.p99"),
        "p99_at_500_to_floor": middle("at_500.p99"),
        "added_through_apiserver_to_floor": statistics.median(
            each["through"].ours.p50 / each["through"].floor.p50 for each in found["rounds"]
        ),
        "throughput_two_replicas_to_one": found["replicas"]["2 per second"] / found["replicas"]["1 per second"],
    }


def limits(found: dict[str, Any]) -> list[Limit]:
    """What has to hold."""
    compared = found["ratios"]
    added = statistics.median(each["through"].ours.p50 for each in found["rounds"])
    return [
        Limit("CPU a review, to the floor's", compared["cpu_per_review_to_floor"], 1.5),
        Limit("p99 at 200 a second, to the floor's", compared["p99_at_200_to_floor"], 2.0),
        Limit(
            "reviews a second on one core, to the floor's",
            compared["throughput_to_floor"],
            3_700 / 9_000,
            at_least=True,
        ),
        Limit("added to p50 through kube-apiserver, ms", added, 1.3),
        Limit("memory after load, MB", found["memory_mb"]["after load"], 90),
        Limit("from start to ready, s", statistics.median(found["starts_seconds"]), 2.0),
        Limit("aup check of one file, from start to end, s", found["check"].one_file, 0.15),
        Limit("growth: series above their exponent", sum(not each.holds for each in found["growth"]), 0),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 if a limit does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.review", description="Measure what a review costs.")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the time, to see that it works; figures are rough"
    )
    scale = 0.1 if parser.parse_args(arguments).quick else 1.0
    began = time.monotonic()
    say = report.Say()
    with tempfile.TemporaryDirectory(prefix="aup-bench-") as folder, controlplane() as plane:
        found = measure(Bench(plane, Path(folder), scale=scale), say)
    found = {"machine": machine.describe(), "took_seconds": time.monotonic() - began, **found}
    found["ratios"] = ratios(found)
    held = limits(found)
    found["limits"] = [msgspec.structs.asdict(each) | {"holds": each.holds} for each in held]
    print(report.tables(found))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"review-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    print(f"\nwritten to {os.path.relpath(path)} after {found['took_seconds']:.0f} s")
    return 0 if all(each.holds for each in held) else 1


if __name__ == "__main__":
    sys.exit(main())

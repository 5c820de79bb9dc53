"""What a suspension costs beside bare PATCH requests for the same workloads on the same control plane.

`python -m benchmarks.suspend [--sizes 10,100,1000,5000] [--rounds 3] [--quick]` prints a table, writes
benchmarks/results/suspend-<time>.json, and ends with 1 if a limit does not hold.

A process of its own watches the workloads. A suspension takes from the moment before its creation is sent until that
process has seen the last workload held down. The bare patches are merge patches of the same fields of the same objects,
by the operator's own account and over as many connections as it has, in a Namespace that no suspension holds; they take
from the moment before the first is sent until the same process has seen the last workload down. Both happen in each
round, in turn first, and each begins only when the control plane has come to rest. Each size has a control plane and an
operator of its own.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from aup_operator.settings import Settings
from benchmarks import machine, patches, report
from benchmarks.review import RESULTS, Limit
from benchmarks.servers import Server, busy_seconds, cpu_seconds
from benchmarks.suspend_kinds import KEDA, NAMESPACE, Json, workloads
from benchmarks.suspend_watch import Turned, Watch
from testbed.controlplane import ControlPlane, controlplane
from testbed.installation import CHART, RELEASE, Installation
from testbed.installation import NAMESPACE as OWN
from testbed.processes import answers, free_ports

SIZES = (10, 100, 1_000, 5_000)
ROUNDS = 3
TENANT = "bench"
WIDTH = Settings().connections
MERGE_PATCH = "application/merge-patch+json"

_PROVIDER = f"system:serviceaccount:default:{TENANT}"
"""Who creates the workloads and orders the suspensions."""

_SUSPENSIONS = "/apis/aup.asergo.com/v1alpha1/suspensions"
_QUIET_CORES, _QUIET_WINDOWS, _QUIET_SECONDS = 0.15, 3, 300.0
"""At rest is what takes less than so much of a core for so many seconds one after the other."""

_GROWTH = 1.25
"""How much more a workload may take among 5,000 than among 1,000: what the noise of one run makes."""


class Down(msgspec.Struct, frozen=True):
    """Workloads taken down: seconds to the first and to the last, and the CPU time a workload of who did what.

    `action_seconds` is what the ordering took: all bare patches to their answers, or the creation of the Suspension.
    `others_cores` is what processes that have nothing to do with it used meanwhile; much of it makes figures rough.
    """

    first_seconds: float
    seconds: float
    action_seconds: float
    client_cpu_us: float
    apiserver_cpu_us: float
    others_cores: float


class Round(msgspec.Struct, frozen=True):
    """One round: the bare patches, the suspension, and from the suspension's creation to its phase Enforced."""

    bare: Down
    suspension: Down
    enforced_seconds: float
    lift_seconds: float
    bare_first: bool


class Size(msgspec.Struct, frozen=True):
    """What was measured with so many workloads; memory is the operator's, in MB."""

    workloads: int
    rounds: list[Round]
    memory_idle_mb: float
    memory_after_mb: float
    memory_highest_mb: float

    @property
    def ratio(self) -> float:
        """A suspension to the bare patches of the same round; the median of the rounds."""
        return statistics.median(each.suspension.seconds / each.bare.seconds for each in self.rounds)

    @property
    def milliseconds_each(self) -> float:
        """A suspension's time for one of its workloads; the median of the rounds."""
        return statistics.median(each.suspension.seconds for each in self.rounds) / self.workloads * 1e3


class Bench:
    """One control plane with aup and so many workloads of one tenant."""

    def __init__(self, plane: ControlPlane, operator: Server, pids: dict[str, int], count: int, watch: Watch) -> None:
        self._plane = plane
        self._operator = operator
        self._pids = pids
        self._count = count
        self._watch = watch
        self._admin = _as_provider(plane)
        self._server = patches.Server(plane.service_account_kubeconfig(OWN, f"{RELEASE}-operator"))
        self._patience = 60 + count / 20
        self._known = workloads(count)

    def round(self, number: int) -> Round:
        """Both, in an order that changes from round to round; afterwards all is as before."""
        steps: list[Callable[[], Any]] = [self._bare, lambda: self._suspended(f"{TENANT}-{number}")]
        bare_first = number % 2 == 1
        done = [step() for step in (steps if bare_first else reversed(steps))]
        bare, (suspension, enforced, lifted) = done if bare_first else reversed(done)
        return Round(bare, suspension, enforced, lifted, bare_first)

    def warm_up(self) -> None:
        """Patch some of each kind down and up, so that neither measure has the API server's first of a kind."""
        some = self._known[:: max(1, self._count // 100)]
        for change in ("down", "up"):
            self._server.send(
                [self._patch(f"{kind.collection}/{name}", getattr(kind, change)) for kind, name, _ in some], WIDTH
            )

    def rest(self) -> None:
        """Wait until nobody has much to do; after five minutes go on all the same."""
        quiet, deadline = 0, time.monotonic() + _QUIET_SECONDS
        while quiet < _QUIET_WINDOWS and time.monotonic() < deadline:
            before = sum(map(cpu_seconds, self._pids.values()))
            time.sleep(1)
            spent = sum(map(cpu_seconds, self._pids.values())) - before
            quiet = quiet + 1 if spent < _QUIET_CORES else 0

    def _bare(self) -> Down:
        self.rest()
        down = [self._patch(f"{kind.collection}/{name}", kind.down) for kind, name, _ in self._known]
        up = [self._patch(f"{kind.collection}/{name}", kind.up) for kind, name, _ in self._known]
        found = self._timed(lambda: self._server.send(down, WIDTH), time.process_time)
        self.rest()
        self._server.send(up, WIDTH)
        self._watch.wait(self._patience, held=False)
        return found

    def _suspended(self, name: str) -> tuple[Down, float, float]:
        self.rest()
        manifest = {
            "apiVersion": "aup.asergo.com/v1alpha1",
            "kind": "Suspension",
            "metadata": {"name": name},
            "spec": {
                "tenant": TENANT,
                "clauses": ["1.6"],
                "orderedBy": _PROVIDER,
                "statementOfReasons": {"facts": "Deployment web ran a crypto miner."},
            },
        }
        request = self._admin.request("POST", _SUSPENSIONS, manifest)
        began = time.monotonic()
        found = self._timed(lambda: self._admin.send([request], 1), self._operator.cpu_seconds)
        self._until(name, "Enforced")
        enforced = time.monotonic() - began
        lift = {"spec": {"lift": {"reason": "The cause is removed.", "orderedBy": _PROVIDER}}}
        began = time.monotonic()
        self._admin.send([self._admin.request("PATCH", f"{_SUSPENSIONS}/{name}", lift, MERGE_PATCH)], 1)
        lifted = self._watch.wait(self._patience, held=False).last - began
        self._until(name, "Lifted")
        return found, enforced, lifted

    def _timed(self, action: Callable[[], float], client_cpu: Callable[[], float]) -> Down:
        server = self._pids["kube-apiserver"]
        client_before, server_before = client_cpu(), cpu_seconds(server)
        others_before = self._others()
        self._watch.forget()
        began = time.monotonic()
        took = action()
        turned: Turned = self._watch.wait(self._patience, held=True)
        others = (self._others() - others_before) / (time.monotonic() - began)
        client_after, server_after = client_cpu(), cpu_seconds(server)
        return Down(
            first_seconds=turned.first - began,
            seconds=turned.last - began,
            action_seconds=took,
            client_cpu_us=(client_after - client_before) / self._count * 1e6,
            apiserver_cpu_us=(server_after - server_before) / self._count * 1e6,
            others_cores=others,
        )

    def _others(self) -> float:
        """CPU time of processes that are not ours."""
        ours = sum(map(cpu_seconds, (*self._pids.values(), self._watch.pid))) + time.process_time()
        return busy_seconds() - ours

    def _until(self, name: str, phase: str) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            asked = ("get", "suspension", name, "-o", "jsonpath={.status.phase}")
            said = self._plane.kubectl(*asked).stdout
            if said == phase:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"Suspension {name} is {said or 'not begun'}, not {phase}")
            time.sleep(0.2)

    def _patch(self, path: str, body: Json) -> bytes:
        return self._server.request("PATCH", path, body, MERGE_PATCH)


@contextmanager
def installed(plane: ControlPlane, folder: Path, count: int) -> Iterator[tuple[Bench, Server]]:
    """The chart, its webhook and operator, a tenant, and so many workloads, all of them at rest."""
    plane.kubectl("create", "-f", "-", input=json.dumps(KEDA))
    with Installation(plane, folder) as aup:
        aup.install_chart()
        aup.start_webhook()
        with _operator(plane, folder) as operator:
            plane.kubectl("create", "-f", "-", input=json.dumps(_tenant()))
            provider = _as_provider(plane)
            requests = [provider.request("POST", kind.collection, manifest) for kind, _, manifest in workloads(count)]
            # The API server opens the storage of a kind with its first request, and says 429 meanwhile.
            plane.kubectl("get", "suspensionrecords,notices,suspensions", "--all-namespaces")
            _admitted(plane)
            provider.send(requests, WIDTH)
            pids = {**plane.pids, **aup.pids, "operator": operator.pid}
            with Watch(_provider(plane), count) as watch:
                watch.wait(60 + count / 20, held=False)
                yield Bench(plane, operator, pids, count, watch), operator


def _operator(plane: ControlPlane, folder: Path) -> Server:
    """The operator as the chart runs it."""
    (port,) = free_ports(1)
    environment = {
        "KUBECONFIG": str(plane.service_account_kubeconfig(OWN, f"{RELEASE}-operator")),
        "AUP_NAMESPACE": OWN,
        "AUP_HEALTH_PORT": str(port),
        "AUP_POLICY_FILE": str(CHART / "files" / "policy.yaml"),
    }
    command = [sys.executable, "-Im", "aup_operator"]
    healthy = partial(answers, f"http://127.0.0.1:{port}/healthz")
    return Server(port, command, healthy, folder / "operator.log", **environment)


def _provider(plane: ControlPlane) -> Path:
    """The kubeconfig of who creates the workloads and orders the suspensions."""
    if plane.kubectl("get", "serviceaccount", TENANT, "-n", "default", check=False).returncode:
        plane.kubectl("create", "serviceaccount", TENANT, "-n", "default")
        account = f"--serviceaccount=default:{TENANT}"
        plane.kubectl("create", "clusterrolebinding", TENANT, "--clusterrole=cluster-admin", account)
    return plane.service_account_kubeconfig("default", TENANT)


def _as_provider(plane: ControlPlane) -> patches.Server:
    return patches.Server(_provider(plane))


def _tenant() -> Json:
    api = "aup.asergo.com/v1alpha1"
    spec = {
        "accountID": TENANT,
        "legalName": "Bench ApS",
        "country": "DK",
        "contacts": {"abuse": "abuse@bench.example"},
    }
    metadata = {
        "name": NAMESPACE,
        "labels": {"aup.asergo.com/tenant": TENANT},
        "annotations": {"aup.asergo.com/license": "Apache-2.0"},
    }
    items = [
        {"apiVersion": api, "kind": "Tenant", "metadata": {"name": TENANT}, "spec": spec},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata},
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _admitted(plane: ControlPlane) -> None:
    """Wait until the webhook knows the tenant, and the namespace has what its Pods need."""
    probe = json.dumps(workloads(1)[0][2])
    deadline = time.monotonic() + 60
    while True:
        account = plane.kubectl("get", "serviceaccount", "default", "-n", NAMESPACE, check=False).returncode == 0
        tried = plane.kubectl("create", "-n", NAMESPACE, "--dry-run=server", "-f", "-", input=probe, check=False)
        if account and tried.returncode == 0:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"the first workload is not admitted: {tried.stderr}")
        time.sleep(0.2)


def measure(count: int, rounds: int, say: report.Say) -> Size:
    """One size, on a control plane of its own."""
    say(f"{count} workloads: a control plane, the chart, and the workloads")
    with (
        tempfile.TemporaryDirectory(prefix="aup-bench-") as folder,
        controlplane() as plane,
        installed(plane, Path(folder), count) as (bench, operator),
    ):
        bench.warm_up()
        bench.rest()
        idle, found = operator.memory_mb(), []
        for number in range(1, rounds + 1):
            say(f"{count} workloads: round {number} of {rounds}")
            found.append(bench.round(number))
        return Size(count, found, idle, operator.memory_mb(), operator.highest_memory_mb())


def limits(sizes: Sequence[Size]) -> list[Limit]:
    """What has to hold."""
    by_count = {each.workloads: each for each in sizes}
    held = [Limit("the operator's memory at its highest, MB", max(each.memory_highest_mb for each in sizes), 150)]
    if middle := by_count.get(1_000):
        held.append(Limit("a suspension of 1,000 to bare patches", middle.ratio, 1.3))
        if largest := by_count.get(5_000):
            growth = largest.milliseconds_each / middle.milliseconds_each
            held.append(Limit("time a workload among 5,000 to that among 1,000", growth, _GROWTH))
    return held


_COLUMNS: dict[str, Callable[[Round], float]] = {
    "suspension s": lambda each: each.suspension.seconds,
    "bare s": lambda each: each.bare.seconds,
    "first held s": lambda each: each.suspension.first_seconds,
    "Enforced s": lambda each: each.enforced_seconds,
    "lift s": lambda each: each.lift_seconds,
    "operator CPU ms": lambda each: each.suspension.client_cpu_us / 1e3,
    "API server": lambda each: each.suspension.apiserver_cpu_us / 1e3,
    "bare client CPU ms": lambda each: each.bare.client_cpu_us / 1e3,
    "API server's": lambda each: each.bare.apiserver_cpu_us / 1e3,
    "others' cores": lambda each: max(each.suspension.others_cores, each.bare.others_cores),
}
"""Medians of the rounds; CPU time is that of one workload."""


def table(sizes: Sequence[Size], held: Sequence[Limit]) -> str:
    """What was measured, for people."""
    rows = [["workloads", "ratio", "ms each", *_COLUMNS, "memory MB idle / after / highest"]]
    for size in sizes:
        middle = [statistics.median(map(value, size.rounds)) for value in _COLUMNS.values()]
        memory = f"{size.memory_idle_mb:.0f} / {size.memory_after_mb:.0f} / {size.memory_highest_mb:.0f}"
        figures = [f"{value:.2f}" for value in (size.ratio, size.milliseconds_each, *middle)]
        rows.append([f"{size.workloads:,}", *figures, memory])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    kept = [f"{'ok' if each.holds else 'ABOVE'}  {each.name}: {each.value:.2f} (limit {each.limit:g})" for each in held]
    return "\n".join([*lines, "", *kept])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 if a limit does not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.suspend", description="Measure what a suspension costs."
    )
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of workloads, with commas between")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds for each size")
    parser.add_argument("--quick", action="store_true", help="10 and 100 workloads in one round, to see that it works")
    chosen = parser.parse_args(arguments)
    counts = [10, 100] if chosen.quick else [int(each) for each in chosen.sizes.split(",")]
    rounds = 1 if chosen.quick else chosen.rounds
    began, say = time.monotonic(), report.Say()
    sizes = [measure(count, rounds, say) for count in counts]
    held = limits(sizes)
    print(table(sizes, held))
    found = {
        "machine": machine.describe(),
        "took_seconds": time.monotonic() - began,
        "connections": WIDTH,
        "sizes": sizes,
        "ratios": {"suspend_to_bare_patches": {str(each.workloads): each.ratio for each in sizes}},
        "limits": [msgspec.structs.asdict(each) | {"holds": each.holds} for each in held],
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"suspend-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    print(f"\nwritten to {os.path.relpath(path)} after {found['took_seconds']:.0f} s")
    return 0 if all(each.holds for each in held) else 1


if __name__ == "__main__":
    sys.exit(main())

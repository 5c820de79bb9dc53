"""For two minutes a suspended tenant tries everything that it can think of, and gains nothing by it."""

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aup_operator.discovery import Discovery
from aup_operator.kube import Kube, connect
from testbed.binaries import binary
from testbed.installation import Installation
from tests.cluster.adversary import ROWS, World, attack, numbers, prey, put_back
from tests.cluster.attempts import install_kinds
from tests.cluster.suspending import administrator, everything, lift, phase, status, suspend, whole_zoo
from tests.support import Customer, Json, eventually, once, pod

pytestmark = pytest.mark.cluster

SECONDS = 120.0
"""How long the tenant goes on."""

SEED = 73
"""Printed, so that a run can be made again; threads and the operator's passes still fall as they fall."""

THREADS = 6
LEAST_ATTEMPTS = 2000


def test_a_tenant_that_tries_everything_runs_nothing_and_is_restored_exactly(
    customer: Customer, aup: Installation, tmp_path: Path
) -> None:
    """No Pod comes up at any instant, nothing passes but what may, and the lift restores what was not deleted.

    It goes on while the operator is killed, while none is there, and while a new one starts.
    """
    install_kinds(customer.plane)
    customer.run("create", "-f", "-", stdin=[*whole_zoo(), *prey(), *_ended_pods()], check=True)
    kube = administrator(customer)
    eventually(lambda: _up(customer, "") == 13 + 24 + 2 + 1 + 3 + 3, 60)
    for number in range(3):
        path = f"/api/v1/namespaces/{customer.namespace}/pods/prey-ended-{number}/status"
        kube.patch(path, {"status": {"phase": "Failed"}}, "application/merge-patch+json")
    clients = _clients(customer)
    before = _kept(everything(customer))
    originals = _objects(customer)

    suspend(customer, exposure="Deny")
    world = _world(customer, originals)

    with _watched(customer, tmp_path / "pods.json") as ran:
        restart = threading.Thread(target=_restart, args=(aup,))
        restart.start()
        outcomes = attack(clients, world, SEED, SECONDS)
        restart.join()
        eventually(lambda: phase(customer) == "Enforced")
        time.sleep(3)  # a whole pass of the operator
    print(f"\nseed {SEED}: {outcomes.attempts} attempts\n{outcomes.table()}")
    (tmp_path / "answers.txt").write_text("\n".join([*outcomes.broken, *sorted(outcomes.examples)]))

    assert outcomes.broken == []
    assert ran() == []
    assert [row.name for row in ROWS if row.by and not outcomes.by[row.name]] == []
    assert [row.name for row in ROWS if row.outcome == "passes" and not outcomes.passed[row.name]] == []
    assert outcomes.attempts >= LEAST_ATTEMPTS
    assert _up(customer, "") == 0
    assert once(lambda: phase(customer), "Enforced") == "Enforced", status(customer)

    lift(customer)
    after = _kept(everything(customer))
    assert {key: (before.get(key), after.get(key)) for key in before | after if before.get(key) != after.get(key)} == {}
    eventually(lambda: _up(customer, "prey-", without=True) == 13)


def _ended_pods() -> list[Json]:
    """Pods that have ended, which a suspension leaves where they are."""
    return [pod(f"prey-ended-{number}") for number in range(3)]


def _clients(customer: Customer) -> list[Kube]:
    """The tenant's user, and by a token an account of its own that it gave all its rights."""
    customer.run("create", "serviceaccount", "mine-bot", check=True)
    account = f"--serviceaccount={customer.namespace}:mine-bot"
    customer.run("create", "rolebinding", "mine-bot", "--role=everything", account, check=True)
    token = customer.run("create", "token", "mine-bot", "--duration=1h", check=True).stdout.strip()
    bot = customer.plane.kubeconfig_for(f"{customer.name}-bot", token)
    clients = []
    for number in range(THREADS):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KUBECONFIG", str(customer.kubeconfig if number % 2 else bot))
            clients.append(connect(1))
    return clients


def _objects(customer: Customer) -> dict[str, Json]:
    """All that the API server holds of the tenant's, by path, but for what prey and Kubernetes make."""
    kube = administrator(customer)
    found = {}
    for (group, kind), resource in Discovery(kube).served().resources.items():
        if not (resource.namespaced and resource.listed) or kind in {"Pod", "Event", "EndpointSlice", "Endpoints"}:
            continue
        version = f"{group}/{resource.version}" if group else resource.version
        for item in kube.list(resource.collection(customer.namespace)):
            if not item["metadata"]["name"].startswith(("prey-", "mine-")) and not item["metadata"].get(
                "ownerReferences"
            ):
                path = resource.path(customer.namespace, item["metadata"]["name"])
                found[path] = item | {"apiVersion": version, "kind": kind}
    return found


def _world(customer: Customer, originals: dict[str, Json]) -> World:
    """What of the zoo is held otherwise than it was."""
    held = _objects(customer)
    changed = []
    for path, was in originals.items():
        now = held[path]
        if [*put_back(was, now)]:
            changed.append((path, was, now))
    assert len(changed) >= 40, [path for path, *_ in changed]
    policies = [path.rpartition("/")[2] for path in held if "/networkpolicies/aup-" in path]
    return World(
        namespace=customer.namespace,
        zoo=changed,
        record=status(customer)["records"][0],
        suspension=customer.name,
        policy=policies[0],
        numbers=numbers(),
    )


def _kept(found: dict[str, Any]) -> dict[str, Any]:
    """Without what the tenant does as it likes with."""
    return {key: value for key, value in found.items() if not key.partition("/")[2].startswith(("prey-", "mine-"))}


def _up(customer: Customer, prefix: str, *, without: bool = False) -> int:
    """Pods that run or may start, whose name has a prefix, or has it not."""
    pods = administrator(customer).list(f"/api/v1/namespaces/{customer.namespace}/pods")
    return sum(
        item["metadata"]["name"].startswith(prefix) is not without
        and item["status"].get("phase") not in {"Succeeded", "Failed"}
        for item in pods
    )


def _restart(aup: Installation) -> None:
    """The operator is killed after a third of the time, and for a sixth of it there is none."""
    time.sleep(SECONDS / 3)
    aup.kill("operator")
    time.sleep(SECONDS / 6)
    aup.start_operator()


@contextmanager
def _watched(customer: Customer, file: Path) -> Iterator[Callable[[], list[str]]]:
    """Watch the tenant's Pods; what is given tells afterwards which were up at any instant."""
    command = [str(binary("kubectl")), "get", "pods", "-n", customer.namespace]
    with file.open("wb") as output:
        watch = subprocess.Popen(
            [*command, "--watch", "--output-watch-events", "-o", "json"],
            env=customer.plane.environment(),
            stdout=output,
        )
        try:
            eventually(lambda: "prey-ended-0" in file.read_text())

            def up() -> list[str]:
                events = _values(file.read_text())
                return [
                    f"{event['type']} {event['object']['metadata']['name']}: {event['object']['status'].get('phase')}"
                    for event in events
                    if event["object"]["status"].get("phase") not in {"Succeeded", "Failed"}
                ]

            yield up
            assert watch.poll() is None, "the watch ended before the test did"
        finally:
            with contextlib.suppress(ProcessLookupError):
                watch.kill()
            watch.wait()


def _values(text: str) -> Iterator[Json]:
    """JSON values one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while (at := next((i for i in range(at, len(text)) if not text[i].isspace()), len(text))) < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            return  # the last one, cut off
        yield value

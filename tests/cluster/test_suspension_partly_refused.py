"""What the API server refuses of a suspension or a lift is told and tried again, and stops nothing else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.installation import Installation
from tests.cluster.operators import instead_of
from tests.cluster.suspending import everything, phase, running, status
from tests.support import LIFT, Customer, eventually, once, suspension

pytestmark = pytest.mark.cluster

REFUSED = {
    "deployments/web": ("Deployment web", 403),
    "statefulsets/db": ("StatefulSet db", 409),
    "replicasets/set": ("ReplicaSet set", 422),
    "daemonsets/everywhere": ("DaemonSet everywhere", 500),
    "cronjobs/report": ("CronJob report", 429),
    "pods/bare": ("Pod bare", 403),
}
AT_THE_LIFT = {path: one for path, one in REFUSED.items() if path != "pods/bare"} | {"pods": ("Pod bare", 422)}
"""A bare Pod is deleted by its path, and created again by its collection's."""


def _refuses(namespace: str, refused: dict[str, tuple[str, int]]) -> Callable[[str, str], tuple[int, bytes] | None]:
    """Answers writes of some of a namespace's objects with a code, and lets the rest through."""

    def refuses(method: str, path: str) -> tuple[int, bytes] | None:
        _, code = refused.get(path.partition("?")[0].rpartition(f"/namespaces/{namespace}/")[2], ("", 0))
        if not code or method == "GET":
            return None
        return code, json.dumps({"kind": "Status", "status": "Failure", "code": code, "message": "Not now."}).encode()

    return refuses


def test_what_is_refused_in_the_middle_stops_nothing_else(shop: Customer, aup: Installation, tmp_path: Path) -> None:
    """With 403, 409, 422, 429 and 500: the rest goes down and comes back, and what was refused follows it later."""
    before = everything(shop)

    def told() -> dict[str, int]:
        found = {
            one["object"]: one["reason"] for one in status(shop).get("unenforced", []) if "Not now" in one["reason"]
        }
        return {each.replace(f"{shop.namespace}/", ""): int(reason.partition(":")[0]) for each, reason in found.items()}

    def counts(*names: str) -> list[object]:
        return [shop.get(*name.split("/"))["spec"].get("replicas") for name in names]

    with instead_of(aup, tmp_path) as operators:
        operators.relay.refuses = _refuses(shop.namespace, REFUSED)
        shop.provider("create", "-f", "-", stdin=suspension(shop.name))
        eventually(lambda: told() == dict(REFUSED.values()))
        assert phase(shop) == "Enforcing"
        assert counts("deployment/web", "deployment/paused", "rc/controller") == [3, 0, 0]
        assert shop.get("cronjob", "report")["spec"]["suspend"] is False
        operators.relay.refuses = lambda _method, _path: None
        eventually(lambda: phase(shop) == "Enforced")
        assert running(shop) == 0
        assert "unenforced" not in status(shop)

        operators.relay.refuses = _refuses(shop.namespace, AT_THE_LIFT)
        shop.plane.kubectl("patch", "suspension", shop.name, "--type=merge", "-p", LIFT)
        eventually(lambda: told() == dict(AT_THE_LIFT.values()))
        assert phase(shop) == "Lifting"
        assert counts("deployment/web", "deployment/paused", "rc/controller") == [0, 1, 1]
        operators.relay.refuses = lambda _method, _path: None
        eventually(lambda: phase(shop) == "Lifted")

    assert once(lambda: everything(shop), before) == before
    eventually(lambda: running(shop) == 13)

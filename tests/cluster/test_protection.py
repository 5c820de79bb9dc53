"""What holds tenants in the API server is deleted or altered by an administrator, and is back within seconds."""

import json
import time
import urllib.request
from collections.abc import Iterator

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import CHART, NAMESPACE, RELEASE, Installation
from tests.cluster.test_whole_cluster import MINER
from tests.own_plane import plane
from tests.support import Customer, Json, eventually, named_customer, pod

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("protection")]

__all__ = ["plane"]  # one of these tests' own

HOOK = ("validatingwebhookconfiguration", "aup-enforce")
POLICY = ("validatingadmissionpolicy", "aup-freeze")
BINDING = ("validatingadmissionpolicybinding", "aup-freeze")
LOST = (HOOK, POLICY, BINDING)
SECONDS = 60
"""What a machine that is busy with other tests gets; on an idle one what is deleted is back after about one."""


@pytest.fixture(scope="module")
def aup(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """aup with an operator that puts back what is lost."""
    folder = tmp_path_factory.mktemp("aup")
    values = ["operator.protection.restore=true"]
    with Installation(plane, folder, values=values, AUP_PROTECTION_RESTORE="true").install() as started:
        eventually(lambda: metrics(started, "missing", 0) >= {f"{kind(each)}/{each[1]}" for each in LOST})
        yield started


@pytest.fixture(scope="module")
def customer(aup: Installation) -> Customer:
    """A tenant."""
    return named_customer(aup.plane, "protected")


def kind(what: tuple[str, str]) -> str:
    """The kind's name, as metrics have it."""
    return {
        "validatingwebhookconfiguration": "ValidatingWebhookConfiguration",
        "validatingadmissionpolicy": "ValidatingAdmissionPolicy",
        "validatingadmissionpolicybinding": "ValidatingAdmissionPolicyBinding",
    }[what[0]]


def counted(aup: Installation, family: str) -> dict[str, float]:
    """A metric of the operator's for each object, as `Kind/name`: `missing` or `losses`."""
    name = {"missing": "aup_protection_objects_missing", "losses": "aup_protection_losses_total"}[family]
    with urllib.request.urlopen(f"http://127.0.0.1:{aup.metrics_port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    found = {}
    for line in lines:
        if line.startswith(f"{name}{{"):
            labels = dict(part.split("=") for part in line[line.index("{") + 1 : line.index("}")].split(","))
            found[f"{labels['kind']}/{labels['name']}".replace('"', "")] = float(line.rpartition(" ")[2])
    return found


def metrics(aup: Installation, family: str, value: float) -> set[str]:
    """The objects of which a metric has this value."""
    return {name for name, one in counted(aup, family).items() if one == value}


def content(plane: ControlPlane, what: tuple[str, str]) -> Json:
    """What an object holds tenants with, and its UID."""
    answer = plane.kubectl("get", *what, "-o", "json", check=False)
    found: Json = json.loads(answer.stdout) if answer.returncode == 0 else {"metadata": {}}
    return {"uid": found["metadata"].get("uid"), **{key: found[key] for key in ("spec", "webhooks") if key in found}}


def held(plane: ControlPlane) -> dict[str, Json]:
    """The same of all three, without UIDs."""
    return {kind(each): {key: one for key, one in content(plane, each).items() if key != "uid"} for each in LOST}


def test_what_is_deleted_is_back_within_seconds_and_judges_again(customer: Customer, aup: Installation) -> None:
    """By the one who may do everything, all three at once; it is the same as before, and counted."""
    plane = customer.plane
    before, uids = held(plane), [content(plane, each)["uid"] for each in LOST]
    names = {f"{kind(each)}/{each[1]}" for each in LOST}
    losses = {name: counted(aup, "losses").get(name, 0) for name in names}

    for each in LOST:
        plane.kubectl("delete", *each, "--wait=false")
    eventually(lambda: held(plane) == before, seconds=SECONDS)
    eventually(lambda: "[AUP1601" in customer.run("create", "-f", "-", stdin=MINER).stderr, seconds=SECONDS)
    customer.provider("label", "namespace", customer.namespace, "aup.asergo.com/suspended=true")
    try:
        rehearsal = ("create", "--dry-run=server", "-f", "-")
        by_freeze = "'aup-freeze' with binding 'aup-freeze' denied request"
        eventually(lambda: by_freeze in customer.run(*rehearsal, stdin=pod("up")).stderr, seconds=SECONDS)
    finally:
        customer.provider("label", "namespace", customer.namespace, "aup.asergo.com/suspended-")

    assert not {*uids} & {content(plane, each)["uid"] for each in LOST}
    assert {name: counted(aup, "losses")[name] - losses[name] for name in names} == dict.fromkeys(names, 1)
    eventually(lambda: metrics(aup, "missing", 1) == set(), seconds=SECONDS)


@pytest.mark.parametrize(
    ("what", "patch"),
    [
        (HOOK, [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]),
        (HOOK, [{"op": "add", "path": "/webhooks/0/objectSelector", "value": {"matchLabels": {"judge": "me"}}}]),
        (HOOK, [{"op": "replace", "path": "/webhooks/1/rules/0/operations", "value": ["DELETE"]}]),
        (POLICY, [{"op": "add", "path": "/spec/matchConditions/-", "value": {"name": "x", "expression": "false"}}]),
        (POLICY, [{"op": "replace", "path": "/spec/failurePolicy", "value": "Ignore"}]),
        (BINDING, [{"op": "replace", "path": "/spec/validationActions", "value": ["Audit"]}]),
        (
            BINDING,
            [
                {
                    "op": "add",
                    "path": "/spec/matchResources",
                    "value": {"namespaceSelector": {"matchLabels": {"a": "b"}}},
                }
            ],
        ),
        (POLICY, [{"op": "remove", "path": "/metadata/labels"}]),
    ],
)
def test_what_is_altered_is_as_it_was_within_seconds(
    what: tuple[str, str], patch: list[Json], customer: Customer, aup: Installation
) -> None:
    """Nothing that was added stays in."""
    plane = customer.plane
    before = held(plane)
    name = f"{kind(what)}/{what[1]}"
    losses = counted(aup, "losses").get(name, 0)

    answer = json.loads(plane.kubectl("patch", *what, "--type=json", "-p", json.dumps(patch), "-o", "json").stdout)
    altered = {key: answer[key] for key in before[kind(what)]}
    eventually(lambda: "part-of" in plane.kubectl("get", *what, "-o", "yaml", check=False).stdout, seconds=SECONDS)
    eventually(lambda: held(plane) == before, seconds=SECONDS)

    assert altered != before[kind(what)] or patch[0]["path"] == "/metadata/labels"
    assert counted(aup, "losses")[name] == losses + 1


def test_the_off_switch_is_not_worked_against(customer: Customer, aup: Installation) -> None:
    """One command, as docs/failing-closed.md has it: the copy goes first. An upgrade brings both back."""
    plane = customer.plane
    plane.kubectl("delete", "-n", NAMESPACE, "configmap/aup-protection", "validatingwebhookconfiguration/aup-enforce")
    eventually(lambda: metrics(aup, "missing", 1) == {"ConfigMap/aup-protection"}, seconds=SECONDS)
    tried = ("create", "--dry-run=server", "-f", "-")
    eventually(lambda: customer.run(*tried, stdin=MINER).returncode == 0, seconds=SECONDS)
    time.sleep(3)  # in which it would come back
    off = content(plane, HOOK)["uid"]

    plane.helm("upgrade", RELEASE, str(CHART), "--namespace", NAMESPACE, *aup.helm_values())
    eventually(lambda: metrics(aup, "missing", 1) == set(), seconds=SECONDS)
    eventually(lambda: "[AUP1601" in customer.run("create", "-f", "-", stdin=MINER).stderr, seconds=SECONDS)

    assert off is None


def test_an_upgrade_that_changes_it_meets_no_conflict_and_is_not_undone(customer: Customer, aup: Installation) -> None:
    """What was put back belongs to Helm as before; what the new values say stays."""
    plane = customer.plane
    plane.kubectl("delete", *HOOK)
    eventually(lambda: content(plane, HOOK)["uid"], seconds=SECONDS)
    plane.helm(
        "upgrade", RELEASE, str(CHART), "--namespace", NAMESPACE, *aup.helm_values(), "--set", "provider.users[0]=petra"
    )
    changed = content(plane, ("validatingadmissionpolicy", "aup-guard-namespaces"))
    eventually(lambda: metrics(aup, "missing", 1) == set(), seconds=SECONDS)
    stays = content(plane, ("validatingadmissionpolicy", "aup-guard-namespaces"))
    plane.helm("upgrade", RELEASE, str(CHART), "--namespace", NAMESPACE, *aup.helm_values())

    assert "petra" in json.dumps(changed)
    assert stays == changed

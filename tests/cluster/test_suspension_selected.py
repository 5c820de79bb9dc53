"""A suspension of single workloads: they are held, all else of the tenant goes on, and overlaps are undone once."""

from collections.abc import Mapping

import pytest

from tests.cluster.suspending import WAITING, administrator, everything, lift, phase, running, status, suspend
from tests.support import LIFT, Customer, Json, eventually, once, pod, suspension, workload

pytestmark = pytest.mark.cluster


def named(customer: Customer, *objects: tuple[str, str, str]) -> list[Json]:
    """References to objects: group, kind and name."""
    return [
        {"apiGroup": group, "kind": kind, "namespace": customer.namespace, "name": name}
        for group, kind, name in objects
    ]


def replicas(customer: Customer) -> Mapping[str, int]:
    """The count of each Deployment."""
    return {one["metadata"]["name"]: one["spec"]["replicas"] for one in customer.get("deployments")["items"]}


def pods(customer: Customer) -> list[str]:
    """What each Pod belongs to."""
    found = administrator(customer).list(f"/api/v1/namespaces/{customer.namespace}/pods")
    return sorted(one["metadata"].get("labels", {}).get("app", one["metadata"]["name"]) for one in found)


@pytest.fixture
def shop(customer: Customer) -> Customer:
    """A tenant with two Deployments, a StatefulSet and two bare Pods."""
    workloads = [
        workload("Deployment", "web", replicas=2),
        workload("Deployment", "free", replicas=1),
        workload("StatefulSet", "web", replicas=1),
        pod("taken", **WAITING),
        pod("left", **WAITING),
    ]
    workloads[2]["spec"] |= {"selector": {"matchLabels": {"app": "db"}}}
    workloads[2]["spec"]["template"]["metadata"]["labels"] = {"app": "db"}
    customer.run("create", "-f", "-", stdin=workloads, check=True)
    eventually(lambda: pods(customer) == ["db", "free", "left", "taken", "web", "web"])
    return customer


def test_only_what_is_named_goes_down_and_all_of_it_comes_back(shop: Customer) -> None:
    """A Deployment with its ReplicaSet and Pods, and a bare Pod; one of the same name and another kind runs on."""
    before = everything(shop)

    suspend(shop, workloads=named(shop, ("apps", "Deployment", "web"), ("", "Pod", "taken")))

    assert pods(shop) == ["db", "free", "left"]
    assert (status(shop)["recorded"], status(shop)["running"]) == (2, 0)
    assert "Nothing of the selected workloads runs." in status(shop)["conditions"][0]["message"]
    assert "aup.asergo.com/suspended" not in shop.get("namespace", shop.namespace)["metadata"]["labels"]
    others = {key: value for key, value in before.items() if "web" not in key and "taken" not in key}
    assert others.items() <= everything(shop).items()

    lift(shop)

    assert once(lambda: everything(shop), before) == before
    eventually(lambda: pods(shop) == ["db", "free", "left", "taken", "web", "web"])


def test_the_api_server_holds_what_is_named_and_nothing_else(shop: Customer) -> None:
    """In its own words; while the lift restores, and after it, the tenant scales as it likes."""
    suspend(shop, workloads=named(shop, ("apps", "Deployment", "web"), ("", "Pod", "taken")))

    refused = [
        shop.run("scale", "deployment/web", "--replicas=1"),
        shop.run("patch", "deployment", "web", "--type=merge", "-p", '{"spec": {"replicas": 3}}'),
        shop.run("create", "-f", "-", stdin=pod("taken")),
    ]
    by_policy = "ValidatingAdmissionPolicy 'aup-freeze-selected' with binding 'aup-freeze-selected' denied request"
    assert [by_policy in one.stderr for one in refused] == [True] * 3, refused
    allowed = [
        shop.run("scale", "deployment/free", "--replicas=2"),
        shop.run("scale", "statefulset/web", "--replicas=2"),
        shop.run("create", "-f", "-", stdin=[pod("new"), workload("Deployment", "new", replicas=1)]),
    ]
    assert [one.returncode for one in allowed] == [0, 0, 0], allowed

    lift(shop)

    assert replicas(shop) == {"web": 2, "free": 2, "new": 1}
    assert shop.run("scale", "deployment/web", "--replicas=3").returncode == 0
    eventually(lambda: pods(shop).count("web") == 3)


def test_a_selection_within_a_whole_suspension(shop: Customer) -> None:
    """Whichever is lifted first, what the other covers stays down, and the last lift restores."""
    before = everything(shop)
    part, whole = f"{shop.name}-part", f"{shop.name}-whole"
    suspend(shop, part, workloads=named(shop, ("apps", "Deployment", "web")))
    suspend(shop, whole)
    assert running(shop) == 0

    lift(shop, whole)
    assert replicas(shop) == {"web": 0, "free": 1}
    eventually(lambda: pods(shop) == ["db", "free", "left", "taken"])
    assert shop.run("scale", "deployment/web", "--replicas=1").returncode != 0

    suspend(shop, f"{whole}-2")
    lift(shop, part)
    assert replicas(shop) == {"web": 0, "free": 0}
    assert running(shop) == 0

    lift(shop, f"{whole}-2")
    assert once(lambda: everything(shop), before) == before
    eventually(lambda: pods(shop) == ["db", "free", "left", "taken", "web", "web"])


def test_two_selections_that_share_a_workload(shop: Customer) -> None:
    """What both name stays down until both are lifted."""
    before = everything(shop)
    first, second = f"{shop.name}-a", f"{shop.name}-b"
    suspend(shop, first, workloads=named(shop, ("apps", "Deployment", "web"), ("apps", "Deployment", "free")))
    suspend(shop, second, workloads=named(shop, ("apps", "Deployment", "web"), ("", "Pod", "taken")))
    assert pods(shop) == ["db", "left"]

    lift(shop, first)
    assert replicas(shop) == {"web": 0, "free": 1}

    lift(shop, second)
    assert once(lambda: everything(shop), before) == before


def test_a_selection_of_nothing_that_is_there(shop: Customer) -> None:
    """A workload may be named before it is made; then it is refused, and all else goes on."""
    suspend(shop, workloads=named(shop, ("apps", "Deployment", "later")))

    refused = shop.run("create", "-f", "-", stdin=workload("Deployment", "later", replicas=1))

    assert "aup-freeze-selected" in refused.stderr
    assert pods(shop) == ["db", "free", "left", "taken", "web", "web"]
    lift(shop)
    assert shop.run("create", "-f", "-", stdin=workload("Deployment", "later", replicas=1)).returncode == 0


def test_a_selection_is_lifted_while_it_is_still_taken_down(shop: Customer) -> None:
    """The lift comes at once after the order and ends in the same state."""
    before = everything(shop)
    order = suspension(shop.name, workloads=named(shop, ("apps", "Deployment", "web")))
    shop.provider("create", "-f", "-", stdin=order)
    shop.plane.kubectl("patch", "suspension", shop.name, "--type=merge", "-p", LIFT)

    eventually(lambda: phase(shop) == "Lifted")

    assert once(lambda: everything(shop), before) == before

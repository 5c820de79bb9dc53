"""A suspension takes a tenant down, tells it why, and is undone exactly."""

import json
import time

import pytest

from tests.cluster.suspending import bare_pod, fingerprint, lift, phase, running, status, suspend
from tests.support import ADMIN, Customer, eventually, once, pod, suspension, workload

pytestmark = pytest.mark.cluster


def test_everything_is_taken_down_and_put_back_exactly(shop: Customer) -> None:
    """Nothing runs while suspended; after the lift every spec, label, annotation and UID is what it was."""
    before, pod_before = fingerprint(shop), bare_pod(shop)

    suspend(shop)

    assert running(shop) == 0
    held = status(shop)
    assert (held["recorded"], held["running"], held.get("unenforced")) == (13, 0, None)
    assert [one["status"] for one in held["conditions"] if one["type"] == "Enforced"] == ["True"]
    assert held["observedGeneration"] == 1

    lift(shop)

    assert once(lambda: fingerprint(shop), before) == before
    restored = bare_pod(shop)
    assert {key: restored[key] for key in pod_before if key != "nodeName"} == {
        key: value for key, value in pod_before.items() if key != "nodeName"
    }
    eventually(lambda: running(shop) == 13)
    assert "aup.asergo.com/suspended" not in shop.get("namespace", shop.namespace)["metadata"]["labels"]


def test_of_two_suspensions_the_last_lift_restores(customer: Customer) -> None:
    """Originals are recorded once, and only the last lift puts them back."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    first, second = f"{customer.name}-a", f"{customer.name}-b"
    suspend(customer, first)
    suspend(customer, second, clauses=["3.1"])

    lift(customer, first)
    assert customer.get("deployment", "web")["spec"]["replicas"] == 0
    assert "suspended" in customer.run("scale", "deployment/web", "--replicas=1").stderr

    lift(customer, second)
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_a_tenant_can_be_suspended_again(customer: Customer) -> None:
    """The second suspension records what stands there then, not what the first recorded."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer, f"{customer.name}-a")
    lift(customer, f"{customer.name}-a")
    customer.run("scale", "deployment/web", "--replicas=3", check=True)

    suspend(customer, f"{customer.name}-b")
    lift(customer, f"{customer.name}-b")

    assert customer.get("deployment", "web")["spec"]["replicas"] == 3


def test_a_suspension_may_be_ordered_again_under_its_name(customer: Customer) -> None:
    """Records and notices belong to one Suspension, not to its name, which may be of any length."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    name = f"{customer.name}-{'x' * (253 - len(customer.name) - 1)}"
    suspend(customer, name)
    customer.plane.kubectl("delete", "suspension", name, "--timeout=110s")

    suspend(customer, name, statementOfReasons={"facts": "Again."})

    notices = json.loads(customer.run("get", "notices", "-o", "json", check=True).stdout)["items"]
    assert sorted((one["status"]["phase"], "Again." in one["spec"]["statement"]) for one in notices) == [
        ("Closed", False),
        ("Closed", False),  # that it was lifted
        ("Open", True),
    ]
    lift(customer, name)
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_deleting_a_suspension_lifts_it_first(customer: Customer) -> None:
    """The finalizer keeps it until everything is back."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer)

    customer.plane.kubectl("delete", "suspension", customer.name, "--timeout=110s")

    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_a_suspension_with_a_later_date_waits_for_it(customer: Customer) -> None:
    """Before `effectiveAt` it is Pending and nothing is touched; a lift then ends it."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=1), check=True)
    dates = {"noticedAt": "2026-01-01T00:00:00Z", "effectiveAt": "2999-01-01T00:00:00Z"}

    customer.provider("create", "-f", "-", stdin=suspension(customer.name, **dates))

    eventually(lambda: phase(customer) == "Pending")
    assert customer.get("deployment", "web")["spec"]["replicas"] == 1
    assert customer.run("scale", "deployment/web", "--replicas=2").returncode == 0
    lift(customer)


def test_a_suspension_of_nobody_says_so(customer: Customer) -> None:
    """A misspelt tenant must not look like one that is suspended."""
    name = f"{customer.name}-misspelt"

    customer.provider("create", "-f", "-", stdin=suspension(name))

    eventually(lambda: phase(customer, name) == "Pending")
    assert [one["reason"] for one in status(customer, name)["conditions"]] == ["UnknownTenant"]
    customer.plane.kubectl("delete", "suspension", name, "--timeout=10s")


def test_a_date_moved_later_does_not_undo_what_has_begun(customer: Customer) -> None:
    """Once enforced, only a lift ends a suspension, and it restores."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    suspend(customer, effectiveAt="2026-01-01T00:00:00Z")

    later = '{"spec": {"effectiveAt": "2999-01-01T00:00:00Z"}}'
    customer.plane.kubectl("patch", "suspension", customer.name, "--type=merge", "-p", later)
    time.sleep(3)
    assert phase(customer) == "Enforced"

    lift(customer)
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_the_tenant_reads_why(customer: Customer) -> None:
    """A Notice and an Event in its namespace: the facts, the clause, how to answer and how to appeal."""
    suspend(customer)

    notice = json.loads(customer.run("get", "notices", "-o", "json", check=True).stdout)["items"][0]
    assert "Facts: Deployment web ran a crypto miner." in notice["spec"]["statement"]
    assert "clause 1.6" in notice["spec"]["statement"]
    assert f"Appeal {customer.name}" in notice["spec"]["howToAppeal"]
    assert notice["status"]["phase"] == "Open"
    assert "Suspended" in customer.run("get", "events", "-o", "jsonpath={.items[*].reason}").stdout

    lift(customer)
    notice = json.loads(customer.run("get", "notices", "-o", "json", check=True).stdout)["items"][0]
    assert notice["status"]["phase"] == "Closed"


def test_the_abuse_desk_sees_who_why_and_how_far(customer: Customer) -> None:
    """`kubectl get tenants,suspensions` answers its first questions."""
    suspend(customer)
    eventually(lambda: customer.get("tenant", customer.name).get("status", {}).get("standing") == "Suspended")

    table = customer.plane.kubectl("get", f"tenants/{customer.name}", f"suspensions/{customer.name}").stdout
    rows = [line.split() for line in table.splitlines() if customer.name in line]
    assert rows[0][1:4] == [customer.name, "Suspended", "1"]
    assert rows[1][1:] == [customer.name, '["1.6"]', "Enforced", "0", "0", ADMIN, rows[1][-1]]
    lift(customer)
    eventually(lambda: customer.get("tenant", customer.name).get("status", {}).get("standing") == "Good")


def test_permits_and_policies_know_where_they_stand(customer: Customer) -> None:
    """Status follows from stored dates alone."""
    scope = {"namespaces": [customer.namespace]}
    for name, begins, ends in (("past", 2020, 2021), ("now", 2020, 2999), ("later", 2998, 2999)):
        spec = {
            "tenant": customer.name,
            "rules": ["AUP1301"],
            "scope": scope,
            "validFrom": f"{begins}-01-01T00:00:00Z",
            "expiresAt": f"{ends}-01-01T00:00:00Z",
            "reason": "A node agent.",
            "ticket": "T-1",
            "approvedBy": "desk",
        }
        manifest = {"apiVersion": "aup.asergo.com/v1alpha1", "kind": "Permit", "spec": spec}
        customer.provider("create", "-f", "-", stdin=manifest | {"metadata": {"name": f"{customer.name}-{name}"}})

    def phases() -> list[str]:
        names = [f"{customer.name}-{name}" for name in ("past", "now", "later")]
        return [customer.get("permit", name).get("status", {}).get("phase") for name in names]

    eventually(lambda: phases() == ["Expired", "Active", "Pending"])
    allowed = customer.run("create", "-f", "-", stdin=pod("agent", hostPID=True))
    assert allowed.returncode == 0, allowed.stderr

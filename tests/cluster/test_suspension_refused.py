"""What the API server refuses for a while delays a suspension and never leaves half of it unsaid."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed.installation import Installation
from tests.cluster.attempts import install_kinds
from tests.cluster.operators import instead_of
from tests.cluster.relay import Refusal
from tests.cluster.suspending import administrator, fingerprint, lift, phase, running, status, suspend
from tests.support import LIFT, Customer, Json, eventually, once, suspension, workload

pytestmark = pytest.mark.cluster

MANY = 520
"""More than five pages of 100, by which a suspension lists; an audit lists by others."""


def refusal(code: int, message: str) -> bytes:
    """A Status as the API server sends it."""
    return json.dumps(
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message}
    ).encode()


def test_hundreds_of_objects_are_each_recorded_once_though_a_list_breaks_off(
    customer: Customer, aup: Installation, tmp_path: Path
) -> None:
    """The API server forgets the version of a list between its pages: it is read anew, and nothing counts twice."""
    kube = administrator(customer)
    collection = f"/apis/apps/v1/namespaces/{customer.namespace}/deployments"
    names = [f"web-{number:03}" for number in range(MANY)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: kube.create(collection, workload("Deployment", name, replicas=0)), names))
    customer.run("create", "-f", "-", stdin=workload("Deployment", "zzz", replicas=1), check=True)
    forgotten = itertools.count()
    lock = threading.Lock()
    told: list[Json] = []

    def forget(method: str, path: str) -> Refusal | None:
        if method == "PATCH" and "/suspensions/" in path:
            told.append(status(customer))
        if method == "GET" and path.startswith(collection) and "limit=100&" in path and "continue=" in path:
            with lock:
                if next(forgotten) == 3:
                    return 410, refusal(410, "The provided continue parameter is too old")
        return None

    with instead_of(aup, tmp_path) as operators:
        operators.relay.refuses = forget
        suspend(customer)

        held = status(customer)
        assert next(forgotten) > 3
        assert all("unenforced" not in each for each in told)
        assert (held["recorded"], held["held"], held.get("unenforced")) == (MANY + 1, MANY + 1, None)
        recorded = [
            entry["uid"]
            for name in held["records"]
            for entry in customer.get("suspensionrecord", name)["spec"]["entries"]
        ]
        assert len(recorded) == len(set(recorded)) == MANY + 1
        assert customer.get("deployment", "zzz")["spec"]["replicas"] == 0

        lift(customer)
        assert customer.get("deployment", "zzz")["spec"]["replicas"] == 1


def test_an_api_server_that_asks_for_patience_gets_it(customer: Customer, aup: Installation, tmp_path: Path) -> None:
    """Each object's first patch is answered with 429: it is sent again when the API server said, and nothing failed."""
    names = [f"web-{number}" for number in range(5)]
    customer.run("create", "-f", "-", stdin=[workload("Deployment", name, replicas=1) for name in names], check=True)
    collection = f"/apis/apps/v1/namespaces/{customer.namespace}/deployments/"
    sent: dict[str, list[float]] = {}
    told: list[Json] = []

    def busy(method: str, path: str) -> Refusal | None:
        if method == "PATCH" and path.startswith(collection):
            times = sent.setdefault(path, [])
            times.append(time.monotonic())
            if len(times) == 1:
                return 429, refusal(429, "too many requests"), {"Retry-After": "2"}
        if method == "PATCH" and "/suspensions/" in path:
            told.append(status(customer))
        return None

    with instead_of(aup, tmp_path) as operators:
        operators.relay.refuses = busy
        suspend(customer)

        assert [len(times) for times in sent.values()] == [2] * len(names)
        assert all(again - first >= 2 for first, again in sent.values())
        assert all("unenforced" not in each for each in told)
        lift(customer)


@contextmanager
def without_right(customer: Customer, resource: str) -> Iterator[None]:
    """The operator's ClusterRole without one resource, as after a mistake of an administrator."""
    plane = customer.plane
    role = json.loads(plane.kubectl("get", "clusterrole", "aup-operator", "-o", "json").stdout)
    rules = [
        rule | {"resources": [one for one in rule["resources"] if one != resource]}
        for rule in role["rules"]
        if rule["resources"] != [resource]
    ]
    plane.kubectl("patch", "clusterrole", "aup-operator", "--type=merge", "-p", json.dumps({"rules": rules}))
    try:
        eventually(lambda: not _may_list(customer, resource))
        yield
    finally:
        back = json.dumps({"rules": role["rules"]})
        plane.kubectl("patch", "clusterrole", "aup-operator", "--type=merge", "-p", back)
        eventually(lambda: _may_list(customer, resource))


def test_a_right_that_was_lost_for_one_kind_is_told_and_the_rest_is_held(
    customer: Customer, aup: Installation, tmp_path: Path
) -> None:
    """Not Enforced while a kind of Kubernetes' own cannot be looked at; both ways it goes on once it may again."""
    objects = [workload("CronJob", "report"), workload("Deployment", "web", replicas=2)]
    customer.run("create", "-f", "-", stdin=objects, check=True)
    eventually(lambda: running(customer) == 2)
    before = fingerprint(customer)

    with instead_of(aup, tmp_path):  # whose log tells of what it was refused; the installation's own is to have none
        with without_right(customer, "cronjobs"):
            customer.provider("create", "-f", "-", stdin=suspension(customer.name))
            eventually(lambda: "unenforced" in status(customer) and status(customer).get("running") == 0)
            told = status(customer)
            assert [one["object"] for one in told["unenforced"]] == [f"CronJob {customer.namespace}/*"]
            assert "cannot list resource" in told["unenforced"][0]["reason"]
            assert told["phase"] == "Enforcing"
            assert [one["status"] for one in told["conditions"]] == ["False"]
            assert customer.get("deployment", "web")["spec"]["replicas"] == 0
            assert customer.get("cronjob", "report")["spec"]["suspend"] is False
        eventually(lambda: phase(customer) == "Enforced")
        assert customer.get("cronjob", "report")["spec"]["suspend"] is True

        with without_right(customer, "cronjobs"):
            customer.plane.kubectl("patch", "suspension", customer.name, "--type=merge", "-p", LIFT)
            eventually(lambda: customer.get("deployment", "web")["spec"]["replicas"] == 2)
            eventually(lambda: "unenforced" in status(customer))
            assert [one["object"] for one in status(customer)["unenforced"]] == [f"CronJob {customer.namespace}/report"]
            assert phase(customer) == "Lifting"
        eventually(lambda: phase(customer) == "Lifted")
    assert once(lambda: fingerprint(customer), before) == before


def test_a_kind_of_others_that_may_not_be_listed_is_told_with_the_rule_to_add(customer: Customer) -> None:
    """It is held by the denial of its Pods; once the rule is there, its objects are paused and later put back."""
    install_kinds(customer.plane)
    customer.plane.kubectl("delete", "clusterrole", "aup-operator-fleets")
    fleet = {"apiVersion": "example.com/v1", "kind": "Fleet", "metadata": {"name": "few"}, "spec": {"size": 3}}
    customer.run("create", "-f", "-", stdin=fleet, check=True)
    try:
        eventually(lambda: not _may_list(customer, "fleets.example.com"))
        suspend(customer)
        (told,) = [one for one in status(customer)["unmanaged"] if one["object"].startswith("Fleet ")]
        assert told["object"] == f"Fleet {customer.namespace}/*"
        assert "aup may not list fleets.example.com" in told["reason"]
        assert "add a ClusterRole with the label aup.asergo.com/aggregate-to-operator=true" in told["reason"]
        assert customer.get("fleet", "few")["spec"]["size"] == 3
    finally:
        install_kinds(customer.plane)

    eventually(lambda: customer.get("fleet", "few")["spec"]["size"] == 0)
    eventually(lambda: phase(customer) == "Enforced")
    lift(customer)
    assert customer.get("fleet", "few")["spec"]["size"] == 3


def _may_list(customer: Customer, resource: str) -> bool:
    user = "--as=system:serviceaccount:aup-system:aup-operator"
    answer = customer.provider("auth", "can-i", "list", resource, user, check=False)
    return answer.stdout.strip() == "yes"

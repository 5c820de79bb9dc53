"""The abuse desk's commands on a real cluster, with the rights of the ClusterRole aup-abuse-desk and no others."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.installation import Installation
from tests.support import Customer, eventually, workload

pytestmark = pytest.mark.cluster

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def desk(aup: Installation) -> Run:
    """`aup` as somebody of the abuse desk."""
    binding = ("create", "clusterrolebinding", "desk", "--clusterrole=aup-abuse-desk", "--user=dora")
    aup.plane.kubectl(*binding)
    kubeconfig = aup.plane.user_kubeconfig("dora")

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("aup")), *args]
        env = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)

    return run


def test_a_tenant_is_suspended_shown_and_lifted(desk: Run, customer: Customer) -> None:
    """Each command tells what it did, waits for it, and names who ordered it."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    name = f"{customer.name}-case"

    suspended = desk("suspend", customer.name, "--name", name, "--clause", "1.6", "--facts", "A miner in web.")
    shown = desk("status", customer.name)
    lifted = desk("lift", customer.name, "--reason", "Removed.")

    assert suspended.returncode == 0, suspended.stderr
    assert suspended.stdout.splitlines()[0] == f"Suspension {name} is ordered."
    assert f"{name}: Enforced - Nothing of the tenant runs. Recorded: 1." in suspended.stdout
    assert suspended.stdout.splitlines()[-1] == f"To put everything back: aup lift {name} --reason '…'"
    row = next(line.split() for line in shown.stdout.splitlines() if line.startswith(f"{name} "))
    assert row == [name, customer.name, "1.6", "Enforced", "1", "0", "dora", "A", "miner", "in", "web."]
    assert lifted.returncode == 0, lifted.stderr
    assert lifted.stdout.splitlines()[-1] == f"{name}: Lifted - Everything is as it was."
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_a_date_may_be_given(desk: Run, customer: Customer) -> None:
    """The tenant is told now, the suspension takes effect later, and a lift before that ends it."""
    name = f"{customer.name}-later"

    answer = desk(
        *("suspend", customer.name, "--name", name, "--clause", "3.1", "--facts", "No licence."),
        *("--effective-at", "2999-01-01T00:00:00Z"),
    )

    assert answer.returncode == 0, answer.stderr

    def phase() -> str:
        found = customer.plane.kubectl("get", "suspension", name, "-o", "jsonpath={.status.phase}")
        return found.stdout

    eventually(lambda: phase() == "Pending")
    assert desk("lift", name, "--reason", "Proof received.").returncode == 0
    assert phase() == "Lifted"


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (
            ("suspend", "no-such-tenant", "--clause", "1.6", "--facts", "x"),
            "Error: there is no tenant 'no-such-tenant'; `aup status` lists the tenants\n",
        ),
        (
            ("lift", "no-such-tenant", "--reason", "x"),
            "Error: there is no suspension 'no-such-tenant', nor one of a tenant 'no-such-tenant'; "
            "`aup status` lists them\n",
        ),
        (("status", "no-such-tenant"), "Error: there is no tenant 'no-such-tenant'; `aup status` lists the tenants\n"),
    ],
)
def test_who_is_not_there_is_said(desk: Run, args: tuple[str, ...], text: str) -> None:
    """One sentence with the next step, exit code 1, and nothing is ordered."""
    answer = desk(*args)

    assert (answer.returncode, answer.stderr) == (1, text)


def test_a_clause_that_does_not_exist_is_refused(desk: Run, customer: Customer) -> None:
    """Usage, exit code 2, with how to write it."""
    answer = desk("suspend", customer.name, "--clause", "AUP1601", "--facts", "x")

    assert answer.returncode == 2
    assert "'AUP1601' is no clause of the AUP; write it as 1.6" in answer.stderr


def test_what_the_api_server_refuses_is_told_in_its_words(desk: Run, customer: Customer) -> None:
    """A name that Kubernetes does not take is Kubernetes' to refuse."""
    answer = desk("suspend", customer.name, "--name", "Bad_Name", "--clause", "1.6", "--facts", "x")

    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: the API server refused: 422: ")


def test_nothing_to_lift_is_said(desk: Run, customer: Customer) -> None:
    """A tenant that is there and not suspended is told apart from one that is not there."""
    answer = desk("lift", customer.name, "--reason", "x")

    assert (answer.returncode, answer.stderr) == (1, f"Error: nothing of tenant '{customer.name}' is suspended\n")


@pytest.mark.usefixtures("desk")
def test_the_desk_can_do_nothing_else(aup: Installation, customer: Customer) -> None:
    """It may not write tenants, permits or records, nor read anything of a tenant's namespace."""
    dora = aup.plane.user_kubeconfig("dora")
    for verb, resource in (
        ("create", "tenants"),
        ("create", "permits"),
        ("patch", "suspensionrecords"),
        ("get", "pods"),
    ):
        answer = aup.plane.kubectl("auth", "can-i", verb, resource, "-n", customer.name, check=False, kubeconfig=dora)
        assert answer.stdout.strip() == "no", (verb, resource)
    assert json.loads(aup.plane.kubectl("get", "tenants", "-o", "json", kubeconfig=dora).stdout)["items"]

"""The operator is killed at every single write, and what it leaves is always brought to the same end."""

import itertools
from pathlib import Path

import pytest

from testbed.installation import Installation
from tests.cluster.attempts import install_kinds
from tests.cluster.operators import Operators, instead_of
from tests.cluster.suspending import TENANTS, administrator, everything, phase, running, status, whole_zoo
from tests.own_plane import aup, plane
from tests.support import LIFT, Customer, eventually, once, suspension

pytestmark = pytest.mark.cluster

__all__ = ["aup", "plane"]  # no other tenant is there whose writes would count


def test_a_kill_at_any_write_loses_nothing(customer: Customer, aup: Installation, tmp_path: Path) -> None:
    """At the first write, at the second, and so on through a suspension and its lift, until none is left to kill at.

    After each of these, every object's spec, labels and annotations are what they were, and nothing of ours is left.
    """
    install_kinds(customer.plane)
    customer.run("create", "-f", "-", stdin=whole_zoo(), check=True)
    pods = 13
    eventually(lambda: running(customer) == pods)
    before = everything(customer)

    with instead_of(aup, tmp_path) as operators:
        for write in itertools.count(1):
            name = f"{customer.name}-{write}"
            operators.kill_at(write)
            customer.provider("create", "-f", "-", stdin=suspension(customer.name, name))
            killed = _until(operators, customer, name, "Enforced")
            assert running(customer) == 0, operators.writes

            operators.kill_at(write)
            customer.plane.kubectl("patch", "suspension", name, "--type=merge", "-p", LIFT)
            killed |= _until(operators, customer, name, "Lifted")
            assert once(lambda: everything(customer), before) == before, operators.writes
            eventually(lambda: running(customer) == pods)
            if not killed:
                break

    assert write > 30  # or it did not see the writes


def _until(operators: Operators, customer: Customer, name: str, goal: str) -> bool:
    """Wait for a phase, with a new operator once the old one is killed; whether it was."""
    eventually(lambda: operators.killed or _quiet(customer, name, goal))
    operators.kill_at(0)  # before it is asked, so that no later write can kill it unseen
    killed = operators.killed
    if killed:
        operators.start()
    try:
        eventually(lambda: phase(customer, name) == goal)
    except AssertionError:
        conditions = status(customer, name).get("conditions")
        raise AssertionError(f"{conditions}\n{operators.writes}\n{operators.log()}") from None
    return killed


def _quiet(customer: Customer, name: str, goal: str) -> bool:
    """Whether the phase is reached and the last writes that follow it are done."""
    if phase(customer, name) != goal:
        return False
    stands = {"Enforced": "Suspended", "Lifted": "Good"}[goal]
    tenant = administrator(customer).get(f"{TENANTS}/{customer.name}") or {}
    return bool(tenant["status"]["standing"] == stands)

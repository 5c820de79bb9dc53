"""A record that was lost comes back by the commands of docs/backup.md, and the tenant with it."""

from pathlib import Path

import pytest

from testbed.installation import NAMESPACE, RELEASE, Installation
from tests.cluster.pages import section, shown, typed
from tests.cluster.suspending import everything, lift, status, suspend
from tests.own_plane import aup, plane
from tests.support import Customer, eventually, once, pod, workload

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("uninstalled")]

__all__ = ["aup", "plane"]  # the guard is off for a while


def test_a_record_that_was_lost_is_put_back_by_the_pages_commands(
    customer: Customer, aup: Installation, tmp_path: Path
) -> None:
    """The Suspension says what is missing and the tenant stays down; then all is as it was."""
    content = [workload("Deployment", "web", replicas=2), pod("bare")]
    customer.run("create", "-f", "-", stdin=content, check=True)
    before = everything(customer)
    suspend(customer)
    values = aup.plane.helm("get", "values", RELEASE, "--namespace", NAMESPACE, "--output", "yaml").stdout
    (tmp_path / "values.yaml").write_text(values)
    typed(aup.plane, shown(section("backup.md", "Back up")), tmp_path)
    (record,) = status(customer)["records"]
    guard_off, *rest = shown(section("backup.md", "Put a record back")).replace("NAME", record).split("\n")
    typed(aup.plane, guard_off, tmp_path)
    lose = ("delete", "suspensionrecord", record)
    eventually(lambda: aup.plane.kubectl(*lose, check=False).returncode == 0)
    eventually(lambda: "RecordDamaged" in {one["reason"] for one in status(customer)["conditions"]})

    typed(aup.plane, "\n".join(rest), tmp_path)

    eventually(lambda: "RecordDamaged" not in {one["reason"] for one in status(customer)["conditions"]})
    eventually(lambda: "[AUP guard]" in aup.plane.kubectl(*lose, "--dry-run=server", check=False).stderr)
    assert customer.get("deployment", "web")["spec"]["replicas"] == 0
    lift(customer)
    assert once(lambda: everything(customer), before) == before

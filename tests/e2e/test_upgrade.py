"""An upgrade from the previous version, while tenants change things and one of them is suspended."""

import json

import pytest

from tests.cluster.suspending import lift
from tests.e2e.conftest import Upgrade, pods
from tests.support import eventually
from tools.image.__main__ import version

pytestmark = pytest.mark.e2e


def test_an_upgrade_refuses_nothing(upgrade: Upgrade) -> None:
    """Every change was judged as it should be, by the old version or the new one."""
    assert upgrade.stream.right > 50
    assert not upgrade.stream.wrong


def test_everything_is_of_the_new_version(upgrade: Upgrade) -> None:
    """All Pods run its images, and the kinds are labelled with it."""
    for component in ("webhook", "operator"):
        images = {one["spec"]["containers"][0]["image"] for one in pods(upgrade.plane, component)}
        assert images == {f"localhost/aup-{component}:{version()}"}
    kinds = json.loads(
        upgrade.plane.kubectl("get", "crds", "-l", "app.kubernetes.io/instance=aup", "-o", "json").stdout
    )
    assert {one["metadata"]["labels"]["app.kubernetes.io/version"] for one in kinds["items"]} == {version()}


def test_who_was_suspended_stays_down_and_is_put_back_exactly(upgrade: Upgrade) -> None:
    """The old version's record is the new one's too."""
    tenant = upgrade.resting
    assert not tenant.get("pods")["items"]
    assert "suspended" in tenant.run("scale", "deployment/web", "--replicas=1").stderr
    lift(tenant)
    assert tenant.get("deployment", "web")["spec"]["replicas"] == 2
    eventually(lambda: len(tenant.get("pods", "--field-selector=status.phase=Running")["items"]) == 2, 120)

"""What is made of the API server's discovery: one driver a kind, in the version that its group prefers."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from aup_operator.discovery import Discovery, Resource, read
from aup_operator.drivers import DRIVERS
from aup_operator.kube import Kube, KubeError

Json = dict[str, Any]

RECORDED: dict[str, Json] = json.loads(Path(__file__).with_name("discovery.json").read_text())
"""As a real API server answered for /api and /apis, cut down to some kinds."""

FLEETS: Json = {
    "spec": {
        "versions": [
            {"name": "v1", "subresources": {"scale": {"specReplicasPath": ".spec.size"}}},
            {"name": "v1beta1", "subresources": {"scale": {"specReplicasPath": ".spec.count"}}},
        ]
    }
}


class Recorded:
    """An API server that answers as recorded; `crds` by name, an error where there is none."""

    def __init__(self, crds: dict[str, Json]) -> None:
        self.crds = crds
        self.asked: list[str] = []

    def request(self, _: str, path: str, **__: str) -> Json:
        """The discovery documents."""
        self.asked.append(path)
        return RECORDED[path.strip("/")]

    def get(self, path: str) -> Json:
        """A CustomResourceDefinition."""
        self.asked.append(path)
        name = path.rpartition("/")[2]
        if name not in self.crds:
            raise KubeError(403, "forbidden")
        return self.crds[name]


def discovery(crds: dict[str, Json]) -> Discovery:
    """Discovery of the recorded API server."""
    return Discovery(cast("Kube", Recorded(crds)))


def test_each_kind_is_read_in_the_preferred_version_alone() -> None:
    """A second version serves the same objects."""
    kinds = dict(read(RECORDED["apis"]))

    assert kinds["Fleet"] == Resource(
        group="example.com", version="v1", plural="fleets", namespaced=True, listed=True, scale=True
    )
    assert kinds["CronWorkflow"].scale is False
    assert kinds["Deployment"].group == "apps"
    assert not dict(read(RECORDED["api"]))["Namespace"].namespaced


def test_drivers_are_kubernetes_own_the_known_and_the_scaled() -> None:
    """A known kind's scale subresource is not used, and Kubernetes' own kinds need no discovery."""
    drivers = discovery({"fleets.example.com": FLEETS}).served().drivers
    others = {driver.kind: driver.changes({"spec": {}}) for driver in drivers if not driver.built_in}

    assert [driver for driver in drivers if driver.built_in] == list(DRIVERS)
    assert {kind: [(one.path, one.held) for one in changes] for kind, changes in others.items()} == {
        "CronWorkflow": [("/spec/suspend", True)],
        "Fleet": [("/spec/size", 0)],
        "KafkaNodePool": [],
        "Rollout": [("/spec/replicas", 0)],
    }
    assert [driver.stage for driver in drivers] == sorted(driver.stage for driver in drivers)


@pytest.mark.parametrize(
    ("crds", "told"), [({}, ["fleets.example.com"]), ({"fleets.example.com": {"spec": {"versions": []}}}, [])]
)
def test_a_kind_whose_count_nobody_names_is_left_alone(
    crds: dict[str, Json], told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Without its CustomResourceDefinition there is no field to set; that it may not be read is in the log."""
    assert "Fleet" not in {driver.kind for driver in discovery(crds).served().drivers}
    assert [record.__dict__["resource"] for record in caplog.records] == told


def test_what_is_served_is_remembered_for_some_seconds() -> None:
    """A pass over many tenants asks once."""
    recorded = Recorded({"fleets.example.com": FLEETS})
    asked = Discovery(cast("Kube", recorded))

    assert asked.served() is asked.served()
    assert recorded.asked.count("/apis") == 1

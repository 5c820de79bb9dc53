"""Our arithmetic is Kubernetes' own: the API server is asked what it makes of each spelling."""

import json

import pytest
import yaml

from aup.quantity import parse
from testbed.controlplane import ControlPlane

pytestmark = pytest.mark.cluster

DRY = ("--dry-run=server", "--validate=false")
BLANKS = [" 1", "1 "]
_WRITTEN = (
    "1 +1 1. .5 0.5 1.5 007 100m 1500m 0.1m 1n 0.1n 999n 500000000n 1u 1k 1M 1G 1T 1P 1E 1Ki 1.5Ki 1Mi 1Gi 2.5Gi 1Ti "
    "1Pi 1Ei 0.5Ei 1e3 1E3 1e-3 1E-3 12e6 1e18 1E18 0.001e3 123456789.123456789 1.0000000001"
)
SPELLINGS = _WRITTEN.split()
REFUSED = ["", "1e3m", "1K", "1ki", "1kb", "1 Gi", "1_000", "1,5", "0x10", "1e", "1Gi1", "--1", "NaN", "Inf"]


def autoscaler(*spellings: str) -> str:
    """A HorizontalPodAutoscaler with one metric a spelling: its targets are quantities that nothing rounds."""
    metrics = [
        {
            "type": "External",
            "external": {"metric": {"name": f"m{number}"}, "target": {"type": "Value", "value": spelling}},
        }
        for number, spelling in enumerate(spellings)
    ]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return yaml.safe_dump(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "q"},
            "spec": {"scaleTargetRef": target, "maxReplicas": 2, "metrics": metrics},
        }
    )


def test_every_spelling_means_what_the_api_server_says(plane: ControlPlane) -> None:
    """What it answers in canonical form is the same number of nano-units as what it was given."""
    answer = plane.kubectl("create", *DRY, "-o", "json", "-f", "-", input=autoscaler(*SPELLINGS, *BLANKS))

    canonical = [one["external"]["target"]["value"] for one in json.loads(answer.stdout)["spec"]["metrics"]]
    assert {given: parse(given) for given in [*SPELLINGS, *BLANKS]} == {
        given: parse(said) for given, said in zip([*SPELLINGS, *BLANKS], canonical, strict=True)
    }


@pytest.mark.parametrize("spelling", REFUSED)
def test_what_the_api_server_refuses_we_refuse(plane: ControlPlane, spelling: str) -> None:
    """A spelling that is no quantity there is none here."""
    answer = plane.kubectl("create", *DRY, "-f", "-", input=autoscaler(spelling), check=False)

    assert answer.returncode != 0
    with pytest.raises(ValueError, match="not a quantity"):
        parse(spelling)

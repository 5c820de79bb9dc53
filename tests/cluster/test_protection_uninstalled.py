"""An uninstall is not worked against, though the operator that puts back what is lost still runs."""

import pytest

from testbed.installation import NAMESPACE, RELEASE, Installation
from tests.cluster.test_protection import LOST, aup, customer, plane
from tests.support import Customer, eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("protection")]

__all__ = ["aup", "customer", "plane"]  # a control plane on which nothing is installed afterwards


def test_an_uninstall_leaves_nothing_of_it(customer: Customer, aup: Installation) -> None:
    """Though the operator still runs, and sees each object go."""
    plane = customer.plane
    plane.helm("uninstall", RELEASE, "--namespace", NAMESPACE)

    def left() -> str:
        kinds = ",".join(each[0] for each in LOST)
        return plane.kubectl("get", kinds, "-l", "app.kubernetes.io/part-of=aup", "-o", "name").stdout

    eventually(lambda: left() == "")
    assert aup.running("operator")

"""What all tests share: one control plane a run, with aup installed on it by its chart, and tenants to use up."""

import itertools
import signal
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from aup.api.meta import TENANT_LABEL
from testbed.controlplane import ControlPlane, controlplane
from testbed.installation import Installation
from testbed.older_kubernetes import chosen, minor
from tests.support import Customer, named_customer

_numbers = itertools.count(1)


settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # else hypothesis fails a test for being slow, on a machine that is busy


def pytest_configure() -> None:
    """Heed Ctrl-C, and have what tests start heed it, also where a shell runs the tests in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `-n 2 --dist loadgroup` one worker has a control plane for most tests that need one.

    The other has what needs none, and with a control plane of its own the few tests that take minutes: those that name
    a group themselves. On an older Kubernetes, a test of what is not there yet says so and is left out.
    """
    older = chosen()
    for item in items:
        if item.get_closest_marker("cluster") and not item.get_closest_marker("xdist_group"):
            group = "testbed" if "testbed" in item.path.parts[-2:] else "cluster"
            item.add_marker(pytest.mark.xdist_group(group))
        for marker in item.iter_markers("since"):
            first, what = marker.args
            if older is not None and minor(older) < minor(first):
                item.add_marker(pytest.mark.skip(reason=f"{what}: not there before Kubernetes {first}"))


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The run's control plane. Where it cannot be had, tests that need it fail; they are never skipped."""
    with controlplane(log_dir=tmp_path_factory.mktemp("logs")) as started:
        yield started


@pytest.fixture(scope="session")
def aup(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """aup on the control plane, installed by its chart, webhook and operator at work."""
    with Installation(plane, tmp_path_factory.mktemp("aup")).install() as installed:
        yield installed


@pytest.fixture
def customer(new_customer: Callable[[], Customer]) -> Customer:
    """A new tenant; its Namespace states a licence, so that only what a test is about is found."""
    return new_customer()


@pytest.fixture
def new_customer(aup: Installation) -> Iterator[Callable[[], Customer]]:
    """Makes tenants. After a test they are lifted, or their namespaces nobody's, so that passes do not grow."""
    made: list[Customer] = []

    def make() -> Customer:
        made.append(named_customer(aup.plane, f"tenant-{next(_numbers)}"))
        return made[-1]

    yield make
    for one in made:
        suspended = one.get("suspensions")["items"]
        left = [item["metadata"]["name"] for item in suspended if item["spec"]["tenant"] == one.name]
        if left:
            one.provider("delete", "suspensions", "--wait=false", "--ignore-not-found", *left, check=False)
        else:
            one.provider("label", "namespace", one.namespace, f"{TENANT_LABEL}-", check=False)

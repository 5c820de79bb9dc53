"""What all tests share: one control plane a worker, with aup installed on it by its chart, and tenants to use up."""

import itertools
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings

from aup.api import suspension
from aup.api.meta import TENANT_LABEL
from aup_operator.kube import MERGE_PATCH, KubeError
from testbed.controlplane import ControlPlane, controlplane
from testbed.installation import Installation
from testbed.older_kubernetes import chosen, minor
from tests.support import Customer, Json, client, eventually, named_customer

_numbers = itertools.count(1)


settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # else hypothesis fails a test for being slow, on a machine that is busy


def pytest_configure() -> None:
    """Heed Ctrl-C, and have what tests start heed it, also where a shell runs the tests in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `-n 2 --dist loadgroup` each worker has one control plane for all groups that it runs.

    One group is about suspensions, one about the rest that needs a control plane; what is to run beside both names its
    group itself. On an older Kubernetes, a test of what is not there yet is left out.
    """
    older = chosen()
    for item in items:
        if item.get_closest_marker("cluster") and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(_group(item)))
        for marker in item.iter_markers("since"):
            first, what = marker.args
            if older is not None and minor(older) < minor(first):
                item.add_marker(pytest.mark.skip(reason=f"{what}: not there before Kubernetes {first}"))


def _group(item: pytest.Item) -> str:
    if item.path.parent.name == "testbed":
        return "testbed"
    return "suspension" if item.path.name.startswith("test_suspension") else "cluster"


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The worker's control plane. Where it cannot be had, tests that need it fail; they are never skipped."""
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


@pytest.fixture(scope="module")
def leaving(aup: Installation) -> Iterator[list[Customer]]:
    """Tenants that are used up and were suspended still; at the end of a module the last lifts are waited for."""
    left: list[Customer] = []
    yield left
    with suppress(AssertionError):
        eventually(lambda: not {one.name for one in left} & {one["spec"]["tenant"] for one in _ordered(aup)})
    _free(left)


def _ordered(aup: Installation) -> list[Json]:
    return list(client(aup.plane.kubeconfig).list(suspension.KIND.path))


def _free(tenants: Iterable[Customer]) -> None:
    """Have their namespaces be nobody's, so that passes do not grow."""
    for one in tenants:
        kube = client(one.plane.kubeconfig)
        for space in kube.list("/api/v1/namespaces", label_selector=f"{TENANT_LABEL}={one.name}"):
            with suppress(KubeError):
                path = f"/api/v1/namespaces/{space['metadata']['name']}"
                kube.patch(path, {"metadata": {"labels": {TENANT_LABEL: None}}}, MERGE_PATCH)


@pytest.fixture
def new_customer(aup: Installation, leaving: list[Customer]) -> Iterator[Callable[[], Customer]]:
    """Makes tenants. After a test they are lifted, and then freed."""
    made: list[Customer] = []

    def make() -> Customer:
        made.append(named_customer(aup.plane, f"tenant-{next(_numbers)}"))
        return made[-1]

    yield make
    ordered = _ordered(aup)
    suspended = {one["spec"]["tenant"] for one in ordered}
    _free(one for one in [*made, *leaving] if one.name not in suspended)
    leaving[:] = [one for one in [*made, *leaving] if one.name in suspended]
    own = {one.name for one in made}
    for one in (one["metadata"] for one in ordered if one["spec"]["tenant"] in own):
        with suppress(KubeError):
            client(aup.plane.kubeconfig).delete(f"{suspension.KIND.path}/{one['name']}", one["uid"])

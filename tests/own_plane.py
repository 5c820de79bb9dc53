"""A control plane of a module's own, in place of the one that most tests share: import both fixtures to have it."""

from collections.abc import Iterator

import pytest

from testbed.controlplane import ControlPlane, controlplane
from testbed.installation import Installation


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane that no other test has seen."""
    with controlplane(log_dir=tmp_path_factory.mktemp("logs")) as started:
        yield started


@pytest.fixture(scope="module")
def aup(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """aup on it."""
    with Installation(plane, tmp_path_factory.mktemp("aup")).install() as started:
        yield started

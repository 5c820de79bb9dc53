"""cert-manager as a process beside a control plane: its own controllers and CA injector, built from its Go module."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testbed import gobuild
from testbed.binaries import say
from testbed.controlplane import ControlPlane
from testbed.processes import Processes
from testbed.tools import SMALL_FLAGS, Tool

GOMOD_FOLDER = Path(__file__).resolve().parent / "gomod"
TOOL = Tool("certmanager", "certmanager", ".", (1, 21), ldflags=SMALL_FLAGS)

_MODULE = "github.com/cert-manager/cert-manager"
_KINDS = ("certificaterequests", "certificates", "issuers", "clusterissuers")


def program() -> Path:
    """cert-manager's program; built if need be, which takes some minutes.

    Raises:
        testbed.gobuild.BuildError: It cannot be built.
    """
    return gobuild.build([TOOL], report=say, gomod_folder=GOMOD_FOLDER, every=[TOOL])[TOOL.name]


def crds() -> list[Path]:
    """The CustomResourceDefinitions that come with the module.

    Raises:
        testbed.gobuild.BuildError: There is no Go that is new enough, or it cannot fetch the module.
    """
    folder = gobuild.module(GOMOD_FOLDER / TOOL.module, _MODULE) / "deploy" / "crds"
    return [folder / f"cert-manager.io_{kind}.yaml" for kind in _KINDS]


@contextmanager
def certmanager(plane: ControlPlane, log_dir: Path) -> Iterator[None]:
    """cert-manager at work on a control plane, as its administrator, until the block ends.

    Raises:
        testbed.gobuild.BuildError: It cannot be built.
    """
    command = [str(program()), f"--kubeconfig={plane.kubeconfig}"]
    for crd in crds():
        plane.kubectl("apply", "--server-side", "-f", str(crd))
    plane.kubectl("wait", "--for=condition=Established", *(f"crd/{kind}.cert-manager.io" for kind in _KINDS))
    processes = Processes(plane.run_dir, log_dir, leave_running=False)
    try:
        processes.start("certmanager", command, {})
        yield
    finally:
        processes.stop()

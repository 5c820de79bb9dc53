"""The programs a node consists of, beside those of the control plane; all are built from the Go modules in `gomod/`."""

from collections.abc import Callable
from pathlib import Path

from testbed import gobuild
from testbed.binaries import binaries, say
from testbed.components import PROGRAMS
from testbed.tools import KUBERNETES_FLAGS, SMALL_FLAGS, Tool

GOMOD_FOLDER = Path(__file__).resolve().parent / "gomod"

_CONTAINERD = "github.com/containerd/containerd/v2/cmd"

TOOLS: tuple[Tool, ...] = (
    Tool("containerd", "containerd", f"{_CONTAINERD}/containerd", (2, 2), ldflags=SMALL_FLAGS),
    Tool(
        "containerd-shim-runc-v2", "containerd", f"{_CONTAINERD}/containerd-shim-runc-v2", (2, 2), ldflags=SMALL_FLAGS
    ),
    Tool("ctr", "containerd", f"{_CONTAINERD}/ctr", (2, 2), ldflags=SMALL_FLAGS),
    Tool("kubelet", "kubelet", "k8s.io/kubernetes/cmd/kubelet", (1, 37), ldflags=KUBERNETES_FLAGS),
    Tool("kube-proxy", "kubelet", "k8s.io/kubernetes/cmd/kube-proxy", (1, 37), ldflags=KUBERNETES_FLAGS),
    Tool("coredns", "coredns", ".", (1, 15), ldflags=SMALL_FLAGS),
    Tool("pause", "pause", ".", (1, 0), ldflags=SMALL_FLAGS),
)
"""Every program by name, in the order they are built."""

PACKAGES = (
    "containernetworking-plugins",
    "libedit2",
    "libgmp10",
    "libjansson4",
    "libmnl0",
    "libnftables1",
    "libnftnl11",
    "libseccomp2",
    "libxtables12",
    "nftables",
    "runc",
)
"""What comes from Debian: runc, the CNI plugins and nft, with their libraries."""


def programs(report: Callable[[str], None] = say) -> dict[str, Path]:
    """The absolute path of every program, those of the control plane and helm included.

    Raises:
        testbed.gobuild.BuildError: One must be built and cannot be.
    """
    control = [name for name in PROGRAMS if name != "kwok"]
    return binaries([*control, "helm"]) | gobuild.build(TOOLS, report=report, gomod_folder=GOMOD_FOLDER, every=TOOLS)

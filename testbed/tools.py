"""The programs a control plane consists of: where each comes from and which versions are good enough."""

from dataclasses import dataclass, field
from pathlib import Path

GOMOD_FOLDER = Path(__file__).resolve().parent / "gomod"
"""One Go module a sub-folder; `go.mod` and `go.sum` pin every version by hash."""

SMALL_FLAGS = "-s -w"

KUBERNETES = "1.37.2"
"""The version in `gomod/controlplane/go.mod`; older ones are in `testbed.older_kubernetes`."""


def kubernetes_flags(version: str) -> str:
    """Linker flags with which Kubernetes' programs say their version, such as 1.37.2; without them it is v0.0.0."""
    major, minor, _ = version.split(".")
    said = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    return " ".join([SMALL_FLAGS, *(f"-X k8s.io/component-base/version.{key}={value}" for key, value in said.items())])


KUBERNETES_FLAGS = kubernetes_flags(KUBERNETES)


@dataclass(frozen=True)
class Tool:
    """One program.

    `minimum` is the oldest (major, minor) that is taken from outside the modules. Kubernetes' own programs must be
    at most one minor version apart from the 1.37 that the modules hold, because found and built ones may be mixed.
    """

    name: str
    module: str
    package: str
    minimum: tuple[int, int]
    version_args: tuple[str, ...] = ("--version",)
    ldflags: str = field(default=SMALL_FLAGS, repr=False)


def _kubernetes(name: str, minimum: tuple[int, int], *version_args: str) -> Tool:
    return Tool(
        name=name,
        module="controlplane",
        package=f"k8s.io/kubernetes/cmd/{name}",
        minimum=minimum,
        version_args=version_args or ("--version",),
        ldflags=KUBERNETES_FLAGS,
    )


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("etcd", "controlplane", "go.etcd.io/etcd/server/v3", (3, 5)),
        _kubernetes("kube-apiserver", (1, 36)),
        _kubernetes("kube-controller-manager", (1, 36)),
        _kubernetes("kube-scheduler", (1, 36)),
        _kubernetes("kubectl", (1, 36), "version", "--client"),
        Tool("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", (0, 6)),
        Tool(
            "helm",
            "helm",
            "helm.sh/helm/v4/cmd/helm",
            (3, 18),
            ("version", "--short"),
            f"{SMALL_FLAGS} -X helm.sh/helm/v4/internal/version.version=v4.3.1",
        ),
    )
}
"""Every program by name, in the order they are built."""

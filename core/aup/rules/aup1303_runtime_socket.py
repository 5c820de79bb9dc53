"""AUP1303 runtime-socket: a way to the machine's container runtime or kubelet, which starts whatever it is told to.

Where sockets lie: the documentation of cri-tools, Docker, Podman, BuildKit, K3s, k0s and MicroK8s.
"""

from collections.abc import Iterator
from typing import Any

from aup.model import Finding, Subject, rule
from aup.review import listing, mapping, text
from aup.wording import quoted
from aup.workload import HEAD, Container, PodTemplate

Path = tuple[str, ...]

SOCKETS = frozenset(
    {"buildkitd.sock", "containerd.sock", "containerd.sock.ttrpc", "cri-dockerd.sock", "crio.sock", "docker.sock"}
    | {"docker_engine", "dockershim.sock", "isulad.sock", "podman.sock"}
)
"""Names that a runtime's socket (on Windows: pipe) has wherever it lies."""

FOLDERS: frozenset[Path] = frozenset(
    tuple(folder.split("/"))
    for folder in (
        *("run/buildkit", "run/containerd", "run/crio", "run/docker", "run/k0s", "run/k3s", "run/podman", "run/user"),
        *("etc/kubernetes", "var/lib/k0s", "var/lib/kubelet", "var/lib/rancher", "var/snap/microk8s/common/run"),
        *("var/snap/microk8s/common/var/lib/kubelet", "pipe/containerd-containerd"),
    )
)
"""Folders of runtimes and of the kubelet; what is above one or below one leads there as well."""

_ABOVE = frozenset(folder[:depth] for folder in FOLDERS for depth in range(len(folder)))
_ADDRESSES = frozenset(
    {"BUILDKIT_HOST", "CONTAINERD_ADDRESS", "CONTAINER_HOST", "CONTAINER_RUNTIME_ENDPOINT", "DOCKER_HOST"}
    | {"IMAGE_SERVICE_ENDPOINT"}
)
_SCHEMES = frozenset({"unix", "http+unix", "npipe"})


@rule(id="AUP1303", clause="1.3", signs={"hostPath", *(name[:HEAD] for name in _ADDRESSES)})
def runtime_socket(subject: Subject) -> Iterator[Finding]:
    """The Pod reaches for the machine's container runtime or kubelet.

    Why: Who can write to the runtime's socket or to the kubelet's folders can start a container as root with the whole
    machine in it, past every rule of the cluster, and read every other customer's data and secrets there.

    Fix: Remove the volume, and the variable that names the socket. To build images use a builder that needs no daemon,
    such as rootless BuildKit, Buildah or Kaniko; to start Pods use the Kubernetes API with a ServiceAccount; for logs
    and metrics ask the provider for its collector.
    """
    for template in subject.workload.templates:
        if "volumes" in template.spec:
            yield from _mounted(template)
        for container in template.containers:
            if "env" in container.spec:
                for index, variable in enumerate(listing(container.spec["env"])):
                    name = variable.get("name") if isinstance(variable, dict) else None
                    if isinstance(name, str) and name in _ADDRESSES:
                        yield from _addressed(template, container, index, text(variable.get("value")))


def resolved(path: str) -> Path:
    """The names of an absolute path as the machine finds it.

    Doubled slashes, `.` and `..` are gone, `/proc/<any process>/root` and `cwd` are `/`, `/var/run` is `/run`, and a
    Windows path has lost its drive.
    """
    names: list[str] = []
    for name in path.replace("\\", "/").split("/"):
        if name in {"", "."} or (not names and name.endswith(":")):
            continue
        if name == "..":
            del names[-1:]
        elif name in {"root", "cwd"} and _process(names):
            names = []
        else:
            names.append(name)
            if names == ["var", "run"]:
                names = ["run"]
    return tuple(names)


def _process(names: list[str]) -> bool:
    """Whether this is `/proc/<process>`, or a thread of one."""
    return names[:1] == ["proc"] and (len(names) == 2 or (len(names) == 4 and names[2] == "task"))  # noqa: PLR2004


def _leads(path: Path) -> str:
    """What of a runtime is there, empty for nothing."""
    if path and path[-1] in SOCKETS:
        return "a container runtime's socket"
    if path in _ABOVE:
        return "above container runtimes' sockets"
    if any(path[:depth] in FOLDERS for depth in range(2, len(path) + 1)):
        return "in a folder of a container runtime or the kubelet"
    return ""


def _mounted(template: PodTemplate) -> Iterator[Finding]:
    for index, volume in enumerate(listing(template.spec["volumes"])):
        if isinstance(volume, dict) and "hostPath" in volume:
            path = text(mapping(volume["hostPath"]).get("path"))
            what = path and _leads(resolved(path))
            if what:
                yield Finding(f"{template.path}.volumes[{index}].hostPath.path", f"{quoted(path)} is {what}")


def _addressed(template: PodTemplate, container: Container, index: int, address: str) -> Iterator[Finding]:
    """A variable that tells a client where the runtime's socket is; a socket in a volume of the Pod's own is its own.

    Where no volume is mounted there, the socket is the image's own or comes to nothing: that only warns.
    """
    path = _socket(address)
    if not path:
        return
    at = f"{container.path}.env[{index}].value"
    source = _source(template, container, path)
    if source is None:
        if what := _leads(path):
            yield Finding(at, f"{quoted(address)} is {what}", container.name, advisory=True)
    elif source.get("hostPath") is not None:
        yield Finding(at, f"{quoted(address)} is a socket of the machine", container.name)


def _socket(address: str) -> Path:
    scheme, _, rest = address.strip().partition(":")
    if scheme.lower() in _SCHEMES:
        return resolved(rest)
    return resolved(scheme) if scheme.startswith("/") else ()


def _source(template: PodTemplate, container: Container, path: Path) -> dict[str, Any] | None:
    """The volume that is mounted at a path of the container or nearest above it; None where there is none."""
    deepest = -1
    found = None
    for mount in listing(container.spec.get("volumeMounts")):
        place = resolved(text(mapping(mount).get("mountPath")))
        if path[: len(place)] == place and len(place) > deepest:
            deepest, found = len(place), text(mapping(mount).get("name"))
    if found is None:
        return None
    volumes = (mapping(volume) for volume in listing(template.spec.get("volumes")))
    return next((volume for volume in volumes if volume.get("name") == found), {})

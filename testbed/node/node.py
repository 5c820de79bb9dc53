"""Starts and ends the node.

with Node.start([Path("dist/aup-webhook-0.1.0.tar")]) as node:
    node.plane.kubectl("get", "nodes")
"""

import atexit
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from testbed import components, debian, gobuild, kubeconfig
from testbed.binaries import say
from testbed.certificates import Authority, signing_pair
from testbed.components import Layout, Ports
from testbed.controlplane import ControlPlane, ControlPlaneError
from testbed.node import images
from testbed.node.programs import PACKAGES, programs
from testbed.node.settings import HOST_ADDRESS, LINK, NODE, NODE_ADDRESS, PORT, SOCKET, Files, dns, write
from testbed.processes import Component, Processes, StartError

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 240.0
CGROUP = "aup-node"

USERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "admin": ("kubernetes-admin", ("system:masters",)),
    "kube-controller-manager": ("system:kube-controller-manager", ()),
    "kube-scheduler": ("system:kube-scheduler", ()),
    "kubelet": (f"system:node:{NODE}", ("system:nodes",)),
    "kube-proxy": ("system:kube-proxy", ()),
}
"""Kubeconfig name to user and groups."""


class Node:
    """One node with its control plane. Make it with `start`; end it with `stop`, or use it in a `with`.

    Attributes:
        plane: The control plane, as seen from the host.
    """

    def __init__(self, plane: ControlPlane, tools: Mapping[str, Path], command: Sequence[str], lock: IO[str]) -> None:
        """Only for this module; use `start`."""
        self.plane = plane
        self._tools = tools
        self._command = command
        self._lock = lock
        self._processes = Processes(plane.run_dir, plane.log_dir, leave_running=False)
        self._component: Component | None = None
        self._starts = 0
        self._stopped = False
        atexit.register(self.stop)

    @classmethod
    def start(cls, archives: Sequence[Path] = (), log_dir: Path | None = None) -> Self:
        """Start the node with these images beside its own and wait until it is ready and answers for names.

        Raises:
            testbed.controlplane.ControlPlaneError: This machine or user cannot.
            testbed.processes.StartError: It did not become ready; the run folder is kept.
            testbed.gobuild.BuildError: A program is missing and cannot be built.
        """
        if sys.platform != "linux" or os.geteuid() != 0:
            raise ControlPlaneError("A node starts on Linux and as root only.")
        lock = _only_one()
        try:
            tools = programs()
            run_dir = Path(tempfile.mkdtemp(prefix="aup-node-"))
            logs = log_dir or run_dir / "logs"
            logs.mkdir(parents=True, exist_ok=True)
            plane, command = _prepare(tools, run_dir, logs, archives)
        except BaseException:
            lock.close()
            raise
        node = cls(plane, tools, command, lock)
        try:
            node._boot()
        except BaseException:
            node.stop(keep=True)
            raise
        return node

    def restart(self) -> None:
        """Kill every process of the node at once, as a power failure would, and start it again with what it stored."""
        if self._component is not None:
            os.kill(self._inner(), signal.SIGKILL)
            self._component.process.wait()
        _remove_traces()
        self._boot()

    def _boot(self) -> None:
        began = time.monotonic()
        before = self._heard()
        _cgroups()
        self._starts += 1
        self._component = self._processes.start(f"node-{self._starts}", self._command, dict(os.environ))
        self.until("the namespaces are there", lambda: self._inner() > 0)
        _ip("link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", str(self._inner()))
        _ip("addr", "add", f"{HOST_ADDRESS}/30", "dev", LINK)
        _ip("link", "set", LINK, "up")
        self.until("the node is ready", lambda: self._heard() not in {"", before})
        say(f"the node is ready after {time.monotonic() - began:.1f} s")
        self.plane.kubectl("apply", "-f", "-", input="\n".join(json.dumps(item) for item in dns()))
        self.until("its DNS answers", lambda: self._ready("get", "deployment", "coredns", "-n", "kube-system") == "1")
        say(f"its DNS answers after {time.monotonic() - began:.1f} s")

    def _heard(self) -> str:
        """When kubelet last said that the node is ready; empty if it never did, or nobody answers."""
        if self._component is None:
            return ""
        answer = self.plane.kubectl("get", "node", NODE, "-o", "json", "--request-timeout=5s", check=False)
        conditions = json.loads(answer.stdout)["status"].get("conditions", []) if answer.returncode == 0 else []
        good = [item for item in conditions if (item["type"], item["status"]) == ("Ready", "True")]
        return str(good[0]["lastHeartbeatTime"]) if good else ""

    def _ready(self, *what: str) -> str:
        """How many Pods of a Deployment are ready."""
        return self.plane.kubectl(*what, "-o", "jsonpath={.status.readyReplicas}", check=False).stdout

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside the node's namespaces."""
        enter = ["nsenter", f"--target={self._inner()}", "--mount", "--net", "--cgroup", "--pid", "--"]
        return subprocess.run([*enter, *command], capture_output=True, text=True, check=True)

    def load(self, archive: Path) -> None:
        """Import an image from an OCI archive."""
        self.run(str(self._tools["ctr"]), "-a", SOCKET, "-n", "k8s.io", "images", "import", str(archive))

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds.

        Raises:
            StartError: It took too long, or the node ended.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not holds():
            assert self._component is not None  # noqa: S101 - it was started
            if self._component.process.poll() is not None:
                raise StartError(f"The node did not start: {self._component.failure()}")
            if time.monotonic() > deadline:
                raise StartError(f"After {READY_SECONDS:.0f} s it was not so that {what}: {self._component.failure()}")
            time.sleep(0.2)

    def stop(self, *, keep: bool = False) -> None:
        """End everything and leave nothing behind; with `keep` the logs stay. A second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        atexit.unregister(self.stop)
        self._processes.stop()
        _remove_traces()
        self._lock.close()
        shutil.rmtree(self.plane.run_dir / "containerd", ignore_errors=True)
        self.plane.stop(keep=keep)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(keep=error is not None)

    def _inner(self) -> int:
        """The id of the first process inside, as the host sees it; 0 if it is not there yet."""
        if self._component is None:
            return 0
        pid = self._component.process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return 0
        return int(children[0]) if children else 0


def _prepare(
    tools: Mapping[str, Path], run_dir: Path, logs: Path, archives: Sequence[Path]
) -> tuple[ControlPlane, list[str]]:
    """Write all files, and say how to start the first process inside."""
    sysroot = debian.unpacked("node", PACKAGES, say)
    layout = Layout(pki=run_dir / "pki", kubeconfigs=run_dir / "kubeconfigs", etcd_data=run_dir / "etcd")
    authority = Authority()
    layout.pki.mkdir()
    authority.pair.write(layout.pki, "ca")
    authority.server("kube-apiserver", [*components.SERVER_NAMES, NODE_ADDRESS]).write(layout.pki, "server")
    authority.server(f"system:node:{NODE}", [NODE, NODE_ADDRESS]).write(layout.pki, "kubelet")
    signing_pair().write(layout.pki, "sa")
    authority.client("kube-apiserver-etcd-client").write(layout.pki, "etcd-client")
    authority.client("kube-apiserver-kubelet-client", ["system:masters"]).write(layout.pki, "kubelet-client")
    authority.client(*USERS["admin"]).write(layout.pki, "admin")
    data = kubeconfig.encoded(authority.pair.certificate)
    inside = {"server": f"https://127.0.0.1:{PORT}", "certificate-authority-data": data}
    outside = {"server": f"https://{NODE_ADDRESS}:{PORT}", "certificate-authority-data": data}
    for name, (user, groups) in USERS.items():
        pair = authority.client(user, groups)
        entry = kubeconfig.certificate_user(pair.certificate, pair.key)
        kubeconfig.write(Path(layout.kubeconfig(name)), outside if name == "admin" else inside, entry)
    files = Files(run_dir, sysroot)
    write(files, layout.pki, layout.kubeconfigs)
    (run_dir / "images").mkdir()
    own = images.write(tools, run_dir / "images")
    plan = {
        "run": str(run_dir),
        "logs": str(logs),
        "pki": str(layout.pki),
        "ctr": str(tools["ctr"]),
        "images": [str(path.absolute()) for path in [*own, *archives]],
        "env": _environment(tools, sysroot),
        "commands": _commands(tools, layout, files),
    }
    (run_dir / "plan.json").write_text(json.dumps(plan, indent=1))
    plane = ControlPlane(run_dir, logs, Path(layout.kubeconfig("admin")), outside)
    plane.sign_with(authority)
    # The shell enters the node's own cgroups first, so that the new cgroup namespace begins there.
    enter = f'for folder in "$@"; do echo $$ > "$folder/cgroup.procs"; done; cd {ROOT}; exec unshare {_NAMESPACES} '
    first = f"{sys.executable} -m testbed.node.inside {run_dir / 'plan.json'}"
    return plane, ["sh", "-ec", enter + first, "sh", *map(str, _cgroups())]


_NAMESPACES = "--mount --net --cgroup --pid --fork --kill-child --mount-proc"


def _environment(tools: Mapping[str, Path], sysroot: Path) -> dict[str, str]:
    """Where programs find each other: containerd its shim, kube-proxy nft."""
    found = dict.fromkeys(str(path.parent) for path in [*tools.values(), debian.program(sysroot, "nft")])
    paths = ":".join([*found, "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
    return {"PATH": paths, "LD_LIBRARY_PATH": debian.libraries(sysroot), "HOME": "/root"}


def _commands(tools: Mapping[str, Path], layout: Layout, files: Files) -> dict[str, list[str]]:
    """The command line of each component."""
    ports = Ports(etcd=2379, apiserver=PORT, controller_manager=10257, scheduler=10259)
    scheduler = layout.pki.parent / "scheduler.json"
    scheduler.write_text(json.dumps(components.scheduler_config(layout)))
    server = [
        "--bind-address=0.0.0.0",
        f"--advertise-address={NODE_ADDRESS}",
        "--endpoint-reconciler-type=lease",
        "--enable-admission-plugins=NodeRestriction",
        f"--kubelet-certificate-authority={layout.pki / 'ca.crt'}",
        f"--kubelet-client-certificate={layout.pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={layout.pki / 'kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
    ]
    return {
        "etcd": components.etcd(tools, layout, ports),
        "kube-apiserver": components.apiserver(tools, layout, ports, server),
        "containerd": [str(tools["containerd"]), f"--config={files.containerd}"],
        "kube-controller-manager": [
            *components.controller_manager(tools, layout, ports),
            f"--flex-volume-plugin-dir={files.run / 'plugins'}",
        ],
        "kube-scheduler": components.scheduler(tools, layout, ports, scheduler),
        "kubelet": [
            str(tools["kubelet"]),
            f"--config={files.kubelet}",
            f"--kubeconfig={layout.kubeconfig('kubelet')}",
            f"--root-dir={files.run / 'kubelet'}",
            f"--cert-dir={files.run / 'kubelet-certificates'}",
            f"--hostname-override={NODE}",
            f"--node-ip={NODE_ADDRESS}",
        ],
        "kube-proxy": [str(tools["kube-proxy"]), f"--config={files.proxy}"],
    }


def _hierarchies() -> list[Path]:
    """The folder of this process in each cgroup hierarchy that is mounted."""
    found = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        mounted = Path("/sys/fs/cgroup", controllers.removeprefix("name=") or "unified")
        if mounted.is_dir():
            found.append(mounted / path.lstrip("/"))
    return found


def _cgroups() -> list[Path]:
    """A folder for the node in each hierarchy."""
    made = []
    for parent in _hierarchies():
        folder = parent / CGROUP
        folder.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (folder / name).exists() and not (folder / name).read_text().strip():
                (folder / name).write_text((parent / name).read_text())
        made.append(folder)
    return made


def _only_one() -> IO[str]:
    """Take the lock that a node holds while it runs, and remove what one that was killed hard left behind.

    Raises:
        ControlPlaneError: A node runs.
    """
    lock = (gobuild.cache_root() / "node.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise ControlPlaneError("A node runs on this machine already; only one can.") from None
    _remove_traces()
    return lock


def _remove_traces() -> None:
    """Remove what namespaces do not take with them: the link, at once, and the cgroups.

    A cgroup's folder, with all that containers left in it, can go when the kernel has let its processes go.
    """
    # Where the namespace has just ended, the kernel may be quicker.
    subprocess.run(["ip", "link", "del", LINK], check=False, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    for parent in _hierarchies():
        while (folder := parent / CGROUP).is_dir():
            for path in [*sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True), folder]:
                try:
                    path.rmdir()
                except OSError:
                    continue
            if time.monotonic() > deadline:
                say(f"{folder} is left: a process in it did not end")
                break
            time.sleep(0.05)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)

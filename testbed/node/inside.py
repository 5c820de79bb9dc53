"""The first process inside the node's namespaces; `python -m testbed.node.inside <plan.json>`, started by `node` only.

Nothing it does is seen outside: mounts, links, addresses and rules go with the namespaces, processes with this one.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from testbed.api import OK, Api
from testbed.node.settings import NODE_ADDRESS, PORT, SERVICES, SOCKET

MACHINE_WIDE = {
    "kernel/keys/root_maxbytes": "25000000",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "vm/overcommit_memory": "1",
}
"""Settings of the whole machine that kubelet asks for: it is shown files with these values in their place."""

OWN = {
    "net/ipv4/ip_forward": "1",
    "net/bridge/bridge-nf-call-iptables": "1",
    "net/bridge/bridge-nf-call-ip6tables": "1",
}
"""Settings that each network namespace has for itself."""

_PATIENCE_SECONDS = 120.0
_TMPFS = ("-t", "tmpfs", "-o", "mode=755,nosuid,nodev")


def main(plan: dict[str, Any]) -> None:
    """Set the namespaces up, start everything in order, and take in what ends until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    run_dir = Path(plan["run"])
    mounts(run_dir)
    network()
    start = Starter(Path(plan["logs"]), plan["env"])
    for name in ("etcd", "kube-apiserver", "containerd"):
        start(name, plan["commands"][name])
    until("containerd listens", listens)
    for image in plan["images"]:
        subprocess.run([plan["ctr"], "-a", SOCKET, "-n", "k8s.io", "images", "import", image], check=True)
    pki = Path(plan["pki"])
    api = Api(pki / "ca.crt", pki / "admin.crt", pki / "admin.key")
    until("kube-apiserver is ready", lambda: api.request("GET", PORT, "/readyz")[0] == OK)
    for name in ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"):
        start(name, plan["commands"][name])
    print("all started", flush=True)
    while True:
        with suppress(ChildProcessError):
            pid, status = os.wait()
            if ended := start.names.get(pid):
                print(f"{ended} ended with {os.waitstatus_to_exitcode(status)}", flush=True)


class Starter:
    """Starts components, each with a log of its own."""

    def __init__(self, logs: Path, env: dict[str, str]) -> None:
        self._logs = logs
        self._env = env
        self.names: dict[int, str] = {}

    def __call__(self, name: str, command: list[str]) -> None:
        """Start one."""
        with (self._logs / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self.names[process.pid] = name


def mounts(run_dir: Path) -> None:
    """Own /sys with this cgroup namespace's cgroups, own /run, /var/lib and /var/log, and the covered settings."""
    mount("--make-rshared", "/")
    subprocess.run(["umount", "--recursive", "--lazy", "/sys"], check=True)
    mount("-t", "sysfs", "sysfs", "/sys")
    mount(*_TMPFS, "cgroup", "/sys/fs/cgroup")
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, _ = line.split(":", 2)
        name = controllers.removeprefix("name=") or "unified"
        folder = Path("/sys/fs/cgroup", name)
        folder.mkdir()
        if name == "unified":
            mount("-t", "cgroup2", "cgroup2", str(folder))
        else:
            options = f"none,{controllers}" if controllers.startswith("name=") else controllers
            mount("-t", "cgroup", "-o", options, "cgroup", str(folder))
    for folder in (Path("/run"), Path("/var/lib")):
        mount(*_TMPFS, "tmpfs", str(folder))
    mount("--bind", str(run_dir / "var-log"), "/var/log")
    for setting, value in MACHINE_WIDE.items():
        real = Path("/proc/sys", setting)
        if real.exists():
            shown = run_dir / setting.replace("/", "-")
            shown.write_text(f"{value}\n")
            mount("--bind", str(shown), str(real))


def network() -> None:
    """One link to the host and no default route: nothing leaves the machine."""
    ip("link", "set", "lo", "up")
    until("the link to the host is there", Path("/sys/class/net/eth0").exists)
    ip("addr", "add", f"{NODE_ADDRESS}/30", "dev", "eth0")
    ip("link", "set", "eth0", "up")
    # A packet to a Service gets as far as kube-proxy's rules only if there is a route for it.
    ip("route", "add", SERVICES, "dev", "lo", "src", NODE_ADDRESS)
    for setting, value in OWN.items():
        if (path := Path("/proc/sys", setting)).exists():
            path.write_text(value)


def listens() -> bool:
    """Whether containerd takes connections."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(SOCKET) == 0


def until(what: str, holds: Any) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"After {_PATIENCE_SECONDS:.0f} s it was not so that {what}.")
        time.sleep(0.05)


def mount(*arguments: str) -> None:
    """Run mount."""
    subprocess.run(["mount", *arguments], check=True)


def ip(*arguments: str) -> None:
    """Run ip."""
    subprocess.run(["ip", *arguments], check=True)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))

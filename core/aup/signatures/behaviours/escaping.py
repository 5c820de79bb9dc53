"""What a container does to get at the machine under it."""

import re
from collections.abc import Iterator

from aup.api.signature_list import Strength
from aup.signatures.behaviours.steps import PRINTERS, Step, Steps, base
from aup.signatures.evidence import Evidence

_HOST_ROOT = re.compile(
    r"/(?:host|hostfs|host-?root|root-?fs|node|node-?root|mnt|mnt/host|host-?mount|rootfs)(?:/|/root/?|/fs/?)?"
)
_DISK = re.compile(r"/dev/(?:(?:sd|vd|xvd|hd)[a-z]|nvme\d+n\d+|mmcblk\d+|dm-\d+|mapper/[\w-]+)(?:p?\d+)?")
_MACHINE_CREDENTIALS = ("/etc/kubernetes/admin.conf", "/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/kubeconfig")
_MORE_CREDENTIALS = ("/etc/kubernetes/super-admin.conf", "/etc/rancher/k3s/k3s.yaml", "/var/lib/kubelet/pki")
_SOCKETS = ("docker.sock", "containerd.sock", "crio.sock", "dockershim.sock", "podman.sock")
_AGENTS = ("/release_agent", "/notify_on_release")
_AGENT_WRITTEN = re.compile(r">\s{0,8}[^\s>]{0,64}/(release_agent|notify_on_release)\b")
_RUNNERS = frozenset(["run", "exec", "create", "start", "runp"])
_ENGINES = frozenset(["docker", "nerdctl", "podman", "ctr", "crictl"])


def escaped(steps: Steps) -> Iterator[Evidence]:
    """Each of a script's steps out of its container.

    Who sets machines up enters them too, and nobody can without what other rules forbid (AUP1301, AUP1302).
    """
    for step in steps.all:
        found = _BY_NAME.get(step.name)
        if found:
            yield from found(step)
        yield from _by_file(step)


def _nsenter(step: Step) -> Iterator[Evidence]:
    words = " ".join(step.args)
    machine = re.search(r"(?:^| )(?:-t|--target)[ =]?1(?: |$)|/proc/1/ns|(?:^| )-[a-zA-Z]+t ?1(?: |$)", words[:4096])
    if machine:
        yield Evidence(step.at, "machine entered", "medium", "nsenter runs a command on the machine itself")


def _chroot(step: Step) -> Iterator[Evidence]:
    operand = next((each for each in step.args if not each.startswith("-")), "")
    if _HOST_ROOT.fullmatch(operand) or operand.startswith("/proc/1/root"):
        yield Evidence(step.at, "machine entered", "medium", "chroot runs a command in the machine's own file system")


def _module(step: Step) -> Iterator[Evidence]:
    strength: Strength = "strong" if step.name == "insmod" else "medium"
    if any(not each.startswith("-") for each in step.args):
        yield Evidence(step.at, "kernel module", strength, f"{step.name} loads a module into the machine's kernel")


def _mount(step: Step) -> Iterator[Evidence]:
    device = next((each for each in step.args if _DISK.fullmatch(each)), "")
    if device:
        yield Evidence(step.at, "disk", "strong", f"{step.name} opens the machine's disk {base(device)}")
    elif step.name == "mount" and any(each in {"cgroup", "-tcgroup"} for each in step.args):
        yield Evidence(step.at, "control groups", "medium", "mount opens the machine's control groups")


def _fdisk(step: Step) -> Iterator[Evidence]:
    if "-l" in step.args or any(_DISK.fullmatch(each) for each in step.args):
        yield Evidence(step.at, "disk", "medium", f"{step.name} looks at the machine's disks")


def _engine(step: Step) -> Iterator[Evidence]:
    text = step.text
    socket = any(each in text for each in _SOCKETS) or step.name in {"ctr", "crictl"}
    runs = not _RUNNERS.isdisjoint(step.args)
    root = re.search(r"(?:-v|--volume|--mount)[ =]?(?:/:/|type=bind,(?:src|source)=/,)|-v ?/:/|src=/,", text[:65536])
    if runs and (root or ("--privileged" in text and socket)):
        yield Evidence(step.at, "container engine", "strong", f"{step.name} starts a container that owns the machine")
    elif runs and socket:
        yield Evidence(step.at, "container engine", "medium", f"{step.name} starts containers beside Kubernetes")


def _kubectl(step: Step) -> Iterator[Evidence]:
    if any(each in step.text for each in (*_MACHINE_CREDENTIALS, *_MORE_CREDENTIALS)):
        yield Evidence(step.at, "machine's credentials", "strong", "kubectl takes the machine's own credentials")


def _curl(step: Step) -> Iterator[Evidence]:
    if "--unix-socket" in step.text and any(each in step.text for each in _SOCKETS):
        strength: Strength = "strong" if "/create" in step.text or "/exec" in step.text else "medium"
        yield Evidence(step.at, "container engine", strength, "curl talks to the container engine of the machine")


def _sysctl(step: Step) -> Iterator[Evidence]:
    if any("core_pattern=|" in each for each in [*step.args, *step.command.scripts]):
        yield Evidence(step.at, "core pattern", "strong", "a program is set to run on the machine at the next crash")


def _by_file(step: Step) -> Iterator[Evidence]:
    for where in step.written():
        if where.endswith(_AGENTS):
            yield Evidence(step.at, "control groups", "strong", f"{base(where)} makes the machine run a program")
        elif where.endswith("/proc/sys/kernel/core_pattern"):
            pipes = any(each.startswith("|") for each in [*step.args, *step.command.scripts])
            strength: Strength = "strong" if pipes else "medium"
            yield Evidence(step.at, "core pattern", strength, "what the machine does at a crash is changed")
        elif "/proc/sys/kernel/" in where or where.endswith("/proc/sysrq-trigger"):
            yield Evidence(step.at, "kernel setting", "medium", f"{base(where)} is a setting of the machine's kernel")
    if step.name not in PRINTERS:
        for script in step.command.scripts:
            match = _AGENT_WRITTEN.search(script) if "release" in script else None
            if match:
                yield Evidence(step.at, "control groups", "strong", f"{match[1]} makes the machine run a program")
                return
    for _, word in step.command.words:
        if "/proc/1/root" in word and step.name != "chroot":
            yield Evidence(step.at, "machine's files", "strong", "/proc/1/root is the machine's own file system")
            return


_BY_NAME = {
    "nsenter": _nsenter,
    "chroot": _chroot,
    "insmod": _module,
    "modprobe": _module,
    "mount": _mount,
    "debugfs": _mount,
    "fdisk": _fdisk,
    "sysctl": _sysctl,
    "kubectl": _kubectl,
    "curl": _curl,
    **dict.fromkeys(_ENGINES, _engine),
}

"""Shells for somebody elsewhere: reverse and bind shells, and remote access that is set up at start."""

import re
from collections.abc import Iterator

from aup.api.signature_list import Strength
from aup.signatures.behaviours.steps import INTERPRETERS, NETCATS, PRINTERS, SHELLS, Place, Step, Steps, base
from aup.signatures.evidence import Evidence

_KIND = "remote shell"
_EXECUTES = re.compile(r"-[a-zA-Z]*[ec]|--exec|--sh-exec|--lua-exec")
_DEVICE = re.compile(r"/dev/(?:tcp|udp)/")
_DUPLICATED = re.compile(r"\d?[<>]&\d+")
_COMMANDS = SHELLS | {"cmd.exe", "cmd", "powershell.exe", "powershell"}
_INFORMERS = frozenset(["id", "whoami", "env", "printenv", "uname", "hostname", "ifconfig"])
_TELLING = frozenset(["id", "whoami", "env", "printenv"])
_PLUMBING = (*NETCATS, "socat", "telnet")  # and `openssl s_client`
_INSTALLERS = frozenset(["apk", "apt", "apt-get", "yum", "dnf", "microdnf", "zypper", "pacman"])
_SSH_PACKAGES = frozenset(["openssh-server", "openssh", "dropbear", "ssh", "openssh-sftp-server"])


def remote_shells(steps: Steps) -> Iterator[Evidence]:
    """A shell whose input and output are a connection."""
    connected = {step.command.script for step in steps.all if step.name == "" and _connects(step)}
    for step in steps.all:
        if step.name in NETCATS and _executes(step):
            yield Evidence(step.at, _KIND, "strong", f"{step.name} starts a shell for whoever is at the other end")
        elif step.name in SHELLS and "-c" not in step.args and (_connects(step) or step.command.script in connected):
            words = [word for _, word in step.command.words]
            if "-i" in step.args or step.command.piped or any(_DUPLICATED.fullmatch(word) for word in words):
                yield Evidence(step.at, _KIND, "strong", f"{step.name} takes its commands from a connection")
        elif (step.name in _PLUMBING or "s_client" in step.args) and any(_takes(each) for each in steps.pipeline(step)):
            yield Evidence(step.at, _KIND, "strong", f"a shell is joined to {step.name}")
        elif step.name == "socat" and _executed_by_socat(step):
            yield Evidence(step.at, _KIND, "strong", "socat starts a shell for whoever is at the other end")
        elif step.name in INTERPRETERS and _in_code(step):
            yield Evidence(step.at, _KIND, "strong", f"{step.name} joins a shell to a connection")
        elif step.command.script in connected and step.name[:1] == "$" and _answers(step):
            yield Evidence(step.at, _KIND, "strong", "what comes from a connection is run, and answered there")
        elif step.name in NETCATS and _informs(steps, step):
            host = next((each for each in step.args if "." in each), "")
            strength: Strength = "strong" if host and Place("", host.lower(), "").outside else "medium"
            yield Evidence(step.at, "information sent", strength, f"what the machine is goes to {step.name}")


def _connects(step: Step) -> bool:
    return any(_DEVICE.search(where) for _, where in step.targets)


def _answers(step: Step) -> bool:
    return any(operator == ">&" and where.isdigit() for operator, where in step.targets)


def _executes(step: Step) -> bool:
    for index, word in enumerate(step.args):
        flag, equals, value = word.partition("=")
        if _EXECUTES.fullmatch(flag):
            command = value if equals else step.args[index + 1] if index + 1 < len(step.args) else ""
            if base(command.split(" ")[0]).lower() in _COMMANDS:
                return True
            if command == "" and any(_names_shell(each) for each in step.command.scripts):
                return True
    return False


def _names_shell(text: str) -> bool:
    return any(base(word) in _COMMANDS for word in text.split()[:1])


def _takes(step: Step) -> bool:
    """A shell that is neither given a script nor a file."""
    return step.name in SHELLS and (step.reads_script or "-i" in step.args)


def _executed_by_socat(step: Step) -> bool:
    words = [*step.args, *step.command.scripts]
    starts = [word for word in words if word.lower().startswith(("exec:", "system:", "shell:"))]
    network = any(word.lower().startswith(("tcp", "udp", "openssl", "ssl", "sctp", "socks", "vsock")) for word in words)
    return network and any(base(part) in SHELLS for word in starts for part in re.split(r"[:,\s'\"]", word))


def _in_code(step: Step) -> bool:
    if not {"-c", "-e", "-r", "-rsocket", "-MIO", "-Msocket"} & set(step.args):
        return False
    code = step.text
    socket = any(each in code for each in ("socket", "Socket", "fsockopen", "net.connect", "net.Socket"))
    shell = any(
        f"{each}" in code for each in ("/bin/sh", "/bin/bash", "/bin/ash", "pty.spawn", "sh -i", "bash -i", "cmd.exe")
    )
    joins = any(
        each in code
        for each in (
            "dup2",
            "pty.spawn",
            "subprocess",
            "exec",
            "popen",
            "system",
            "STDIN",
            "spawn",
            "proc_open",
            "pipe(",
        )
    )
    return socket and shell and joins


def _informs(steps: Steps, step: Step) -> bool:
    if "-z" in step.args or any(each[:1] == "-" != each[1:2] and ("z" in each or "l" in each) for each in step.args):
        return False
    before = steps.before(step)
    names = {each.name for each in before} | {inner.name for each in before for inner in steps.inside(each)}
    return bool(names & _TELLING) or len(names & _INFORMERS) > 1


def remote_access(steps: Steps) -> Iterator[Evidence]:
    """An SSH server that is installed and started by the container's own command, or given somebody's keys by it.

    Keys that the command itself prints into the file are its owner's.
    """
    started = [step for step in steps.all if _starts_ssh(step)]
    if not started:
        return
    for step in steps.all:
        if step.name in _INSTALLERS and not _SSH_PACKAGES.isdisjoint(step.args):
            yield Evidence(step.at, "remote access", "medium", "an SSH server is installed and started")
        if step.name not in PRINTERS and any("authorized_keys" in where for where in step.written()):
            yield Evidence(step.at, "remote keys", "medium", "keys for an SSH server are written, and it is started")


def _starts_ssh(step: Step) -> bool:
    if step.name in {"service", "systemctl", "rc-service"}:
        return "start" in step.args and not {"ssh", "sshd", "dropbear"}.isdisjoint(step.args)
    return step.name in {"sshd", "dropbear"} or (step.name == "ssh" and step.args[:1] == ["start"])

"""Starts a real Kubernetes control plane on this machine, or uses a cluster that the caller names.

with controlplane() as cp:
    cp.kubectl("create", "deployment", "web", "--image=nginx")
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from testbed import components, kubeconfig
from testbed.binaries import binaries, binary
from testbed.processes import LOG_LINES, PortTakenError, Processes

if TYPE_CHECKING:
    from testbed.certificates import Authority

PORT_TRIES = 3
"""How often a start is tried again because somebody took a port in between."""

KUBECTL_SECONDS = 120.0
"""How long one kubectl or helm command may take."""

TOKEN_DURATION = "24h"  # noqa: S105 - a duration, not a secret


class ControlPlaneError(Exception):
    """The caller asked for something this control plane cannot give."""


class CommandError(Exception):
    """kubectl or helm failed; the text has the command, its exit code and its last lines, `result` all of it."""

    def __init__(self, message: str, result: subprocess.CompletedProcess[str]) -> None:
        super().__init__(message)
        self.result = result


class ControlPlane:
    """One control plane. Make it with `start`, `existing` or the function `controlplane`; end it with `stop`.

    Attributes:
        kubeconfig: Path of the administrator's kubeconfig; for a started plane of group system:masters.
        server: URL of the API server.
        run_dir: Folder of this run; a clean stop removes it.
        log_dir: Folder of the logs, one file a process.
        owned: Whether `stop` ends it; never so for an existing cluster.
    """

    def __init__(self, run_dir: Path, log_dir: Path, admin: Path, cluster: Mapping[str, Any]) -> None:
        """Only for this module; use `start` or `existing`."""
        self.run_dir = run_dir
        self.log_dir = log_dir
        self.kubeconfig = admin
        self.owned = False
        self._cluster = dict(cluster)
        self._authority: Authority | None = None
        self._processes: Processes | None = None
        self._stopped = False

    @property
    def server(self) -> str:
        """URL of the API server."""
        return str(self._cluster["server"])

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name; empty for an existing cluster and after `stop`."""
        return {} if self._processes is None else self._processes.pids()

    @classmethod
    def start(
        cls, *, log_dir: Path | None = None, apiserver_args: Sequence[str] = (), leave_running: bool = False
    ) -> Self:
        """Start a control plane with one node and wait until it is ready: a few seconds.

        Args:
            log_dir: Where the logs go and stay; without it they are below `run_dir` and go with it.
            apiserver_args: More arguments for kube-apiserver; they come last, so they win.
            leave_running: The plane outlives this process; without it the plane ends with this process.

        Raises:
            testbed.processes.StartError: A process ended, or it took longer than five minutes; the run folder is kept.
            testbed.gobuild.BuildError: A program is missing and cannot be built.
        """
        if sys.platform != "linux":
            raise ControlPlaneError("A control plane starts on Linux only; set AUP_KUBECONFIG to use a cluster.")
        programs = binaries(components.PROGRAMS)
        for attempt in range(1, PORT_TRIES + 1):
            try:
                return cls._start(programs, log_dir, apiserver_args, leave_running=leave_running)
            except PortTakenError:
                if attempt == PORT_TRIES:
                    raise
        raise AssertionError

    @classmethod
    def _start(
        cls, programs: Mapping[str, Path], log_dir: Path | None, apiserver_args: Sequence[str], *, leave_running: bool
    ) -> Self:
        # Imported here, because only a start needs the package `cryptography`.
        from testbed.launch import launch  # noqa: PLC0415

        run_dir = Path(tempfile.mkdtemp(prefix="aup-testbed-"))
        logs = run_dir / "logs" if log_dir is None else log_dir.absolute()
        logs.mkdir(parents=True, exist_ok=True)
        processes = Processes(run_dir, logs, leave_running=leave_running)
        try:
            launched = launch(programs, run_dir, processes, apiserver_args)
        except BaseException as error:
            processes.stop()
            _clean_up(run_dir, keep=not isinstance(error, PortTakenError))
            raise
        plane = cls(run_dir, logs, launched.admin, launched.cluster)
        plane.owned = True
        plane.sign_with(launched.authority)
        plane._processes = processes
        if not leave_running:
            atexit.register(plane.stop)
        return plane

    @classmethod
    def existing(cls, path: Path | str) -> Self:
        """Use the cluster of a kubeconfig's current context; nothing is started, and `stop` leaves it alone.

        Raises:
            ControlPlaneError: The file is missing or has no usable context, or the cluster does not answer.
        """
        path = Path(path).expanduser().absolute()
        if not path.is_file():
            raise ControlPlaneError(f"The kubeconfig {path} does not exist.")
        command = [str(binary("kubectl")), f"--kubeconfig={path}"]
        env = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
        view = _run([*command, "config", "view", "--raw", "--minify", "--flatten", "-o", "json"], env)
        if view.returncode != 0:
            raise ControlPlaneError(f"The kubeconfig {path} cannot be used: {view.stderr.strip()}")
        answer = _run([*command, "get", "--raw", "/readyz", "--request-timeout=20s"], env)
        if answer.returncode != 0:
            raise ControlPlaneError(f"The cluster of {path} is not ready: {answer.stderr.strip()}")
        run_dir = Path(tempfile.mkdtemp(prefix="aup-testbed-"))
        plane = cls(run_dir, run_dir / "logs", path, json.loads(view.stdout)["clusters"][0]["cluster"])
        atexit.register(plane.stop)
        return plane

    def sign_with(self, authority: "Authority") -> None:
        """Let `user_kubeconfig` sign with the cluster's own authority."""
        self._authority = authority

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(keep=error is not None)

    def stop(self, *, keep: bool = False) -> None:
        """End all processes and remove `run_dir`; a second call does nothing. An existing cluster keeps running.

        Args:
            keep: Keep `run_dir` without etcd's data and say on stderr where it is; so also if a process had ended
                by itself.
        """
        if self._stopped:
            return
        self._stopped = True
        atexit.unregister(self.stop)
        if self._processes is not None:
            ended = self._processes.ended()
            self._processes.stop()
            for component in ended:
                print(f"testbed: {component.failure()}", file=sys.stderr)
            keep = keep or bool(ended)
        _clean_up(self.run_dir, keep=keep and self.owned)

    def kubectl(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002 - the name subprocess.run uses
        check: bool = True,
        kubeconfig: Path | None = None,
        timeout: float = KUBECTL_SECONDS,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl, as the administrator unless another kubeconfig is given.

        Raises:
            CommandError: It failed and `check` is true.
            subprocess.TimeoutExpired: It took longer than `timeout` seconds.
        """
        command = [str(binary("kubectl")), *args]
        return self._command(command, input, kubeconfig or self.kubeconfig, timeout, check=check)

    def helm(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002 - the name subprocess.run uses
        check: bool = True,
        kubeconfig: Path | None = None,
        timeout: float = KUBECTL_SECONDS,
    ) -> subprocess.CompletedProcess[str]:
        """Run helm; otherwise as `kubectl`."""
        command = [str(binary("helm")), *args]
        return self._command(command, input, kubeconfig or self.kubeconfig, timeout, check=check)

    def environment(self, kubeconfig: Path | None = None) -> dict[str, str]:
        """This process's environment with KUBECONFIG set; caches of kubectl and helm are below `run_dir`.

        Both end soon and need hardly collect garbage, which takes up to a quarter of kubectl's time.
        """
        cache = self.run_dir / "cache"
        return {
            **os.environ,
            "KUBECONFIG": str(kubeconfig or self.kubeconfig),
            "GOGC": "400",
            "KUBECACHEDIR": str(cache / "kubectl"),
            "HELM_CACHE_HOME": str(cache / "helm"),
            "HELM_CONFIG_HOME": str(cache / "helm-config"),
            "HELM_DATA_HOME": str(cache / "helm-data"),
        }

    def _command(
        self, command: Sequence[str], text: str | None, kubeconfig: Path, timeout: float, *, check: bool
    ) -> subprocess.CompletedProcess[str]:
        result = _run(command, self.environment(kubeconfig), text, timeout)
        if check and result.returncode != 0:
            said = "\n".join([*result.stderr.splitlines()[-LOG_LINES:], *result.stdout.splitlines()[-LOG_LINES:]])
            shown = " ".join([Path(command[0]).name, *command[1:]])
            ended = [] if self._processes is None else self._processes.ended()
            dead = "".join(f"\n{component.failure()}" for component in ended)
            raise CommandError(f"`{shown}` failed with exit code {result.returncode}:\n{said}{dead}", result)
        return result

    def kubeconfig_for(self, name: str, token: str) -> Path:
        """Write a kubeconfig for a bearer token; `name` only names the file."""
        return kubeconfig.write(self._user_file(name), self._cluster, {"token": token})

    def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """A kubeconfig for a service account that exists, with a fresh token from the TokenRequest API."""
        answer = self.kubectl("create", "token", name, "--namespace", namespace, "--duration", TOKEN_DURATION)
        return self.kubeconfig_for(f"system:serviceaccount:{namespace}:{name}", answer.stdout.strip())

    def user_kubeconfig(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig with a client certificate for any user name and groups; the user need not exist before.

        A started plane signs the certificate itself. An existing cluster is asked through the CertificateSigningRequest
        API, so its administrator must be allowed to approve, and the group system:masters is refused.

        Raises:
            CommandError: An existing cluster does not sign client certificates.
            ValueError: A name is empty or longer than 64 characters.
        """
        # Imported here, because only certificates need the package `cryptography`.
        from testbed import certificates  # noqa: PLC0415

        if self._authority is not None:
            pair = self._authority.client(user, groups)
            entry = kubeconfig.certificate_user(pair.certificate, pair.key)
        else:
            request = certificates.signing_request(user, groups)
            entry = kubeconfig.certificate_user(self._sign(request.certificate), request.key)
        return kubeconfig.write(self._user_file("/".join([user, *groups])), self._cluster, entry)

    def _sign(self, request: bytes) -> bytes:
        """A client certificate from the cluster's own signer; the request object is removed again."""
        body = {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"generateName": "testbed-"},
            "spec": {
                "request": kubeconfig.encoded(request),
                "signerName": "kubernetes.io/kube-apiserver-client",
                "usages": ["client auth"],
            },
        }
        name = self.kubectl("create", "-f", "-", "-o", "name", input=json.dumps(body)).stdout.strip()
        try:
            self.kubectl("certificate", "approve", name)
            self.kubectl("wait", name, "--for=jsonpath={.status.certificate}", "--timeout=20s")
            return kubeconfig.decoded(self.kubectl("get", name, "-o", "jsonpath={.status.certificate}").stdout)
        finally:
            self.kubectl("delete", name, check=False)

    def _user_file(self, name: str) -> Path:
        return self.run_dir / "kubeconfigs" / "users" / kubeconfig.file_name(name)


def controlplane(*, log_dir: Path | None = None, apiserver_args: Sequence[str] = ()) -> ControlPlane:
    """The cluster that `AUP_KUBECONFIG` names; without it a fresh control plane, see `ControlPlane.start`.

    Raises:
        ControlPlaneError: `apiserver_args` for a cluster that runs already, or that cluster cannot be used.
    """
    if named := os.environ.get("AUP_KUBECONFIG"):
        if apiserver_args:
            raise ControlPlaneError("AUP_KUBECONFIG names a running cluster: its API server takes no new arguments.")
        return ControlPlane.existing(named)
    return ControlPlane.start(log_dir=log_dir, apiserver_args=apiserver_args)


def _clean_up(run_dir: Path, *, keep: bool) -> None:
    """Remove the folder of a run, or only etcd's data, which is large."""
    if keep:
        shutil.rmtree(run_dir / "etcd", ignore_errors=True)
        print(f"testbed: logs and settings are kept in {run_dir}", file=sys.stderr)
    else:
        shutil.rmtree(run_dir, ignore_errors=True)


def _run(
    command: Sequence[str], env: Mapping[str, str], text: str | None = None, timeout: float = KUBECTL_SECONDS
) -> subprocess.CompletedProcess[str]:
    # An empty standard input, so that a command which asks something fails instead of waiting.
    return subprocess.run(
        command, env=dict(env), input=text or "", capture_output=True, text=True, timeout=timeout, check=False
    )

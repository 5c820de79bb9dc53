"""aup on a control plane as a user installs it: by its chart.

The chart's Pods run no containers there, so the same entry points run as local processes, under their own service
accounts' tokens and behind the chart's own Service.
"""

import base64
import json
import ssl
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from testbed.certificates import Authority
from testbed.controlplane import ControlPlane
from testbed.mounted import MountedSecret
from testbed.processes import Component, Processes, free_ports

NAMESPACE = "aup-system"
RELEASE = "aup"
SECRET = f"{RELEASE}-webhook-tls"
CHART = Path(__file__).resolve().parent.parent / "charts" / "aup"

_READY_SECONDS = 120.0
_POLL_SECONDS = 0.05


class InstallationError(Exception):
    """A process of ours did not become ready; the text has the end of its log."""


class Installation:
    """One installation of aup. `webhook` and `operator` can be killed and started again, as a node failure would do.

    Used in a `with`, its processes end with that; so they do when it cannot be installed.

    Args:
        plane: Where to.
        log_dir: An existing folder, for a log file of each process.
        leave_running: The processes outlive this one.
        tls: The chart's `webhook.tls.mode`.
        mount_delay: Seconds by which the webhook's files are behind the Secret, where that is not existingSecret.
        cluster_tenant: The tenant that has the whole cluster.
        outside: The processes run as ones outside of the cluster do, with client certificates, reached by URL.
        values: More of the chart's values, each as `name=value`.
        operator_settings: More of the operator's environment variables.

    Attributes:
        certificate, key: The serving certificate's files, which a test may replace.
        authority: The certificate authority that signed it, where `tls` is existingSecret.
        mounted: The Secret that the webhook serves with, where it is another mode.
    """

    def __init__(
        self,
        plane: ControlPlane,
        log_dir: Path,
        *,
        leave_running: bool = False,
        tls: str = "existingSecret",
        mount_delay: float = 0,
        cluster_tenant: str = "",
        outside: bool = False,
        values: Sequence[str] = (),
        **operator_settings: str,
    ) -> None:
        self.plane = plane
        self.log_dir = log_dir
        self.authority = Authority()
        self._tls = tls
        self._mount_delay = mount_delay
        self._cluster_tenant = cluster_tenant
        self._outside = outside
        self._values = values
        folder = plane.run_dir / "aup"
        if tls == "existingSecret":
            folder.mkdir(exist_ok=True)
            self.certificate, self.key = self.authority.server("aup-webhook", self.names()).write(folder, "tls")
        else:
            self.certificate, self.key = folder / "tls.crt", folder / "tls.key"
        self.mounted: MountedSecret | None = None
        own = {"AUP_CERTIFICATE_SECRET": SECRET} if tls == "selfSigned" else {}
        self.operator_settings: Mapping[str, str] = {**own, **operator_settings}
        self.port, self.plain_port, self.health_port, self.metrics_port = free_ports(4)
        self._processes = Processes(plane.run_dir, log_dir, leave_running=leave_running)
        self._running: dict[str, Component] = {}
        self._starts = 0

    @staticmethod
    def names() -> list[str]:
        """The names that the serving certificate is for."""
        return ["localhost", f"{RELEASE}-webhook.{NAMESPACE}.svc"]

    def install(self) -> Self:
        """`helm install` the chart, start webhook and operator, and wait until both are at work.

        Raises:
            testbed.controlplane.CommandError: helm failed.
            InstallationError: A process did not become ready.
            TimeoutError: Nobody made a certificate.
        """
        try:
            self.install_chart()
            self.start_operator()
            if self._tls != "existingSecret":
                files = self.certificate.parent
                self.mounted = MountedSecret(self.plane, NAMESPACE, SECRET, files, delay=self._mount_delay)
                self.mounted.wait()
            self.start_webhook()
            self.wait_for_policy()
        except BaseException:
            self.stop()
            raise
        return self

    def install_chart(self) -> None:
        """`helm install` the chart alone.

        Raises:
            testbed.controlplane.CommandError: helm failed.
        """
        chart = (RELEASE, str(CHART), "--namespace", NAMESPACE, "--create-namespace")
        self.plane.helm("install", *chart, *self.helm_values())

    def helm_values(self) -> Sequence[str]:
        """The values with which the chart's Service leads to the local webhook."""
        values = f"webhook.tls.mode={self._tls},webhook.service.externalName=localhost,webhook.service.port={self.port}"
        if self._tls == "existingSecret":
            values += f",webhook.tls.caBundle={base64.b64encode(self.authority.pair.certificate).decode()}"
        if self._outside:
            url = f"https://localhost:{self.port}/enforce"
            values += f",webhook.url={url},webhook.user={RELEASE}:webhook,operator.user={RELEASE}:operator"
        if self._cluster_tenant:
            values += f",cluster.tenant={self._cluster_tenant}"
        return "--set", ",".join([values, *self._values])

    def start_webhook(self) -> None:
        """Start the webhook and wait for `/readyz`."""
        self._start(
            "webhook",
            {
                "AUP_PORT": str(self.port),
                "AUP_PLAIN_PORT": str(self.plain_port),
                "AUP_TLS_CERT": str(self.certificate),
                "AUP_TLS_KEY": str(self.key),
            },
        )
        self._wait("webhook", f"http://127.0.0.1:{self.plain_port}/readyz")

    def start_operator(self, **settings: str) -> None:
        """Start the operator, with other settings if given, and wait for its health endpoint."""
        self._start(
            "operator",
            {
                "AUP_NAMESPACE": NAMESPACE,
                "AUP_RESYNC_SECONDS": "2",
                "AUP_BRAKE_TENANTS": "0",
                "AUP_HEALTH_PORT": str(self.health_port),
                "AUP_METRICS_PORT": str(self.metrics_port),
                "AUP_POLICY_FILE": str(CHART / "files" / "policy.yaml"),
                "AUP_PROTECTION_COPY": f"{RELEASE}-protection",
                **self.operator_settings,
                **settings,
            },
        )
        self._wait("operator", f"http://127.0.0.1:{self.health_port}/healthz")

    def wait_for_policy(self) -> None:
        """Wait until the operator has installed the policy and found it effective.

        Raises:
            InstallationError: It has not within two minutes.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            answer = self.plane.kubectl("get", "acceptableusepolicies", "-o", "json")
            if any(item.get("status", {}).get("phase") == "Effective" for item in json.loads(answer.stdout)["items"]):
                return
            time.sleep(_POLL_SECONDS)
        raise InstallationError(f"No policy is effective.\n{self._running['operator'].failure()}")

    def kill(self, name: str) -> None:
        """SIGKILL a process of ours: `webhook` or `operator`."""
        component = self._running.pop(name)
        component.process.kill()
        component.process.wait()

    def running(self, name: str) -> bool:
        """Whether the process is there."""
        return name in self._running and self._running[name].process.poll() is None

    @property
    def pids(self) -> dict[str, int]:
        """The ids of our processes that run, by name."""
        return {name: component.process.pid for name, component in self._running.items()}

    def metrics(self) -> str:
        """The webhook's metrics in Prometheus' text format."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.plain_port}/metrics", timeout=60) as answer:
            return str(answer.read().decode())

    def context(self) -> ssl.SSLContext:
        """A TLS context that trusts the webhook's authority, as kube-apiserver does through `caBundle`."""
        return ssl.create_default_context(cadata=self.authority.pair.certificate.decode())

    def stop(self) -> None:
        """End our processes; the control plane and what is installed on it stay."""
        if self.mounted is not None:
            self.mounted.close()
        self._processes.stop()
        self._running.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, name: str, settings: Mapping[str, str]) -> None:
        if self._outside:
            kubeconfig = self.plane.user_kubeconfig(f"{RELEASE}:{name}")
        else:
            kubeconfig = self.plane.service_account_kubeconfig(NAMESPACE, f"{RELEASE}-{name}")
        self._starts += 1
        self._running[name] = self._processes.start(
            f"{name}-{self._starts}",
            [sys.executable, "-Im", f"aup_{name}"],
            {
                "PATH": "/usr/bin:/bin",
                "KUBECONFIG": str(kubeconfig),
                "AUP_HOST": "127.0.0.1",
                "AUP_CLUSTER_TENANT": self._cluster_tenant,
                "AUP_PROVIDER_NAMESPACES": NAMESPACE,
                **settings,
            },
        )

    def _wait(self, name: str, url: str) -> None:
        if not self._running[name].answers_within(url, _READY_SECONDS):
            raise InstallationError(f"The {name} is not ready.\n{self._running[name].failure()}")

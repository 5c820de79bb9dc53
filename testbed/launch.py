"""The start of a control plane: certificates and kubeconfigs first, then one process after the other until ready."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed import components, kubeconfig
from testbed.api import ALREADY_EXISTS, CREATED, OK, Api
from testbed.certificates import Authority, signing_pair
from testbed.components import Layout, Ports
from testbed.processes import POLL_SECONDS, Component, PortTakenError, Processes, StartError, free_ports

READY_SECONDS = 300.0
"""How long a control plane may take to get ready: usually 5 to 15 s, minutes where much else runs."""


@dataclass(frozen=True)
class Launched:
    """A ready control plane: the administrator's kubeconfig, a kubeconfig's `cluster` entry, the authority."""

    admin: Path
    cluster: dict[str, Any]
    authority: Authority


def launch(
    programs: Mapping[str, Path], run_dir: Path, processes: Processes, apiserver_args: Sequence[str]
) -> Launched:
    """Start everything below an empty `run_dir`; the caller stops `processes` if this fails.

    Raises:
        PortTakenError: Somebody took a port in between.
        StartError: A process ended, or `READY_SECONDS` were not enough.
    """
    layout = Layout(pki=run_dir / "pki", kubeconfigs=run_dir / "kubeconfigs", etcd_data=run_dir / "etcd")
    ports = Ports(*free_ports(4))
    authority = Authority()
    layout.pki.mkdir()
    authority.pair.write(layout.pki, "ca")
    authority.server("kube-apiserver", components.SERVER_NAMES).write(layout.pki, "server")
    signing_pair().write(layout.pki, "sa")
    etcd_client = authority.client("kube-apiserver-etcd-client").write(layout.pki, "etcd-client")
    administrator = authority.client(*components.USERS["admin"]).write(layout.pki, "admin")
    cluster = {
        "server": f"https://127.0.0.1:{ports.apiserver}",
        "certificate-authority-data": kubeconfig.encoded(authority.pair.certificate),
    }
    for name, (user, groups) in components.USERS.items():
        pair = authority.client(user, groups)
        kubeconfig.write(
            Path(layout.kubeconfig(name)), cluster, kubeconfig.certificate_user(pair.certificate, pair.key)
        )

    start = _Start(processes, run_dir)
    etcd_api = Api(layout.pki / "ca.crt", *etcd_client)
    etcd = start.run("etcd", components.etcd(programs, layout, ports))
    start.wait(etcd, _answers(etcd_api, ports.etcd, "/health"))

    api = Api(layout.pki / "ca.crt", *administrator)
    server = start.run("kube-apiserver", components.apiserver(programs, layout, ports, apiserver_args))
    start.wait(server, _answers(api, ports.apiserver, "/readyz"))

    manager = start.run("kube-controller-manager", components.controller_manager(programs, layout, ports))
    config = run_dir / "scheduler.json"
    config.write_text(json.dumps(components.scheduler_config(layout)))
    scheduler = start.run("kube-scheduler", components.scheduler(programs, layout, ports, config))
    for path, body in components.first_objects():
        start.wait(server, _made(api, ports.apiserver, path, body))
    kwok = start.run("kwok", components.kwok(programs, layout))

    start.wait(manager, _answers(api, ports.controller_manager, "/healthz"))
    # Without it no Pod is admitted in the namespace `default`.
    start.wait(manager, _answers(api, ports.apiserver, "/api/v1/namespaces/default/serviceaccounts/default"))
    start.wait(scheduler, _answers(api, ports.scheduler, "/readyz"))
    start.wait(kwok, _node_takes_pods(api, ports.apiserver))
    return Launched(Path(layout.kubeconfig("admin")), cluster, authority)


class _Start:
    """One start with one deadline."""

    def __init__(self, processes: Processes, run_dir: Path) -> None:
        self._processes = processes
        self._deadline = time.monotonic() + READY_SECONDS
        # kwok also reads a file of the user's home folder unless it has a folder of its own.
        self._env = {**os.environ, "KWOK_WORKDIR": str(run_dir / "kwok")}
        self._env.pop("KUBECONFIG", None)

    def run(self, name: str, command: Sequence[str]) -> Component:
        return self._processes.start(name, command, self._env)

    def wait(self, component: Component, ready: Callable[[], bool]) -> None:
        """Wait until `ready`; any process that ends by itself is an error."""
        while True:
            for ended in self._processes.ended():
                kind = PortTakenError if ended.wants_other_port() else StartError
                raise kind(f"The control plane did not start: {ended.failure()}")
            if ready():
                return
            if time.monotonic() > self._deadline:
                raise StartError(f"Not ready after {READY_SECONDS:.0f} s: {component.failure()}")
            time.sleep(POLL_SECONDS)


def _answers(api: Api, port: int, path: str) -> Callable[[], bool]:
    return lambda: api.request("GET", port, path)[0] == OK


def _made(api: Api, port: int, path: str, body: Mapping[str, Any]) -> Callable[[], bool]:
    """Whether an object is there; no answer is asked for again, a refusal ends the start."""

    def made() -> bool:
        status, text = api.request("POST", port, path, body)
        if status not in {0, CREATED, ALREADY_EXISTS}:
            raise StartError(f"kube-apiserver answered POST {path} with {status}: {text}")
        return status != 0

    return made


def _node_takes_pods(api: Api, port: int) -> Callable[[], bool]:
    """Whether the node is ready and has no taint left."""

    def ready() -> bool:
        status, text = api.request("GET", port, f"/api/v1/nodes/{components.NODE_NAME}")
        if status != OK:
            return False
        node = json.loads(text)
        conditions = node.get("status", {}).get("conditions", [])
        good = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
        return good and not node["spec"].get("taints")

    return ready

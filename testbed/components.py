"""The command lines of the control plane's processes, as a production cluster has them where it matters for policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok")
"""The programs a control plane needs."""

SERVER_NAMES = (
    "127.0.0.1",
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "10.96.0.1",
)
"""Names and addresses the server certificate is for."""

NODE_NAME = "testbed-node"
NODE_USER = "system:node:testbed-node"

USERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "admin": ("kubernetes-admin", ("system:masters",)),
    "kube-controller-manager": ("system:kube-controller-manager", ()),
    "kube-scheduler": ("system:kube-scheduler", ()),
    "kwok": (NODE_USER, ("system:nodes",)),
}
"""Kubeconfig name to user and groups. kwok acts as a kubelet does, so that policies see a node's name and group."""


@dataclass(frozen=True)
class Ports:
    """The TCP ports on 127.0.0.1 of one control plane."""

    etcd: int
    apiserver: int
    controller_manager: int
    scheduler: int


@dataclass(frozen=True)
class Layout:
    """Where the files of one control plane are.

    `pki` holds `ca`, `server` and `etcd-client` (each `.crt` and `.key`) and `sa.crt`, `sa.key`, the service-account
    keys; `kubeconfigs` one file for each entry of `USERS`.
    """

    pki: Path
    kubeconfigs: Path
    etcd_data: Path

    def kubeconfig(self, name: str) -> str:
        """The path of one kubeconfig."""
        return str(self.kubeconfigs / f"{name}.kubeconfig")


def etcd(programs: Mapping[str, Path], layout: Layout, ports: Ports) -> list[str]:
    """One member, no fsync (the data is thrown away), TLS with client certificates.

    TLS is what tells this etcd apart from another one that took the port in between.
    """
    url = f"https://127.0.0.1:{ports.etcd}"
    return [
        str(programs["etcd"]),
        f"--data-dir={layout.etcd_data}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        "--listen-peer-urls=http://127.0.0.1:0",
        f"--cert-file={layout.pki / 'server.crt'}",
        f"--key-file={layout.pki / 'server.key'}",
        f"--trusted-ca-file={layout.pki / 'ca.crt'}",
        "--client-cert-auth",
        "--log-level=warn",
    ]


def apiserver(programs: Mapping[str, Path], layout: Layout, ports: Ports, extra: Sequence[str]) -> list[str]:
    """RBAC, node authorization and the default admission plugins, ServiceAccount among them; `extra` comes last.

    A file of authorizers among `extra` takes the place of the first two.
    """
    pki = layout.pki
    authorizers = any(each.startswith("--authorization-config=") for each in extra)
    return [
        str(programs["kube-apiserver"]),
        "--bind-address=127.0.0.1",
        f"--secure-port={ports.apiserver}",
        # Endpoints must not hold loopback addresses, so the `kubernetes` Service gets none.
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--etcd-servers=https://127.0.0.1:{ports.etcd}",
        f"--etcd-cafile={pki / 'ca.crt'}",
        f"--etcd-certfile={pki / 'etcd-client.crt'}",
        f"--etcd-keyfile={pki / 'etcd-client.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'server.crt'}",
        f"--tls-private-key-file={pki / 'server.key'}",
        *([] if authorizers else ["--authorization-mode=Node,RBAC"]),
        "--allow-privileged=true",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'sa.crt'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        *extra,
    ]


def controller_manager(programs: Mapping[str, Path], layout: Layout, ports: Ports) -> list[str]:
    """Each controller acts as its own service account of kube-system; no leader election; a high client rate.

    The default client rate (20 a second) would make a benchmark wait for the controllers.
    """
    pki = layout.pki
    return [
        str(programs["kube-controller-manager"]),
        "--bind-address=127.0.0.1",
        f"--secure-port={ports.controller_manager}",
        f"--tls-cert-file={pki / 'server.crt'}",
        f"--tls-private-key-file={pki / 'server.key'}",
        f"--kubeconfig={layout.kubeconfig('kube-controller-manager')}",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki / 'sa.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        "--leader-elect=false",
        # The fake node has no kubelet that renews a lease; by default it would be NotReady, with its Pods, after 40 s.
        "--node-monitor-grace-period=24h",
        "--kube-api-qps=300",
        "--kube-api-burst=600",
        "--horizontal-pod-autoscaler-sync-period=5s",
        "--resource-quota-sync-period=30s",
    ]


def scheduler(programs: Mapping[str, Path], layout: Layout, ports: Ports, config: Path) -> list[str]:
    """The default scheduler; `config` is a file with `SCHEDULER_CONFIG`'s content."""
    return [
        str(programs["kube-scheduler"]),
        "--bind-address=127.0.0.1",
        f"--secure-port={ports.scheduler}",
        f"--tls-cert-file={layout.pki / 'server.crt'}",
        f"--tls-private-key-file={layout.pki / 'server.key'}",
        f"--config={config}",
    ]


def scheduler_config(layout: Layout) -> dict[str, object]:
    """The scheduler's configuration file: its client rate can only be set there."""
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {"kubeconfig": layout.kubeconfig("kube-scheduler"), "qps": 300, "burst": 600},
    }


def kwok(programs: Mapping[str, Path], layout: Layout) -> list[str]:
    """The stand-in for kubelets: every node's Pods become Running, a Job's Pods succeed, deleted Pods go away."""
    return [
        str(programs["kwok"]),
        f"--kubeconfig={layout.kubeconfig('kwok')}",
        "--manage-all-nodes=true",
        "--cidr=10.244.0.1/16",
        "--node-ip=10.0.0.1",
    ]


def first_objects() -> list[tuple[str, dict[str, object]]]:
    """API paths and objects to create in a fresh cluster: the rights of kwok, and one node."""
    size = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "1000"}
    rbac = "rbac.authorization.k8s.io"
    every = ["get", "list", "watch", "create", "update", "patch", "delete"]
    role: dict[str, object] = {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "testbed:kwok"},
        "rules": [
            {"apiGroups": [""], "resources": ["nodes", "nodes/status", "pods", "pods/status"], "verbs": every},
            {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": every},
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": every},
        ],
    }
    binding: dict[str, object] = {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "testbed:kwok"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "testbed:kwok"},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": NODE_USER}],
    }
    node: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE_NAME,
            "labels": {
                "kubernetes.io/hostname": NODE_NAME,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "type": "kwok",
            },
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {"allocatable": size, "capacity": size},
    }
    return [
        (f"/apis/{rbac}/v1/clusterroles", role),
        (f"/apis/{rbac}/v1/clusterrolebindings", binding),
        ("/api/v1/nodes", node),
    ]

"""The configuration files of containerd, the CNI bridge, kubelet and kube-proxy, and the cluster's DNS."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed import debian
from testbed.node import images

NODE = "aup-node"
LINK = "aupnode0"
"""The host's end of the only link to the node."""

HOST_ADDRESS = "10.250.71.1"
NODE_ADDRESS = "10.250.71.2"
PODS = "10.244.0.0/24"
SERVICES = "10.96.0.0/16"
DNS = "10.96.0.10"
PORT = 6443
SOCKET = "/run/containerd/containerd.sock"


@dataclass(frozen=True)
class Files:
    """Where one node's files are: below `run`, and `sysroot` for what comes from Debian."""

    run: Path
    sysroot: Path

    @property
    def containerd(self) -> Path:
        """containerd's configuration."""
        return self.run / "containerd.toml"

    @property
    def kubelet(self) -> Path:
        """kubelet's configuration."""
        return self.run / "kubelet.json"

    @property
    def proxy(self) -> Path:
        """kube-proxy's configuration."""
        return self.run / "kube-proxy.json"


def write(files: Files, pki: Path, kubeconfigs: Path) -> None:
    """Write every file and make every folder that they name."""
    for name in ("cni", "containerd", "kubelet", "pods", "plugins", "var-log"):
        (files.run / name).mkdir(exist_ok=True)
    (files.run / "resolv.conf").touch()
    files.containerd.write_text(_containerd(files))
    (files.run / "cni" / "10-bridge.conflist").write_text(json.dumps(_bridge()))
    files.kubelet.write_text(json.dumps(_kubelet(files, pki), indent=1))
    files.proxy.write_text(json.dumps(_proxy(kubeconfigs), indent=1))


def _containerd(files: Files) -> str:
    """No snapshotter but overlayfs; scores for the out-of-memory killer only where the machine allows to lower them."""
    unused = ["nri.v1.nri", *(f"snapshotter.v1.{name}" for name in ("blockfile", "btrfs", "devmapper", "zfs", "erofs"))]
    disabled = json.dumps([f"io.containerd.{name}" for name in [*unused, "differ.v1.erofs"]])
    runtime = "plugins.'io.containerd.cri.v1.runtime'"
    return f"""version = 3
root = "{files.run}/containerd"
state = "/run/containerd"
disabled_plugins = {disabled}
[grpc]
  address = "{SOCKET}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{images.PAUSE}"
[{runtime}]
  disable_apparmor = true
  restrict_oom_score_adj = true
[{runtime}.cni]
  bin_dirs = ["{files.sysroot}/usr/lib/cni"]
  conf_dir = "{files.run}/cni"
[{runtime}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[{runtime}.containerd.runtimes.runc.options]
  BinaryName = "{debian.program(files.sysroot, "runc")}"
  SystemdCgroup = false
"""


def _bridge() -> dict[str, Any]:
    """Pods on a bridge; a Pod may call itself through its Service."""
    addresses = {
        "type": "host-local",
        "dataDir": "/run/cni-addresses",
        "ranges": [[{"subnet": PODS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True}
    return {"cniVersion": "1.0.0", "name": "aup", "plugins": [bridge | {"ipam": addresses}]}


def _kubelet(files: Files, pki: Path) -> dict[str, Any]:
    """As on any node, but for a machine that has cgroup v1, no swap accounting and little disk to give."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(pki / "kubelet.key"),
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "clusterDNS": [DNS],
        "clusterDomain": "cluster.local",
        "resolvConf": str(files.run / "resolv.conf"),
        "podLogsDir": str(files.run / "pods"),
        "volumePluginDir": str(files.run / "plugins"),
        "makeIPTablesUtilChains": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
        },
        "maxPods": 60,
        "oomScoreAdj": 0,
    }


def _proxy(kubeconfigs: Path) -> dict[str, Any]:
    """nftables; the connection table's size is the machine's business."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": PODS,
        "hostnameOverride": NODE,
        "bindAddress": NODE_ADDRESS,
        "oomScoreAdj": 0,
        "clientConnection": {"kubeconfig": str(kubeconfigs / "kube-proxy.kubeconfig")},
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def dns() -> list[dict[str, Any]]:
    """CoreDNS as Service `kube-dns`, with the rights it needs."""
    named = {"name": "coredns", "namespace": "kube-system"}
    rbac = "rbac.authorization.k8s.io"
    corefile = ".:5353 {\n errors\n ready :8181\n kubernetes cluster.local in-addr.arpa ip6.arpa\n cache 30\n}\n"
    container = {
        "name": "coredns",
        "image": images.COREDNS,
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/coredns"}],
    }
    spec = {
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "containers": [container],
        "volumes": [{"name": "settings", "configMap": {"name": "coredns"}}],
    }
    labels = {"k8s-app": "kube-dns"}
    reads = [
        {"apiGroups": [""], "resources": ["services", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": named},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": {"Corefile": corefile}},
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": "coredns"}, "rules": reads},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "coredns"},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "coredns"},
            "subjects": [{"kind": "ServiceAccount", **named}],
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": named,
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kube-dns", "namespace": "kube-system"},
            "spec": {
                "clusterIP": DNS,
                "selector": labels,
                "ports": [
                    {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
                    {"name": "dns-tcp", "port": 53, "targetPort": 5353, "protocol": "TCP"},
                ],
            },
        },
    ]

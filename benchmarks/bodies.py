"""AdmissionReviews as kube-apiserver sends them, no two alike.

Managed fields, about a third of what a real one carries, are left out: our decoder skips them, and they would
flatter us.
"""

from typing import Any, Literal

import msgspec

Json = dict[str, Any]
Verdict = Literal["allowed", "denied"]

NAMESPACE = "acme-shop"
"""The namespace of the reviews; examples/tenants.yaml gives it to the tenant acme."""

_ANNOTATED = 10_000


def deployment(number: int, verdict: Verdict = "allowed", variables: int = 5) -> Json:
    """A Deployment of a web server with a proxy beside it, as a tenant would apply it; a denied one mines."""
    image = f"registry.example.com/team-{number % 7}/web:1.{number}.2"
    web = _container("web", image, number, variables)
    if verdict == "denied":
        web |= {"image": f"xmrig/xmrig:6.{number}", "args": ["-o", "stratum+tcp://pool.example:3333", "-u", "x"]}
    proxy = _container("proxy", f"registry.example.com/edge/proxy:2.{number % 13}.0", number, 1)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": f"web-{number}",
            "namespace": NAMESPACE,
            "labels": {"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": f"web-{number}"},
            "annotations": {"aup.asergo.com/license": "Apache-2.0"},
        },
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app.kubernetes.io/instance": f"web-{number}"}},
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/instance": f"web-{number}"}},
                "spec": {
                    "containers": [web, proxy],
                    "volumes": [{"name": "config", "configMap": {"name": f"web-{number}"}}],
                    "serviceAccountName": "web",
                    "securityContext": {"runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
                },
            },
        },
    }


def review(number: int, verdict: Verdict = "allowed", size: int = 4_710) -> bytes:
    """An AdmissionReview of about `size` bytes of a Deployment's creation.

    It is always the same Deployment with more environment variables, the text that is dearest to judge. From 10 kB on
    seven eighths of it are an annotation: AUP1207 takes no more than 64 KiB of commands and environment.
    """
    notes = size * 7 // 8 if size >= _ANNOTATED else 0
    none, some = (len(_encoded(number, verdict, variables, notes)) for variables in (0, 100))
    variables = max(0, round((size - none) / (some - none) * 100))
    return _encoded(number, verdict, variables, notes)


def _encoded(number: int, verdict: Verdict, variables: int, notes: int) -> bytes:
    manifest = deployment(number, verdict, variables)
    if notes:
        manifest["metadata"]["annotations"]["example.com/notes"] = ("what was changed and why; " * notes)[:notes]
    metadata = manifest["metadata"] | {
        "uid": f"6f0f29a1-0c5b-4d6e-8d3b-{number:012d}",
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    kind = {"group": "apps", "version": "v1", "kind": "Deployment"}
    resource = {"group": "apps", "version": "v1", "resource": "deployments"}
    request = {
        "uid": f"705ab4f5-6393-11e8-b7cc-{number:012d}",
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "name": metadata["name"],
        "namespace": NAMESPACE,
        "operation": "CREATE",
        "userInfo": {"username": "alice", "groups": ["system:authenticated"]},
        "object": manifest | {"metadata": metadata, "status": {}},
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "kubectl"},
    }
    return msgspec.json.encode({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request})


def _container(name: str, image: str, number: int, variables: int) -> Json:
    return {
        "name": name,
        "image": image,
        "args": ["--listen=:8080", "--log-level=info", f"--shard={number}"],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": f"SERVICE_{index}_URL", "value": f"https://service-{index}.internal.example.com/{number}"}
            for index in range(variables)
        ],
        "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/web", "readOnly": True}],
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"},
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
        "imagePullPolicy": "IfNotPresent",
    }

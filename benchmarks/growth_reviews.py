"""AdmissionReviews that are alike but for one size."""

from typing import Any

import msgspec

from aup.review import Json

NAMESPACE = "shop"
IMAGE = "registry.example/shop/web:1.4.2"
_BOUNDED: Json = {"limits": {"cpu": "50m", "memory": "64Mi"}}
_SCRIPT = (
    'PART_{0}="$ROOT/parts/{0}"; mkdir -p "$PART_{0}" && cd "${{PART_{0}:-/srv}}"\n'
    "for file in $(ls '/data/in {0}'); do\n"
    '  echo "step {0}: \'$file\' to \\"$PART_{0}\\"" | tee --append "${{LOG}}/out.txt"\n'
    '  tar -C "$ROOT" -czf "/tmp/{0}-$file.tgz" . || exit {0}\n'
    "done # the end of step {0}\n"
)
_FAULTS: tuple[Json, ...] = (
    {"securityContext": {"privileged": True}},
    {"ports": [{"containerPort": 8080, "hostPort": 8080}]},
    {"resources": {}},
    {"image": "registry.example/tools/xmrig:6.21"},
)
FAULTS = 5
"""Findings in a container of `faulty`, each of another rule: host access, pod security, limits, mining, licence."""


def body(group: str, kind: str, manifest: Json, old: Json | None = None) -> bytes:
    """The review of an object that is created, or updated where there is an old one."""
    of = {"group": group, "version": "v1"}
    request = {
        "uid": "7f1a6d1c-2f0e-4a55-9d3f-7d4b3c7f6a01",
        "kind": {**of, "kind": kind},
        "resource": {**of, "resource": f"{kind.lower()}s"},
        "requestKind": {**of, "kind": kind},
        "requestResource": {**of, "resource": f"{kind.lower()}s"},
        "name": "web",
        "namespace": NAMESPACE,
        "operation": "UPDATE" if old else "CREATE",
        "userInfo": {"username": "alice@customer.example", "groups": ["customers", "system:authenticated"]},
        "object": {"apiVersion": f"{group}/v1".lstrip("/"), "kind": kind, **manifest},
        "oldObject": old,
        "dryRun": False,
        "options": {
            "kind": "CreateOptions",
            "apiVersion": "meta.k8s.io/v1",
            "fieldManager": "kubectl-client-side-apply",
        },
    }
    return msgspec.json.encode({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})


def pod(*containers: Json, licensed: bool = True, old: bool = False) -> bytes:
    """A Pod of these containers; with `old` an update that changes a label only."""
    metadata: Json = {"name": "web", "namespace": NAMESPACE, "annotations": _licence() if licensed else {}}
    spec = {"containers": containers}
    before = {"metadata": metadata, "spec": spec} if old else None
    return body("", "Pod", {"metadata": {**metadata, "labels": {"revision": "2"}}, "spec": spec}, before)


def container(number: int = 0, **fields: Any) -> Json:
    """A small container that breaks no rule; `fields` add to it or replace its own."""
    return {
        "name": f"part-{number}",
        "image": IMAGE,
        "args": ["serve", f"--part={number}"],
        "resources": _BOUNDED,
    } | fields


def variables(count: int) -> list[Json]:
    """As many environment variables."""
    return [{"name": f"SETTING_{number}", "value": f"value of setting {number}"} for number in range(count)]


def script(size: int, word: str = "") -> str:
    """Shell text of a size, full of quotes and variables; `word` is echoed at its end."""
    text = "".join(_SCRIPT.format(number) for number in range(size // len(_SCRIPT) + 1))
    last = f"\necho {word}\n" if word else "\n"
    return text[: size - len(last)].rpartition("\n")[0] + last


def deployment(word: str = "") -> bytes:
    """A review of about 4.6 KiB: a Deployment as kubectl applies it that breaks no rule and has `word` somewhere."""
    web = container(
        name="web",
        command=["/app/bin/web"],
        args=["--listen=0.0.0.0:8080", "--workers", "4", "--log-level=info", *([word] if word else [])],
        ports=[{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        env=[
            *variables(32),
            {"name": "DATABASE_URL", "value": "postgres://web@db.shop.svc.cluster.local:5432/shop?sslmode=verify-full"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "web", "key": "password"}}},
        ],
        readinessProbe={"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10},
        livenessProbe={"httpGet": {"path": "/live", "port": "http", "scheme": "HTTP"}, "periodSeconds": 20},
        securityContext={"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True},
        volumeMounts=[{"name": "cache", "mountPath": "/var/cache/web"}, {"name": "config", "mountPath": "/etc/web"}],
    )
    proxy = container(name="proxy", image="registry.example/tools/proxy:2.11", args=["--config=/etc/proxy/proxy.yaml"])
    labels = {"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop"}
    template = {
        "metadata": {"labels": labels},
        "spec": {
            "containers": [web, proxy],
            "initContainers": [container(name="migrate", command=["/app/bin/migrate", "--wait"])],
            "volumes": [{"name": "cache", "emptyDir": {}}, {"name": "config", "configMap": {"name": "web"}}],
            "serviceAccountName": "web",
            "terminationGracePeriodSeconds": 30,
        },
    }
    written: Json = {
        "f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {f"f:{field}": {} for field in web}}}}
    }
    manager = {"manager": "kubectl-client-side-apply", "operation": "Update", "time": "2026-01-01T12:00:00Z"}
    metadata = {
        "name": "web",
        "namespace": NAMESPACE,
        "labels": labels,
        "annotations": _licence(),
        "managedFields": [{**manager, "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": written}}],
    }
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "strategy": strategy, "template": template}
    return body("apps", "Deployment", {"metadata": metadata, "spec": spec})


def custom_resource(size: int) -> bytes:
    """A resource of a kind that nobody told us of, with `size` bytes of pod templates that break no rule."""
    metadata = {"name": "web", "namespace": NAMESPACE, "annotations": _licence()}
    roles = {f"role-{number}": _role(number) for number in range(round(size / len(msgspec.json.encode(_role(10)))))}
    return body("jobs.example", "Training", {"metadata": metadata, "spec": {"runPolicy": "All", "roles": roles}})


def faulty(findings: int) -> bytes:
    """A new Pod with as many findings, of five rules where they are five or more."""
    if findings == 1:
        return pod(container(**_FAULTS[0]))
    whole: Json = {}
    for fault in _FAULTS:
        whole |= fault
    return pod(*(container(number, **whole) for number in range(findings // FAULTS)), licensed=False)


def kept(findings: int) -> bytes:
    """An update of a Pod with as many findings of one rule, all of which it had before."""
    return pod(*(container(number, **_FAULTS[0]) for number in range(findings)), old=True)


def _licence() -> dict[str, str]:
    return {"aup.asergo.com/license": "Apache-2.0"}


def _role(number: int) -> Json:
    asked = {"cpu": "1", "memory": "1Gi"}
    worker = container(number, env=variables(3), resources={"limits": asked, "requests": asked})
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": f"data-{number}"}}]
    return {
        "replicas": 2,
        "restartPolicy": "OnFailure",
        "template": {
            "metadata": {"labels": {"role": str(number)}},
            "spec": {"containers": [worker], "volumes": volumes},
        },
    }

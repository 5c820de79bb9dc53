"""The chart's values: none is taken that cannot be meant, and each does what its sentence says."""

import json
from collections.abc import Iterator
from itertools import chain

import pytest
import yaml

from tests.chart.rendering import CHART, FULL, Json, kinds, one, render, template
from tools.values_docs import values

SCHEMA: Json = json.loads((CHART / "values.schema.json").read_text())
COMPONENTS = ("webhook", "operator")


def objects(schema: Json, at: str = "") -> Iterator[tuple[str, Json]]:
    """Every schema of a map within a schema, with its place."""
    if schema.get("type") == "object":
        yield at, schema
    inner = chain(
        *(schema.get(key, {}).items() for key in ("properties", "$defs", "patternProperties")),
        ((str(number), each) for number, each in enumerate(schema.get("anyOf", ()))),
        ((key, schema[key]) for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)),
    )
    for name, child in inner:
        yield from objects(child, f"{at}/{name}")


def pod(component: str, *given: str) -> Json:
    """A Deployment's pod template."""
    template_: Json = one("Deployment", f"aup-{component}", *given)["spec"]["template"]
    return template_


def container(component: str, *given: str) -> Json:
    """Its one container."""
    (found,) = pod(component, *given)["spec"]["containers"]
    return dict(found)


def test_no_map_takes_a_key_that_it_does_not_know() -> None:
    """But `global`, which Helm fills in where another chart uses this one, and maps of texts and amounts."""
    open_ = {at: each for at, each in objects(SCHEMA) if each.get("additionalProperties") is not False}

    assert open_.pop("/global") == {"type": "object"}
    plain = ("string", ["integer", "string"])
    free = {at for at, each in open_.items() if each.get("additionalProperties", {}).get("type") in plain}
    assert set(open_) - free == {"/policy/manifest/0"}
    assert SCHEMA["properties"]["policy"]["properties"]["manifest"]["anyOf"][0]["maxProperties"] == 0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("webhook.resources.request.cpu=1", "'request' not allowed"),
        ("webhook.resources.limits.memori=1Gi", "'memori' not allowed"),
        ("webhook.priorityClass=high", "'priorityClass' not allowed"),
        ("webhook.autoscaling.max=9", "'max' not allowed"),
        ("webhook.affinity.podAntiAfinity.x=y", "'podAntiAfinity' not allowed"),
        ("webhook.tolerations[0].effects=NoSchedule", "'effects' not allowed"),
        ("webhook.topologySpreadConstraints[0].maxskew=1", "'maxskew' not allowed"),
        ("operator.replicas=2", "'replicas' not allowed"),
        ("operator.nodeSelector.disk=1", "/operator/nodeSelector/disk"),
        ("imagePullSecrets[0]=registry", "/imagePullSecrets/0"),
        ("networkPolicy.metricsFrom[0].namespace=a", "'namespace' not allowed"),
        ("networkPolicy.apiServerPorts[0]=0", "/networkPolicy/apiServerPorts/0"),
        ("monitoring.podMonitor.interval=30", "/monitoring/podMonitor/interval"),
        ("monitoring.serviceMonitor.enabled=true", "'serviceMonitor' not allowed"),
    ],
)
def test_a_typo_anywhere_is_refused(value: str, said: str) -> None:
    """Also inside of what Kubernetes defines."""
    done = template(value)

    assert done.returncode != 0
    assert said in done.stderr


def test_a_typo_in_the_policy_is_refused() -> None:
    """Before anything is installed: the operator could only end with an error."""
    own = ("apiVersion=aup.asergo.com/v1alpha1", "kind=AcceptableUsePolicy", "metadata.name=own", "spec.rulez=1")

    done = template(*(f"policy.manifest.{each}" for each in own))

    assert done.returncode != 0
    assert "/policy/manifest" in done.stderr


def test_every_option_renders_twice_the_same() -> None:
    """With everything on as well, nothing is made up at render time."""
    first, second = (template(str(FULL)) for _ in range(2))

    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout


def test_every_value_is_in_the_table() -> None:
    """Each leaf of values.yaml is covered by one sentence of the table."""
    text = (CHART / "values.yaml").read_text()
    said = [each.path for each in values(text, SCHEMA)]

    def leaves(given: Json, path: str) -> Iterator[str]:
        for key, value in given.items():
            at = f"{path}.{key}".lstrip(".")
            yield from leaves(value, at) if isinstance(value, dict) and value else [at]

    for leaf in leaves(yaml.safe_load(text), ""):
        assert len([path for path in said if f"{leaf}.".startswith(f"{path}.")]) == 1, leaf


@pytest.mark.parametrize("component", COMPONENTS)
def test_pods_are_placed_and_marked_as_asked(component: str) -> None:
    """Each value is found in the Pod word for word."""
    asked = yaml.safe_load(FULL.read_text())
    made = pod(component, str(FULL))

    assert made["metadata"]["labels"].items() >= asked[component]["podLabels"].items()
    assert made["metadata"]["annotations"].items() >= asked[component]["podAnnotations"].items()
    for key in ("nodeSelector", "tolerations", "affinity"):
        assert made["spec"][key] == asked[component][key]
    assert made["spec"]["imagePullSecrets"] == asked["imagePullSecrets"]
    assert made["spec"]["priorityClassName"] == "system-cluster-critical"


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_pod_takes_no_more_of_the_cluster_than_it_says(component: str) -> None:
    """The token is asked for by the Pod alone, and no Service of the namespace puts variables into it."""
    spec = pod(component)["spec"]

    assert (spec["automountServiceAccountToken"], spec["enableServiceLinks"]) == (True, False)
    assert one("ServiceAccount", f"aup-{component}")["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("component", "paths"),
    [
        ("webhook", {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}),
        ("operator", {"startup": "/healthz", "liveness": "/healthz"}),  # nothing is sent to it: begun is ready
    ],
)
def test_a_pod_is_asked_whether_it_has_begun_lives_and_is_ready(component: str, paths: dict[str, str]) -> None:
    """On a port that it names."""
    made = container(component)
    ports = {each["name"] for each in made["ports"]}
    probes = {key.removesuffix("Probe"): each["httpGet"] for key, each in made.items() if key.endswith("Probe")}

    assert {name: each["path"] for name, each in probes.items()} == paths
    assert {each["port"] for each in probes.values()} <= ports


def test_webhook_pods_keep_apart() -> None:
    """By node and by zone as far as the cluster can, and one at most is away on purpose."""
    spec = pod("webhook")["spec"]
    (term,) = spec["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    (spread,) = spec["topologySpreadConstraints"]
    chosen = one("Deployment", "aup-webhook")["spec"]["selector"]

    assert (term["podAffinityTerm"]["topologyKey"], term["podAffinityTerm"]["labelSelector"]) == (
        "kubernetes.io/hostname",
        chosen,
    )
    assert (spread["topologyKey"], spread["labelSelector"]) == ("topology.kubernetes.io/zone", chosen)
    assert one("PodDisruptionBudget", "aup-webhook")["spec"]["maxUnavailable"] == 1
    assert "PodDisruptionBudget" not in kinds("webhook.replicas=1")


def test_an_autoscaler_has_the_number_of_pods_to_itself() -> None:
    """From what is set to what is set, and the Deployment names none, so that no tool sets it back."""
    spec = one("HorizontalPodAutoscaler", "aup-webhook", str(FULL))["spec"]

    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 6)
    assert "replicas" not in one("Deployment", "aup-webhook", str(FULL))["spec"]
    assert "HorizontalPodAutoscaler" not in kinds()
    more = one("HorizontalPodAutoscaler", "aup-webhook", "webhook.autoscaling.enabled=true", "webhook.replicas=9")
    assert more["spec"]["maxReplicas"] == 9


def test_reviews_come_from_anywhere_and_metrics_are_read_by_few() -> None:
    """Nothing else comes in; what goes out is left open until the API server's ports are known."""
    monitoring = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    webhook, operator = (one("NetworkPolicy", f"aup-{each}")["spec"] for each in COMPONENTS)

    assert webhook["ingress"] == [
        {"ports": [{"port": 8443, "protocol": "TCP"}]},
        {"from": monitoring, "ports": [{"port": 8080, "protocol": "TCP"}]},
    ]
    assert operator["ingress"] == [{"from": monitoring, "ports": [{"port": 8082, "protocol": "TCP"}]}]
    for component, spec in zip(COMPONENTS, (webhook, operator), strict=True):
        assert spec["policyTypes"] == ["Ingress"]
        assert spec["podSelector"] == one("Deployment", f"aup-{component}")["spec"]["selector"]
        open_ = {port["port"] for rule in spec["ingress"] for port in rule["ports"]}
        named = {each["name"]: each["containerPort"] for each in container(component)["ports"]}
        assert open_ == {named[name] for name in ("https", "metrics") if name in named}


def test_network_policies_can_be_narrower_or_none() -> None:
    """With no reader of metrics an empty rule must not let everybody in."""
    narrow = one("NetworkPolicy", "aup-operator", str(FULL))["spec"]
    silent = [one("NetworkPolicy", f"aup-{each}", "networkPolicy.metricsFrom=null")["spec"] for each in COMPONENTS]

    assert narrow["policyTypes"] == ["Ingress", "Egress"]
    assert narrow["egress"] == [{"ports": [{"port": port, "protocol": "TCP"} for port in (443, 6443)]}]
    assert silent[0]["ingress"] == [{"ports": [{"port": 8443, "protocol": "TCP"}]}]
    assert "ingress" not in silent[1]
    assert "NetworkPolicy" not in kinds("networkPolicy.enabled=false")


def test_a_quota_for_critical_pods_is_made_on_demand() -> None:
    """It opens the namespace to the PriorityClass and counts no other Pod."""
    spec = one("ResourceQuota", "aup-critical-pods", str(FULL))["spec"]

    assert spec["scopeSelector"]["matchExpressions"][0]["scopeName"] == "PriorityClass"
    assert "ResourceQuota" not in kinds()


@pytest.mark.parametrize("given", [(), (str(FULL),)])
def test_every_object_bears_the_common_labels(given: tuple[str, ...]) -> None:
    """So that one selector finds all of a release; the labels of Pods that a selector names are among them."""
    for each in render(*given):
        labels = each["metadata"]["labels"]

        assert labels["app.kubernetes.io/name"] == labels["app.kubernetes.io/part-of"] == "aup"
        assert labels["app.kubernetes.io/instance"] == "aup"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert {"app.kubernetes.io/component", "app.kubernetes.io/version", "helm.sh/chart"} <= set(labels)

"""What the chart tells of our metrics is about metrics that there are."""

import json
import re

import pytest
import yaml
from prometheus_client import REGISTRY

import aup_operator.metrics  # noqa: F401 - so that its metrics are there
import aup_webhook.metrics  # noqa: F401 - and these
from tests.chart.rendering import CHART, FULL, Json, kinds, one

ALERTS: list[Json] = [
    rule for group in yaml.safe_load((CHART / "files/alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD: Json = json.loads((CHART / "files/dashboard.json").read_text())
QUERIES = [rule["expr"] for rule in ALERTS] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]
_METRIC = re.compile(r"\baup_[a-z_]+\b")
_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def known() -> set[str]:
    """The series that webhook and operator show."""
    return {f"{each.name}{suffix}" for each in REGISTRY.collect() for suffix in _SUFFIXES.get(each.type, ())}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_about_metrics_that_there_are(query: str) -> None:
    """A metric that was renamed would leave an alert silent for ever."""
    named = set(_METRIC.findall(query))

    assert named
    assert named <= known()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(alert: Json) -> None:
    """In sentences, with how bad it is."""
    assert set(alert["annotations"]) == {"summary", "description"}
    assert all(text.endswith(".") for text in alert["annotations"].values())
    assert alert["labels"]["severity"] in {"critical", "warning"}


def test_an_alert_that_shows_a_label_has_it() -> None:
    """Labels that a metric has of itself, or that a PodMonitor gives."""
    shown = {name for rule in ALERTS for name in re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"]))}

    assert shown == {"pod", "kind", "name", "rule", "phase", "tenant"}


def test_every_metric_is_shown_or_watched() -> None:
    """What nobody looks at need not be measured."""
    named = {name for query in QUERIES for name in _METRIC.findall(query)}
    families = {each.name for each in REGISTRY.collect() if each.name.startswith("aup_")}

    assert {each for each in families if not any(name.startswith(each) for name in named)} == set()


def test_nothing_is_made_for_prometheus_unless_asked() -> None:
    """Its kinds need not be there."""
    made = {"PodMonitor", "PrometheusRule"}

    assert not kinds() & made
    assert kinds(str(FULL)) >= made


def test_pods_are_read_on_the_port_that_shows_metrics() -> None:
    """Both, by one PodMonitor."""
    monitor = one("PodMonitor", "aup", str(FULL))
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]

    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert endpoint == {"port": "metrics", "path": "/metrics", "interval": "15s"}
    for component in ("webhook", "operator"):
        template = one("Deployment", f"aup-{component}", str(FULL))["spec"]["template"]
        assert template["metadata"]["labels"].items() >= monitor["spec"]["selector"]["matchLabels"].items()
        (container,) = template["spec"]["containers"]
        (port,) = [each["containerPort"] for each in container["ports"] if each["name"] == "metrics"]
        settings = {each["name"]: each["value"] for each in container["env"]}
        assert settings["AUP_PLAIN_PORT" if component == "webhook" else "AUP_METRICS_PORT"] == str(port)


def test_the_rule_and_the_dashboard_are_the_files() -> None:
    """Braces of Prometheus and Grafana come through Helm unharmed."""
    rule, dashboard = one("PrometheusRule", "aup", str(FULL)), one("ConfigMap", "aup-dashboard", str(FULL))

    assert rule["spec"] == yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    assert json.loads(dashboard["data"]["aup.json"]) == DASHBOARD
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"

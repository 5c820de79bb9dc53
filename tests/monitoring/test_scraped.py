"""A real Prometheus scrapes the running installation: alerts and dashboard of the chart get what they ask for."""

import json
import math
import re
import subprocess
from collections.abc import Iterator

import pytest

from testbed.installation import NAMESPACE, Installation
from testbed.prometheus import Prometheus, job
from tests.chart.rendering import FULL, Json, one
from tests.cluster.suspending import lift, status, suspend
from tests.cluster.test_suspension_interrupted import unguarded
from tests.support import AUDITED_SECONDS, Customer, container, eventually, named_customer, once, pod, workload

pytestmark = pytest.mark.cluster

DASHBOARD: Json = json.loads(one("ConfigMap", "aup-dashboard", str(FULL))["data"]["aup.json"])
RULE: Json = one("PrometheusRule", "aup", str(FULL))["spec"]
LINES = [
    pytest.param(target["legendFormat"], target["expr"], id=f"{panel['title']}: {target['legendFormat']}")
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
]
MINER = container("work", "xmrig/xmrig")


@pytest.fixture(scope="module")
def prometheus(aup: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that reads both processes as the chart's PodMonitor has it read their Pods."""
    monitor = one("PodMonitor", "aup", str(FULL))
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    ports = {"webhook": aup.plain_port, "operator": aup.metrics_port}
    labels = {
        f"127.0.0.1:{port}": {
            "namespace": NAMESPACE,
            "pod": f"aup-{name}-a",
            "container": name,
            "endpoint": endpoint["port"],
        }
        for name, port in ports.items()
    }
    jobs = [job(f"{NAMESPACE}/aup", labels, endpoint["path"])]
    with Prometheus(tmp_path_factory.mktemp("prometheus"), jobs, RULE) as started:
        eventually(lambda: len(started.query("up == 1")) == len(ports))
        yield started


@pytest.fixture(scope="module")
def watched(aup: Installation, prometheus: Prometheus) -> Iterator[Customer]:
    """A tenant with all that can happen: reviews, something stored past the webhook, a suspension, a lost record."""
    assert prometheus.query("up")
    customer = named_customer(aup.plane, "watched")
    _past_the_webhook(customer, workload("Deployment", "old", MINER))
    rehearsal = ("create", "--dry-run=server", "-f", "-")
    eventually(lambda: "AUP1601" in customer.run(*rehearsal, stdin=pod("a", MINER)).stderr)
    eventually(lambda: customer.run(*rehearsal, stdin=pod("good")).returncode == 0)
    customer.run("create", "-f", "-", stdin=pod("good"), check=True)
    suspend(customer)
    (record,) = status(customer)["records"]
    saved = json.loads(aup.plane.kubectl("get", "suspensionrecord", record, "-o", "json").stdout)
    with unguarded(aup):
        aup.plane.kubectl("delete", "suspensionrecord", record)
        eventually(lambda: prometheus.query('aup_protection_losses_total{name="aup-guard-resources"} > 0'))
    yield customer
    manifest = {key: saved[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": record}}
    with unguarded(aup):
        aup.plane.kubectl("create", "-f", "-", input=json.dumps(manifest))
    lift(customer)
    customer.provider("delete", "deployment", "old")


def _past_the_webhook(customer: Customer, manifest: Json) -> None:
    """Create an object while the namespace is nobody's."""
    label = "aup.asergo.com/tenant"
    customer.provider("label", "namespace", customer.namespace, f"{label}-")
    eventually(lambda: customer.run("create", "-f", "-", stdin=manifest).returncode == 0)
    customer.provider("label", "namespace", customer.namespace, f"{label}={customer.name}")


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(("legend", "query"), LINES)
def test_a_line_of_the_dashboard_has_values(legend: str, query: str, prometheus: Prometheus) -> None:
    """Numbers, with each label that its legend names."""
    query = query.replace("$__rate_interval", "5m")

    def shown() -> list[Json]:
        return [one for one in prometheus.query(query) if not math.isnan(float(one["value"][1]))]

    found = eventually(shown, AUDITED_SECONDS)
    assert all(set(re.findall(r"\{\{(\w+)\}\}", legend)) == set(one["metric"]) for one in found)


@pytest.mark.usefixtures("watched")
def test_every_metric_that_an_alert_is_about_is_scraped(prometheus: Prometheus) -> None:
    """Under that very name, also those that only appear with the trouble they tell of."""
    named = {name for rule in _rules() for name in re.findall(r"\baup_[a-z_]+\b", rule["expr"])}

    assert len(named) > len(_rules()) / 2
    eventually(lambda: named <= set(prometheus.get("label/__name__/values")))


@pytest.mark.usefixtures("watched")
def test_alerts_are_evaluated_and_those_that_should_fire(prometheus: Prometheus) -> None:
    """A lost record, with the tenant's name, and the guard that was away for it; of the rest nothing is told."""

    def firing() -> set[tuple[str, str]]:
        alerts = [one["labels"] for one in prometheus.get("alerts")["alerts"] if one["state"] == "firing"]
        return {(one["alertname"], one.get("tenant") or one.get("name", "")) for one in alerts}

    wanted = {("AupRecordDamaged", "watched"), ("AupProtectionLost", "aup-guard-resources")}
    assert once(firing, wanted) == wanted
    evaluated = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule["health"] for rule in evaluated} == {rule["alert"]: "ok" for rule in _rules()}


@pytest.mark.usefixtures("watched")
def test_tenants_do_not_make_series(prometheus: Prometheus) -> None:
    """They come and go without end; only what is wrong with one has its name, while it lasts."""

    def named() -> list[str]:
        found = prometheus.query('count by (__name__) ({__name__=~"aup_.+", tenant!=""})')
        return [one["metric"]["__name__"] for one in found]

    wanted = ["aup_operator_record_damaged"]  # once the operator's next pass has ended
    assert once(named, wanted) == wanted
    for target in prometheus.query("scrape_samples_scraped"):
        assert int(target["value"][1]) < 500, target


def test_a_pasted_message_leads_to_the_line_of_the_log(aup: Installation, customer: Customer) -> None:
    """Its decision's id stands in exactly one line, which says whose change it was and what was found."""
    told = customer.run("create", "-f", "-", stdin=pod("bad", MINER))
    found = re.search(r" and decision ([0-9a-f]{8})\.$", told.stderr.strip())
    assert found is not None, told.stderr

    lines = subprocess.run(
        ["grep", "-h", found[1], *map(str, aup.log_dir.glob("webhook-*.log"))],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    (line,) = map(json.loads, lines)
    assert {key: line[key] for key in ("message", "decision", "tenant", "object", "operation")} == {
        "message": "denied",
        "decision": found[1],
        "tenant": customer.name,
        "object": f"Pod {customer.namespace}/bad",
        "operation": "CREATE",
    }


@pytest.mark.usefixtures("watched")
def test_each_line_of_the_logs_is_json_with_the_same_first_fields(aup: Installation) -> None:
    """Of webhook and operator, and of the libraries in them."""
    logs = [path for name in ("webhook", "operator") for path in aup.log_dir.glob(f"{name}-*.log")]
    lines = [json.loads(line) for path in logs for line in path.read_text().splitlines()]

    assert {tuple(line)[:4] for line in lines} == {("time", "level", "logger", "message")}
    assert {line["logger"].partition(".")[0] for line in lines} >= {"aup_webhook", "aup_operator"}


def _rules() -> list[Json]:
    return [rule for group in RULE["groups"] for rule in group["rules"]]

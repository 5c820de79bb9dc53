"""Each alert fires when it should and not otherwise, as Prometheus' own tool evaluates the cases of `alerts.yaml`."""

from pathlib import Path
from typing import Any

import yaml
from prometheus_client import generate_latest

import aup_operator.metrics  # noqa: F401 - so that its metrics are there
import aup_webhook.metrics  # noqa: F401 - and these
from testbed.installation import CHART
from testbed.prometheus import promtool

Json = dict[str, Any]

ALERTS = CHART / "files" / "alerts.yaml"
RULES: dict[str, Json] = {
    rule["alert"]: rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
}
CASES: list[Json] = yaml.safe_load(Path(__file__).with_name("alerts.yaml").read_text())


def fires(alert: str, case: Json) -> Json:
    """A test of promtool's: it fires, with severity and labels, and with words in which nothing is left to fill in."""
    rule = RULES[alert]
    words = {"summary": case["summary"], "description": case.get("description", rule["annotations"]["description"])}
    assert "{{" not in str(words)
    wanted = [{"exp_labels": {**rule["labels"], **case["labels"]}, "exp_annotations": words}]
    return _test(alert, case, f"{alert} fires", wanted)


def silent(alert: str, case: Json) -> Json:
    """A test of promtool's: it does not fire where it almost, no longer, or not yet is so."""
    return _test(alert, case, f"{alert} is silent when {case['when']}", [])


def _test(alert: str, case: Json, name: str, wanted: list[Json]) -> Json:
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": series, "values": str(values)} for series, values in case["series"].items()],
        "alert_rule_test": [{"eval_time": case["at"], "alertname": alert, "exp_alerts": wanted}],
    }


def test_each_alert_fires_when_it_should_and_not_otherwise(tmp_path: Path) -> None:
    """By the very file that the chart brings; where not, promtool says which, what it expected and what it got."""
    tests = [
        made
        for case in CASES
        for made in (
            *(fires(case["alert"], one) for one in case["fires"]),
            *(silent(case["alert"], one) for one in case["silent"]),
        )
    ]
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": tests}))

    ran = promtool("test", "rules", str(file))

    assert (ran.returncode, "SUCCESS" in ran.stdout) == (0, True), ran.stdout + ran.stderr


def test_each_alert_is_tested_both_ways() -> None:
    """A new one too."""
    assert {case["alert"] for case in CASES if case["fires"] and case["silent"]} == set(RULES)


def test_prometheus_has_nothing_to_say_of_our_rules_and_metrics() -> None:
    """Names, units, help texts: its linter is content."""
    rules = promtool("check", "rules", "--lint=all", "--lint-fatal", str(ALERTS))
    metrics = promtool("check", "metrics", stdin=generate_latest().decode())

    assert (rules.returncode, f"SUCCESS: {len(RULES)} rules found" in rules.stdout) == (0, True), rules.stderr
    assert (metrics.returncode, metrics.stdout, metrics.stderr) == (0, "", "")


def test_a_metric_that_breaks_a_convention_is_found() -> None:
    """So that the silence above says something."""
    told = promtool("check", "metrics", stdin="# HELP aup_a A.\n# TYPE aup_a counter\naup_a 1\n")

    assert (told.returncode, told.stderr) == (3, 'aup_a counter metrics should have "_total" suffix\n')

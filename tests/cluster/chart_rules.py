"""What of the chart is only installed where a value says so, for a single test."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from testbed.installation import CHART, NAMESPACE, RELEASE, Installation
from tests.support import Json, eventually

_TEMPLATE = "templates/operator/rbac.yaml"


@contextmanager
def operator_may(aup: Installation, value: str) -> Iterator[None]:
    """The operator has what rights a value of the chart adds, such as `operator.removal.enabled`."""
    usual = _rules(aup)
    more = [rule for rule in _rules(aup, "--set", f"{value}=true") if rule not in usual]
    assert more, f"{value} adds no rights"
    role: Json = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": more}
    role["metadata"] = {"name": value, "labels": {"aup.asergo.com/aggregate-to-operator": "true"}}
    aup.plane.kubectl("create", "-f", "-", input=json.dumps(role))
    try:
        eventually(lambda: _may(aup, more[0]))
        yield
    finally:
        aup.plane.kubectl("delete", "clusterrole", value)


def _rules(aup: Installation, *values: str) -> list[Json]:
    """The rules of the operator's ClusterRole, as the chart is rendered with more values."""
    answer = aup.plane.helm(
        *("template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--show-only", _TEMPLATE),
        *aup.helm_values(),
        *values,
    )
    roles = [one for one in yaml.safe_load_all(answer.stdout) if one and one["kind"] == "ClusterRole"]
    rules: list[Json] = next(one["rules"] for one in roles if one["metadata"]["name"] == "aup-operator")
    return rules


def _may(aup: Installation, rule: Json) -> bool:
    """Whether the operator has the rights of a rule already; they are aggregated by a controller."""
    resource = ".".join([rule["resources"][0], *filter(None, rule["apiGroups"])])
    answer = aup.plane.kubectl(
        *("auth", "can-i", rule["verbs"][0], resource, "--all-namespaces"),
        f"--as=system:serviceaccount:{NAMESPACE}:aup-operator",
        check=False,
    )
    return answer.stdout.strip() == "yes"

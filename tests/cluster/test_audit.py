"""The audit on a real cluster: what is stored already is found, told in the Tenant's status, and forgotten."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.installation import NAMESPACE, Installation
from tests.support import AUDITED_SECONDS, Customer, Json, container, eventually, once, workload

pytestmark = pytest.mark.cluster

MINING = {"rule": "AUP1601", "denied": 1}


def findings(customer: Customer) -> dict[str, Json]:
    """What the customer's status tells, by rule."""
    tenant = json.loads(customer.plane.kubectl("get", "tenant", customer.name, "-o", "json").stdout)
    return {one["rule"]: one for one in tenant.get("status", {}).get("findings", [])}


def permit(customer: Customer) -> Json:
    """A permit for all mining in the customer's namespace."""
    spec = {
        "tenant": customer.name,
        "rules": ["AUP1601"],
        "scope": {"namespaces": [customer.namespace]},
        "validFrom": "2020-01-01T00:00:00Z",
        "expiresAt": "2099-01-01T00:00:00Z",
        "reason": "A museum of miners.",
        "ticket": "T-1",
        "approvedBy": "desk",
    }
    return {
        "apiVersion": "aup.asergo.com/v1alpha1",
        "kind": "Permit",
        "metadata": {"name": customer.name},
        "spec": spec,
    }


def past_the_webhook(customer: Customer, manifest: Json) -> None:
    """Create an object while the namespace is nobody's, as before aup was installed."""
    label = "aup.asergo.com/tenant"
    customer.plane.kubectl("label", "namespace", customer.namespace, f"{label}-")
    eventually(lambda: customer.run("create", "-f", "-", stdin=manifest).returncode == 0)
    customer.plane.kubectl("label", "namespace", customer.namespace, f"{label}={customer.name}")


def test_what_came_past_the_webhook_is_found_permitted_and_forgotten(customer: Customer) -> None:
    """T06: within seconds of the namespace's joining; the Deployment counts once, whatever it has made since."""
    past_the_webhook(customer, workload("Deployment", "web", container(image="xmrig/xmrig"), replicas=2))

    eventually(lambda: findings(customer).get("AUP1601", {}).get("denied"), AUDITED_SECONDS)
    told = {"AUP1601": {**MINING, "example": f"Deployment {customer.namespace}/web"}}
    assert once(lambda: findings(customer), told) == told
    row = ["AUP1601", "1", "0", "Deployment", f"{customer.namespace}/web"]
    assert row in map(str.split, status(customer).splitlines())

    customer.provider("create", "-f", "-", stdin=permit(customer))
    eventually(lambda: not findings(customer), AUDITED_SECONDS)
    customer.plane.kubectl("delete", "permit", customer.name)
    eventually(lambda: findings(customer), AUDITED_SECONDS)
    customer.run("delete", "deployment", "web", check=True)
    customer.plane.kubectl(
        "patch", "tenant", customer.name, "--type=merge", "-p", '{"spec": {"parties": ["A. Jensen"]}}'
    )
    eventually(lambda: not findings(customer), AUDITED_SECONDS)
    assert re.search(r"\nThe audit of [0-9-]{10}T[0-9:]{8}Z found nothing in what is stored\.\n", status(customer))


def status(customer: Customer) -> str:
    """What `aup status` tells of a tenant."""
    command = [str(Path(sys.executable).with_name("aup")), "status", customer.name]
    environment = customer.plane.environment()
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def test_the_audit_may_list_what_it_looks_at_and_nothing_more(aup: Installation) -> None:
    """No Secret, and no right to change what it only looks at."""
    account = f"--as=system:serviceaccount:{NAMESPACE}:aup-operator"

    def may(verb: str, resource: str) -> bool:
        answer = aup.plane.kubectl("auth", "can-i", verb, resource, "-A", account, check=False)
        return answer.stdout.strip() == "yes"

    assert all(may("list", one) for one in ("configmaps", "ingresses", "services", "signaturelists.aup.asergo.com"))
    assert not any(may(verb, "configmaps") for verb in ("get", "watch", "patch", "delete"))
    assert not may("list", "secrets")

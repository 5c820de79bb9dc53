"""The chart on a real API server: it installs, upgrades to the same, and its CRDs accept and refuse as they should."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed.controlplane import ControlPlane
from testbed.installation import CHART, NAMESPACE, RELEASE, Installation
from tests.own_plane import aup, plane
from tests.support import ADMIN, eventually

pytestmark = pytest.mark.cluster

__all__ = ["aup", "plane"]  # what an upgrade looks up must not come from other tests

Json = dict[str, Any]

KINDS = Path(__file__).resolve().parents[1] / "cluster" / "kinds.yaml"
NAME = "chart-test"
T0, T1, DAY_29, DAY_30 = "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z", "2027-01-30T00:00:00Z", "2027-01-31T00:00:00Z"
PERMIT: Json = {
    "tenant": "acme",
    "rules": ["AUP1601"],
    "scope": {"namespaces": ["shop"]},
    "validFrom": T0,
    "expiresAt": T1,
    "reason": "A test.",
    "ticket": "T-1",
    "approvedBy": "desk",
}
POLICY: Json = {
    "version": "2027-01-01",
    "provider": "Asergo ApS",
    "announcedAt": T0,
    "effectiveAt": DAY_30,
    "url": "https://asergo.com/aup",
    "contact": "abuse@asergo.com",
    "documentationURL": "https://aup.asergo.com/rules",
}
SUSPENSION: Json = {
    "tenant": "nobody",
    "clauses": ["1.6"],
    "statementOfReasons": {"facts": "A test."},
    "orderedBy": ADMIN,
    "effectiveAt": "2099-01-02T00:00:00Z",
    "noticedAt": "2099-01-01T00:00:00Z",
}
LIFT: Json = {"reason": "Settled.", "orderedBy": ADMIN}
TENANT: Json = {"accountID": "1", "legalName": "Acme", "country": "DK", "contacts": {"abuse": "abuse@acme.example"}}
NOTICE: Json = {
    "tenant": "acme",
    "subject": "A test",
    "statement": "A test.",
    "issuedAt": T0,
    "howToAnswer": "Write.",
    "howToAppeal": "Write.",
}
RECORD: Json = {"tenant": "nobody", "suspension": NAME, "entries": [], "digest": "0" * 64}


def manifest(kind: str, spec: Json) -> str:
    """One of our resources as JSON; fields that are None are left out."""
    kept = {key: value for key, value in spec.items() if value is not None}
    metadata = {"name": NAME, **({"namespace": "default"} if kind == "Notice" else {})}
    return json.dumps({"apiVersion": "aup.asergo.com/v1alpha1", "kind": kind, "metadata": metadata, "spec": kept})


def installed(plane: ControlPlane) -> list[Json]:
    """Every object of the release without what servers and controllers write."""
    release = plane.helm("get", "manifest", RELEASE, "--namespace", NAMESPACE).stdout
    items: list[Json] = json.loads(plane.kubectl("get", "-f", "-", "-o", "json", input=release).stdout)["items"]
    for item in items:
        item.pop("status", None)
        for key in ("managedFields", "resourceVersion"):
            item["metadata"].pop(key, None)
    return items


def test_the_release_is_deployed_and_its_kinds_are_served(aup: Installation) -> None:
    """`helm install` succeeds on a real API server, which establishes all ten kinds."""
    (release,) = json.loads(aup.plane.helm("list", "--namespace", NAMESPACE, "-o", "json").stdout)
    crds = json.loads(aup.plane.kubectl("get", "crds", "-o", "json").stdout)["items"]
    ours = [crd for crd in crds if crd["spec"]["group"] == "aup.asergo.com"]

    assert (release["name"], release["status"]) == (RELEASE, "deployed")
    assert len(ours) == 10
    for crd in ours:
        conditions = {each["type"]: each["status"] for each in crd["status"]["conditions"]}
        assert conditions["Established"] == "True", crd["metadata"]["name"]
        assert conditions.get("NonStructuralSchema", "False") == "False"


def test_an_upgrade_to_the_same_values_changes_nothing(aup: Installation) -> None:
    """Names, UIDs, generations, labels and specs of every object are as they were."""
    before = installed(aup.plane)
    aup.plane.helm("upgrade", RELEASE, str(CHART), "--namespace", NAMESPACE, *aup.helm_values())

    assert installed(aup.plane) == before


def test_an_upgrade_leaves_the_rights_that_kubernetes_has_gathered(aup: Installation) -> None:
    """The chart sets no rules where labelled ClusterRoles are joined, so nothing is taken back or in conflict."""
    plane = aup.plane
    role = json.dumps(
        {item["metadata"]["name"]: item for item in yaml.safe_load(KINDS.read_text())["items"]}["aup-operator-fleets"]
    )
    gathered = ("get", "clusterrole", "aup-operator-kinds", "-o", "jsonpath={.rules}")
    plane.kubectl("create", "-f", "-", input=role)
    try:
        eventually(lambda: "fleets" in plane.kubectl(*gathered).stdout)
        before = plane.kubectl(*gathered).stdout
        plane.helm("upgrade", RELEASE, str(CHART), "--namespace", NAMESPACE, *aup.helm_values())
        after = plane.kubectl(*gathered).stdout
    finally:
        plane.kubectl("delete", "-f", "-", input=role)
        eventually(lambda: "fleets" not in plane.kubectl(*gathered).stdout)

    assert after == before


def test_the_operators_health_is_the_age_of_its_last_pass(aup: Installation) -> None:
    """What the kubelet asks fails where no pass ends any more; see tests/operator/test_pulse.py."""
    with urllib.request.urlopen(f"http://127.0.0.1:{aup.health_port}/healthz", timeout=60) as answer:
        assert json.load(answer)["last-pass-seconds"] < 60


def test_an_upgrade_brings_deleted_webhooks_back(aup: Installation) -> None:
    """The emergency switch of the notes is undone as they say."""
    configuration = ["validatingwebhookconfiguration", "aup-enforce"]
    aup.plane.kubectl("delete", *configuration)
    aup.plane.helm("upgrade", RELEASE, str(CHART), "--namespace", NAMESPACE, *aup.helm_values())

    assert aup.plane.kubectl("get", *configuration, check=False).returncode == 0


def test_the_api_server_finds_no_fault_in_the_expressions(aup: Installation) -> None:
    """Type checking of every policy ends without a warning."""

    def checked() -> list[Json]:
        policies = json.loads(aup.plane.kubectl("get", "validatingadmissionpolicies", "-o", "json").stdout)["items"]
        ours = [policy["status"] for policy in policies if policy["metadata"]["name"].startswith("aup-")]
        return [status["typeChecking"] for status in ours if "typeChecking" in status]

    eventually(lambda: len(checked()) == 5)

    assert checked() == [{}] * 5


def test_the_operator_may_scale_what_the_cluster_has_and_what_labelled_roles_allow(aup: Installation) -> None:
    """At install and upgrade the chart looks up which kinds have a scale subresource; more come by label."""
    plane = aup.plane
    items = {item["metadata"]["name"]: item for item in yaml.safe_load(KINDS.read_text())["items"]}
    role = json.dumps(items["aup-operator-fleets"])
    crds = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "List",
            "items": [items["fleets.example.com"], items["kafkanodepools.kafka.strimzi.io"]],
        }
    )
    user = f"--as=system:serviceaccount:{NAMESPACE}:aup-operator"

    def may() -> bool:
        answer = plane.kubectl("auth", "can-i", "patch", "fleets.example.com", "-n", "default", user, check=False)
        return answer.stdout.strip() == "yes"

    plane.kubectl("create", "-f", "-", input=crds)
    try:
        plane.kubectl("wait", "--for=condition=Established", "-f", "-", "--timeout=110s", input=crds)
        values = ("--namespace", NAMESPACE, *aup.helm_values(), "--dry-run=server")
        upgraded = plane.helm("upgrade", RELEASE, str(CHART), *values).stdout
        before = may()
        plane.kubectl("create", "-f", "-", input=role)
        eventually(may)
    finally:
        plane.kubectl("delete", "--ignore-not-found", "-f", "-", input=role)
        plane.kubectl("delete", "-f", "-", input=crds)
        eventually(lambda: not may())
    roles = [each for each in yaml.safe_load_all(upgraded.partition("MANIFEST:")[2].partition("NOTES:")[0]) if each]
    (found,) = [each for each in roles if each["metadata"]["name"] == "aup-operator-found"]

    assert found["rules"] == [
        {"apiGroups": ["example.com"], "resources": ["fleets"], "verbs": ["get", "list", "patch"]}
    ]
    assert found["metadata"]["labels"]["aup.asergo.com/aggregate-to-operator"] == "true"
    assert not before


def test_the_pods_keep_the_restricted_standard(aup: Installation) -> None:
    """Enforcing the Pod Security Standard `restricted` on our own namespace would refuse none of them."""
    label = "pod-security.kubernetes.io/enforce=restricted"
    aup.plane.kubectl("rollout", "status", "deployment/aup-webhook", "--namespace", NAMESPACE, "--timeout=110s")
    answer = aup.plane.kubectl("label", "--dry-run=server", "--overwrite", "namespace", NAMESPACE, label)

    assert "Warning" not in answer.stderr


@pytest.mark.parametrize(
    ("kind", "spec", "refusal"),
    [
        ("Permit", PERMIT, ""),
        ("Permit", PERMIT | {"expiresAt": None}, "spec.expiresAt: Required value"),
        ("Permit", PERMIT | {"expiresAt": "2026-12-31T23:59:59Z"}, "expiresAt must be after validFrom"),
        ("Permit", PERMIT | {"expiresAt": T0}, "expiresAt must be after validFrom"),
        ("Permit", PERMIT | {"expiresAt": "2027-01-01T00:00:00+01:00"}, "expiresAt must be after validFrom"),
        ("Permit", PERMIT | {"expiresAt": "never"}, "spec.expiresAt"),
        ("Permit", PERMIT | {"rules": []}, "spec.rules"),
        ("Permit", PERMIT | {"rules": ["all"]}, "spec.rules[0]"),
        ("Permit", PERMIT | {"scope": {}}, "spec.scope.namespaces: Required value"),
        ("Permit", PERMIT | {"documentSHA256": "abc"}, "spec.documentSHA256"),
        ("AcceptableUsePolicy", POLICY, ""),
        ("AcceptableUsePolicy", POLICY | {"effectiveAt": DAY_29}, "must be announced at least 30 days before"),
        ("AcceptableUsePolicy", POLICY | {"effectiveAt": DAY_29, "material": False}, ""),
        (
            "AcceptableUsePolicy",
            POLICY | {"effectiveAt": "2026-12-31T00:00:00Z", "material": False},
            "effectiveAt must not be before announcedAt",
        ),
        ("AcceptableUsePolicy", POLICY | {"rules": [{"id": "AUP1601", "mode": "block"}]}, "spec.rules[0].mode"),
        ("Suspension", SUSPENSION, ""),
        ("Suspension", SUSPENSION | {"effectiveAt": T0}, "effectiveAt must not be before noticedAt"),
        ("Suspension", SUSPENSION | {"effectiveAt": None}, "noticedAt needs effectiveAt"),
        ("Suspension", SUSPENSION | {"clauses": []}, "spec.clauses"),
        ("Suspension", SUSPENSION | {"clauses": ["9.1"]}, "spec.clauses[0]"),
        ("Suspension", SUSPENSION | {"statementOfReasons": {}}, "spec.statementOfReasons.facts: Required value"),
        ("Tenant", TENANT, ""),
        ("Tenant", TENANT | {"country": "dk"}, "spec.country"),
        ("Tenant", TENANT | {"contacts": {}}, "spec.contacts.abuse: Required value"),
        ("Tenant", TENANT | {"quota": {"perPod": {"cpu": "1.5", "memory": "8Gi", "pods": 4}}}, ""),
        ("Tenant", TENANT | {"quota": {"perPod": {"cpu": "1x"}}}, "spec.quota.perPod.cpu"),
        ("Tenant", TENANT | {"quota": {"perPod": {"cpu": "-1"}}}, "spec.quota.perPod.cpu"),
        ("Tenant", TENANT | {"quota": {"perPdo": {"cpu": "1"}}}, 'unknown field "spec.quota.perPdo"'),
        ("Notice", NOTICE, ""),
        ("Notice", NOTICE | {"deadline": "2026-12-31T00:00:00Z"}, "deadline must not be before issuedAt"),
    ],
)
def test_a_new_object_is_taken_or_refused(aup: Installation, kind: str, spec: Json, refusal: str) -> None:
    """The CRD accepts what makes sense and names the field of what does not."""
    answer = aup.plane.kubectl("create", "--dry-run=server", "-f", "-", input=manifest(kind, spec), check=False)

    assert refusal in answer.stderr
    assert (answer.returncode == 0) == (refusal == ""), answer.stderr


@pytest.mark.parametrize(
    ("kind", "spec", "change", "refusal"),
    [
        ("AcceptableUsePolicy", POLICY, {"provider": "Other"}, "a published policy cannot be changed"),
        ("AcceptableUsePolicy", POLICY, {"rules": [{"id": "AUP1601", "mode": "off"}]}, "cannot be changed"),
        ("Permit", PERMIT, {"expiresAt": DAY_30}, ""),
        ("Permit", PERMIT, {"expiresAt": None}, "spec.expiresAt: Required value"),
        ("Suspension", SUSPENSION, {"tenant": "other"}, "tenant cannot be changed"),
        ("Suspension", SUSPENSION, {"clauses": ["1.6", "1.1"]}, "the clauses and the statement of reasons cannot be"),
        ("Suspension", SUSPENSION, {"statementOfReasons": {"facts": "Other."}}, "the clauses and the statement"),
        ("Suspension", SUSPENSION, {"effectiveAt": "2099-01-03T00:00:00Z"}, ""),
        ("Suspension", SUSPENSION, {"lift": LIFT}, ""),
        ("Suspension", SUSPENSION | {"lift": LIFT}, {"lift": None}, "lift cannot be taken back"),
        ("Suspension", SUSPENSION | {"lift": LIFT}, {"lift": {"reason": "Other."}}, "lift cannot be taken back"),
        ("Tenant", TENANT, {"legalName": "Acme ApS"}, ""),
    ],
)
def test_a_change_is_taken_or_refused(aup: Installation, kind: str, spec: Json, change: Json, refusal: str) -> None:
    """What has been said to somebody stays as it was said."""
    plane = aup.plane
    plane.kubectl("create", "-f", "-", input=manifest(kind, spec))
    try:
        patch = json.dumps({"spec": change})
        answer = plane.kubectl("patch", kind, NAME, "--dry-run=server", "--type=merge", "-p", patch, check=False)
    finally:
        plane.kubectl("delete", kind, NAME)

    assert refusal in answer.stderr
    assert (answer.returncode == 0) == (refusal == ""), answer.stderr


def test_a_record_is_the_operators_and_stays_until_it_is_restored(aup: Installation) -> None:
    """An administrator can neither write nor change nor delete what a lift needs; afterwards it can be deleted."""
    plane = aup.plane
    operator = plane.service_account_kubeconfig(NAMESPACE, "aup-operator")
    record = manifest("SuspensionRecord", RECORD)
    by_admin = plane.kubectl("create", "-f", "-", input=record, check=False)
    plane.kubectl("create", "-f", "-", input=record, kubeconfig=operator)
    change = json.dumps({"spec": {"digest": "1" * 64}})
    changed = plane.kubectl("patch", "suspensionrecord", NAME, "--type=merge", "-p", change, check=False)
    deleted = plane.kubectl("delete", "suspensionrecord", NAME, check=False)
    restored = json.dumps(json.loads(record) | {"status": {"phase": "Restored"}})
    status = (
        "apply",
        "--server-side",
        "--subresource=status",
        "-f",
        "-",
    )  # a plain patch, which needs no right to read
    plane.kubectl(*status, input=restored, kubeconfig=operator)
    plane.kubectl("delete", "suspensionrecord", NAME)

    assert "only aup's operator writes suspensionrecords.aup.asergo.com" in by_admin.stderr
    assert "a record cannot be changed" in changed.stderr
    assert "this record holds the original values of a suspended tenant" in deleted.stderr

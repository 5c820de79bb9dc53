"""A cluster that one tenant has alone: what the chart changes for it, and the files it makes for kube-apiserver."""

import json
import subprocess
from typing import Any

import pytest
import yaml

from aup.cluster import SYSTEM
from tests.chart.rendering import BROUGHT, BUNDLE, CHART, Json, kinds, one, render, template
from tests.chart.test_chart import selects

TENANT = "cluster.tenant=customer"
PROVIDED = "cluster.providerNamespaces[0]=calico-system"
NAMED = "provider.users[0]=petra,provider.groups[0]=our:operations,provider.desk.groups[0]=our:desk"
FILES = (
    TENANT,
    PROVIDED,
    NAMED,
    BROUGHT,
    "controlPlane.render=true",
    "webhook.url=https://aup.example/enforce",
)
NAMES = ("policies", "webhooks", "admission", "authorization", "authorizer")
APART = [*sorted(SYSTEM), "aup-system", "calico-system"]


def shown(name: str, *values: str) -> subprocess.CompletedProcess[str]:
    """One of the files, as docs/control-plane.md has it made."""
    return template(*values, show=f"controlplane/{name}.yaml")


def file(name: str) -> list[Json]:
    """The documents of one of the files."""
    done = shown(name, *FILES)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def selectors(documents: Any) -> list[Json]:
    """Each namespace selector in some objects."""
    found = []
    for each in documents:
        places = [*each.get("webhooks", ()), each.get("spec", {}).get("matchConstraints", {})]
        found += [place["namespaceSelector"] for place in places if "namespaceSelector" in place]
    return found


def test_where_a_tenant_has_the_cluster_no_label_is_asked_for() -> None:
    """A namespace is judged from its first moment; the system's and the provider's never are."""
    held = [each for each in render(TENANT, PROVIDED) if each["kind"].startswith("Validating")]
    judging = [
        one for one in selectors(held) if not any(each["operator"] == "Exists" for each in one["matchExpressions"])
    ]

    assert len(judging) == 4  # two webhooks, the freeze of a selection, the quotas
    for selector in judging:
        assert selects(selector, {"kubernetes.io/metadata.name": "new"})
        assert not [name for name in APART if selects(selector, {"kubernetes.io/metadata.name": name})]


def test_both_processes_are_told_of_the_tenant_and_of_the_providers_namespaces() -> None:
    """So that facts and selectors agree."""
    for component in ("webhook", "operator"):
        (container,) = one("Deployment", f"aup-{component}", TENANT, PROVIDED)["spec"]["template"]["spec"]["containers"]
        told = {each["name"]: each["value"] for each in container["env"]}

        assert told["AUP_CLUSTER_TENANT"] == "customer"
        assert told["AUP_PROVIDER_NAMESPACES"] == "aup-system,calico-system"


def test_a_named_provider_is_the_one_and_rbac_is_not_asked() -> None:
    """Neither for the provider nor for the desk."""
    policies = [each for each in render(TENANT, NAMED) if each["kind"] == "ValidatingAdmissionPolicy"]
    text = json.dumps(policies)

    assert "authorizer" not in text
    assert 'request.userInfo.username in [\\"petra\\"]' in text
    assert 'group in [\\"our:desk\\"]' in text


def test_the_files_bear_names_that_a_file_must_and_nothing_that_it_must_not() -> None:
    """kube-apiserver takes no parameters and no Service from a file, and reserves an ending for its names."""
    policies, (hooks,) = file("policies"), file("webhooks")
    names = {each["metadata"]["name"] for each in policies if each["kind"] == "ValidatingAdmissionPolicy"}
    bound = {each["spec"]["policyName"] for each in policies if each["kind"] == "ValidatingAdmissionPolicyBinding"}

    assert (
        names
        == bound
        == {
            f"aup-{name}.static.k8s.io"
            for name in (
                "freeze",
                "guard-cluster",
                "guard-namespaces",
                "guard-places",
                "guard-quotas",
                "guard-resources",
            )
        }
    )
    assert not [each for each in policies if {"paramKind", "paramRef"} & set(each["spec"])]
    assert all(each["spec"]["failurePolicy"] == "Fail" for each in policies if "failurePolicy" in each["spec"])
    assert hooks["metadata"]["name"] == "aup-enforce.static.k8s.io"
    assert [each["clientConfig"] for each in hooks["webhooks"]] == [
        {"url": "https://aup.example/enforce", "caBundle": BUNDLE}
    ] * 2


def test_the_files_judge_as_the_objects_do() -> None:
    """But for names, and for where the webhook is."""
    objects = {
        each["metadata"]["name"]: each
        for each in render(TENANT, PROVIDED, NAMED, BROUGHT)
        if each["kind"] in {"ValidatingAdmissionPolicy", "ValidatingWebhookConfiguration"}
    }
    (hooks,) = file("webhooks")
    for each in file("policies"):
        name = each["metadata"]["name"].removesuffix(".static.k8s.io")
        if each["kind"] == "ValidatingAdmissionPolicy" and name in objects:
            assert each["spec"] == objects.pop(name)["spec"]
    for made, known in zip(hooks["webhooks"], objects.pop("aup-enforce")["webhooks"], strict=True):
        assert made | {"clientConfig": {}} == known | {"clientConfig": {}}
    assert set(objects) == {"aup-freeze-namespaces", "aup-freeze-selected"}  # these have a parameter


def test_the_files_say_where_they_lie() -> None:
    """In the folder that the values name."""
    (admission,), (authorization,) = (
        [one for one in yaml.safe_load_all(shown(name, *FILES, "controlPlane.folder=/srv/aup").stdout) if one]
        for name in ("admission", "authorization")
    )

    assert [each["configuration"]["staticManifestsDir"] for each in admission["plugins"]] == [
        "/srv/aup/policies",
        "/srv/aup/webhooks",
    ]
    connection = authorization["authorizers"][0]["webhook"]["connectionInfo"]
    assert connection["kubeConfigFile"] == "/srv/aup/authorizer.yaml"
    assert [each["type"] for each in authorization["authorizers"]] == ["Webhook", "Node", "RBAC"]
    assert authorization["authorizers"][0]["webhook"]["failurePolicy"] == "Deny"


def test_where_there_are_files_there_are_no_such_objects() -> None:
    """What has a parameter stays one."""
    given = (TENANT, NAMED, "controlPlane.files=true")
    held = sorted(each["metadata"]["name"] for each in render(*given) if each["kind"].startswith("ValidatingAdm"))

    assert held == ["aup-freeze-namespaces"] * 2 + ["aup-freeze-selected"] * 2
    assert "ValidatingWebhookConfiguration" not in kinds(*given)


def test_the_files_are_no_part_of_a_release() -> None:
    """With no value, nothing of them is rendered."""
    assert not {"AdmissionConfiguration", "AuthorizationConfiguration", "Config"} & kinds()
    assert "static.k8s.io" not in template().stdout


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        (NAMED, "Set provider.users or provider.groups."),
        ("webhook.url=https://aup.example/enforce", "webhook.url is not set"),
        (BROUGHT, "webhook.tls.caBundle is not set"),
    ],
)
def test_files_that_could_not_work_are_not_made(left_out: str, said: str) -> None:
    """Without a named provider, the customer's administrators would be the provider."""
    done = shown("webhooks", *(each for each in FILES if each != left_out))

    assert done.returncode != 0
    assert said in done.stderr


def test_a_webhook_outside_is_found_by_its_url_alone() -> None:
    """With a certificate that somebody brings, since nobody else makes one for that name."""
    given = ("webhook.user=aup:webhook", "webhook.url=https://aup.example/enforce")
    hooks = one("ValidatingWebhookConfiguration", "aup-enforce", *given, BROUGHT)["webhooks"]

    assert [each["clientConfig"] for each in hooks] == [{"url": "https://aup.example/enforce", "caBundle": BUNDLE}] * 2
    assert "webhook.user is set, so the webhook runs outside of the cluster" in template(given[0]).stderr
    assert "webhook.url is set, and nobody but you makes a certificate" in template(*given).stderr


@pytest.mark.parametrize("component", ["webhook", "operator"])
def test_a_process_that_runs_outside_has_rights_and_no_pods(component: str) -> None:
    """As the user of its certificate, whom the policies know too."""
    given = (BROUGHT, "webhook.url=https://aup.example/enforce", f"{component}.user=aup:{component}")
    made = render(*given)
    kept = [each for each in made if each["metadata"]["labels"]["app.kubernetes.io/component"] == component]
    bound = {json.dumps(each["subjects"]) for each in kept if each["kind"] in {"ClusterRoleBinding", "RoleBinding"}}
    user = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"aup:{component}"}

    assert not {"Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy"} & {
        each["kind"] for each in kept
    }
    assert bound == {json.dumps([user])}
    if component == "operator":
        policies = [each for each in made if each["kind"] == "ValidatingAdmissionPolicy"]
        assert 'request.userInfo.username != \\"aup:operator\\"' in json.dumps(policies)
        assert "serviceaccount:aup-system:aup-operator" not in json.dumps(policies)


def test_the_list_of_the_systems_namespaces_is_the_codes() -> None:
    """One list for the chart, the facts and the operator."""
    assert set(yaml.safe_load((CHART / "files/system-namespaces.yaml").read_text())) == SYSTEM

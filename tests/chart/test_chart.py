"""What `helm template` makes of the chart: defaults, refusals, rights, and what may reach the webhook."""

import json
import re

import pytest
import yaml

from aup.api.meta import API_VERSION, SELECTION_LABEL
from aup.rules.aup7301_suspended_tenant import COUNTS, PAUSE_ANNOTATIONS, RUNS, STARTERS, SWITCHES
from aup_operator.drivers.known import KnownKind, known_kinds
from tests.chart.rendering import BROUGHT, CHART, NAMESPACE, Json, kinds, one, render, template

SYSTEM = ("kube-system", "kube-node-lease", "kube-public", NAMESPACE)

RIGHTS = {
    "aup-webhook": {
        "namespaces": "list watch",
        "resourcequotas": "list watch",
        "aup.asergo.com/acceptableusepolicies": "list watch",
        "aup.asergo.com/indicatorlists": "list watch",
        "aup.asergo.com/licenseentitlements": "list watch",
        "aup.asergo.com/screeninglists": "list watch",
        "aup.asergo.com/signaturelists": "list watch",
        "aup.asergo.com/permits": "list watch",
        "aup.asergo.com/suspensions": "list watch",
        "aup.asergo.com/tenants": "list watch",
    },
    "aup-operator": {
        "namespaces": "list patch watch",
        "pods": "create delete get list patch",
        "networking.k8s.io/networkpolicies": "create delete get",
        "admissionregistration.k8s.io/mutatingwebhookconfigurations": "list",
        "admissionregistration.k8s.io/validatingadmissionpolicies": "list watch",
        "admissionregistration.k8s.io/validatingadmissionpolicybindings": "list watch",
        "admissionregistration.k8s.io/validatingwebhookconfigurations": "list watch",
        "admissionregistration.k8s.io/validatingwebhookconfigurations aup-enforce": "get patch",
        "apiregistration.k8s.io/apiservices": "list",
        "configmaps": "list",
        "persistentvolumeclaims": "list",
        "podtemplates": "list",
        "services": "list",
        "autoscaling/horizontalpodautoscalers": "list",
        "networking.k8s.io/ingresses": "list",
        "replicationcontrollers": "get list patch",
        "resourcequotas": "create delete list patch watch",
        "apps/daemonsets": "get list patch",
        "apps/deployments": "get list patch",
        "apps/replicasets": "get list patch",
        "apps/statefulsets": "get list patch",
        "batch/cronjobs": "get list patch",
        "batch/jobs": "get list patch",
        "batch/jobs/status": "patch",
        "events.k8s.io/events": "create",
        "apiextensions.k8s.io/customresourcedefinitions": "get list watch",
        "aup.asergo.com/acceptableusepolicies": "create list watch",
        "aup.asergo.com/acceptableusepolicies/status": "patch",
        "aup.asergo.com/notices": "create list",
        "aup.asergo.com/indicatorlists": "list watch",
        "aup.asergo.com/licenseentitlements": "list watch",
        "aup.asergo.com/screeninglists": "list watch",
        "aup.asergo.com/signaturelists": "list watch",
        "aup.asergo.com/notices/status": "patch",
        "aup.asergo.com/permits": "list watch",
        "aup.asergo.com/permits/status": "patch",
        "aup.asergo.com/suspensionrecords": "create get list",
        "aup.asergo.com/suspensionrecords/status": "patch",
        "aup.asergo.com/suspensions": "get list patch watch",
        "aup.asergo.com/suspensions/status": "patch",
        "aup.asergo.com/tenants": "list watch",
        "aup.asergo.com/tenants/status": "patch",
        "keda.sh/scaledjobs": "get list patch",
        "keda.sh/scaledobjects": "get list patch",
    }
    | {f"{one.group}/{one.plural}": "get list patch" if one.set or one.cases else "list" for one in known_kinds()},
    "aup-operator-kinds": {},
    "aup-operator-protection": {"configmaps aup-protection": "get"},
    "aup-operator-certificate": {"secrets": "create", "secrets aup-webhook-tls": "get patch"},
    "aup-provider": {
        "aup.asergo.com/acceptableusepolicies": "create delete get list patch update watch",
        "aup.asergo.com/notices": "get list watch",
        "aup.asergo.com/indicatorlists": "create delete get list patch update watch",
        "aup.asergo.com/licenseentitlements": "create delete get list patch update watch",
        "aup.asergo.com/screeninglists": "create delete get list patch update watch",
        "aup.asergo.com/signaturelists": "create delete get list patch update watch",
        "aup.asergo.com/permits": "create delete get list patch update watch",
        "aup.asergo.com/suspensionrecords": "delete get list watch",
        "aup.asergo.com/suspensions": "create delete get list patch update watch",
        "aup.asergo.com/tenants": "assign create delete get list patch update watch",
    },
    "aup-abuse-desk": {
        "aup.asergo.com/suspensions": "create get list order patch",
        "aup.asergo.com/tenants": "get list",
    },
    "aup-notices": {"aup.asergo.com/notices": "get list watch"},
}
"""Every right that the chart gives, by role."""


def rights(*values: str) -> dict[str, dict[str, str]]:
    """The verbs by resource of each role; `group/resource names`, without the group in the core one."""
    found: dict[str, dict[str, str]] = {}
    for role in (each for each in render(*values) if each["kind"] in {"Role", "ClusterRole"}):
        verbs = found.setdefault(role["metadata"]["name"], {})
        for rule in role.get("rules", ()):
            assert set(rule) - {"resourceNames"} == {"apiGroups", "resources", "verbs"}
            named = " ".join(["", *rule.get("resourceNames", ())])
            for resource in (
                f"{group}/{name}{named}".lstrip("/") for group in rule["apiGroups"] for name in rule["resources"]
            ):
                verbs[resource] = " ".join(sorted({*verbs.get(resource, "").split(), *rule["verbs"]}))
    return found


def selects(selector: Json, labels: dict[str, str]) -> bool:
    """Whether a label selector of Exists and NotIn matches."""
    assert set(selector) == {"matchExpressions"}
    for want in selector["matchExpressions"]:
        match want["operator"]:
            case "Exists":
                holds = want["key"] in labels
            case "NotIn":
                holds = labels.get(want["key"]) not in want["values"]
            case other:
                pytest.fail(f"operator {other} is not expected")
        if not holds:
            return False
    return True


def test_defaults_render_every_object() -> None:
    """With no value at all there is one object for each part."""
    names = sorted(f"{each['kind']} {each['metadata']['name']}" for each in render() if "CustomRes" not in each["kind"])

    assert names == [
        "ClusterRole aup-abuse-desk",
        "ClusterRole aup-notices",
        "ClusterRole aup-operator",
        "ClusterRole aup-operator-kinds",
        "ClusterRole aup-provider",
        "ClusterRole aup-webhook",
        "ClusterRoleBinding aup-operator",
        "ClusterRoleBinding aup-operator-kinds",
        "ClusterRoleBinding aup-webhook",
        "ConfigMap aup-policy",
        "ConfigMap aup-protection",
        "Deployment aup-operator",
        "Deployment aup-webhook",
        "NetworkPolicy aup-operator",
        "NetworkPolicy aup-webhook",
        "PodDisruptionBudget aup-webhook",
        "Role aup-operator-certificate",
        "Role aup-operator-protection",
        "RoleBinding aup-operator-certificate",
        "RoleBinding aup-operator-protection",
        "Service aup-webhook",
        "ServiceAccount aup-operator",
        "ServiceAccount aup-webhook",
        "ValidatingAdmissionPolicy aup-freeze",
        "ValidatingAdmissionPolicy aup-freeze-selected",
        "ValidatingAdmissionPolicy aup-guard-namespaces",
        "ValidatingAdmissionPolicy aup-guard-quotas",
        "ValidatingAdmissionPolicy aup-guard-resources",
        "ValidatingAdmissionPolicyBinding aup-freeze",
        "ValidatingAdmissionPolicyBinding aup-freeze-selected",
        "ValidatingAdmissionPolicyBinding aup-guard-namespaces",
        "ValidatingAdmissionPolicyBinding aup-guard-quotas",
        "ValidatingAdmissionPolicyBinding aup-guard-resources",
        "ValidatingWebhookConfiguration aup-enforce",
    ]


def test_two_renders_are_byte_equal() -> None:
    """Nothing is made up at render time, so that a GitOps tool sees no drift."""
    assert template().stdout == template().stdout


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("webhook.tymeout=3", "additional properties 'tymeout' not allowed"),
        ("crd.keep=true", "additional properties 'crd' not allowed"),
        ("webhook.replicas=0", "/webhook/replicas"),
        ("operator.image.digest=latest", "/operator/image/digest"),
        ("policy.manifest.kind=Deployment", "/policy/manifest"),
        ("operator.auditInterval=0", "/operator/auditInterval"),
        ("operator.brake.tenantsPerHour=-1", "/operator/brake/tenantsPerHour"),
        ("operator.removal.on=true", "additional properties 'on' not allowed"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(value: str, said: str) -> None:
    """A typo or an impossible value ends the render with its place."""
    done = template(value)

    assert done.returncode != 0
    assert said in done.stderr


def test_rights_are_exactly_the_listed_ones() -> None:
    """No role holds a verb, resource or group that the table above does not name, and none a wildcard."""
    found = rights()

    assert found == RIGHTS
    assert "*" not in json.dumps(found)
    assert [name for name, given in found.items() if "secret" in json.dumps(given)] == ["aup-operator-certificate"]


def test_without_a_certificate_to_make_the_operator_has_no_right_to_secrets() -> None:
    """Nor to the webhook's configuration but to list it."""
    found = rights(BROUGHT)

    assert "aup-operator-certificate" not in found
    assert not [each for each in found["aup-operator"] if each.endswith(" aup-enforce")]
    assert "secret" not in json.dumps(found)


def test_deleting_content_and_namespaces_is_allowed_only_where_it_is_switched_on() -> None:
    """Neither gives a right to what holds data, and each gives no more than it says."""
    before = RIGHTS["aup-operator"]
    removal = rights("operator.removal.enabled=true")["aup-operator"]
    termination = rights("operator.termination.enabled=true")["aup-operator"]
    added = {
        resource: " ".join(sorted({*verbs.split()} - {*before.get(resource, "").split()}))
        for resource, verbs in removal.items()
        if verbs != before.get(resource)
    }

    assert added == {
        "configmaps": "create delete get patch",
        "endpoints": "create delete get patch",
        "podtemplates": "create delete get patch",
        "replicationcontrollers": "create delete",
        "services": "create delete get patch",
        "apps/daemonsets": "create delete",
        "apps/deployments": "create delete",
        "apps/replicasets": "create delete",
        "apps/statefulsets": "create delete",
        "batch/cronjobs": "create delete",
        "batch/jobs": "create delete",
        "networking.k8s.io/ingresses": "create delete get patch",
        "gateway.networking.k8s.io/gateways": "create delete get patch",
        "gateway.networking.k8s.io/grpcroutes": "create delete get patch",
        "gateway.networking.k8s.io/httproutes": "create delete get patch",
        "gateway.networking.k8s.io/tcproutes": "create delete get patch",
        "gateway.networking.k8s.io/tlsroutes": "create delete get patch",
        "gateway.networking.k8s.io/udproutes": "create delete get patch",
    }
    assert termination == before | {"namespaces": "delete list patch watch"}


@pytest.mark.parametrize("given", [(), ("cluster.tenant=customer",)], ids=["shared", "whole cluster"])
def test_what_holds_tenants_is_put_back_by_name_where_that_is_switched_on(given: tuple[str, ...]) -> None:
    """The operator may make and delete these objects and no others, and none without the switch."""
    restoring = rights("operator.protection.restore=true", *given)["aup-operator"]
    added = {resource: verbs for resource, verbs in restoring.items() if verbs != RIGHTS["aup-operator"].get(resource)}
    policies = sorted(
        each["metadata"]["name"] for each in render(*given) if each["kind"] == "ValidatingAdmissionPolicy"
    )
    named = " ".join(policies)

    assert added == {
        f"admissionregistration.k8s.io/validatingadmissionpolicies {named}": "create delete patch",
        f"admissionregistration.k8s.io/validatingadmissionpolicybindings {named}": "create delete patch",
        "admissionregistration.k8s.io/validatingwebhookconfigurations aup-enforce": "create delete get patch",
        "rbac.authorization.k8s.io/clusterroles aup-operator": "get",
    }


def test_the_copy_of_what_holds_tenants_is_that() -> None:
    """Every policy, binding and webhook configuration of the chart, to the letter."""
    held = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration")
    for given in ((), ("cluster.tenant=customer",), (BROUGHT,)):
        data = one("ConfigMap", "aup-protection", *given)["data"]
        copies = [each for text in data.values() for each in yaml.safe_load_all(text) if each]

        assert sorted(map(json.dumps, copies)) == sorted(
            json.dumps(each) for each in render(*given) if each["kind"] in held
        )


def test_further_kinds_are_what_labelled_roles_allow() -> None:
    """The platform team's ClusterRoles are added by the API server, under a label that is documented."""
    role = one("ClusterRole", "aup-operator-kinds")

    assert role["aggregationRule"] == {
        "clusterRoleSelectors": [{"matchLabels": {"aup.asergo.com/aggregate-to-operator": "true"}}]
    }
    assert 'aup.asergo.com/aggregate-to-operator: "true"' in (CHART / "README.md").read_text()


def test_the_brake_is_the_operators_setting() -> None:
    """How many tenants may be suspended in an hour."""
    (container,) = one("Deployment", "aup-operator", "operator.brake.tenantsPerHour=3")["spec"]["template"]["spec"][
        "containers"
    ]

    assert {"name": "AUP_BRAKE_TENANTS", "value": "3"} in container["env"]


def test_roles_are_bound_to_our_service_accounts_alone() -> None:
    """The roles for people are bound by the provider, not by the chart."""
    bound = {
        (each["roleRef"]["name"], subject["kind"], subject["namespace"], subject["name"])
        for each in render()
        if each["kind"].endswith("RoleBinding")
        for subject in each["subjects"]
    }

    assert bound == {
        ("aup-operator", "ServiceAccount", NAMESPACE, "aup-operator"),
        ("aup-operator-certificate", "ServiceAccount", NAMESPACE, "aup-operator"),
        ("aup-operator-kinds", "ServiceAccount", NAMESPACE, "aup-operator"),
        ("aup-operator-protection", "ServiceAccount", NAMESPACE, "aup-operator"),
        ("aup-webhook", "ServiceAccount", NAMESPACE, "aup-webhook"),
    }


def test_each_webhook_is_bounded() -> None:
    """Failure policy, timeout, path and match policy are set out, and nothing is left to defaults."""
    hooks = one("ValidatingWebhookConfiguration", "aup-enforce")["webhooks"]

    assert [hook["name"] for hook in hooks] == ["builtin.enforce.aup.asergo.com", "custom.enforce.aup.asergo.com"]
    for hook in hooks:
        assert (hook["failurePolicy"], hook["timeoutSeconds"]) == ("Fail", 5)
        assert (hook["sideEffects"], hook["matchPolicy"]) == ("None", "Equivalent")
        assert hook["admissionReviewVersions"] == ["v1"]
        assert hook["clientConfig"] == {
            "service": {"name": "aup-webhook", "namespace": NAMESPACE, "path": "/enforce", "port": 443}
        }
        assert {rule["scope"] for rule in hook["rules"]} == {"Namespaced"}
        assert {operation for rule in hook["rules"] for operation in rule["operations"]} <= {"CREATE", "UPDATE"}


def test_a_change_is_sent_to_one_webhook() -> None:
    """The built-in entry names its groups, and the custom one leaves these out: no request costs two calls."""
    builtin, custom = one("ValidatingWebhookConfiguration", "aup-enforce")["webhooks"]
    groups = {group for rule in builtin["rules"] for group in rule["apiGroups"]} - {"*"}
    condition = custom["matchConditions"][0]["expression"]

    assert groups == {"", "apps", "autoscaling", "batch", "discovery.k8s.io", "networking.k8s.io"}
    assert 'endsWith(".k8s.io")' in condition
    left_out = condition.partition('endsWith(".k8s.io")')
    assert all(f'"{group}"' in left_out[0] or group.endswith(".k8s.io") for group in groups)
    assert not any(f'"{group}"' in left_out[2] for group in groups)


def test_only_judged_resources_reach_the_webhook() -> None:
    """The built-in entry names each resource; everything else is a custom resource, by its group."""
    builtin, custom = one("ValidatingWebhookConfiguration", "aup-enforce")["webhooks"]
    named = {
        f"{group}/{name}" for rule in builtin["rules"] for group in rule["apiGroups"] for name in rule["resources"]
    }

    assert named == {
        "/bindings",
        "/configmaps",
        "/endpoints",
        "/persistentvolumeclaims",
        "/pods",
        "/pods/binding",
        "/pods/ephemeralcontainers",
        "/pods/resize",
        "/podtemplates",
        "/replicationcontrollers",
        "/services",
        "/services/status",
        "apps/daemonsets",
        "apps/deployments",
        "apps/replicasets",
        "apps/statefulsets",
        "autoscaling/horizontalpodautoscalers",
        "batch/cronjobs",
        "batch/jobs",
        "discovery.k8s.io/endpointslices",
        "networking.k8s.io/ingresses",
        "networking.k8s.io/ingresses/status",
        "*/*/scale",
    }
    assert [[each["name"] for each in hook["matchConditions"]] for hook in (builtin, custom)] == [["to-be-judged"]] * 2


def _selectors() -> dict[str, Json]:
    """Each namespace selector of the webhooks and the freeze, by name."""
    found = {
        hook["name"]: hook["namespaceSelector"]
        for hook in one("ValidatingWebhookConfiguration", "aup-enforce")["webhooks"]
    }
    return found | {
        name: one("ValidatingAdmissionPolicy", name)["spec"]["matchConstraints"]["namespaceSelector"]
        for name in ("aup-freeze", "aup-freeze-selected")
    }


@pytest.mark.parametrize("system", SYSTEM)
def test_system_namespaces_are_never_selected(system: str) -> None:
    """Not even if somebody puts our labels on them."""
    labels = {
        "kubernetes.io/metadata.name": system,
        "aup.asergo.com/tenant": "acme",
        "aup.asergo.com/suspended": "true",
    }

    assert not [name for name, selector in _selectors().items() if selects(selector, labels)]


def test_namespaces_are_selected_by_the_providers_labels_alone() -> None:
    """A tenant's namespace is judged, a suspended one frozen, any other left alone."""
    name = {"kubernetes.io/metadata.name": "shop"}
    tenants, suspended = {"aup.asergo.com/tenant": "acme"}, {"aup.asergo.com/suspended": "true"}

    for which, selector in _selectors().items():
        assert not selects(selector, name)
        assert selects(selector, name | (suspended if which == "aup-freeze" else tenants))


@pytest.mark.parametrize("name", ["aup-freeze", "aup-guard-namespaces", "aup-guard-quotas", "aup-guard-resources"])
def test_policies_fail_closed_deny_and_depend_on_no_parameters(name: str) -> None:
    """A parameter's CRD that is not served yet would block a starting cluster."""
    policy, binding = (
        one(kind, name)["spec"] for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    )

    assert policy["failurePolicy"] == "Fail"
    assert "paramKind" not in policy
    assert "paramRef" not in binding
    assert (binding["policyName"], binding["validationActions"]) == (name, ["Deny"])


def test_the_freeze_of_a_selection_goes_by_the_suspension_alone() -> None:
    """It finds it by the operator's label, fails closed, and holds nothing where there is none."""
    policy, binding = (
        one(kind, "aup-freeze-selected")["spec"]
        for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    )

    assert policy["failurePolicy"] == "Fail"
    assert policy["paramKind"] == {"apiVersion": API_VERSION, "kind": "Suspension"}
    assert binding == {
        "policyName": "aup-freeze-selected",
        "paramRef": {
            "selector": {
                "matchExpressions": [{"key": SELECTION_LABEL, "operator": "In", "values": ["true", "lifting"]}]
            },
            "parameterNotFoundAction": "Allow",
        },
        "validationActions": ["Deny"],
    }


FREEZES = ("aup-freeze", "aup-freeze-selected")


def _variables(name: str) -> dict[str, str]:
    """The expressions of a freeze, by name."""
    return {each["name"]: each["expression"] for each in one("ValidatingAdmissionPolicy", name)["spec"]["variables"]}


def _quoted(expression: str) -> list[str]:
    return re.findall(r'"([^"]*)"', expression)


@pytest.mark.parametrize("name", FREEZES)
def test_the_freeze_knows_the_same_fields_as_the_rule(name: str) -> None:
    """Counts with their defaults, switches, annotations and kinds are those of rule AUP7301."""
    variables = _variables(name)
    counts = dict(re.findall(r'"(\w+)": (?:request\.kind\.kind == "Scale" \? 0 : )?(\d+)', variables["absent"]))
    ours = [each for each in _quoted(variables["startsPods"]) if "." in each.partition(".")[2]]

    assert {field: int(number) for field, number in counts.items()} == COUNTS
    assert _quoted(variables["resumed"])[: len(SWITCHES)] == list(SWITCHES)
    assert _quoted(variables["started"])[: len(RUNS)] == list(RUNS)
    assert _quoted(variables["unpaused"])[: len(PAUSE_ANNOTATIONS)] == list(PAUSE_ANNOTATIONS)
    assert {*ours, "scaledjobs.keda.sh", "scaledobjects.keda.sh"} == STARTERS


@pytest.mark.parametrize("known", known_kinds(), ids=lambda known: f"{known.kind}.{known.group}")
def test_the_freeze_holds_every_field_that_a_suspension_sets(known: KnownKind) -> None:
    """What the operator writes to stop a kind, nobody else turns back."""
    held = set(COUNTS) | set(SWITCHES) | set(RUNS)
    pointers = {*known.set, *(pointer for case in known.cases for pointer in case.set)}
    fields = {pointer.removeprefix("/spec/") for pointer in pointers if pointer.startswith("/spec/")}
    annotations = {
        pointer.removeprefix("/metadata/annotations/").replace("~1", "/")
        for pointer in pointers
        if pointer.startswith("/metadata/")
    }

    assert fields <= held | {"runPolicy/suspend", "runStrategy", "persistentVolumeClaimRetentionPolicy/whenScaled"}
    assert annotations <= set(PAUSE_ANNOTATIONS)
    assert f"{known.plural}.{known.group}" in STARTERS


@pytest.mark.parametrize("name", FREEZES)
def test_the_freeze_leaves_out_what_kubernetes_cannot_do_without(name: str) -> None:
    """By name, so that no expression can stand in its way; and no Service, but only a call of one."""
    constraints = one("ValidatingAdmissionPolicy", name)["spec"]["matchConstraints"]
    left_out = {
        f"{group}/{resource}"
        for rule in constraints["excludeResourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    stopped = {
        operation: {
            f"{group}/{resource}"
            for rule in constraints["resourceRules"]
            if operation in rule["operations"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
        }
        for operation in ("CREATE", "UPDATE", "DELETE", "CONNECT")
    }

    assert left_out >= {"coordination.k8s.io/*", "discovery.k8s.io/*", "events.k8s.io/*", "/events", "/endpoints"}
    assert stopped == {
        "CREATE": {"*/*", "/pods/binding"},
        "UPDATE": {"*/*", "*/*/scale", "/pods/ephemeralcontainers", "/pods/resize", "/pods/status"},
        "DELETE": {"networking.k8s.io/networkpolicies"},
        "CONNECT": {"/pods/attach", "/pods/exec", "/pods/portforward", "/pods/proxy", "/services/proxy"},
    }


def test_the_service_can_lead_to_a_local_process() -> None:
    """With externalName the Service selects no Pods, and the API server calls the port that is set."""
    values = ("webhook.service.externalName=localhost", "webhook.service.port=9443")

    assert one("Service", "aup-webhook", *values)["spec"] == {"type": "ExternalName", "externalName": "localhost"}
    for hook in one("ValidatingWebhookConfiguration", "aup-enforce", *values)["webhooks"]:
        assert hook["clientConfig"]["service"]["port"] == 9443


def test_crds_can_be_left_out_or_given_up() -> None:
    """They are kept at uninstall unless the provider says otherwise."""
    crds = [each for each in render() if each["kind"] == "CustomResourceDefinition"]

    assert len(crds) == 10
    assert {each["metadata"]["annotations"]["helm.sh/resource-policy"] for each in crds} == {"keep"}
    assert "CustomResourceDefinition" not in kinds("crds.enabled=false")
    given_up = [each for each in render("crds.keep=false") if each["kind"] == "CustomResourceDefinition"]
    assert not [each for each in given_up if "annotations" in each["metadata"]]


def test_rendered_crds_are_the_generated_ones() -> None:
    """Helm adds labels and the annotation and changes nothing else."""
    for path in sorted((CHART / "files" / "crds").glob("*.yaml")):
        source = yaml.safe_load(path.read_text())

        assert one("CustomResourceDefinition", source["metadata"]["name"])["spec"] == source["spec"]


def test_the_policy_is_mounted_into_the_operator() -> None:
    """By default Asergo's, word for word."""
    assert (
        one("ConfigMap", "aup-policy")["data"]["policy.yaml"].strip()
        == (CHART / "files/policy.yaml").read_text().strip()
    )
    (container,) = one("Deployment", "aup-operator")["spec"]["template"]["spec"]["containers"]
    assert {"name": "AUP_POLICY_FILE", "value": "/etc/aup/policy/policy.yaml"} in container["env"]


def test_the_policy_can_be_the_providers_own_or_none() -> None:
    """A whole manifest replaces it; without one the operator is told of no file."""
    spec = {
        "version": "2027-01-01",
        "provider": "Own",
        "announcedAt": "2027-01-01T00:00:00Z",
        "effectiveAt": "2027-02-01T00:00:00Z",
        "url": "https://own.example/aup",
        "contact": "abuse@own.example",
        "documentationURL": "https://own.example/rules",
    }
    own = (
        "policy.manifest.apiVersion=aup.asergo.com/v1alpha1",
        "policy.manifest.kind=AcceptableUsePolicy",
        "policy.manifest.metadata.name=own",
        *(f"policy.manifest.spec.{name}={value}" for name, value in spec.items()),
    )
    written = yaml.safe_load(one("ConfigMap", "aup-policy", *own)["data"]["policy.yaml"])

    assert (written["kind"], written["metadata"], written["spec"]) == (
        "AcceptableUsePolicy",
        {"name": "own"},
        spec,
    )
    assert not [
        each
        for each in render("policy.install=false")
        if (each["kind"], each["metadata"]["name"]) == ("ConfigMap", "aup-policy")
    ]
    (container,) = one("Deployment", "aup-operator", "policy.install=false")["spec"]["template"]["spec"]["containers"]
    assert "AUP_POLICY_FILE" not in json.dumps(container)


def test_the_operator_is_told_how_often_to_audit() -> None:
    """In seconds, as text, which is all that an environment variable can be."""
    (container,) = one("Deployment", "aup-operator", "operator.auditInterval=3600")["spec"]["template"]["spec"][
        "containers"
    ]

    assert {"name": "AUP_AUDIT_INTERVAL", "value": "3600"} in container["env"]


@pytest.mark.parametrize(
    ("name", "strategy", "replicas"), [("webhook", "RollingUpdate", 2), ("operator", "Recreate", 1)]
)
def test_pods_may_do_nothing_they_do_not_need(name: str, strategy: str, replicas: int) -> None:
    """The Pod Security Standard `restricted`, memory bounded, CPU not throttled."""
    spec = one("Deployment", f"aup-{name}")["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]

    assert (spec["strategy"]["type"], spec["replicas"]) == (strategy, replicas)
    assert container["command"] == ["python", "-Im", f"aup_{name}"]
    assert pod["serviceAccountName"] == f"aup-{name}"
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 65532)
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}
    assert set(container["resources"]["limits"]) == {"memory"}


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ((), "aup-webhook:0.2.0"),
        (("webhook.image.tag=2.0",), "aup-webhook:2.0"),
        (("webhook.image.digest=sha256:" + "a" * 64,), "aup-webhook@sha256:" + "a" * 64),
    ],
)
def test_an_image_is_named_in_one_way(values: tuple[str, ...], image: str) -> None:
    """By tag, which is the chart's appVersion unless set, or by digest alone."""
    (container,) = one("Deployment", "aup-webhook", *values)["spec"]["template"]["spec"]["containers"]

    assert container["image"] == image


def test_every_value_has_a_sentence_and_a_schema() -> None:
    """Each key that holds a value has a comment above it, and the schema has the same keys."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    lines = (CHART / "values.yaml").read_text().splitlines()

    def check(values: Json, properties: Json, indent: int) -> None:
        for key, value in values.items():
            if "$ref" in properties[key]:
                where = schema["$defs"][properties[key]["$ref"].rpartition("/")[2]]
            else:
                where = properties[key]
            if isinstance(value, dict) and "properties" in where and key not in {"affinity", "resources"}:
                assert set(value) == set(where["properties"]), key
                check(value, where["properties"], indent + 2)
            else:
                at = [number for number, line in enumerate(lines) if line.startswith(f"{' ' * indent}{key}:")]
                assert at
                assert all(re.fullmatch(r" *# .+\.", lines[number - 1]) for number in at), key

    check(yaml.safe_load("\n".join(lines)), schema["properties"], 0)


def test_the_notes_are_short() -> None:
    """Warnings first, then what to do; at most twenty lines even with every warning."""
    notes = (CHART / "templates" / "NOTES.txt").read_text().splitlines()
    printed = [line for line in notes if not line.startswith("{{-")]

    assert len(printed) <= 20
    assert [line.startswith("WARNING") for line in printed] == sorted(
        (line.startswith("WARNING") for line in printed), reverse=True
    )

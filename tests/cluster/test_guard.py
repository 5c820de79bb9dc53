"""Only the provider gives namespaces to tenants and writes the provider's kinds; everybody else's work is untouched."""

import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import Installation
from tests.support import LIFT, Customer, Json, container, eventually, named_customer, pod, suspension, workload

pytestmark = pytest.mark.cluster

TENANT = "aup.asergo.com/tenant"
SUSPENDED = "aup.asergo.com/suspended"
LICENSE = "aup.asergo.com/license"
ENTITLEMENT = "aup.asergo.com/entitlement"
NOT_YOURS = "[AUP guard] only the provider"

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def guarded(aup: Installation) -> Customer:
    """A tenant whose namespaces are tried for."""
    return named_customer(aup.plane, "guarded")


def _allowed(plane: ControlPlane, user: str, *rules: Json) -> Kubectl:
    """kubectl as a user with these rights in the whole cluster, with input as YAML or JSON text."""
    name = f"test:{user}:rights"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [*rules],
    }
    plane.kubectl("apply", "-f", "-", input=json.dumps(role))
    plane.kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", f"--user={user}")
    kubeconfig = plane.user_kubeconfig(user)

    def run(*args: str, stdin: object = None, check: bool = False) -> subprocess.CompletedProcess[str]:
        return plane.kubectl(*args, input=json.dumps(stdin) if stdin else None, check=check, kubeconfig=kubeconfig)

    eventually(lambda: run("auth", "can-i", "list", "namespaces").returncode == 0)
    return run


@pytest.fixture(scope="module")
def intruder(guarded: Customer) -> Kubectl:
    """A user who may do everything to namespaces and write every kind of ours, by RBAC, and is not the provider."""
    verbs = ["get", "list", "watch", "create", "update", "patch", "delete"]
    return _allowed(
        guarded.plane,
        "intruder",
        {"apiGroups": [""], "resources": ["namespaces", "namespaces/status", "namespaces/finalize"], "verbs": verbs},
        {"apiGroups": ["aup.asergo.com"], "resources": ["*"], "verbs": verbs},
    )


def _namespace(name: str, **labels: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


@pytest.mark.parametrize(
    "namespace",
    [
        _namespace("without-label"),
        _namespace("with-own-label", **{TENANT: "guarded"}),
        _namespace("with-others-label", **{TENANT: "acme"}),
        _namespace("kube-x"),
        _namespace("kube-system-2", **{"kubernetes.io/metadata.name": "kube-system"}),
        _namespace("suspended", **{TENANT: "guarded", SUSPENDED: "lifting"}),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "kube-"}},
    ],
    ids=lambda namespace: str(namespace["metadata"].get("name", "generateName")),
)
def test_nobody_but_the_provider_creates_a_namespace(namespace: Json, intruder: Kubectl) -> None:
    """T27: with or without a label, and whatever it is called."""
    answer = intruder("create", "-f", "-", stdin=namespace)

    assert answer.returncode == 1
    assert "[AUP guard] only the provider creates Namespaces here. Ask your provider for one." in answer.stderr


CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "the tenant label is removed": (TENANT, {"metadata": {"labels": {TENANT: None}}}),
    "the namespace is moved to another tenant": (TENANT, {"metadata": {"labels": {TENANT: "acme"}}}),
    "the tenant label is emptied": (TENANT, {"metadata": {"labels": {TENANT: ""}}}),
    "all labels are removed": (TENANT, {"metadata": {"labels": None}}),
    "the suspended label is set": (SUSPENDED, {"metadata": {"labels": {SUSPENDED: "lifting"}}}),
    "another label of the group is set": ("aup.asergo.com/x", {"metadata": {"labels": {"aup.asergo.com/x": "1"}}}),
    "an annotation of the group is set": ("aup.asergo.com/x", {"metadata": {"annotations": {"aup.asergo.com/x": "1"}}}),
}


@pytest.mark.parametrize("subresource", ["", "status", "finalize"])
@pytest.mark.parametrize("change", CHANGES)
def test_nobody_but_the_provider_changes_what_a_namespace_says_of_its_tenant(
    change: str, subresource: str, intruder: Kubectl, guarded: Customer
) -> None:
    """T27: neither on the namespace nor through its subresources."""
    key, patch = CHANGES[change]
    if subresource == "finalize":  # which takes no patch
        current = guarded.get("namespace", guarded.namespace)
        metadata = patch["metadata"]
        current["metadata"] = _merged(current["metadata"], metadata)
        answer = intruder(
            "replace", "--raw", f"/api/v1/namespaces/{guarded.namespace}/finalize", "-f", "-", stdin=current
        )
    else:
        scope = [f"--subresource={subresource}"] if subresource else []
        answer = intruder("patch", "namespace", guarded.namespace, *scope, "--type=merge", "-p", json.dumps(patch))

    assert answer.returncode == 1
    assert f"[AUP guard] only the provider sets, changes or removes {key} of a Namespace." in answer.stderr


def _merged(value: Json, patch: Json) -> Json:
    """A JSON merge patch (RFC 7396)."""
    made = dict(value)
    for key, new in patch.items():
        if new is None:
            made.pop(key, None)
        else:
            made[key] = _merged(made.get(key, {}), new) if isinstance(new, dict) else new
    return made


def test_the_guard_holds_the_tenants_own_user_too(guarded: Customer) -> None:
    """A Role with everything in a namespace allows changes of the Namespace itself; the guard does not."""
    moved = guarded.run("label", "--overwrite", "namespace", guarded.namespace, f"{TENANT}=acme")
    freed = guarded.run("label", "namespace", guarded.namespace, f"{TENANT}-")

    assert [f"{NOT_YOURS} sets, changes or removes {TENANT} of" in one.stderr for one in (moved, freed)] == [True, True]


def test_a_suspended_tenant_cannot_take_the_freeze_off(aup: Installation) -> None:
    """The label is neither removed nor set to `lifting`, through no subresource."""
    frozen = named_customer(aup.plane, "frosty")
    frozen.provider("label", "namespace", "frosty", f"{SUSPENDED}=true")
    attempts = [
        frozen.run("label", "namespace", "frosty", f"{SUSPENDED}-"),
        frozen.run("label", "--overwrite", "namespace", "frosty", f"{SUSPENDED}=lifting"),
        frozen.run(
            *("patch", "namespace", "frosty", "--subresource=status", "--type=merge"),
            *("-p", json.dumps({"metadata": {"labels": {SUSPENDED: None}}})),
        ),
    ]

    assert [f"removes {SUSPENDED} of a Namespace" in one.stderr for one in attempts] == [True, True, True]
    assert frozen.get("namespace", "frosty")["metadata"]["labels"][SUSPENDED] == "true"


def test_the_name_label_that_our_selectors_go_by_cannot_be_forged(guarded: Customer) -> None:
    """Kubernetes itself keeps kubernetes.io/metadata.name as the namespace's name."""
    guarded.run("label", "--overwrite", "namespace", guarded.namespace, "kubernetes.io/metadata.name=kube-system")

    labels = guarded.get("namespace", guarded.namespace)["metadata"]["labels"]
    assert labels["kubernetes.io/metadata.name"] == guarded.namespace


def test_the_licence_and_all_that_is_not_ours_may_be_changed(guarded: Customer) -> None:
    """The tenant states its licence and entitlement, and puts labels of its own, on its namespace."""
    stated = (f"{LICENSE}=MIT", f"{ENTITLEMENT}=none")
    licence = guarded.run("annotate", "--overwrite", "namespace", guarded.namespace, *stated)
    label = guarded.run("label", "namespace", guarded.namespace, "team=shop")
    removed = guarded.run("annotate", "namespace", guarded.namespace, f"{LICENSE}-", f"{ENTITLEMENT}-")

    assert [licence.returncode, label.returncode, removed.returncode] == [0, 0, 0]


NOTICE = {
    "apiVersion": "aup.asergo.com/v1alpha1",
    "kind": "Notice",
    "metadata": {"name": "forged", "namespace": "guarded"},
    "spec": {
        "tenant": "guarded",
        "subject": "All is well",
        "statement": "Nothing to see.",
        "issuedAt": "2026-01-01T00:00:00Z",
        "howToAnswer": "Not at all.",
        "howToAppeal": "Not at all.",
    },
}
PERMIT = {
    "apiVersion": "aup.asergo.com/v1alpha1",
    "kind": "Permit",
    "metadata": {"name": "forged"},
    "spec": {
        "tenant": "guarded",
        "rules": ["AUP1601"],
        "scope": {"namespaces": ["guarded"]},
        "validFrom": "2026-01-01T00:00:00Z",
        "expiresAt": "2099-01-01T00:00:00Z",
        "reason": "Because.",
        "ticket": "none",
        "approvedBy": "me",
    },
}
RECORD = {
    "apiVersion": "aup.asergo.com/v1alpha1",
    "kind": "SuspensionRecord",
    "metadata": {"name": "forged"},
    "spec": {"tenant": "guarded", "suspension": "guarded", "entries": [], "digest": "0" * 64},
}
TENANT_OBJECT = {
    "apiVersion": "aup.asergo.com/v1alpha1",
    "kind": "Tenant",
    "metadata": {"name": "forged"},
    "spec": {
        "accountID": "forged",
        "legalName": "Forged",
        "country": "DK",
        "contacts": {"abuse": "abuse@forged.example"},
        "quota": {"perPod": {"cpu": "1000"}},
    },
}
POLICY = {
    "apiVersion": "aup.asergo.com/v1alpha1",
    "kind": "AcceptableUsePolicy",
    "metadata": {"name": "forged"},
    "spec": {
        "version": "9999",
        "provider": "Nobody",
        "announcedAt": "2026-01-01T00:00:00Z",
        "effectiveAt": "2026-01-01T00:00:00Z",
        "material": False,
        "url": "https://forged.example",
        "contact": "abuse@forged.example",
        "documentationURL": "https://forged.example",
    },
}


@pytest.mark.parametrize(
    ("manifest", "plural"),
    [
        (NOTICE, "notices"),
        (PERMIT, "permits"),
        (RECORD, "suspensionrecords"),
        (TENANT_OBJECT, "tenants"),
        (POLICY, "acceptableusepolicies"),
        (suspension("guarded", "forged"), "suspensions"),
    ],
    ids=["Notice", "Permit", "SuspensionRecord", "Tenant", "AcceptableUsePolicy", "Suspension"],
)
def test_nobody_but_the_provider_creates_our_kinds_though_rbac_allows_it(
    manifest: Json, plural: str, intruder: Kubectl
) -> None:
    """T28: a right that was given by mistake is not enough."""
    answer = intruder("create", "-f", "-", stdin=manifest)

    writer = "aup's operator" if plural == "suspensionrecords" else "the provider"
    assert answer.returncode == 1
    assert f"[AUP guard] only {writer} writes {plural}.aup.asergo.com" in answer.stderr


@pytest.mark.parametrize(
    ("args", "resource"),
    [
        (["patch", "tenant", "guarded", "--type=merge", "-p", '{"spec": {"country": "SE"}}'], "tenants"),
        (["patch", "tenant", "guarded", "--type=merge", "-p", '{"metadata": {"labels": {"a": "b"}}}'], "tenants"),
        (["delete", "tenant", "guarded"], "tenants"),
        (["delete", "acceptableusepolicies", "--all"], "acceptableusepolicies"),
        (
            [
                "patch",
                "tenant",
                "guarded",
                "--subresource=status",
                "--type=merge",
                "-p",
                '{"status": {"standing": "Good"}}',
            ],
            "tenants/status",
        ),
    ],
    ids=["spec", "labels", "delete", "delete the policy", "status"],
)
def test_nobody_but_the_provider_changes_or_deletes_our_kinds(
    args: list[str], resource: str, intruder: Kubectl
) -> None:
    """T28: neither spec nor metadata, and the status is the operator's."""
    answer = intruder(*args)

    assert answer.returncode == 1
    assert re.search(
        rf"\[AUP guard\] only (the provider|aup's operator) writes {resource}\.aup\.asergo\.com", answer.stderr
    )


def test_a_tenant_with_every_right_in_its_namespace_writes_no_notice(guarded: Customer) -> None:
    """A notice is neither forged, nor changed, nor deleted."""
    guarded.provider("create", "-f", "-", stdin=NOTICE | {"metadata": {"name": "true", "namespace": "guarded"}})
    attempts = [
        guarded.run("create", "-f", "-", stdin=NOTICE),
        guarded.run("patch", "notice", "true", "--type=merge", "-p", '{"spec": {"subject": "Never mind"}}'),
        guarded.run("patch", "notice", "true", "--type=merge", "-p", '{"metadata": {"annotations": {"read": "yes"}}}'),
        guarded.run("delete", "notice", "true"),
        guarded.run("delete", "notices", "--all"),
    ]

    assert [f"{NOT_YOURS} writes notices.aup.asergo.com" in one.stderr for one in attempts] == [True] * 5
    assert guarded.run("get", "notice", "true", "-o", "jsonpath={.spec.subject}").stdout == "All is well"


def test_what_holds_originals_cannot_be_deleted_even_by_the_provider(aup: Installation) -> None:
    """A record that still holds something down stays; nothing could be put back without it."""
    customer = named_customer(aup.plane, "recorded")
    customer.run("apply", "-f", "-", stdin=workload("Deployment", "web"), check=True)
    customer.provider("apply", "-f", "-", stdin=suspension("recorded"))
    eventually(lambda: customer.get("suspension", "recorded").get("status", {}).get("phase") == "Enforced")
    (record,) = customer.get("suspension", "recorded")["status"]["records"]
    deleted = customer.provider("delete", "suspensionrecord", record, check=False)
    changed = customer.provider(
        *("patch", "suspensionrecord", record, "--type=merge", "-p", '{"spec": {"digest": "x"}}'), check=False
    )

    assert "[AUP guard] this record holds the original values of a suspended tenant" in deleted.stderr
    assert changed.returncode == 1
    assert customer.get("suspensionrecord", record)["spec"]["tenant"] == "recorded"


def test_the_policy_in_force_cannot_be_deleted_even_by_the_provider(guarded: Customer) -> None:
    """A later one takes its place; there is never none."""
    name = guarded.get("acceptableusepolicies")["items"][0]["metadata"]["name"]
    answer = guarded.provider("delete", "acceptableusepolicy", name, check=False)

    assert "[AUP guard] a policy that is in force cannot be deleted" in answer.stderr


@pytest.fixture(scope="module")
def automation(guarded: Customer) -> Kubectl:
    """The provider's own automation: a user with the chart's ClusterRole for it, and rights on namespaces."""
    guarded.plane.kubectl(
        "create", "clusterrolebinding", "test:assign", "--clusterrole=aup-provider", "--user=automation"
    )
    verbs = ["get", "list", "create", "update", "patch", "delete"]
    return _allowed(
        guarded.plane,
        "automation",
        {"apiGroups": [""], "resources": ["namespaces", "namespaces/status", "namespaces/finalize"], "verbs": verbs},
    )


def test_the_providers_automation_does_all_that_it_must(automation: Kubectl) -> None:
    """It makes a namespace, gives it to a tenant, moves it, takes it back, and writes the provider's kinds."""
    run = [
        automation("create", "-f", "-", stdin=_namespace("provided", **{TENANT: "guarded"})),
        automation("label", "--overwrite", "namespace", "provided", f"{TENANT}=frosty"),
        automation("label", "namespace", "provided", f"{TENANT}-"),
        automation("create", "-f", "-", stdin=TENANT_OBJECT | {"metadata": {"name": "provided"}}),
        automation("patch", "tenant", "provided", "--type=merge", "-p", '{"spec": {"country": "SE"}}'),
        automation("create", "-f", "-", stdin=PERMIT | {"metadata": {"name": "provided"}}),
        automation("delete", "permit/provided", "tenant/provided"),
    ]

    assert [one.returncode for one in run] == [0] * len(run), [one.stderr for one in run]


def test_the_abuse_desk_orders_suspensions_and_writes_nothing_else(guarded: Customer) -> None:
    """The chart's ClusterRole for it lets it suspend and lift; more rights by RBAC do not help."""
    guarded.plane.kubectl("create", "clusterrolebinding", "test:desk", "--clusterrole=aup-abuse-desk", "--user=desk")
    verbs = ["get", "list", "create", "update", "patch", "delete"]
    desk = _allowed(
        guarded.plane,
        "desk",
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]},
        {"apiGroups": ["aup.asergo.com"], "resources": ["*"], "verbs": verbs},
    )
    later = suspension("nobody", "by-desk", effectiveAt="2099-01-01T00:00:00Z", orderedBy="desk")
    ordered = desk("create", "-f", "-", stdin=later)
    tenant = desk("create", "-f", "-", stdin=TENANT_OBJECT)
    permit = desk("create", "-f", "-", stdin=PERMIT)

    assert ordered.returncode == 0, ordered.stderr
    assert [NOT_YOURS in one.stderr for one in (tenant, permit)] == [True, True]


@pytest.fixture(scope="module")
def order(guarded: Customer) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Changes the spec of a suspension for a time to come, as one of three people who may order one.

    Dana is of the abuse desk, Paul and Petra are the provider; Paul has ordered it.
    """
    people = {"dana": "aup-abuse-desk", "paul": "aup-provider", "petra": "aup-provider"}
    for name, role in people.items():
        binding = f"test:{name}:{role}"
        guarded.plane.kubectl("create", "clusterrolebinding", binding, f"--clusterrole={role}", f"--user={name}")
    verbs = ["get", "list", "create", "update", "patch", "delete"]
    namespaces = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}
    ours = {"apiGroups": ["aup.asergo.com"], "resources": ["*"], "verbs": verbs}
    users = {name: _allowed(guarded.plane, name, namespaces, ours) for name in people}

    def change(user: str, spec: Json, metadata: Json | None = None, *, anew: bool = True) -> Any:
        if anew:
            guarded.provider("delete", "suspension", "signed", "--ignore-not-found", "--wait")
            paul = suspension("nobody", "signed", orderedBy="paul", effectiveAt="2099-01-01T00:00:00Z", workloads=[])
            users["paul"]("create", "-f", "-", stdin=paul, check=True)
        body = {"spec": spec} | ({"metadata": metadata} if metadata else {})
        return users[user]("patch", "suspension", "signed", "--type=merge", "-p", json.dumps(body))

    return change


LATER = {"effectiveAt": "2099-06-01T00:00:00Z", "reason": "r"}
REMOVAL = {"objects": [{"kind": "ConfigMap", "namespace": "guarded", "name": "a"}], "reason": "r"}
TERMINATION = {"retainUntil": "2099-06-01T00:00:00Z", "reason": "r"}
APPEAL = {"receivedAt": "2027-01-01T00:00:00Z", "statement": "s"}
DECISION = {"outcome": "Upheld", "reason": "r", "decidedAt": "2027-01-02T00:00:00Z"}
SIGNED: dict[str, Callable[[str], Json]] = {
    "spec.orderedBy": lambda who: {"orderedBy": who},
    "spec.approvedBy": lambda who: {"approvedBy": who},
    "spec.extensions[].orderedBy": lambda who: {"extensions": [LATER | {"orderedBy": who}]},
    "spec.removal.orderedBy": lambda who: {"removal": REMOVAL | {"orderedBy": who}},
    "spec.termination.orderedBy": lambda who: {"termination": TERMINATION | {"orderedBy": who}},
    "spec.appeal.recordedBy": lambda who: {"appeal": APPEAL | {"recordedBy": who}},
    "spec.lift.orderedBy": lambda who: {"lift": {"reason": "r", "orderedBy": who}},
}


@pytest.mark.parametrize("field", SIGNED)
def test_nobody_writes_another_persons_name(field: str, order: Kubectl) -> None:
    """Who ordered, approved or recorded something is whoever sends the request."""
    forged = order("petra", SIGNED[field]("paula"))
    own = order("petra", SIGNED[field]("petra"), anew=False)

    assert (
        f"[AUP guard] {field} must be petra, the user who sends this request: nobody writes another person's name, "
        "and what was confirmed and is changed has to be confirmed again." in forged.stderr
    )
    assert own.returncode == 0, own.stderr


def test_nobody_orders_a_suspension_in_another_persons_name(order: Kubectl, guarded: Customer) -> None:
    """Whom the second person has to differ from is told by the request, not by its text."""
    order("paul", {})
    forged = guarded.provider("create", "-f", "-", stdin=suspension("nobody", "false", orderedBy="paul"), check=False)

    assert "[AUP guard] spec.orderedBy must be kubernetes-admin, the user who sends this request" in forged.stderr


@pytest.mark.parametrize(("step", "what"), [("removal", REMOVAL), ("termination", TERMINATION)])
def test_a_step_is_confirmed_by_whoever_does_so_and_again_after_a_change(step: str, what: Json, order: Kubectl) -> None:
    """Nobody confirms in another's name, and nobody changes what another has confirmed."""
    both = order("paul", {step: what | {"orderedBy": "paul", "confirmedBy": "petra"}})
    ordered = order("paul", {step: what | {"orderedBy": "paul"}}, anew=False)
    forged = order("paul", {step: {"confirmedBy": "petra"}}, anew=False)
    own = order("paul", {step: {"confirmedBy": "paul"}}, anew=False)
    confirmed = order("petra", {step: {"confirmedBy": "petra"}}, anew=False)
    changed = order("paul", {step: {"reason": "another"}}, anew=False)
    again = order("paul", {step: {"reason": "another", "confirmedBy": None}}, anew=False)

    refused = f"[AUP guard] spec.{step}.confirmedBy must be paul, the user who sends this request"
    assert [refused in each.stderr for each in (both, forged, changed)] == [True] * 3
    assert f"{step} must be confirmed by somebody else than who ordered it" in own.stderr
    assert [each.returncode for each in (ordered, confirmed, again)] == [0, 0, 0]


def test_an_appeal_is_decided_in_ones_own_name(order: Kubectl) -> None:
    """Which is not that of who ordered the suspension."""
    order("dana", {"appeal": APPEAL | {"recordedBy": "dana"}})
    forged = order("dana", {"appeal": {"decision": DECISION | {"decidedBy": "petra"}}}, anew=False)
    decided = order("petra", {"appeal": {"decision": DECISION | {"decidedBy": "petra"}}}, anew=False)
    turned = order("dana", {"appeal": {"decision": {"outcome": "Reversed"}}}, anew=False)

    refused = "[AUP guard] spec.appeal.decision.decidedBy must be dana, the user who sends this request"
    assert [refused in each.stderr for each in (forged, turned)] == [True, True]
    assert decided.returncode == 0, decided.stderr


def test_the_names_of_others_stay_when_one_adds_ones_own(order: Kubectl) -> None:
    """A second extension leaves the first as it was; a label is no business of the names."""
    first = LATER | {"orderedBy": "paul"}
    order("paul", {"extensions": [first]})
    second = {"effectiveAt": "2099-07-01T00:00:00Z", "reason": "r", "orderedBy": "dana"}
    added = order("dana", {"extensions": [first, second]}, {"labels": {"team": "desk"}}, anew=False)

    assert added.returncode == 0, added.stderr


def test_only_the_provider_ends_the_service(order: Kubectl) -> None:
    """The abuse desk neither orders, confirms, changes nor takes back a termination."""
    refused = [
        order("dana", {"termination": TERMINATION | {"orderedBy": "dana"}}),
        order("paul", {"termination": TERMINATION | {"orderedBy": "paul"}}, anew=False),
        order("dana", {"termination": {"confirmedBy": "dana"}}, anew=False),
        order("dana", {"termination": {"retainUntil": "2027-01-01T00:00:00Z"}}, anew=False),
        order("dana", {"termination": None}, anew=False),
        order("paul", {"termination": None}, anew=False),
    ]
    said = (
        "[AUP guard] only the provider orders, changes, confirms or takes back a termination, because all data is "
        "deleted by it. Ask somebody with the ClusterRole aup-provider."
    )

    assert [said in each.stderr for each in refused] == [True, False, True, True, True, False]
    assert [each.returncode for each in refused] == [1, 0, 1, 1, 1, 0]


def test_the_desk_does_not_take_the_mark_off_that_holds_a_selection(order: Kubectl) -> None:
    """The API server finds the suspension by it."""
    refused = order("dana", {}, {"labels": {"aup.asergo.com/selection": "lifting"}})
    marked = order("paul", {}, {"labels": {"aup.asergo.com/selection": "true"}}, anew=False)
    removed = order("dana", {}, {"labels": None}, anew=False)

    said = "[AUP guard] only the provider and aup's operator set, change or remove aup.asergo.com/selection of a Susp"
    assert [said in each.stderr for each in (refused, marked, removed)] == [True, False, True]


OURS = [
    "acceptableusepolicies",
    "indicatorlists",
    "licenseentitlements",
    "permits",
    "screeninglists",
    "signaturelists",
    "suspensionrecords",
    "suspensions",
    "tenants",
]


@pytest.mark.parametrize("plural", OURS)
def test_a_tenant_with_every_right_in_its_namespace_touches_nothing_of_ours(plural: str, guarded: Customer) -> None:
    """Nor does it read what it is not told."""
    attempts = [
        guarded.run("get", f"{plural}.aup.asergo.com"),
        guarded.run("delete", f"{plural}.aup.asergo.com", "--all"),
        guarded.run("label", f"{plural}.aup.asergo.com", "any", "a=b"),
        guarded.run("delete", "--raw", f"/apis/aup.asergo.com/v1alpha1/{plural}/any"),
    ]

    assert ["forbidden" in one.stderr.lower() for one in attempts] == [True] * len(attempts)


def test_a_tenant_neither_changes_nor_deletes_the_status_of_a_notice(guarded: Customer) -> None:
    """What became of a notice is the operator's to say."""
    guarded.provider("create", "-f", "-", stdin=NOTICE | {"metadata": {"name": "settled", "namespace": "guarded"}})
    closed = ("--subresource=status", "--type=merge", "-p", '{"status": {"phase": "Closed"}}')
    attempts = [
        guarded.run("patch", "notice", "settled", *closed),
        guarded.run("delete", "--raw", "/apis/aup.asergo.com/v1alpha1/namespaces/guarded/notices"),
    ]

    assert "[AUP guard] only aup's operator writes notices/status.aup.asergo.com" in attempts[0].stderr
    assert f"{NOT_YOURS} writes notices.aup.asergo.com" in attempts[1].stderr


def test_a_namespace_of_a_tenant_that_does_not_exist_holds_no_workload(guarded: Customer) -> None:
    """AUP8101: what nobody answers for does not run, whatever rights its user has."""
    guarded.provider("create", "-f", "-", stdin=_namespace("orphaned", **{TENANT: "nobody-at-all"}))

    def answer() -> str:
        return guarded.provider(
            "create", "-n", "orphaned", "--dry-run=server", "-f", "-", stdin=pod("a"), check=False
        ).stderr

    eventually(lambda: 'found: tenant "nobody-at-all", which does not exist\n' in answer())
    assert "[AUP8101 unknown-tenant] AUP 8.1\n  at:    metadata.namespace\n" in answer()


def _reviews(aup: Installation) -> float:
    """How many reviews the webhook has answered."""
    return sum(float(count) for count in re.findall(r"^aup_reviews_total\{.*\} (\S+)$", aup.metrics(), re.MULTILINE))


ORDINARY: dict[str, tuple[str, dict[str, Any]]] = {
    "a Lease of the system": (
        "kube-system",
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "t"},
            "spec": {"holderIdentity": "a"},
        },
    ),
    "a ConfigMap of the system": ("kube-system", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "t"}}),
    "a miner among the system's Pods": ("kube-system", pod("t", container(image="xmrig/xmrig"), hostNetwork=True)),
    "a Deployment of nobody's": ("default", workload("Deployment", "t", container(image="xmrig/xmrig"))),
    "a Pod of our own namespace": ("aup-system", pod("t", hostNetwork=True)),
    "a tenant's Lease": (
        "guarded",
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "t"},
            "spec": {"holderIdentity": "a"},
        },
    ),
    "a tenant's Secret": ("guarded", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t"}}),
    "a tenant's ServiceAccount": ("guarded", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "t"}}),
    "a tenant's Event": (
        "guarded",
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "t"},
            "involvedObject": {"kind": "Pod", "name": "t", "namespace": "guarded"},
        },
    ),
    "a tenant's NetworkPolicy": (
        "guarded",
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "t"},
            "spec": {"podSelector": {}},
        },
    ),
}


@pytest.mark.parametrize("what", ORDINARY)
def test_what_is_not_judged_never_reaches_the_webhook(what: str, aup: Installation, guarded: Customer) -> None:
    """It is created, changed and deleted, and the webhook's counter stands still."""
    namespace, manifest = ORDINARY[what]
    labelled = manifest | {"metadata": manifest["metadata"] | {"labels": {"changed": "yes"}}}

    def unseen() -> bool:
        before = _reviews(aup)
        for one in (manifest, labelled):
            guarded.provider("apply", "-n", namespace, "--server-side", "-f", "-", stdin=one)
        guarded.provider("delete", "-n", namespace, "--wait=false", "--now", f"{manifest['kind']}/t")
        return _reviews(aup) == before

    eventually(unseen)  # others' changes may come in between, and none of these ever does


def test_a_clusters_administrator_creates_namespaces_as_ever(guarded: Customer) -> None:
    """system:masters may assign tenants, so it is the provider."""
    assert guarded.provider("create", "namespace", "ordinary").stdout == "namespace/ordinary created\n"


def test_kubernetes_empties_a_namespace_that_is_deleted(guarded: Customer) -> None:
    """Its namespace controller may delete the notices in it, or the namespace would never go."""
    guarded.provider("create", "-f", "-", stdin=NOTICE | {"metadata": {"name": "last", "namespace": "guarded"}})
    user = "--as=system:serviceaccount:kube-system:namespace-controller"

    assert guarded.provider("delete", user, "notice", "last").returncode == 0


def test_nobody_but_the_provider_and_its_desk_lifts_or_deletes_a_suspension(
    intruder: Kubectl, guarded: Customer
) -> None:
    """T28: a suspension is neither lifted, nor put off, nor deleted."""
    later = suspension("nobody", "untouchable", effectiveAt="2099-01-01T00:00:00Z")
    guarded.provider("create", "-f", "-", stdin=later)
    attempts = [
        intruder("patch", "suspension", "untouchable", "--type=merge", "-p", LIFT),
        intruder("patch", "suspension", "untouchable", "--type=merge", "-p", '{"metadata": {"finalizers": []}}'),
        intruder("delete", "suspension", "untouchable"),
    ]

    assert [f"{NOT_YOURS} writes suspensions.aup.asergo.com" in one.stderr for one in attempts] == [True] * 3

"""What holds tenants: told when it is missing or altered, put back as it was, not against an install or uninstall."""

from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from aup.api import KINDS
from aup.review import Json
from aup_operator.kube import Kube
from aup_operator.protection import Protection
from aup_operator.settings import Settings

SETTINGS = Settings(protection_copy="aup-protection", protection_restore=True)
COPY = "/api/v1/namespaces/aup-system/configmaps/aup-protection"
OWNER = "/apis/rbac.authorization.k8s.io/v1/clusterroles/aup-operator"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
POLICY = f"{ADMISSION}/validatingadmissionpolicies/aup-freeze"
HOOK = f"{ADMISSION}/validatingwebhookconfigurations/aup-enforce"


def wanted(managed_by: str = "Helm") -> list[Json]:
    """A policy and a webhook's configuration, as they are installed."""
    labels = {"app.kubernetes.io/part-of": "aup", "app.kubernetes.io/managed-by": managed_by}
    hook = {"name": "enforce.aup.asergo.com", "failurePolicy": "Fail", "rules": [{"operations": ["CREATE"]}]}
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "aup-freeze", "labels": labels},
            "spec": {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [{"operations": ["*"]}]}},
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "aup-enforce", "labels": labels},
            "webhooks": [{**hook, "clientConfig": {"service": {"name": "aup-webhook"}}}],
        },
    ]


class Server(Kube):
    """An API server that has these objects by path, and a clock that tests turn."""

    def __init__(self, *objects: Json) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.now = 1000.0
        self.calls: list[str] = []
        self.kinds = [f"{kind.plural}.aup.asergo.com" for kind in KINDS]
        copy = yaml.safe_dump_all(objects or wanted())
        self.there: dict[str, Json] = {
            COPY: {"metadata": {"name": "aup-protection"}, "data": {"all.yaml": copy}},
            OWNER: {"metadata": {"name": "aup-operator", "uid": "role"}},
        }
        for one in objects or wanted():
            self.store(one)

    def store(self, one: Json) -> Json:
        """An object as the API server has it: with what it fills in, and the authority that others put there."""
        filled = yaml.safe_load(yaml.safe_dump(one))
        filled["metadata"] = {**filled["metadata"], "uid": f"u{len(self.calls)}", "generation": 1}
        if filled["kind"] == "ValidatingAdmissionPolicy":
            filled["spec"]["matchConstraints"] |= {"namespaceSelector": {}, "objectSelector": {}}
            filled["status"] = {"observedGeneration": 1}
            self.there[POLICY] = filled
        else:
            filled["webhooks"][0] |= {"objectSelector": {}}
            filled["webhooks"][0]["clientConfig"]["caBundle"] = "LS0t"
            self.there[HOOK] = filled
        return dict(filled)

    def get(self, path: str) -> Json | None:
        """The object, or None."""
        return self.there.get(path)

    def list(self, path: str, *, label_selector: str = "", page: int = 0) -> Any:
        """What of the collection bears our label."""
        del page
        key, _, value = label_selector.partition("=")
        found = [one for at, one in self.there.items() if at.rpartition("/")[0] == path]
        return iter([one for one in found if one["metadata"].get("labels", {}).get(key) == value])

    def delete(self, path: str, uid: str, *_: Any, **__: Any) -> None:
        """Delete it, if it is the one."""
        assert self.there[path]["metadata"]["uid"] == uid
        self.calls.append(f"DELETE {path}")
        del self.there[path]

    def request(self, method: str, path: str, body: Any = None, *_: Any, **query: Any) -> Json:
        """A list of kinds, or an apply."""
        if method == "GET":
            return {"items": [{"metadata": {"name": name}} for name in self.kinds]}
        self.calls.append(f"{method} {path} {query['fieldManager']}")
        return self.store(body)

    def protection(self, settings: Settings = SETTINGS) -> Protection:
        """What is tried."""
        return Protection(self, settings, lambda: self.now)


def missing(name: str) -> float | None:
    """What the gauge says of an object of any kind."""
    for family in REGISTRY.collect():
        for sample in family.samples:
            if sample.name == "aup_protection_objects_missing" and sample.labels["name"] == name:
                return sample.value
    return None


def test_what_is_as_it_was_installed_is_left_alone() -> None:
    """The API server's own additions, its status and the webhook's authority are no alteration."""
    server = Server()
    protection = server.protection()

    assert protection.sync() is False
    assert server.calls == []
    assert [missing(name) for name in ("aup-freeze", "aup-enforce", "tenants.aup.asergo.com")] == [0, 0, 0]


def test_what_is_deleted_is_told_and_put_back_at_once() -> None:
    """In the name of Helm, which installed it, and as a thing of our ClusterRole."""
    server = Server()
    protection = server.protection()
    protection.sync()
    del server.there[POLICY]

    assert protection.sync() is True
    assert missing("aup-freeze") == 1
    assert server.calls == [f"PATCH {POLICY} helm"]
    assert server.there[POLICY]["metadata"]["ownerReferences"] == [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "aup-operator", "uid": "role"}
    ]
    assert protection.sync() is False
    assert missing("aup-freeze") == 0


def test_without_helms_label_it_is_put_back_in_kubectls_name() -> None:
    """For manifests that were applied by hand."""
    server = Server(*wanted(managed_by="kubectl"))
    protection = server.protection()
    protection.sync()
    del server.there[HOOK]
    protection.sync()

    assert server.calls == [f"PATCH {HOOK} kubectl"]


@pytest.mark.parametrize(
    "alter",
    [
        lambda one: one["webhooks"][0].update(failurePolicy="Ignore"),
        lambda one: one["webhooks"][0]["objectSelector"].update(matchLabels={"judged": "yes"}),
        lambda one: one["webhooks"][0].update(matchConditions=[{"name": "never", "expression": "false"}]),
        lambda one: one["webhooks"][0]["rules"][0]["operations"].append("DELETE"),
        lambda one: one["webhooks"][0]["rules"].clear(),
        lambda one: one["webhooks"].append({"name": "more"}),
        lambda one: one["webhooks"][0]["clientConfig"].update(url="https://elsewhere.example"),
        lambda one: one["webhooks"][0].pop("failurePolicy"),
    ],
)
def test_what_is_altered_is_made_anew_after_the_time_of_an_upgrade(alter: Any) -> None:
    """An upgrade writes the copy and the object one after the other; nothing that somebody added stays in."""
    server = Server()
    protection = server.protection()
    protection.sync()
    alter(server.there[HOOK])
    assert protection.sync() is True
    assert (server.calls, missing("aup-enforce")) == ([], 0)

    server.now += 5
    protection.sync()
    assert missing("aup-enforce") == 1
    assert server.calls == [f"DELETE {HOOK}", f"PATCH {HOOK} helm"]
    assert protection.sync() is False


def test_what_lost_its_label_is_as_good_as_gone() -> None:
    """An apply gives it back."""
    server = Server()
    protection = server.protection()
    protection.sync()
    server.there[POLICY]["metadata"]["labels"] = {}
    protection.sync()

    assert server.calls == [f"PATCH {POLICY} helm"]


def test_nothing_is_put_back_unless_it_is_wanted() -> None:
    """By default a loss is told, so that the off-switch is one command."""
    server = Server()
    protection = server.protection(Settings(protection_copy="aup-protection"))
    protection.sync()
    del server.there[HOOK]
    protection.sync()

    assert (server.calls, missing("aup-enforce")) == ([], 1)


def test_without_the_copy_nothing_is_put_back_and_that_is_told() -> None:
    """The off-switch deletes the copy first, and so does an uninstall."""
    server = Server()
    protection = server.protection()
    protection.sync()
    del server.there[COPY], server.there[HOOK]
    protection.sync()

    assert (server.calls, missing("aup-protection"), missing("aup-enforce")) == ([], 1, None)


@pytest.mark.parametrize(
    "going", [None, {"metadata": {"name": "aup-operator", "uid": "r", "deletionTimestamp": "now"}}]
)
def test_nothing_is_put_back_while_aup_is_uninstalled(going: Json | None) -> None:
    """Its ClusterRole goes with the release."""
    server = Server()
    protection = server.protection()
    protection.sync()
    del server.there[HOOK], server.there[OWNER]
    if going:
        server.there[OWNER] = going
    protection.sync()

    assert server.calls == []


def test_an_install_has_half_a_minute_to_make_what_we_have_never_seen() -> None:
    """The operator may be there before it; who had it deleted before we began has no longer either."""
    server = Server()
    hook = server.there.pop(HOOK)
    protection = server.protection()
    server.now += 29
    assert protection.sync() is True
    assert (server.calls, missing("aup-enforce")) == ([], 0)

    server.now += 1
    protection.sync()
    assert server.calls == [f"PATCH {HOOK} helm"]
    assert server.there[HOOK]["webhooks"] == hook["webhooks"]


def test_a_kind_of_ours_that_is_gone_is_told() -> None:
    """What it took along nobody can put back from here."""
    server = Server()
    protection = server.protection()
    protection.sync()
    server.kinds.remove("suspensionrecords.aup.asergo.com")
    protection.sync()

    assert missing("suspensionrecords.aup.asergo.com") == 1
    assert server.calls == []


def test_each_loss_is_counted_once() -> None:
    """However long it lasts; a scrape would miss one that is put back at once."""
    server = Server()
    protection = server.protection(Settings(protection_copy="aup-protection"))
    protection.sync()
    labels = {"kind": "ValidatingAdmissionPolicy", "name": "aup-freeze"}
    before = REGISTRY.get_sample_value("aup_protection_losses_total", labels)
    assert before is not None
    policy = server.there.pop(POLICY)
    for _ in range(3):
        protection.sync()
    server.there[POLICY] = policy
    protection.sync()
    del server.there[POLICY]
    protection.sync()

    assert REGISTRY.get_sample_value("aup_protection_losses_total", labels) == before + 2


def test_a_copy_with_other_kinds_puts_none_of_them_back() -> None:
    """Whoever writes the copy gets no more by us than these kinds."""
    server = Server(*wanted())
    binding = {
        "kind": "ClusterRoleBinding",
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": {"name": "aup-x"},
    }
    server.there[COPY]["data"]["more.yaml"] = yaml.safe_dump(binding)
    protection = server.protection()
    server.now += 60
    protection.sync()

    assert server.calls == []


def test_a_copy_that_goes_while_we_look_counts_as_gone() -> None:
    """The off-switch deletes the copy and then the object; what we saw missing must not come back by an older copy."""
    server = Server()
    protection = server.protection()
    protection.sync()
    del server.there[HOOK]
    listed = server.list

    def listing(path: str, **query: Any) -> Any:
        server.there.pop(COPY, None)
        return listed(path, **query)

    server.list = listing  # type: ignore[method-assign, assignment]
    protection.sync()

    assert server.calls == []

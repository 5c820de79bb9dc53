"""A cluster that one tenant has alone: which Tenant counts, and whose a namespace is."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aup.api.tenant import Tenant
from aup.cases import NOW
from aup.cluster import SYSTEM, WholeCluster, names, tenant_of_cluster
from aup.engine import decide
from aup.facts import Facts, gathered
from aup.model import Namespace
from aup.review import Review, of_object

OLD, NEW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)


def tenant(name: str, created: datetime | None = None, *, cluster: bool = True) -> Tenant:
    """A Tenant that claims the whole cluster, or does not."""
    spec = {
        "accountID": name,
        "legalName": name,
        "country": "DK",
        "contacts": {"abuse": "a@b.example"},
        "cluster": cluster,
    }
    return msgspec.convert({"metadata": {"name": name, "creationTimestamp": created}, "spec": spec}, Tenant)


def of_cluster(*namespaces: Namespace, **more: Any) -> Facts:
    """A cluster's own facts, with the tenant `acme` that has it alone and one tenant beside."""
    tenants = [tenant("acme"), tenant("beta", cluster=False)]
    return gathered(tenants=tenants, namespaces=namespaces, complete=True, **more)


def pod(namespace: str) -> Review:
    """A Pod that wants the host's network."""
    spec = {"hostNetwork": True, "containers": [{"name": "web", "image": "nginx"}]}
    return of_object({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}, namespace)


@pytest.mark.parametrize(
    ("tenants", "counts"),
    [
        ([], ""),
        ([tenant("a", OLD, cluster=False)], ""),
        ([tenant("a", cluster=False), tenant("b")], "b"),
        ([tenant("a", NEW), tenant("b", OLD)], "b"),
        ([tenant("b", OLD), tenant("a", OLD)], "a"),
        ([tenant("a"), tenant("b", NEW)], "b"),
        ([tenant("b"), tenant("a")], "a"),
    ],
)
def test_of_several_tenants_the_first_created_has_the_cluster(tenants: list[Tenant], counts: str) -> None:
    """In whatever order they are listed; the name decides between those made in the same second."""
    assert tenant_of_cluster(tenants) == counts
    assert tenant_of_cluster(reversed(tenants)) == counts


def test_every_namespace_but_the_systems_and_another_tenants_is_the_clusters_tenants() -> None:
    """With what it says of itself, and also where nobody has told us yet that there is one."""
    known = {
        one.name: one for one in (Namespace("shop", license="MIT"), Namespace("b", "beta"), Namespace("kube-system"))
    }
    places = WholeCluster(known, "acme", SYSTEM | {"aup-system"})

    assert places["shop"] == Namespace("shop", "acme", "MIT")
    assert places["b"] == Namespace("b", "beta")
    assert places["made-just-now"] == Namespace("made-just-now", "acme")
    assert [places.get(name) for name in ("kube-system", "kube-public", "aup-system", "")] == [None] * 4
    assert [name in places for name in ("shop", "made-just-now", "kube-system")] == [True, False, False]
    assert (list(places), len(places)) == (["shop", "b"], 2)


@pytest.mark.parametrize("namespace", ["shop", "made-just-now", "default"])
def test_a_namespace_without_a_label_is_judged_as_the_clusters_tenants(namespace: str) -> None:
    """Its Pods are found out, and nobody says that it has no tenant."""
    verdict = decide(pod(namespace), of_cluster(Namespace("shop")), NOW)

    assert verdict.tenant == "acme"
    assert {one.rule for one in verdict.denials} >= {"AUP1301"}
    assert not [one for one in verdict.findings if one.rule == "AUP8101"]


def test_a_namespace_with_another_tenants_label_stays_that_ones() -> None:
    """The label goes before the cluster."""
    assert decide(pod("shop"), of_cluster(Namespace("shop", "beta")), NOW).tenant == "beta"


@pytest.mark.parametrize("namespace", ["kube-system", "calico-system"])
def test_the_systems_and_the_providers_namespaces_are_nobodys(namespace: str) -> None:
    """The API server asks about none of these; who asks all the same is told that it has no tenant."""
    facts = of_cluster(Namespace(namespace), apart=SYSTEM | names("aup-system, calico-system"))
    verdict = decide(pod(namespace), facts, NOW)

    assert verdict.tenant == ""
    assert "AUP8101" in {one.rule for one in verdict.denials}


def test_without_such_a_tenant_a_namespace_without_a_label_is_nobodys() -> None:
    """A shared cluster is as it was."""
    facts = gathered(tenants=[tenant("beta", cluster=False)], complete=True)
    verdict = decide(pod("shop"), facts, NOW)

    assert (verdict.tenant, "AUP8101" in {one.rule for one in verdict.denials}) == ("", True)


def test_names_with_commas_between_are_read_with_blanks_and_gaps() -> None:
    """As people write them."""
    assert names("") == frozenset()
    assert names(" a, b ,,c") == {"a", "b", "c"}

"""Hosts in one spelling, whatever an object writes, and what is told where a cluster's facts are whole."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup import traefik
from aup.cases import NOW, Case
from aup.engine import decide
from aup.hosts import KINDS_WITH_HOSTS, hosts, of_nobody, plain, wide, within
from aup.imitation import imitated, mixed_scripts
from aup.review import Json, of_object
from tests.growth import grows_linearly

HELD = frozenset({"acme.example", "xn--bcher-kva.example"})
PROTECTED = frozenset({"paypal.com", "github.com"})
LABEL = st.text("abcdefghijklmnopqrstuvwxyzæøå\u0430\u0431\u04320123456789", min_size=1, max_size=12)
NAMES = st.lists(LABEL, min_size=1, max_size=5).map(".".join)


@given(st.text(max_size=80))
def test_a_plain_name_stays_as_it_is(host: str) -> None:
    """Whatever is written: bringing it to its form twice is bringing it there once, and nothing breaks."""
    name = plain(host)

    assert plain(name) == name
    assert isinstance(within(name, HELD), bool)
    assert isinstance(wide(host), bool)
    assert isinstance(of_nobody(name), bool)
    assert isinstance(mixed_scripts(name), str)
    imitated(name, PROTECTED, HELD)


@given(NAMES, st.sampled_from(["", "*.", ".", "**."]), st.sampled_from(["", "."]), st.booleans())
def test_every_spelling_of_a_name_is_the_same(name: str, before: str, behind: str, capitals: bool) -> None:
    """Case, a wildcard, the last dot and the two forms of IDNA make no other name of it."""
    written = before + name + behind

    assert plain(written.upper() if capitals else written) == plain(name)
    assert plain(plain(name)) == plain(name)


@given(NAMES)
def test_a_name_below_a_domain_is_in_it_and_one_beside_it_is_not(name: str) -> None:
    """Only whole labels count."""
    coded = plain(name)

    assert within(f"{coded}.acme.example", HELD)
    assert not within(f"{coded}acme.example", HELD)
    assert not within(f"acme.example.{coded}", HELD) or coded.endswith("acme.example")


@pytest.mark.parametrize("host", ["*", "", ".", "*.", "*.com", ".com", "*.COM.", " * "])
def test_what_takes_in_everybody_is_wide(host: str) -> None:
    """A bare wildcard, and one below a name without a dot."""
    assert wide(host)


@pytest.mark.parametrize("host", ["*.acme.example", "web", "*.local", "*.svc", "acme.example"])
def test_what_has_a_domain_is_not_wide(host: str) -> None:
    """A wildcard in a domain, and names of the cluster."""
    assert not wide(host)


@pytest.mark.parametrize("rule", ["Host(" + "`a` " * 2000, "!" * 8000, "(" * 8000, "Host(`a`) && " * 600, "&&" * 4000])
def test_no_rule_of_a_router_takes_long(rule: str) -> None:
    """Reading is bounded; what cannot be read is None."""
    assert traefik.hosts(rule * 4) is None
    assert grows_linearly(lambda times: traefik.hosts(rule * times), 1)


@pytest.mark.parametrize("kind", sorted(KINDS_WITH_HOSTS))
@pytest.mark.parametrize("value", [None, 7, [], {}, [[]], [{}], "", "x", {"": {}}])
def test_a_malformed_object_has_no_hosts_that_break(kind: tuple[str, str], value: object) -> None:
    """Wherever a field is of the wrong type, hosts are text."""
    fields = ("rules", "tls", "hosts", "host", "hostname", "hostnames", "listeners", "servers", "routes", "parentRefs")
    more = ("virtualhost", "virtualHost", "dnsNames", "commonName", "http", "defaultBackend", "exportTo", "gateways")
    manifest: Json = {
        "apiVersion": f"{kind[0]}/v1",
        "kind": kind[1],
        "metadata": {"name": value, "annotations": value},
        "spec": dict.fromkeys((*fields, *more), value),
    }

    for spec in (manifest["spec"], value, {"rules": [value], "tls": [value], "listeners": [value], "servers": [value]}):
        found = list(hosts(of_object({**manifest, "spec": spec})))

        assert all(isinstance(at, str) and isinstance(host, str) for at, host in found)


def _on_cluster(manifest: Json, rule: str) -> list[tuple[str, str]]:
    """The findings where the facts are a cluster's own and nothing is recorded of the tenant."""
    case = Case(case="on a cluster", object=manifest)
    facts = msgspec.structs.replace(case.known(), complete=True)
    return [(one.path, one.mode) for one in decide(case.review(), facts, NOW).findings if one.rule == rule]


def test_a_provider_without_verified_domains_only_warns() -> None:
    """A host then warns, but every host is nobody's to take."""
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"rules": [{"host": "shop.acme.example"}, {"host": "*"}, {}]},
    }

    found = _on_cluster(ingress, "AUP6101")

    assert found == [("spec.rules[0].host", "warn"), ("spec.rules[1].host", "deny"), ("spec.rules[2]", "deny")]


def test_a_provider_without_verified_domains_and_networks_only_warns_of_records() -> None:
    """Names and addresses of DNS records then warn; private addresses take nothing from anybody."""
    endpoint = {
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSEndpoint",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "endpoints": [{"dnsName": "shop.example", "recordType": "A", "targets": ["198.51.100.7", "10.0.0.7"]}]
        },
    }

    found = _on_cluster(endpoint, "AUP6301")

    assert found == [("spec.endpoints[0].dnsName", "warn"), ("spec.endpoints[0].targets[0]", "warn")]


def test_off_a_cluster_an_imitation_by_nobody_known_only_warns() -> None:
    """Without the tenant nobody knows which domains are its own."""
    policy = {
        "version": "2025-01-01",
        "provider": "Asergo ApS",
        "announcedAt": "2025-01-01T00:00:00Z",
        "effectiveAt": "2025-01-01T00:00:00Z",
        "url": "https://asergo.com/legal/acceptable-use-policy",
        "contact": "abuse@asergo.com",
        "documentationURL": "https://aup.asergo.com/rules",
        "protectedNames": ["paypal.com"],
    }
    kind = {"apiVersion": "aup.asergo.com/v1alpha1", "kind": "AcceptableUsePolicy", "metadata": {"name": "test"}}
    stranger = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    route = {
        "apiVersion": "route.openshift.io/v1",
        "kind": "Route",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"host": "paypa1.example"},
    }
    case = Case(case="off a cluster", object=route, facts=[{**kind, "spec": policy}, stranger])

    found = decide(case.review(), case.known(), NOW).findings

    assert [(one.rule, one.mode) for one in found] == [("AUP1403", "warn")]


def test_a_host_with_many_labels_is_compared_fast() -> None:
    """A thousand protected names and the longest hosts that there are."""
    protected = frozenset(f"name{number}bank.example" for number in range(1000))

    def compare(labels: int) -> None:
        for number in range(200):
            imitated(f"{number}." + "a." * labels + "example", protected, frozenset())

    assert grows_linearly(compare, 30)

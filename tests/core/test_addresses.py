"""Rule AUP6201 reads an address in every spelling, and knows who may write one where."""

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.engine import decide
from aup.facts import Facts, from_manifests
from aup.review import Json, of_object

NOW = datetime(2026, 1, 1, tzinfo=UTC)
V4, V6 = IPv4Network("203.0.113.0/28"), IPv6Network("2001:db8:a::/64")

Found = list[tuple[str, str]]


def tenant(name: str, *networks: object) -> Json:
    """A Tenant with these networks."""
    return {
        "apiVersion": "aup.asergo.com/v1alpha1",
        "kind": "Tenant",
        "metadata": {"name": name},
        "spec": {
            "accountID": name,
            "legalName": f"{name} ApS",
            "country": "DK",
            "contacts": {"abuse": f"abuse@{name}.example"},
            "assignedCIDRs": [str(network) for network in networks],
        },
    }


def namespace(name: str, of: str) -> Json:
    """A Namespace of a tenant."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"aup.asergo.com/tenant": of}},
    }


KNOWN = from_manifests([tenant("acme", V4, V6), namespace("shop", "acme"), namespace("more", "acme")])
CLUSTER = msgspec.structs.replace(KNOWN, complete=True)


def service(**fields: object) -> Json:
    """A Service; `annotations` go where they belong."""
    annotations = fields.pop("annotations", {})
    metadata = {"name": "web", "namespace": "shop", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": fields}


def found(manifest: Json, facts: Facts = CLUSTER, user: str = "jane", subresource: str = "") -> Found:
    """What AUP6201 denies in an object."""
    review = msgspec.structs.replace(of_object(manifest), user=user, subresource=subresource)
    verdict = decide(review, facts, NOW)
    assert verdict.crashes == ()
    return [(one.path, one.found) for one in verdict.findings if one.rule == "AUP6201"]


@st.composite
def spellings(draw: st.DrawFn, address: IPv4Address | IPv6Address) -> str:
    """One of the ways to write an address."""
    if isinstance(address, IPv4Address):
        high, low = divmod(int(address), 2**16)
        ways = [
            str(address),
            f"::ffff:{address}",
            f"0:0:0:0:0:ffff:{address}",
            f"::ffff:{high:x}:{low:x}",
            f"0000:0000:0000:0000:0000:ffff:{high:04x}:{low:04x}",
        ]
    else:
        groups = [f"{int(group, 16):{draw(st.sampled_from(['x', '02x', '04x']))}}" for group in groups_of(address)]
        four = IPv4Address(int(address) % 2**32)
        ways = [str(address), address.exploded, ":".join(groups), f"{':'.join(groups[:6])}:{four}"]
    written = draw(st.sampled_from(ways))
    return "".join(letter.upper() if draw(st.booleans()) else letter for letter in written)


def groups_of(address: IPv6Address) -> list[str]:
    """Its eight groups of four digits."""
    return address.exploded.split(":")


def within(network: IPv4Network | IPv6Network) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    """The addresses of a network."""
    return st.integers(0, network.num_addresses - 1).map(lambda number: network[number])


INSIDE = st.one_of(within(V4), within(V6))
OUTSIDE = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).filter(
    lambda one: one not in V4 and one not in V6 and getattr(one, "ipv4_mapped", None) is None
)


@given(st.data(), INSIDE)
def test_an_assigned_address_passes_in_any_spelling(data: st.DataObject, address: IPv4Address | IPv6Address) -> None:
    """As an externalIP, and in a list of a load balancer's."""
    written = data.draw(spellings(address))
    annotations = {"metallb.io/loadBalancerIPs": f" {written} ,{written}"}

    assert found(service(externalIPs=[written], loadBalancerIP=written, annotations=annotations)) == []


@given(st.data(), OUTSIDE)
def test_any_other_address_is_denied_in_any_spelling(data: st.DataObject, address: IPv4Address | IPv6Address) -> None:
    """In each of the places, and beside an address that is assigned."""
    written = data.draw(spellings(address))
    annotations = {"lbipam.cilium.io/ips": f"203.0.113.1,{written}"}
    manifest = service(externalIPs=[written, "203.0.113.1"], loadBalancerIP=written, annotations=annotations)

    assert [path for path, _ in found(manifest)] == [
        "metadata.annotations[lbipam.cilium.io/ips]",
        "spec.externalIPs[0]",
        "spec.loadBalancerIP",
    ]


@given(
    within(V4), st.sampled_from(["0{}", "{}%eth0", "::ffff:{}%1", "{}-203.0.113.9", "[{}]", "{}:80", "{}.", "{}/33"])
)
def test_what_is_no_plain_address_is_denied(address: IPv4Address, form: str) -> None:
    """Programs read it in different ways, or not at all."""
    written = form.format(address)

    assert found(service(externalIPs=[written])) == [
        ("spec.externalIPs[0]", f'"{written}", which is no plain IP address')
    ]


@given(st.text())
def test_any_text_has_a_verdict(written: str) -> None:
    """Nothing that a tenant writes breaks the rule."""
    fields = {"type": "ExternalName", "externalName": written, "loadBalancerIP": written}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop"}, "spec": {"containers": []}}
    pod["metadata"]["annotations"] = {"k8s.v1.cni.cncf.io/networks": written, "cni.projectcalico.org/ipAddrs": written}

    found(service(externalIPs=[written], annotations={"metallb.io/loadBalancerIPs": written}, **fields))
    found(pod)


def test_where_the_tenant_is_unknown_no_address_is_assigned() -> None:
    """A namespace that a whole cluster does not know has no addresses."""
    manifest = service(loadBalancerIP="203.0.113.1")
    manifest["metadata"]["namespace"] = "elsewhere"

    assert found(manifest) == [("spec.loadBalancerIP", '"203.0.113.1", which is not assigned to a known tenant')]


@pytest.mark.parametrize("network", ["203.0.113.0/99", "...", "1.2.3.4.5", ":::"])
def test_a_network_that_is_none_assigns_nothing(network: str) -> None:
    """It is the provider's slip, and no reason to fail."""
    facts = from_manifests([tenant("acme", network, "203.0.113.4"), namespace("shop", "acme")])

    assert found(service(externalIPs=["203.0.113.4"]), facts) == []
    assert len(found(service(externalIPs=["203.0.113.5"]), facts)) == 1


def test_networks_may_be_written_as_mapped_ones() -> None:
    """IPv4 inside IPv6 is IPv4 there too."""
    facts = from_manifests([tenant("acme", "::ffff:203.0.113.0/124"), namespace("shop", "acme")])

    assert found(service(externalIPs=["203.0.113.15"]), facts) == []
    assert len(found(service(externalIPs=["203.0.113.16"]), facts)) == 1


WRITERS = {
    "jane": False,
    "system:anonymous": False,
    "system:serviceaccount:shop:default": False,
    "system:serviceaccount:more:default": False,
    "system:serviceaccount:ingress-nginx:ingress-nginx": True,
    "system:serviceaccount:metallb-system:controller": True,
    "system:serviceaccount:kube-system:service-controller": True,
    "system:cloud-controller-manager": True,
    "system:kube-controller-manager": True,
}
"""Who writes a status, and whether an address there is the provider's doing."""


@pytest.mark.parametrize("user", WRITERS)
def test_who_may_give_an_address(user: str) -> None:
    """The provider's programs, which are in no tenant's namespace; a file's facts cannot tell and trust nobody."""
    given_ = service(type="LoadBalancer") | {"status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}}
    in_kubernetes = user.startswith(("system:serviceaccount:kube-system:", "system:cloud", "system:kube"))

    assert (found(given_, CLUSTER, user, "status") == []) == WRITERS[user]
    assert (found(given_, KNOWN, user, "status") == []) == in_kubernetes


@pytest.mark.parametrize(
    ("name", "denied"),
    [
        ("db.more.svc.cluster.local", False),
        ("db.shop", False),
        ("db.monitoring.svc.cluster.local", True),
        ("kubernetes.default.svc", True),
        ("kubernetes.default", True),
        ("10-0-0-1.kube-system.pod.cluster.local", True),
        ("acme.example", False),
        ("svc.pod.example", False),
        ("x.localhost", True),
    ],
)
def test_an_external_name_in_the_cluster_is_one_of_the_tenants_own(name: str, denied: bool) -> None:
    """A namespace without a tenant is the system's."""
    assert bool(found(service(type="ExternalName", externalName=name))) is denied

"""Addresses and hosts of others are refused by a real API server, wherever they can be set, statuses included."""

import json
from subprocess import CompletedProcess

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import Installation
from tests.cluster.attempts import established
from tests.support import Customer, Json, eventually, named_customer

pytestmark = pytest.mark.cluster

OWN = "203.0.113.3"
FOREIGN = "198.51.100.7"
KNOWN = {"assignedCIDRs": ["203.0.113.0/28"], "verifiedDomains": ["acme.example"]}
BALANCER = "system:serviceaccount:ingress-nginx:ingress-nginx"


def crd(group: str, version: str, kind: str, plural: str) -> Json:
    """A CustomResourceDefinition that takes anything in its spec."""
    any_object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": any_object}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }


CRDS = [
    crd("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
    crd("gateway.networking.k8s.io", "v1", "Gateway", "gateways"),
    crd("externaldns.k8s.io", "v1alpha1", "DNSEndpoint", "dnsendpoints"),
]


@pytest.fixture(scope="module")
def acme(aup: Installation) -> Customer:
    """A tenant that has a network and a domain, which the webhook knows."""
    made = named_customer(aup.plane, "addressed")
    made.provider("patch", "tenant", made.name, "--type=merge", "-p", json.dumps({"spec": KNOWN}))
    eventually(lambda: created(made, service("probe", externalIPs=[OWN]), "--dry-run=server").returncode == 0)
    return made


@pytest.fixture(scope="module")
def routes(aup: Installation) -> ControlPlane:
    """The control plane with the kinds of gateways and DNS records."""
    plane = aup.plane
    for manifest in CRDS:
        plane.kubectl("apply", "-f", "-", input=json.dumps(manifest))
        established(plane, f"crd/{manifest['metadata']['name']}")
    return plane


def created(customer: Customer, manifest: Json, *options: str) -> CompletedProcess[str]:
    """What comes of it when the tenant creates an object."""
    return customer.run("create", *options, "-f", "-", stdin=manifest)


def service(name: str, **spec: object) -> Json:
    """A Service with these fields beside its port."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], **spec},
    }


def ingress(name: str, host: str) -> Json:
    """An Ingress for a host."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name},
        "spec": {"rules": [rule]},
    }


def custom(group: str, kind: str, name: str, spec: Json) -> Json:
    """A custom resource."""
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": spec}


def refused(answer: CompletedProcess[str], rule: str, at: str, found: str) -> None:
    """The answer is a rejection by this rule, with this place and finding."""
    assert answer.returncode == 1, answer.stdout
    assert f"[{rule} " in answer.stderr
    assert f"at:    {at}\n" in answer.stderr
    assert f"found: {found}" in answer.stderr


def not_assigned(address: str) -> str:
    """What is found of an address that is not the tenant's."""
    return f'"{address}", which is not assigned to tenant "addressed"'


def given(address: str) -> str:
    """The merge patch that gives a Service or an Ingress an address."""
    return json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": address}]}}})


def test_a_service_takes_only_addresses_of_the_tenant(acme: Customer) -> None:
    """As externalIPs and as the address of a load balancer, at creation and in an update."""
    balanced = service("b", type="LoadBalancer", loadBalancerIP=FOREIGN)
    annotated = service("c", type="LoadBalancer")
    annotated["metadata"]["annotations"] = {"metallb.io/loadBalancerIPs": f"{OWN},{FOREIGN}"}
    refused(
        created(acme, service("a", externalIPs=[OWN, FOREIGN])), "AUP6201", "spec.externalIPs[1]", not_assigned(FOREIGN)
    )
    refused(created(acme, balanced), "AUP6201", "spec.loadBalancerIP", not_assigned(FOREIGN))
    at = "metadata.annotations[metallb.io/loadBalancerIPs]"
    refused(created(acme, annotated), "AUP6201", at, not_assigned(FOREIGN))

    assert created(acme, service("a", externalIPs=[OWN])).returncode == 0
    patch = json.dumps({"spec": {"externalIPs": [OWN, FOREIGN]}})
    refused(acme.run("patch", "service", "a", "-p", patch), "AUP6201", "spec.externalIPs[1]", not_assigned(FOREIGN))


def test_an_external_name_is_neither_an_address_nor_in_anothers_namespace(acme: Customer) -> None:
    """Names outside are fine."""
    address = service("named", type="ExternalName", externalName="169.254.169.254")
    system = service("named", type="ExternalName", externalName="kubernetes.default.svc.cluster.local")
    outside = service("named", type="ExternalName", externalName="db.saas.example")

    refused(
        created(acme, address), "AUP6201", "spec.externalName", '"169.254.169.254", an address that is nobody\'s to use'
    )
    refused(
        created(acme, system),
        "AUP6201",
        "spec.externalName",
        '"kubernetes.default.svc.cluster.local", in a namespace that is not yours',
    )
    assert created(acme, outside).returncode == 0


@pytest.mark.parametrize("kind", ["service", "ingress"])
def test_a_status_takes_addresses_from_the_providers_programs_only(kind: str, acme: Customer) -> None:
    """A tenant may write its own address there (CVE-2020-8554 is the other case); the provider's balancer any."""
    name = f"status-{kind}"
    made = service(name, type="LoadBalancer") if kind == "service" else ingress(name, "acme.example")
    assert created(acme, made).returncode == 0
    patch = ("patch", kind, name, "--subresource=status", "--type=merge", "-p")
    at = "status.loadBalancer.ingress[0].ip"
    refused(acme.run(*patch, given(FOREIGN)), "AUP6201", at, not_assigned(FOREIGN))
    assert acme.run(*patch, given(OWN)).returncode == 0

    acme.provider(
        *("create", "rolebinding", f"balancer-{kind}", "--role=everything"),
        *("--serviceaccount", BALANCER.removeprefix("system:serviceaccount:")),
    )
    eventually(lambda: acme.provider(*patch, given(FOREIGN), "--as", BALANCER, check=False).returncode == 0)
    by_own = acme.provider(
        *patch, given("198.51.100.8"), "--as", f"system:serviceaccount:{acme.namespace}:default", check=False
    )
    assert by_own.returncode == 1


def test_endpoints_lead_only_into_the_cluster_and_to_addresses_of_the_tenant(acme: Customer) -> None:
    """In both kinds."""

    def slice_of(name: str, *addresses: str) -> Json:
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": name},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address]} for address in addresses],
        }

    older = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "e"},
        "subsets": [{"addresses": [{"ip": FOREIGN}], "ports": [{"port": 80}]}],
    }

    refused(created(acme, slice_of("e", FOREIGN)), "AUP6201", "endpoints[0].addresses[0]", not_assigned(FOREIGN))
    refused(created(acme, older), "AUP6201", "subsets[0].addresses[0].ip", not_assigned(FOREIGN))
    assert created(acme, slice_of("e", "10.244.1.7", OWN)).returncode == 0


def test_an_ingress_takes_only_hosts_of_the_tenant(acme: Customer) -> None:
    """At creation and in an update; what it had before does not stand in the way of other changes."""
    missing = 'in no domain verified for tenant "addressed"'
    refused(
        created(acme, ingress("i", "other.example")), "AUP6101", "spec.rules[0].host", f'"other.example", {missing}'
    )
    refused(
        created(acme, ingress("i", "notacme.example")), "AUP6101", "spec.rules[0].host", f'"notacme.example", {missing}'
    )

    assert created(acme, ingress("i", "*.acme.example")).returncode == 0
    patch = json.dumps([{"op": "replace", "path": "/spec/rules/0/host", "value": "other.example"}])
    changed = acme.run("patch", "ingress", "i", "--type=json", "-p", patch)
    refused(changed, "AUP6101", "spec.rules[0].host", f'"other.example", {missing}')


def test_a_host_of_letters_of_two_scripts_is_refused(acme: Customer) -> None:
    """In the form that Kubernetes takes it in, which begins with xn--."""
    answer = created(acme, ingress("m", "xn--pypal-4ve.acme.example"))

    assert "[AUP1403 imitated-host] AUP 1.4\n  at:    spec.rules[0].host\n" in answer.stderr


@pytest.mark.usefixtures("routes")
def test_routes_gateways_and_dns_records_are_judged_where_their_kinds_are_installed(acme: Customer) -> None:
    """Their groups end in k8s.io and are custom resources all the same."""
    route = {"hostnames": ["acme.example", "other.example"], "parentRefs": [{"name": "own"}]}
    gateway = {"addresses": [{"value": FOREIGN}], "listeners": [{"protocol": "HTTP", "hostname": "acme.example"}]}
    record = {"dnsName": "other.example", "recordType": "A", "targets": [OWN]}
    missing = 'in no domain verified for tenant "addressed"'

    group = "gateway.networking.k8s.io/v1"
    refused(
        created(acme, custom(group, "HTTPRoute", "r", route)),
        "AUP6101",
        "spec.hostnames[1]",
        f'"other.example", {missing}',
    )
    refused(
        created(acme, custom(group, "Gateway", "g", gateway)),
        "AUP6201",
        "spec.addresses[0].value",
        not_assigned(FOREIGN),
    )
    refused(
        created(acme, custom("externaldns.k8s.io/v1alpha1", "DNSEndpoint", "d", {"endpoints": [record]})),
        "AUP6301",
        "spec.endpoints[0].dnsName",
        f'"other.example", {missing}',
    )
    assert created(acme, custom(group, "HTTPRoute", "r", route | {"hostnames": ["a.acme.example"]})).returncode == 0

"""AUP6201 foreign-address: an IP address that the provider has not assigned to the tenant."""

from collections.abc import Iterator

import msgspec

from aup.addresses import apart, is_address, looks_like_address, not_assigned
from aup.model import Finding, Subject, rule
from aup.review import Json, Review, listing, mapping, text
from aup.wording import quoted

_KINDS = {
    ("", "Service"),
    ("", "Endpoints"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("networking.k8s.io", "Ingress"),
    ("extensions", "Ingress"),
    ("gateway.networking.k8s.io", "Gateway"),
}
_ON_SERVICES = frozenset(
    {
        "metallb.io/loadBalancerIPs",
        "metallb.universe.tf/loadBalancerIPs",
        "kube-vip.io/loadbalancerIPs",
        "kube-vip.io/requestedIP",
        "lbipam.cilium.io/ips",
        "io.cilium/lb-ipam-ips",
        "purelb.io/addresses",
        "eip.openelb.kubesphere.io/v1alpha2",
        "loxilb.io/staticIP",
        "cis.f5.com/ip",
    }
)
"""What load balancers take an address from; Cilium also from an Ingress and a Gateway."""
_MULTUS = "k8s.v1.cni.cncf.io/networks"
_ON_PODS = frozenset(
    {
        _MULTUS,
        "v1.multus-cni.io/default-network",
        "cni.projectcalico.org/ipAddrs",
        "cni.projectcalico.org/ipAddrsNoIpam",
        "cni.projectcalico.org/floatingIPs",
        "ipam.antrea.io/pod-ips",
        "ovn.kubernetes.io/ip_address",
        "ovn.kubernetes.io/ip_pool",
    }
)
_BALANCERS = frozenset({"system:cloud-controller-manager"})
_ACCOUNT = "system:serviceaccount:"
_IN_CLUSTER = ("svc", "pod")
_SYSTEM = frozenset({"default", "kube-system"})

Written = Iterator[tuple[str, str]]
"""Field paths, with the addresses that stand there."""


@rule(id="AUP6201", clause="6.2", kinds=_KINDS, signs={"status", *_ON_PODS, *(kind for _, kind in _KINDS)})
def foreign_address(subject: Subject) -> Iterator[Finding]:
    """The object uses an IP address that is not assigned to you.

    Why: An address that is somebody else's takes their traffic or sends traffic to them (CVE-2020-8554,
    CVE-2021-25740). What you may use is what the provider has assigned to your account. Endpoints may also be private
    addresses, such as those of Pods.

    Fix: Use one of your own addresses, written plainly (no leading zeros, ranges or names), or leave the field out and
    get one. To reach a server elsewhere, use its DNS name as externalName instead of endpoints with its address; inside
    the cluster an externalName has to be in a namespace of yours. If the address is yours, ask the provider to assign
    it to your account.
    """
    review = subject.review
    for template in subject.workload.templates:
        if not _ON_PODS.isdisjoint(template.annotations):
            yield from _told(subject, _of_pod(template.annotations, template.annotations_path))
    if review.subresource == "status":
        if not _by_provider(subject):
            yield from _told(subject, _given(review.object))
        return
    match review.kind if (review.group, review.kind) in _KINDS else "":
        case "Service":
            yield from _service(subject)
        case "Endpoints" | "EndpointSlice" if not review.by_kubernetes_controller:
            yield from _told(subject, _reached(review), target=True)
        case "Ingress":
            yield from _told(subject, _annotated(mapping(review.object.get("metadata")), "metadata"))
        case "Gateway":
            yield from _told(subject, _gateway(review.object))


def _told(subject: Subject, found: Written, *, always: bool = False, target: bool = False) -> Iterator[Finding]:
    for at, written in found:
        if wrong := not_assigned(subject, written, always=always, target=target):
            yield Finding(at, wrong)


def _service(subject: Subject) -> Iterator[Finding]:
    spec = mapping(subject.review.object.get("spec"))
    external = _members("spec.externalIPs", spec.get("externalIPs"))
    yield from _told(subject, external, always=True)
    if written := text(spec.get("loadBalancerIP")):
        yield from _told(subject, iter([("spec.loadBalancerIP", written)]))
    yield from _told(subject, _annotated(mapping(subject.review.object.get("metadata")), "metadata"))
    name = text(spec.get("externalName"))
    if name and spec.get("type") == "ExternalName":
        yield from _named(subject, name)


def _named(subject: Subject, name: str) -> Iterator[Finding]:
    """What an ExternalName stands for: an address, this machine, or a Service in a namespace of somebody else."""
    plain = name.lower().rstrip(".")
    if looks_like_address(plain):
        yield from _told(subject, iter([("spec.externalName", name)]))
    elif plain.rpartition(".")[2] == "localhost":
        yield Finding("spec.externalName", f"{quoted(name)}, the machine that asks")
    elif _elsewhere(subject, _namespace(subject, plain.split("."))):
        yield Finding("spec.externalName", f"{quoted(name)}, in a namespace that is not yours")


def _namespace(subject: Subject, labels: list[str]) -> str:
    """The namespace that a name inside the cluster is in; empty for other names.

    The cluster may have any domain, and ingress controllers take `db.shop` for `db.shop.svc.cluster.local`; such names
    are taken for the cluster's where there is a namespace of that name.
    """
    place = next((index for index, label in enumerate(labels) if label in _IN_CLUSTER and index > 1), 0)
    short = len(labels) == len(("db", "shop"))
    namespace = labels[1] if short else labels[place - 1] if place else ""
    if namespace in subject.namespaces or (short and namespace in _SYSTEM):
        return namespace
    return namespace if place and (place == len(labels) - 1 or labels[-1] == "local") else ""


def _elsewhere(subject: Subject, namespace: str) -> bool:
    """Whether a namespace is known to be somebody else's; the system's are nobody's."""
    if namespace in {"", subject.review.namespace}:
        return False
    other = subject.namespaces.get(namespace)
    if other is None:
        return subject.complete
    return subject.namespace is None or other.tenant != subject.namespace.tenant


def _annotated(holder: Json, path: str) -> Written:
    annotations = mapping(holder.get("annotations"))
    if _ON_SERVICES.isdisjoint(annotations):
        return
    for key, value in annotations.items():
        if key in _ON_SERVICES:
            for written in apart(text(value)):
                yield f"{path}.annotations[{key}]", written


def _of_pod(annotations: Json, path: str) -> Written:
    for key, value in annotations.items():
        if key in _ON_PODS:
            for written in _asked(text(value), networks="/network" in key or "-network" in key):
                yield f"{path}[{key}]", written


def _asked(value: str, *, networks: bool) -> Iterator[str]:
    """Addresses from JSON, or from a list with commas; networks of Multus have names beside their `ips`."""
    try:
        read: object = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeEncodeError):
        if not networks:
            yield from apart(value)
        return
    for entry in listing(read) or [read]:
        if isinstance(entry, str) and not networks:
            yield entry
        ips = mapping(entry).get("ips", mapping(entry).get("ip"))
        for written in [*listing(ips), *apart(text(ips))]:
            yield text(written).partition("/")[0]  # behind it is how large its network is


def _gateway(manifest: Json) -> Written:
    spec = mapping(manifest.get("spec"))
    for index, entry in enumerate(listing(spec.get("addresses"))):
        value = text(mapping(entry).get("value"))
        if value and (mapping(entry).get("type", "IPAddress") == "IPAddress" or is_address(value)):
            yield f"spec.addresses[{index}].value", value
    yield from _annotated(mapping(manifest.get("metadata")), "metadata")
    yield from _annotated(mapping(spec.get("infrastructure")), "spec.infrastructure")


def _given(manifest: Json) -> Written:
    """The addresses that a Service or an Ingress has got."""
    balancer = mapping(mapping(manifest.get("status")).get("loadBalancer"))
    for index, entry in enumerate(listing(balancer.get("ingress"))):
        if written := text(mapping(entry).get("ip")):
            yield f"status.loadBalancer.ingress[{index}].ip", written


def _reached(review: Review) -> Written:
    """The addresses that endpoints send traffic to."""
    if review.kind == "Endpoints":
        for number, subset in enumerate(listing(review.object.get("subsets"))):
            for field in ("addresses", "notReadyAddresses"):
                for index, entry in enumerate(listing(mapping(subset).get(field))):
                    if written := text(mapping(entry).get("ip")):
                        yield f"subsets[{number}].{field}[{index}].ip", written
        return
    names = review.object.get("addressType") == "FQDN"
    for number, endpoint in enumerate(listing(review.object.get("endpoints"))):
        for at, written in _members(f"endpoints[{number}].addresses", mapping(endpoint).get("addresses")):
            if not names or looks_like_address(written):
                yield at, written


def _members(path: str, value: object) -> Written:
    for index, entry in enumerate(listing(value)):
        if isinstance(entry, str):
            yield f"{path}[{index}]", entry


def _by_provider(subject: Subject) -> bool:
    """Whether one of the provider's programs asks: their ServiceAccounts are in no tenant's namespace."""
    user = subject.review.user
    if subject.review.by_kubernetes_controller or user in _BALANCERS:
        return True
    if not user.startswith(_ACCOUNT):
        return False
    home = subject.namespaces.get(user.removeprefix(_ACCOUNT).partition(":")[0])
    return subject.complete and (home is None or not home.tenant)

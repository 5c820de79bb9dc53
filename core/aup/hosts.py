"""The hosts that an object takes traffic, certificates or DNS records for, wherever its kind keeps them."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from aup import traefik
from aup.model import Subject
from aup.review import Json, Review, annotations_of, listing, mapping, text
from aup.tokens import above
from aup.workload import HEAD, KINDS

Host = tuple[str, str]
"""A field path, and the host that stands there: empty for every host, with a `~` before a regular expression."""

Annotation = tuple[str, str, str]
"""The field path, the key and the value of an annotation."""

_GATEWAY, _ISTIO = "gateway.networking.k8s.io", "networking.istio.io"
_INGRESS = ("spec.rules[].host?", "spec.tls[].hosts[]")
_HOSTNAMES = ("spec.hostnames[]",)
_HOST = ("spec.host?",)
_TRAEFIK_KINDS = frozenset(
    {(group, kind) for group in ("traefik.io", "traefik.containo.us") for kind in ("IngressRoute", "IngressRouteTCP")}
)
# A `[]` stands for each member; a `?` says that without the field every host is meant.
_FIELDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("networking.k8s.io", "Ingress"): _INGRESS,
    ("extensions", "Ingress"): _INGRESS,
    (_GATEWAY, "Gateway"): (),
    (_GATEWAY, "ListenerSet"): (),
    ("gateway.networking.x-k8s.io", "XListenerSet"): (),
    (_GATEWAY, "HTTPRoute"): _HOSTNAMES,
    (_GATEWAY, "GRPCRoute"): _HOSTNAMES,
    (_GATEWAY, "TLSRoute"): _HOSTNAMES,
    (_ISTIO, "Gateway"): (),
    (_ISTIO, "VirtualService"): (),
    ("projectcontour.io", "HTTPProxy"): ("spec.virtualhost.fqdn",),
    ("route.openshift.io", "Route"): ("spec.host",),
    ("serving.knative.dev", "DomainMapping"): ("metadata.name",),
    ("cert-manager.io", "Certificate"): ("spec.dnsNames[]",),
    ("k8s.nginx.org", "VirtualServer"): _HOST,
    ("k8s.nginx.org", "TransportServer"): ("spec.host",),
    ("getambassador.io", "Host"): ("spec.hostname?",),
    ("getambassador.io", "Mapping"): ("spec.hostname", "spec.host"),
    ("gateway.solo.io", "VirtualService"): ("spec.virtualHost.domains[]",),
    ("apisix.apache.org", "ApisixRoute"): ("spec.http[].match.hosts[]",),
    ("apisix.apache.org", "ApisixTls"): ("spec.hosts[]",),
    ("zalando.org", "RouteGroup"): ("spec.hosts[]",),
    **dict.fromkeys(_TRAEFIK_KINDS, ("spec.tls.domains[].main", "spec.tls.domains[].sans[]")),
}
_WITH_LISTENERS = frozenset({"Gateway", "ListenerSet", "XListenerSet"})
_WITHOUT_HOST = frozenset({"TCP", "UDP"})
_ROUTES = frozenset({"HTTPRoute", "GRPCRoute", "TLSRoute"})
_ALIASES = frozenset({"server-alias", "server-alias-regex", "common-name", "alt-names"})
"""Annotations of an Ingress, behind the controller's prefix, that name further hosts."""
_NOWHERE = frozenset({"internal", "invalid", "local", "localhost", "svc", "test"})
"""Last labels that the public DNS does not have and that no registrar sells."""
_RECORDS = frozenset({"hostname", "internal-hostname", "gateway-hostname"})
_KOPS = frozenset({"dns.alpha.kubernetes.io/external", "dns.alpha.kubernetes.io/internal"})
_DNS = "external-dns."
DNS_HEADS = frozenset(name[:HEAD] for name in (_DNS, *_KOPS))
"""How annotations for DNS begin."""
_MOST_LABELS = 127
_NAME = re.compile(r"[a-z0-9._*-]+")
_WILDCARD = re.compile(r"\A(?:\*{0,2}\.)+")
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")
_TWO_FORMS = frozenset("\u00df\u03c2\u200c\u200d\u1e9e")

KINDS_WITH_HOSTS = frozenset(_FIELDS)
"""The kinds that `hosts` reads."""


def hosts(review: Review) -> Iterator[Host]:
    """Each host of an object, with its field path, as written."""
    kind = (review.group, review.kind)
    manifest = review.object
    for path in _FIELDS.get(kind, ()):
        yield from _walk(manifest, path.split("."), "")
    spec = mapping(manifest.get("spec"))
    if kind in _TRAEFIK_KINDS:
        yield from _of_traefik(spec)
    elif review.kind == "Ingress":
        yield from _of_ingress(manifest)
    elif review.group == _ISTIO:
        yield from _of_mesh(review.kind, spec)
    elif review.kind in _WITH_LISTENERS:
        yield from _of_listeners(spec)
    elif review.kind in _ROUTES:
        yield from _of_route(review)
    elif review.kind == "Certificate":
        name = text(spec.get("commonName"))
        if name and " " not in name:
            yield "spec.commonName", name


def records(annotations: Iterable[Annotation], review: Review) -> Iterator[Host]:
    """Each DNS name that ExternalDNS is asked to make a record for, with its field path."""
    for at, key, value in annotations:
        if key in _KOPS or key.rpartition("/")[2] in _RECORDS:
            for name in value.split(","):
                if name.strip():
                    yield at, name.strip()
    for at, endpoint in endpoints(review):
        if name := text(endpoint.get("dnsName")):
            yield f"{at}.dnsName", name


def endpoints(review: Review) -> Iterator[tuple[str, Json]]:
    """The records of a DNSEndpoint, each with its field path."""
    if review.kind == "DNSEndpoint" and review.group == "externaldns.k8s.io":
        for index, entry in enumerate(listing(mapping(review.object.get("spec")).get("endpoints"))):
            yield f"spec.endpoints[{index}]", mapping(entry)


def dns_annotations(subject: Subject) -> list[Annotation]:
    """The annotations that programs make DNS records of, also those of pod templates."""
    review = subject.review
    found: list[Annotation] = []
    if (review.group, review.kind) not in KINDS:
        metadata = mapping(review.object.get("metadata"))
        found += _for_dns(mapping(metadata.get("annotations")), "metadata.annotations")
    for template in subject.workload.templates:
        if template.annotations:
            found += _for_dns(template.annotations, template.annotations_path)
    return found


def plain(host: str) -> str:
    """A host as DNS has it: lower case, IDNA's ASCII form, without a leading `*.` and the last dot.

    What has no such form, or another one in each edition of IDNA, stays as it is, which is below no domain.
    """
    name = _bare(host.strip().lower())
    if not name.isascii() and _TWO_FORMS.isdisjoint(name):
        with suppress(UnicodeError):
            name = _bare(_bare(name.translate(_DOTS)).encode("idna").decode().lower())
    return name


def wide(host: str) -> bool:
    """Whether this is every host there is, or every one below a name without a dot such as `*.com`."""
    name = plain(host)
    if name in {"", "*"}:
        return True
    return _WILDCARD.match(host.strip()) is not None and "." not in name and name not in _NOWHERE


def within(name: str, domains: frozenset[str]) -> bool:
    """Whether a plain name is one of these domains or below one."""
    return _NAME.fullmatch(name) is not None and any(one in domains for one in above(name, _MOST_LABELS))


def of_nobody(name: str) -> bool:
    """Whether a plain name means nothing outside the cluster, such as `web` and `web.shop.svc.cluster.local`."""
    return "." not in name or name.rpartition(".")[2] in _NOWHERE


def _bare(name: str) -> str:
    return _WILDCARD.sub("", name).rstrip(".")


def _for_dns(annotations: Json, path: str) -> Iterator[Annotation]:
    for key, value in annotations.items():
        if (key.startswith(_DNS) or key in _KOPS) and isinstance(value, str):
            yield f"{path}[{key}]", key, value


def _walk(value: object, keys: list[str], at: str) -> Iterator[Host]:
    """The strings at a path below a value."""
    if not keys:
        if isinstance(value, str) and value:
            yield at, value
        return
    key, rest = keys[0], keys[1:]
    name = key.rstrip("[]?")
    place = f"{at}.{name}" if at else name
    child = mapping(value).get(name)
    if key.endswith("?"):
        if isinstance(value, dict) and (child is None or child == ""):
            yield at, ""
        else:
            yield from _walk(child, rest, place)
    elif key.endswith("[]"):
        for index, entry in enumerate(listing(child)):
            yield from _walk(entry, rest, f"{place}[{index}]")
    else:
        yield from _walk(child, rest, place)


def _of_ingress(manifest: Json) -> Iterator[Host]:
    spec = mapping(manifest.get("spec"))
    for field in ("defaultBackend", "backend"):
        if spec.get(field) and not listing(spec.get("rules")):
            yield f"spec.{field}", ""
    for key, value in annotations_of(manifest).items():
        name = key.rpartition("/")[2]
        if name in _ALIASES:
            for alias in text(value).replace(",", " ").split():
                is_pattern = name.endswith("-regex") and not alias.startswith("~")
                yield f"metadata.annotations[{key}]", f"~{alias}" if is_pattern else alias


def _of_mesh(kind: str, spec: Json) -> Iterator[Host]:
    """The hosts of Istio's kinds, but for what one namespace says to itself inside the mesh."""
    if kind == "Gateway":
        for at, host in _walk(spec, ["servers[]", "hosts[]"], "spec"):
            yield at, host.rpartition("/")[2]
    elif spec.get("exportTo") != ["."] or spec.get("gateways") not in (None, ["mesh"]):
        yield from _walk(spec, ["hosts[]"], "spec")


def _of_listeners(spec: Json) -> Iterator[Host]:
    for index, entry in enumerate(listing(spec.get("listeners"))):
        listener = mapping(entry)
        if host := text(listener.get("hostname")):
            yield f"spec.listeners[{index}].hostname", host
        elif listener and listener.get("protocol") not in _WITHOUT_HOST:
            yield f"spec.listeners[{index}]", ""


def _of_route(review: Review) -> Iterator[Host]:
    """Every host, where a route names none and is attached to a Gateway of another namespace."""
    spec = mapping(review.object.get("spec"))
    if listing(spec.get("hostnames")):
        return
    for index, parent in enumerate(listing(spec.get("parentRefs"))):
        one = mapping(parent)
        if one.get("namespace", review.namespace) != review.namespace and one.get("kind", "Gateway") != "Service":
            yield f"spec.parentRefs[{index}]", ""


def _of_traefik(spec: Json) -> Iterator[Host]:
    for index, route in enumerate(listing(spec.get("routes"))):
        rule = text(mapping(route).get("match"))
        found = traefik.hosts(rule)
        names = [f"~{rule}"] if found is None else sorted(found)
        for name in names:
            yield f"spec.routes[{index}].match", "" if name == traefik.EVERY else name

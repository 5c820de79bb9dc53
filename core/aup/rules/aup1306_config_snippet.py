"""AUP1306 config-snippet: raw configuration for an ingress controller that others share."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.review import Json, annotations_of, listing, mapping
from aup.wording import quoted

_OF_NGINX = "k8s.nginx.org"
_KINDS = (
    ("", "Service"),
    ("networking.k8s.io", "Ingress"),
    ("extensions", "Ingress"),
    (_OF_NGINX, "VirtualServer"),
    (_OF_NGINX, "VirtualServerRoute"),
    (_OF_NGINX, "TransportServer"),
)
_ENDINGS = ("snippet", "snippets")
_OF_HAPROXY = frozenset(["config-backend", "config-backend-early", "config-backend-late", "config-frontend"])
"""HAProxy Ingress calls its snippets by the section that they go into."""


@rule(id="AUP1306", clause="1.3", workloads=False, kinds=_KINDS)
def config_snippet(subject: Subject) -> Iterator[Finding]:
    """The object puts raw configuration into the ingress controller.

    Why: The controller is shared, and a snippet works with its rights: it can read every tenant's certificates and
    Secrets and take over their traffic (CVE-2021-25742).

    Fix: Remove the snippet. Use the controller's own annotations and fields, or do it in the application; run an
    ingress controller of your own where that is not enough.
    """
    annotations = annotations_of(subject.review.object)
    for key, value in annotations.items():
        if value and _is_snippet(key.rpartition("/")[2].lower()):
            yield _finding(f"metadata.annotations[{key}]", key)
    if subject.review.group == _OF_NGINX:
        yield from _fields("spec", mapping(subject.review.object.get("spec")))


def _is_snippet(name: str) -> bool:
    return name.endswith(_ENDINGS) or name in _OF_HAPROXY


def _fields(at: str, spec: Json) -> Iterator[Finding]:
    """The snippets of one of NGINX's own kinds, and of its routes."""
    for key, value in spec.items():
        if value and key.lower().endswith(_ENDINGS):
            yield _finding(f"{at}.{key}", key)
    for field in ("routes", "subroutes"):
        for index, route in enumerate(listing(spec.get(field))):
            yield from _fields(f"{at}.{field}[{index}]", mapping(route))


def _finding(at: str, key: str) -> Finding:
    return Finding(at, f"{quoted(key)} is configuration for the controller")

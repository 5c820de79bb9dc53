"""Webhooks and aggregated APIs that a tenant runs for others: suspending it takes their backends down.

One that fails closed can break other tenants, and our own restore. Nobody but the cluster's administrator can make one,
so a suspension goes on; it says first which they are.
"""

from collections.abc import Iterable, Iterator, Sequence

from aup.review import Json, listing, mapping, text
from aup_operator.kube import Kube, KubeError
from aup_operator.namespaces import TenantNamespace

_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1"
_CONFIGURATIONS = {
    "ValidatingWebhookConfiguration": f"{_WEBHOOKS}/validatingwebhookconfigurations",
    "MutatingWebhookConfiguration": f"{_WEBHOOKS}/mutatingwebhookconfigurations",
}
_API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
_MOST = 50


def of_tenant(kube: Kube, namespaces: Sequence[TenantNamespace]) -> list[str]:
    """Each webhook and APIService whose Service is in one of the namespaces, in a sentence, the first 50."""
    names = {namespace.name for namespace in namespaces}
    return sorted({*_webhooks(kube, names), *_api_services(kube, names)})[:_MOST]


def _webhooks(kube: Kube, names: set[str]) -> Iterator[str]:
    for kind, path in _CONFIGURATIONS.items():
        for manifest in _listed(kube, path):
            for webhook in listing(manifest.get("webhooks")):
                service = mapping(mapping(webhook.get("clientConfig")).get("service"))
                if service.get("namespace") in names:
                    fails = "fails closed" if webhook.get("failurePolicy") != "Ignore" else "is ignored while down"
                    yield (
                        f"{kind} {manifest['metadata']['name']}: webhook {text(webhook.get('name'))} calls Service "
                        f"{_place(service)} and {fails}"
                    )[:512]


def _api_services(kube: Kube, names: set[str]) -> Iterator[str]:
    for manifest in _listed(kube, _API_SERVICES):
        service = mapping(mapping(manifest.get("spec")).get("service"))
        if service.get("namespace") in names:
            yield f"APIService {manifest['metadata']['name']} is served by Service {_place(service)}"[:512]


def _listed(kube: Kube, path: str) -> Iterable[Json]:
    try:
        yield from kube.list(path)
    except KubeError as error:
        if not error.not_found:
            raise


def _place(service: Json) -> str:
    return f"{text(service.get('namespace'))}/{text(service.get('name'))}"

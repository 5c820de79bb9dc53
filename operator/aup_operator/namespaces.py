"""The namespaces of a tenant, and the label that makes the API server hold them."""

import logging
from collections.abc import Iterable

import msgspec

from aup.api.meta import SUSPENDED_LABEL, TENANT_LABEL
from aup.review import Json, mapping
from aup_operator.kube import MERGE_PATCH, Kube, KubeError

log = logging.getLogger(__name__)

_PATH = "/api/v1/namespaces"


class TenantNamespace(msgspec.Struct, frozen=True):
    """A namespace of a tenant: `freeze` is the value of the suspended label, empty without one."""

    name: str
    uid: str
    tenant: str
    freeze: str


def of_tenants(kube: Kube, apart: frozenset[str]) -> list[TenantNamespace]:
    """All namespaces that belong to tenants, without those that are `apart`: the system's and the provider's."""
    return [
        TenantNamespace(
            manifest["metadata"]["name"],
            manifest["metadata"]["uid"],
            _labels(manifest)[TENANT_LABEL],
            str(_labels(manifest).get(SUSPENDED_LABEL, "")),
        )
        for manifest in kube.list(_PATH, label_selector=TENANT_LABEL)
        if manifest["metadata"]["name"] not in apart
    ]


def join(kube: Kube, apart: frozenset[str], tenant: str) -> None:
    """Give every namespace that has no tenant yet to the one that has the cluster alone, by its label.

    One that cannot be labelled, such as one that is going, does not keep the others waiting; the next pass tries again.
    """
    for manifest in kube.list(_PATH, label_selector=f"!{TENANT_LABEL}"):
        metadata = manifest["metadata"]
        if metadata["name"] in apart:
            continue
        body = {"metadata": {"uid": metadata["uid"], "labels": {TENANT_LABEL: tenant}}}
        try:
            kube.patch(f"{_PATH}/{metadata['name']}", body, MERGE_PATCH)
        except KubeError as error:
            if not error.not_found:
                log.warning("a namespace did not join", extra={"namespace": metadata["name"], "problem": str(error)})


def freeze(kube: Kube, namespaces: Iterable[TenantNamespace], value: str | None) -> None:
    """Set the suspended label to `true` or `lifting`, or remove it (None), where it is otherwise; one gone is fine."""
    for namespace in namespaces:
        if namespace.freeze != (value or ""):
            try:
                kube.patch(f"{_PATH}/{namespace.name}", {"metadata": {"labels": {SUSPENDED_LABEL: value}}}, MERGE_PATCH)
            except KubeError as error:
                if not error.not_found:
                    raise


def _labels(manifest: Json) -> Json:
    return mapping(manifest["metadata"].get("labels"))

"""`exposure: Deny`: a NetworkPolicy that lets no traffic in or out while a suspension lasts.

Services, Ingresses and their addresses are kept. The policy is recorded before it is made, so that the lift removes it.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from aup.api.meta import API_VERSION
from aup.api.suspension import Suspension, Unenforced
from aup.api.suspension_record import RecordEntry
from aup.review import Json
from aup_operator import record
from aup_operator.kube import Kube, KubeError
from aup_operator.namespaces import TenantNamespace

_NETWORKING = "networking.k8s.io/v1"


def name_of(suspension: Suspension) -> str:
    """The name of a suspension's NetworkPolicy; nobody can guess it before the suspension is there."""
    return f"aup-{record.name_of(suspension)}"


def names(suspensions: Iterable[Suspension]) -> list[str]:
    """The names of the NetworkPolicies that suspensions in force want."""
    return [name_of(one) for one in suspensions if one.spec.exposure == "Deny"]


def entries(suspensions: Iterable[Suspension], namespaces: Sequence[TenantNamespace]) -> list[RecordEntry]:
    """What has to be recorded: one for each policy, whether it is there already or not."""
    return [_entry(name, namespace) for name, namespace in _wanted(suspensions, namespaces)]


def close(kube: Kube, suspensions: Iterable[Suspension], namespaces: Sequence[TenantNamespace]) -> list[Unenforced]:
    """Make the policies that are not there; what failed, with why."""
    failed = []
    for name, namespace in _wanted(suspensions, namespaces):
        entry = _entry(name, namespace)
        try:
            if kube.get(path(entry)) is None:
                kube.create(path(entry).rpartition("/")[0], _manifest(name, namespace))
        except KubeError as error:
            if not (error.conflict or error.not_found or error.ending):  # nothing starts in a namespace that ends
                failed.append(Unenforced(object=record.label(entry), reason=str(error)[:5000]))
    return failed


def open_again(kube: Kube, entry: RecordEntry) -> None:
    """Delete a policy that a suspension made; one that is gone already is fine."""
    there = kube.get(path(entry))
    if there is not None:
        kube.delete(path(entry), there["metadata"]["uid"])


def path(entry: RecordEntry) -> str:
    """A policy's path on the API server."""
    return f"/apis/{_NETWORKING}/namespaces/{entry.namespace}/networkpolicies/{entry.name}"


def _wanted(suspensions: Iterable[Suspension], namespaces: Sequence[TenantNamespace]) -> Iterator[tuple[str, str]]:
    return ((name, namespace.name) for name in names(suspensions) for namespace in namespaces)


def _entry(name: str, namespace: str) -> RecordEntry:
    return RecordEntry(
        api_version=_NETWORKING,
        kind="NetworkPolicy",
        namespace=namespace,
        name=name,
        uid=f"created/{sha256(f'{namespace}/{name}'.encode()).hexdigest()}",
        created=True,
    )


def _manifest(name: str, namespace: str) -> Json:
    return {
        "apiVersion": _NETWORKING,
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/part-of": "aup"},
            "annotations": {f"{API_VERSION.partition('/')[0]}/reason": "The tenant is suspended: kubectl get notices"},
        },
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }

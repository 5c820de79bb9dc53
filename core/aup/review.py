"""What is asked: one object, what happens to it, and who asks."""

from typing import Any, Literal

import msgspec

from aup.wording import printable

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
Json = dict[str, Any]

_CLUSTER_WIDE = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "StorageClass"),
    }
)
"""Kinds that are in no namespace, of those that people keep in files; the API server says it for the others."""

_ID = 8
"""Characters of a request's uid, a random UUID of the API server's, that make a decision's id: of a million decisions,
one in four thousand shares its id with another."""

_CONTROLLERS = frozenset({"system:kube-controller-manager", "system:kube-scheduler"})


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """One object under judgement, the same for a request at admission, a file on disk and a stored object.

    `object` and `old_object` are decoded JSON objects (`old_object` is empty but for an UPDATE or DELETE), `resource`
    is the plural lower-case name, `subresource` is empty for the object itself, `user` is the authenticated
    requester, and `uid` the request's own id; both are empty offline.
    """

    uid: str = ""
    operation: Operation = "CREATE"
    group: str = ""
    version: str = ""
    kind: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    user: str = ""
    object: Json = {}
    old_object: Json = {}

    @property
    def by_kubernetes_controller(self) -> bool:
        """Whether one of Kubernetes' own controllers asks, such as the one that makes a ReplicaSet's Pods.

        The API server authenticated the name, so unlike an owner reference a tenant cannot forge it.
        """
        return self.user in _CONTROLLERS or self.user.startswith("system:serviceaccount:kube-system:")

    @property
    def decision(self) -> str:
        """The id under which the answer stands in message, log and the API server's audit log; empty offline."""
        return printable(self.uid[:_ID])

    @property
    def display_name(self) -> str:
        """`Kind namespace/name`, with `generateName*` where the name is still to come."""
        metadata = mapping(self.object.get("metadata")) or mapping(self.old_object.get("metadata"))
        name = self.name or text(metadata.get("name")) or f"{text(metadata.get('generateName'))}*"
        return f"{self.kind} {self.namespace}/{name}" if self.namespace else f"{self.kind} {name}"


def of_object(manifest: Json, namespace: str = "default") -> Review:
    """The review of a manifest as if it were created; `namespace` stands in where the manifest names none."""
    metadata = mapping(manifest.get("metadata"))
    group, _, version = text(manifest.get("apiVersion")).rpartition("/")
    kind = text(manifest.get("kind"))
    return Review(
        group=group,
        version=version,
        kind=kind,
        resource=kind.lower() + "s",
        namespace="" if (group, kind) in _CLUSTER_WIDE else text(metadata.get("namespace")) or namespace,
        name=text(metadata.get("name")),
        object=manifest,
    )


def mapping(value: object) -> Json:
    """The value if it is a JSON object, else an empty one: a missing or malformed field is data, not an error."""
    return value if isinstance(value, dict) else {}


def annotations_of(manifest: Json) -> Json:
    """The annotations of an object, or of what has metadata as an object has."""
    return mapping(mapping(manifest.get("metadata")).get("annotations"))


def listing(value: object) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def count(value: object, default: int) -> int:
    """The value if it is a whole number (a custom resource may write 7.0), else `default`."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else default

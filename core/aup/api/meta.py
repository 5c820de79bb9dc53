"""What all kinds share: metadata, conditions, and how a kind declares itself.

The Struct types of this package are the one source of truth for our resources: `tools/generate.py` makes the CRDs and
the reference docs from them, and every process decodes the API server's answers into them.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

GROUP = "aup.asergo.com"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

TENANT_LABEL = f"{GROUP}/tenant"
"""On a Namespace: the name of the Tenant that it belongs to. Only the provider can set it."""

SUSPENDED_LABEL = f"{GROUP}/suspended"
"""On a Namespace: `"true"` while the in-tree freeze holds it, `lifting` while originals are put back."""

SELECTION_LABEL = f"{GROUP}/selection"
"""On a Suspension of selected workloads: `"true"` while they are held, `lifting` while they are put back."""

LICENSE_ANNOTATION = f"{GROUP}/license"
"""On a workload, pod template or Namespace: the SPDX licence expression of what runs there."""

ENTITLEMENT_ANNOTATION = f"{GROUP}/entitlement"
"""On a workload, pod template or Namespace: the products that run under a licence of the tenant's, with commas between.

`none` says that the licence's terms need no entitlement.
"""

USE_ANNOTATION = f"{GROUP}/use"
"""On a workload or pod template: what it is used for, as categories with commas between them."""

QUOTA_LABEL = f"{GROUP}/quota"
"""On a ResourceQuota: `"true"` where the operator keeps it for a tenant's totals."""

CONTAINER_LICENSE_PREFIX = f"license.{GROUP}/"
"""Followed by a container's name: the SPDX licence expression of that container alone."""

Instant = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=253)]
Line = Annotated[str, Meta(min_length=1, max_length=512)]
Text = Annotated[str, Meta(min_length=1, max_length=5000)]
Clause = Annotated[str, Meta(pattern=r"^[1-8]\.[1-9]$", max_length=3)]
RuleId = Annotated[str, Meta(pattern=r"^AUP[0-9]{4}$", max_length=7)]
RuleMode = Literal["deny", "warn", "audit", "off"]
SHA256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]
Url = Annotated[str, Meta(pattern=r"^https?://", max_length=512)]
Cidr = Annotated[str, Meta(pattern=r"^[0-9a-fA-F:.]+(/[0-9]{1,3})?$", max_length=49)]
Domain = Annotated[
    str, Meta(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=253)
]
Quantity = Annotated[
    int | str,
    Meta(
        extra_json_schema={
            "x-kubernetes-int-or-string": True,
            "pattern": r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?$",
        }
    ),
]
Resources = Annotated[dict[str, Quantity], Meta(max_length=32)]
Count = Annotated[int, Meta(ge=0)]


class Struct(msgspec.Struct, rename="camel", kw_only=True, frozen=True, omit_defaults=True):
    """Base of all API types: camelCase on the wire, immutable in memory, defaults left out when written."""


class ResourceLimits(Struct, kw_only=True, frozen=True):
    """The most that may be asked for, by resource name; a resource that is not named has no limit.

    Names are Kubernetes' own: `cpu`, `memory`, `ephemeral-storage`, `storage` (of PersistentVolumeClaims), `pods`,
    `hugepages-2Mi`, and devices such as `nvidia.com/gpu`. `nvidia.com/*` and `hugepages-*` stand for all of a kind that
    are not named themselves; 0 allows none.
    """

    per_container: Annotated[Resources, Meta(description="For one container.")] = {}
    per_pod: Annotated[
        Resources,
        Meta(
            description="For one Pod, counted as the scheduler counts. Also: ingress-bandwidth and egress-bandwidth, "
            "as its annotations kubernetes.io/ingress-bandwidth and -egress-bandwidth say (bits per second), and "
            "resourceclaims, its claims of devices (resource.k8s.io)."
        ),
    ] = {}
    per_workload: Annotated[
        Resources,
        Meta(
            description="For one workload: its Pod times replicas or parallelism. Also: storage, of all its claims; "
            "pods, at the most that it or its autoscaler may have; completions, of a Job."
        ),
    ] = {}
    per_claim: Annotated[Resources, Meta(description="For one PersistentVolumeClaim: storage.")] = {}
    per_tenant: Annotated[
        Resources,
        Meta(
            description="For all namespaces of a tenant together. Also: persistentvolumeclaims, services, "
            "services.loadbalancers, services.nodeports, and count/deployments.apps and the like for any kind; no "
            "names with *. Where cpu, memory or ephemeral-storage is named, every container must state that limit."
        ),
    ] = {}

    def by_scope(self) -> dict[str, dict[str, int | str]]:
        """The limits as (scope, resource) to quantity, scopes named as on the wire."""
        return {
            "perContainer": self.per_container,
            "perPod": self.per_pod,
            "perWorkload": self.per_workload,
            "perClaim": self.per_claim,
            "perTenant": self.per_tenant,
        }


class ObjectMeta(Struct, kw_only=True, frozen=True):
    """The parts of `metadata` that we read."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: Instant | None = None
    deletion_timestamp: Instant | None = None
    finalizers: list[str] = []
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Condition(Struct, kw_only=True, frozen=True):
    """A standard Kubernetes condition (`metav1.Condition`)."""

    type: Annotated[str, Meta(max_length=316, description="What is judged, in CamelCase.")]
    status: Literal["True", "False", "Unknown"]
    reason: Annotated[str, Meta(max_length=1024, description="Why, as one CamelCase word.")]
    message: Annotated[str, Meta(max_length=32768, description="Why, as a sentence for people.")] = ""
    last_transition_time: Instant
    observed_generation: Annotated[int, Meta(description="The metadata.generation that this was judged on.")] = 0


Conditions = Annotated[
    list[Condition],
    Meta(
        max_length=16,
        extra_json_schema={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        description="Standard conditions; see each one's reason and message.",
    ),
]


class Status(Struct, kw_only=True, frozen=True):
    """What every status has."""

    observed_generation: Annotated[int, Meta(description="The metadata.generation that this status was made from.")] = 0
    conditions: Conditions = []


class Validation(msgspec.Struct, frozen=True):
    """One CEL rule of a CRD: `rule` must be true or the write is refused with `message`."""

    rule: str
    message: str


class Column(msgspec.Struct, frozen=True):
    """One printer column of `kubectl get`."""

    name: str
    path: str
    type: Literal["string", "integer", "date"] = "string"
    priority: int = 0


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One of our resources: names, types, CEL rules on the spec, and what `kubectl get` shows."""

    kind: str
    plural: str
    short_names: tuple[str, ...]
    namespaced: bool = False
    model: type[Any]
    spec: type[Struct]
    status: type[Status]
    validations: tuple[Validation, ...] = ()
    columns: tuple[Column, ...] = ()

    @property
    def path(self) -> str:
        """The collection's path on the API server, for all namespaces."""
        return f"/apis/{API_VERSION}/{self.plural}"

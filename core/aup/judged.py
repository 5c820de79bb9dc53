"""What of a built-in kind is judged: the fields that rules read, as types that a decoder can keep to.

Everything else (managed fields, status, probes' timings) is skipped while decoding, which costs less than building it.
A rule that reads another field adds it here; a test holds every case against the whole object.
"""

from typing import Any, TypedDict

from aup.workload import KINDS

BUILT_IN = KINDS.keys() | {("", "Binding"), ("autoscaling", "Scale"), ("autoscaling", "HorizontalPodAutoscaler")}
"""Group and kind of the objects that `Manifest` is enough for."""


class Metadata(TypedDict, total=False):
    """Of an object's or a pod template's metadata."""

    name: Any
    generateName: Any
    annotations: Any


class Container(TypedDict, total=False):
    """Of a container."""

    name: Any
    image: Any
    command: Any
    args: Any
    env: Any
    lifecycle: Any
    livenessProbe: Any
    ports: Any
    readinessProbe: Any
    resources: Any
    restartPolicy: Any
    securityContext: Any
    startupProbe: Any
    volumeMounts: Any


class Spec(TypedDict, total=False):
    """Of the spec of a Pod, a workload, a Scale and an autoscaler: each has its own of these fields."""

    automountServiceAccountToken: Any
    completions: Any
    concurrencyPolicy: Any
    containers: list[Container]
    dnsConfig: Any
    ephemeralContainers: list[Container]
    hostAliases: Any
    hostIPC: Any
    hostNetwork: Any
    hostPID: Any
    hostUsers: Any
    initContainers: list[Container]
    jobTemplate: "Template"
    maxReplicas: Any
    minReplicas: Any
    nodeSelector: Any
    os: Any
    overhead: Any
    parallelism: Any
    paused: Any
    persistentVolumeClaimRetentionPolicy: Any
    replicas: Any
    resourceClaims: Any
    resources: Any
    restartPolicy: Any
    securityContext: Any
    serviceAccount: Any
    serviceAccountName: Any
    suspend: Any
    template: "Template"
    volumeClaimTemplates: Any
    volumes: Any


class Template(TypedDict, total=False):
    """A pod template or a job template."""

    metadata: Metadata
    spec: Spec


class Manifest(TypedDict, total=False):
    """An object; a PodTemplate has a `template` in place of a spec."""

    metadata: Metadata
    spec: Spec
    template: Template

"""AUP8201 weak-security: what a careful customer would set, and this one did not.

Off by default: nearly every Pod lacks one of these, so a warning at each `kubectl apply` would drown those that matter,
and recording them all makes a review a tenth dearer. A provider who gives this advice sets `warn` in its policy.
"""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.review import Json, count, mapping
from aup.workload import Container, PodTemplate

_PASSING = frozenset({"Job", "CronJob"})


@rule(id="AUP8201", clause="8.2", mode="off")
def weak_security(subject: Subject) -> Iterator[Finding]:
    """The Pod lacks security measures that cost nothing.

    Why: You answer for all that happens from your account, also for what a break-in does. A program that is not root,
    cannot become it and has no token of the cluster is worth less to who breaks in; an image pinned by its digest
    cannot be changed unseen; a probe tells when something is wrong.

    Fix: Set securityContext.runAsNonRoot: true (or runAsUser) and allowPrivilegeEscalation: false; write the image as
    NAME@sha256:DIGEST; give containers that stay a readinessProbe or livenessProbe; set the Pod's
    automountServiceAccountToken: false, or give it a ServiceAccount of its own if it calls the Kubernetes API.
    """
    if subject.review.by_kubernetes_controller:
        return  # its owner's template said the same
    for template in subject.workload.templates:
        spec = template.spec
        if spec.get("automountServiceAccountToken") is not False and _account(spec) == "default":
            yield Finding(f"{template.path}.automountServiceAccountToken", "token of the default ServiceAccount")
        pod = mapping(spec.get("securityContext"))
        for container in template.containers:
            missing = _missing(template, container, pod, subject.review.kind)
            if missing:
                yield Finding(container.path, f"without {', '.join(missing)}", container.name)


def _account(spec: Json) -> object:
    return spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"


def _missing(template: PodTemplate, container: Container, pod: Json, kind: str) -> list[str]:
    fields = container.spec
    own = mapping(fields.get("securityContext"))
    missing = []
    if template.spec.get("hostUsers") is not False and not _not_root(own, pod):
        missing.append("runAsNonRoot")
    if own.get("allowPrivilegeEscalation") is not False and not _windows(template.spec):
        missing.append("allowPrivilegeEscalation: false")
    if container.image and "@sha256:" not in container.image:
        missing.append("an image digest")
    if container.kind == "regular" and "readinessProbe" not in fields and "livenessProbe" not in fields:
        stays = template.spec.get("restartPolicy", "Always") == "Always"
        if stays and kind not in _PASSING:
            missing.append("a readinessProbe or livenessProbe")
    return missing


def _not_root(own: Json, pod: Json) -> bool:
    """What a container says of its user goes before what its Pod says; a number goes before the promise."""
    user = own.get("runAsUser")
    if user is None:
        user = pod.get("runAsUser")
    if user is not None:
        return count(user, 0) > 0
    promise = own.get("runAsNonRoot")
    return (pod.get("runAsNonRoot") if promise is None else promise) is True


def _windows(spec: Json) -> bool:
    """Kubernetes allows no allowPrivilegeEscalation there."""
    return mapping(spec.get("os")).get("name") == "windows"

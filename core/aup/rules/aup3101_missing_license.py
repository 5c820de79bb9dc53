"""AUP3101 missing-license: software whose licence nobody has stated."""

from collections.abc import Iterator
from functools import lru_cache

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from aup.api.meta import CONTAINER_LICENSE_PREFIX, LICENSE_ANNOTATION
from aup.model import Finding, Subject, rule
from aup.review import Json, mapping
from aup.wording import quoted
from aup.workload import PodTemplate

_LONGEST = 512  # characters; the longest expression that anybody needs is far shorter


@rule(id="AUP3101", clause="3.1")
def missing_license(subject: Subject) -> Iterator[Finding]:
    """The workload does not state the licence of its software as a valid SPDX expression.

    Why: Customers keep to the licence terms of what they run (AUP 3.1) and prove it on request (AUP 3.3); the
    annotation is where that begins. An expression is checked against the SPDX licence list.

    Fix: Set the annotation aup.asergo.com/license, for example "Apache-2.0" or "MIT AND LicenseRef-Acme", on the
    workload, its pod template or the Namespace, or license.aup.asergo.com/CONTAINER for one container.
    """
    own = mapping(mapping(subject.review.object.get("metadata")).get("annotations"))
    inherited = subject.namespace.license if subject.namespace else None
    trusted = subject.review.by_kubernetes_controller  # the owner was judged with its annotation, which Pods do not get
    for template in subject.workload.templates:
        at, shared = _stated(LICENSE_ANNOTATION, template, own)
        if shared is None and inherited is not None:
            at, shared = "metadata.namespace", inherited
        if shared is not None and (problem := _problem(shared)):
            yield Finding(at, problem)
        single = _of_containers(template.annotations) or _of_containers(own)
        for container in template.containers:
            place, stated = _stated(CONTAINER_LICENSE_PREFIX + container.name, template, own) if single else ("", None)
            if stated is not None and (problem := _problem(stated)):
                yield Finding(place, problem, container.name)
            elif stated is None and shared is None and not trusted:
                yield Finding(at, "no licence annotation", container.name)


def _of_containers(annotations: Json) -> bool:
    """Whether there is a licence for a single container."""
    return any(key.startswith(CONTAINER_LICENSE_PREFIX) for key in annotations)


def _stated(key: str, template: PodTemplate, own: Json) -> tuple[str, object]:
    """An annotation's place and value, the template's own before the object's; None and where it should be without."""
    for annotations, at in ((template.annotations, template.annotations_path), (own, "metadata.annotations")):
        if annotations.get(key) is not None:
            return f"{at}[{key}]", annotations[key]
    return f"{template.annotations_path}[{key}]", None


def _problem(expression: object) -> str:
    """What is wrong with a licence expression; empty where it is valid."""
    if not isinstance(expression, str) or not expression.isascii() or len(expression) > _LONGEST:
        return f"{quoted(expression)}, which is no SPDX expression"
    return _parsed(expression)


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> str:
    try:
        canonicalize_license_expression(expression)
    except InvalidLicenseExpression as error:
        return f"{quoted(expression)}, which is no SPDX expression ({error})" if expression.strip() else '""'
    return ""

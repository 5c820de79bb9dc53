"""What an object states about the licences of its software, wherever the statement may stand."""

from aup.api.meta import CONTAINER_LICENSE_PREFIX, LICENSE_ANNOTATION
from aup.model import Subject
from aup.review import Json
from aup.workload import Container, PodTemplate

REFERENCE = "LicenseRef-"
"""Begins a licence that SPDX does not list, whose terms only those know who wrote it."""

Stated = tuple[str, object]
"""The field path of a statement, and its value as written; None where nothing is stated."""


def shared(subject: Subject, template: PodTemplate, own: Json) -> Stated:
    """The licence of all containers: the template's own before the object's, the namespace's after both."""
    at, value = stated(LICENSE_ANNOTATION, template, own)
    if value is None and subject.namespace is not None and subject.namespace.license is not None:
        return "metadata.namespace", subject.namespace.license
    return at, value


def single(container: Container, template: PodTemplate, own: Json) -> Stated:
    """The licence that is stated for this container alone."""
    return stated(CONTAINER_LICENSE_PREFIX + container.name, template, own)


def has_single(annotations: Json) -> bool:
    """Whether there is a licence for a single container."""
    return bool(annotations) and any(key.startswith(CONTAINER_LICENSE_PREFIX) for key in annotations)


def may_refer(annotations: Json) -> bool:
    """Whether a licence in these annotations may name a `LicenseRef-`; cheap, for it is asked of every object."""
    if not annotations:
        return False
    written = annotations.get(LICENSE_ANNOTATION)
    if isinstance(written, str) and (REFERENCE in written or len(annotations) == 1):
        return REFERENCE in written
    return any(REFERENCE in str(annotations[key]) for key in annotations if key.startswith(CONTAINER_LICENSE_PREFIX))


def stated(key: str, template: PodTemplate, own: Json) -> Stated:
    """An annotation's place and value, the template's own before the object's; None and where it should be without."""
    for annotations, at in ((template.annotations, template.annotations_path), (own, "metadata.annotations")):
        if annotations.get(key) is not None:
            return f"{at}[{key}]", annotations[key]
    return f"{template.annotations_path}[{key}]", None

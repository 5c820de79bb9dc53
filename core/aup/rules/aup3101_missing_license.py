"""AUP3101 missing-license: software whose licence nobody has stated."""

from collections.abc import Iterator

from aup.licenses import has_single, shared, single
from aup.licenses.expressions import read
from aup.model import Finding, Subject, rule
from aup.review import annotations_of
from aup.wording import quoted


@rule(id="AUP3101", clause="3.1")
def missing_license(subject: Subject) -> Iterator[Finding]:
    """The workload does not state the licence of its software as a valid SPDX expression.

    Why: Customers keep to the licence terms of what they run (AUP 3.1) and prove it on request (AUP 3.3); the
    annotation is where that begins. An expression is checked against the SPDX licence list; an id that SPDX has
    replaced only warns.

    Fix: Set the annotation aup.asergo.com/license, for example "Apache-2.0" or "MIT AND LicenseRef-Acme", on the
    workload, its pod template or the Namespace, or license.aup.asergo.com/CONTAINER for one container.
    """
    own = annotations_of(subject.review.object)
    trusted = subject.review.by_kubernetes_controller  # the owner was judged with its annotation, which Pods do not get
    for template in subject.workload.templates:
        at, whole = shared(subject, template, own)
        if whole is not None:
            yield from _judged(at, whole, "")
        if not (has_single(template.annotations) or has_single(own)):
            if whole is None and not trusted:
                for container in template.containers:
                    yield Finding(at, "no licence annotation", container.name)
            continue
        for container in template.containers:
            place, stated = single(container, template, own)
            if stated is not None:
                yield from _judged(place, stated, container.name)
            elif whole is None and not trusted:
                yield Finding(at, "no licence annotation", container.name)


def _judged(at: str, written: object, container: str) -> Iterator[Finding]:
    """What is wrong with a licence expression, and what of it is out of date."""
    expression = read(written)
    if expression.problem:
        yield Finding(at, expression.problem, container)
    for old, new in expression.replaced:
        found = f"{quoted(written)}, in which {old} is deprecated; SPDX has replaced it by {new}"
        yield Finding(at, found, container, advisory=True)

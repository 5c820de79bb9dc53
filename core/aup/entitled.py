"""What a workload needs a licence of the tenant's for, and which LicenseEntitlements cover it."""

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from aup.api.license_entitlement import LicenseEntitlement
from aup.api.meta import ENTITLEMENT_ANNOTATION
from aup.licenses import has_single, shared, single, stated
from aup.licenses.expressions import read
from aup.licenses.known import of_image
from aup.model import Subject
from aup.resources import pods_at_once
from aup.review import annotations_of
from aup.wording import quoted

_LONGEST = 2048
"""Characters of one annotation that are read."""

_NONE = "none"
"""Says, in place of a product, that the terms of what runs there need no entitlement."""


class Need(msgspec.Struct, frozen=True):
    """A product that needs an entitlement, where that is said, in which words, and whether it is certain."""

    at: str
    product: str
    said: str
    container: str = ""
    certain: bool = True


class Reference(msgspec.Struct, frozen=True):
    """A `LicenseRef-` that is stated, where, and for which container alone."""

    at: str
    name: str
    container: str = ""


def needs(subject: Subject) -> tuple[Need, ...]:
    """Each product that is named, or that an image or a licence is known to be; looked for once for all rules."""
    known: tuple[Need, ...] | None = subject.worked_out.get("needs of entitlements")
    if known is None:
        found = [*_named(subject), *_of_images(subject)]
        found += _of_references(subject, {need.product for need in found})
        known = subject.worked_out["needs of entitlements"] = tuple(found)
    return known


def unexplained(subject: Subject) -> list[Reference]:
    """Each `LicenseRef-` on a workload that neither names an entitlement nor says that its terms need none.

    A Pod that Kubernetes makes has none: its owner was asked.
    """
    if subject.review.by_kubernetes_controller or needs(subject) or any(_written(subject)):
        return []
    return _references(subject)


def in_force(subject: Subject, product: str) -> list[LicenseEntitlement]:
    """The tenant's entitlements to a product that are in force now, for however many Pods."""
    return [
        one
        for one in subject.entitlements
        if one.spec.product == product
        and one.spec.valid_from <= subject.now
        and (one.spec.expires_at is None or subject.now < one.spec.expires_at)
    ]


def covering(subject: Subject, product: str) -> list[LicenseEntitlement]:
    """Those of them that are each, alone, for as many Pods as the workload runs at a time."""
    pods = pods_at_once(subject.review, subject.workload)
    return [one for one in in_force(subject, product) if one.spec.count is None or pods <= one.spec.count]


def _named(subject: Subject) -> Iterator[Need]:
    for at, text in _written(subject):
        for product in _products(text):
            yield Need(at, product, f"product {quoted(product)}")


def _written(subject: Subject) -> Iterator[tuple[str, str]]:
    """Each annotation about entitlements, with its place: the object's and templates' own, or else the Namespace's.

    Pods do not get what stands on their owner alone, so one that Kubernetes makes is not held to the Namespace's.
    """
    own = annotations_of(subject.review.object)
    silent = False
    places = {"metadata.annotations": own.get(ENTITLEMENT_ANNOTATION)}
    for template in subject.workload.templates:
        places[template.annotations_path] = template.annotations.get(ENTITLEMENT_ANNOTATION)
        silent = silent or stated(ENTITLEMENT_ANNOTATION, template, own)[1] is None
    for path, written in places.items():
        if written is not None:
            yield f"{path}[{ENTITLEMENT_ANNOTATION}]", str(written)
    inherited = subject.namespace.entitlement if subject.namespace is not None else None
    if silent and inherited is not None and not subject.review.by_kubernetes_controller:
        yield "metadata.namespace", inherited


@lru_cache(maxsize=1024)
def _products(written: str) -> tuple[str, ...]:
    """The products that an annotation names, each once; one that is too long is a single product that nobody has."""
    if len(written) > _LONGEST:
        return (written,)
    if written.strip().lower() == _NONE:
        return ()
    return tuple(dict.fromkeys(one for part in written.split(",") if (one := part.strip())))


def _of_images(subject: Subject) -> Iterator[Need]:
    for template in subject.workload.templates:
        for container in template.containers:
            known = of_image(container.image)
            if known is None:
                continue
            product, certain = known.software.product(container)
            if product:
                said = f"{quoted(container.image)}, which is {known.software.name} and needs product {quoted(product)}"
                if not certain:
                    said += f", as far as can be told without the value of {known.software.variable}"
                yield Need(f"{container.path}.image", product, said, container.name, certain)


def _of_references(subject: Subject, needed: set[str]) -> Iterator[Need]:
    """What the provider has recorded an entitlement for under the very `LicenseRef-` that is stated.

    Of several products under one licence, one that is held or needed already is enough.
    """
    if not any(one.spec.license for one in subject.entitlements):
        return
    for reference in _references(subject):
        products = [one.spec.product for one in subject.entitlements if one.spec.license == reference.name]
        if products and needed.isdisjoint(products):
            product = next((one for one in products if covering(subject, one)), products[0])
            said = f"{quoted(reference.name)}, which is the licence of product {quoted(product)}"
            yield Need(reference.at, product, said, reference.container)


def _references(subject: Subject) -> list[Reference]:
    """Each `LicenseRef-` that is stated, once for each place."""
    own = annotations_of(subject.review.object)
    found: dict[Reference, None] = {}
    for template in subject.workload.templates:
        places = [(*shared(subject, template, own), "")]
        if has_single(template.annotations) or has_single(own):
            places += [(*single(container, template, own), container.name) for container in template.containers]
        for at, written, container in places:
            found.update(dict.fromkeys(Reference(at, name, container) for name in sorted(read(written).references)))
    return list(found)

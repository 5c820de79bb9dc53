"""What a workload needs a licence of the tenant's for, and which LicenseEntitlements cover it."""

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from aup.api.license_entitlement import LicenseEntitlement
from aup.api.meta import ENTITLEMENT_ANNOTATION
from aup.licenses.known import of_image
from aup.model import Subject
from aup.resources import pods_at_once
from aup.wording import quoted

_LONGEST = 2048
"""Characters of one annotation that are read."""


class Need(msgspec.Struct, frozen=True):
    """A product that needs an entitlement, where that is said, and in which words."""

    at: str
    product: str
    said: str
    container: str = ""


def needs(subject: Subject) -> tuple[Need, ...]:
    """Each product that an annotation names, and each that an image is known to be; looked for once for all rules."""
    known: tuple[Need, ...] | None = subject.worked_out.get("needs of entitlements")
    if known is None:
        known = subject.worked_out["needs of entitlements"] = tuple(_needs(subject))
    return known


def _needs(subject: Subject) -> Iterator[Need]:
    metadata = subject.review.object.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(annotations, dict) and ENTITLEMENT_ANNOTATION in annotations:
        yield from _named(annotations[ENTITLEMENT_ANNOTATION], "metadata.annotations")
    for template in subject.workload.templates:
        if ENTITLEMENT_ANNOTATION in template.annotations and template.annotations_path != "metadata.annotations":
            yield from _named(template.annotations[ENTITLEMENT_ANNOTATION], template.annotations_path)
        for container in template.containers:
            known = of_image(container.image)
            if known is not None and (product := known.software.product(container)):
                said = f"{quoted(container.image)}, which is {known.software.name} and needs product {quoted(product)}"
                yield Need(f"{container.path}.image", product, said, container.name)


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


def _named(written: object, path: str) -> Iterator[Need]:
    at = f"{path}[{ENTITLEMENT_ANNOTATION}]"
    for product in _products(written if isinstance(written, str) else str(written)):
        yield Need(at, product, f"product {quoted(product)}")


@lru_cache(maxsize=1024)
def _products(written: str) -> tuple[str, ...]:
    """The products that an annotation names, each once; one that is too long is a single product that nobody has."""
    if len(written) > _LONGEST:
        return (written,)
    return tuple(dict.fromkeys(one for part in written.split(",") if (one := part.strip())))

"""The signs of an object: names that stand in it, gathered once so that a rule runs only where one of its own does.

A sign is the kind, the subresource, an annotation, its head, the head of a variable in the environment, or a field of
the object's spec, of a pod spec, of a volume, of a security context or of its capabilities. Topics that the scan has
found, images that are known, and facts have signs as well. One that stands there by chance makes a rule run that has
nothing to say, and no more.
"""

from functools import lru_cache
from operator import itemgetter
from typing import Any

from aup import mail
from aup.api.meta import ENTITLEMENT_ANNOTATION
from aup.licenses import REFERENCE, known, may_refer
from aup.model import Subject
from aup.review import annotations_of, listing, mapping, text
from aup.workload import HEAD, Container, PodTemplate

HAS_ATTESTATIONS = "facts: the tenant's attestations"
HAS_INDICATORS = "facts: indicators"
HAS_SCREENING = "facts: screening"
HAS_USES = "facts: the tenant's uses"
NO_TENANT = "facts: no tenant"
NOT_GOOD = "facts: the tenant's standing"
KNOWN_SOFTWARE = "image: known software"
MAILER = "image: a mailer"
OWN_TERMS = "licence: LicenseRef-"

_NAME, _HEAD = itemgetter("name"), itemgetter(slice(HEAD))


def signs(subject: Subject) -> set[str]:
    """All signs of the object and of the facts that concern it."""
    review = subject.review
    own = annotations_of(review.object)
    found = {review.kind, review.subresource, *own, *map(_HEAD, own), *subject.scan.topics}
    if subject.workload.templates:
        if may_refer(own):
            found.add(OWN_TERMS)
        found.update(mapping(review.object.get("spec")))
        for template in subject.workload.templates:
            _add_template(found, template)
    _add_facts(found, subject)
    return found


def _add_facts(found: set[str], subject: Subject) -> None:
    if subject.indicators:
        found.add(HAS_INDICATORS)
    if subject.screening:
        found.add(HAS_SCREENING)
    space = subject.namespace
    if space is not None:
        if space.entitlement is not None:
            found.add(ENTITLEMENT_ANNOTATION)
        if space.license is not None and REFERENCE in space.license:
            found.add(OWN_TERMS)
    if subject.standing != "Good":
        found.add(NOT_GOOD)
    if subject.tenant is None:
        found.add(NO_TENANT)
        return
    if subject.tenant.spec.uses:
        found.add(HAS_USES)
    if subject.tenant.spec.attestations:
        found.add(HAS_ATTESTATIONS)


def _add_template(found: set[str], template: PodTemplate) -> None:
    spec = template.spec
    found.update(spec, mapping(spec.get("securityContext")))
    if template.annotations:
        found.update(template.annotations, map(_HEAD, template.annotations))
    if may_refer(template.annotations):
        found.add(OWN_TERMS)
    for volume in listing(spec.get("volumes")):
        found.update(mapping(volume))
    for container in template.containers:
        _add_container(found, container)


def _add_container(found: set[str], container: Container) -> None:
    fields = container.spec
    found.update(_of_image(container.image))
    if "env" in fields:
        _add_variables(found, listing(fields["env"]))
    security = fields.get("securityContext")
    if isinstance(security, dict):
        found.update(security, mapping(security.get("capabilities")))


def _add_variables(found: set[str], environment: list[Any]) -> None:
    """The heads of variables' names; all at one go, for nearly all lists are as they should be."""
    try:
        found.update(map(_HEAD, map(_NAME, environment)))
    except (KeyError, TypeError):
        found.update(text(mapping(entry).get("name"))[:HEAD] for entry in environment)


@lru_cache(maxsize=4096)
def _of_image(reference: str) -> tuple[str, ...]:
    """The signs of an image."""
    named = ((MAILER, mail.of_image(reference)), (KNOWN_SOFTWARE, known.of_image(reference)))
    return tuple(sign for sign, found in named if found is not None)

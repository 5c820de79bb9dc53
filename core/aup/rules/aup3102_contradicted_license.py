"""AUP3102 contradicted-license: known software under another licence than stated."""

from collections.abc import Iterator

from aup.licenses import has_single, shared, single
from aup.licenses.expressions import family, read
from aup.licenses.known import of_image
from aup.model import Finding, Subject, rule
from aup.review import annotations_of
from aup.signs import KNOWN_SOFTWARE
from aup.wording import quoted
from aup.workload import Container, PodTemplate


@rule(id="AUP3102", clause="3.1", mode="warn", signs={KNOWN_SOFTWARE})
def contradicted_license(subject: Subject) -> Iterator[Finding]:
    """The licence that the workload states is not that of the software it runs.

    Why: Some images are known by their maker's repository, and so are their licences, which changed with a version for
    some (Redis, MongoDB, Elasticsearch, Terraform). The terms that are kept have to be those of the software (AUP 3.1).
    One fitting licence in the expression is enough, for a workload has several parts; LicenseRef- of one's own may be
    a contract with the maker and is not compared.

    Fix: Put the software's licence into aup.asergo.com/license, as in "MIT AND SSPL-1.0", or into
    license.aup.asergo.com/CONTAINER for that container alone, and see that you keep its terms; else run a version or
    an alternative under the licence that you stated.
    """
    for template in subject.workload.templates:
        for container in template.containers:
            known = of_image(container.image)
            if known is None or not known.families:
                continue
            written = _stated(subject, container, template)
            expression = read(written)
            if not expression.names or expression.references:
                continue
            if known.families.isdisjoint(map(family, expression.names)):
                said = f"{quoted(container.image)}, which is {known.software.name} under {' or '.join(known.licenses)}"
                yield Finding(f"{container.path}.image", f"{said}, where {quoted(written)} is stated", container.name)


def _stated(subject: Subject, container: Container, template: PodTemplate) -> object:
    """The licence that a container has of its own, else that of the workload or the namespace."""
    own = annotations_of(subject.review.object)
    if has_single(template.annotations) or has_single(own):
        _, alone = single(container, template, own)
        if alone is not None:
            return alone
    return shared(subject, template, own)[1]

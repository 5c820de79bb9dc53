"""AUP1101 listed-indicator: something that the provider has listed as illegal, malicious or fraudulent."""

from collections.abc import Iterator

from aup.listed import listed
from aup.model import EVERY, Finding, Subject, rule
from aup.signs import HAS_INDICATORS


@rule(id="AUP1101", clause="1.1", kinds=EVERY, signs={HAS_INDICATORS})
def listed_indicator(subject: Subject) -> Iterator[Finding]:
    """The object names an image, host, wallet, address or content that the provider has listed.

    Why: The provider keeps lists (IndicatorList) of what has been found to break the law or this policy, each entry
    with its clause, reason and source. Images are compared by repository, so that no mirror hides one; hosts count with
    all names below them, addresses in any spelling.

    Fix: Remove what is named. If it is listed by mistake, write to the abuse contact with the source that is named; the
    entry is then corrected for everybody, or you get a permit.
    """
    return listed(subject, harmful=False)

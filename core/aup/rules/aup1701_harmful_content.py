"""AUP1701 harmful-content: something that the provider has listed as offensive or harmful."""

from collections.abc import Iterator

from aup.listed import listed
from aup.model import EVERY, Finding, Subject, rule
from aup.signs import HAS_INDICATORS


@rule(id="AUP1701", clause="1.7", kinds=EVERY, signs={HAS_INDICATORS})
def harmful_content(subject: Subject) -> Iterator[Finding]:
    """The object serves or reaches content that the provider has listed as offensive or harmful.

    Why: Some content may not be hosted here, whoever wrote it. What is known is listed (IndicatorList, clause 1.7) by
    the SHA-256 of a file, by host, or by the image that serves it; the program itself judges no content.

    Fix: Remove the content or the name that is given. If it is listed by mistake, write to the abuse contact with the
    source that is named; the entry is then corrected for everybody, or you get a permit.
    """
    return listed(subject, harmful=True)

"""AUP3301 unproven-license: a licence in use that nobody has proved."""

from collections.abc import Iterator

from aup.api.meta import ENTITLEMENT_ANNOTATION
from aup.entitled import covering, needs
from aup.model import Finding, Subject, rule
from aup.signs import KNOWN_SOFTWARE, OWN_TERMS
from aup.wording import quoted


@rule(id="AUP3301", clause="3.3", mode="warn", signs={ENTITLEMENT_ANNOTATION, KNOWN_SOFTWARE, OWN_TERMS})
def unproven_license(subject: Subject) -> Iterator[Finding]:
    """The workload runs under a licence whose proof the provider does not have.

    Why: The provider may ask for proof of a licence, and who cannot give it may be suspended or pay fees (AUP 3.3). The
    SHA-256 of the proof stands in the LicenseEntitlement (spec.evidenceSHA256), so that both sides know which one.

    Fix: Send the provider the licence agreement, or the vendor's certificate or invoice, that names the product, you as
    the licensee, for how many it is and until when, together with the name of the LicenseEntitlement.
    """
    for need in needs(subject):
        covered = covering(subject, need.product)
        if covered and all(one.spec.evidence_sha256 is None for one in covered):
            said = f"{need.said}, under LicenseEntitlement {quoted(covered[0].metadata.name)} without evidenceSHA256"
            yield Finding(need.at, said, need.container)

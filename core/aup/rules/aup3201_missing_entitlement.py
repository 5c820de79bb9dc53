"""AUP3201 missing-entitlement: software that needs a licence which the tenant does not hold."""

from collections.abc import Iterator
from datetime import datetime

from aup.api.meta import ENTITLEMENT_ANNOTATION
from aup.entitled import Need, covering, in_force, needs, unexplained
from aup.model import Finding, Subject, rule
from aup.quantity import NANO
from aup.resources import pods_at_once
from aup.signs import KNOWN_SOFTWARE, OWN_TERMS
from aup.wording import quoted


@rule(id="AUP3201", clause="3.2", signs={ENTITLEMENT_ANNOTATION, KNOWN_SOFTWARE, OWN_TERMS})
def missing_entitlement(subject: Subject) -> Iterator[Finding]:
    """The workload runs software for which the tenant has no valid licence or no vendor support.

    Why: Customers keep valid licences and vendor support for software that is not the provider's (AUP 3.2). What needs
    a licence is named in aup.asergo.com/entitlement on the workload or its pod template, or inherited from the
    Namespace; some commercial images are known, and so are licences that the provider has recorded. One entitlement
    must cover all Pods that the workload runs at a time. This only warns where vendor support has ended while the
    licence holds, where the terms of a LicenseRef- or the edition cannot be known, and where the provider's records are
    not at hand.

    Fix: Send the provider the proof of your licence, who records it as a LicenseEntitlement with the product's id, how
    many Pods it is for and until when; renew it, or its support, where it has ended. Else run fewer Pods, or an edition
    that needs no licence, chosen in the manifest where its vendor says so (as MSSQL_PID: Express). For a LicenseRef-
    whose terms need no entitlement, as your own software's, set aup.asergo.com/entitlement to "none" on the workload,
    its pod template or the Namespace.
    """
    for need in needs(subject):
        covered = covering(subject, need.product)
        if not covered:
            yield _uncovered(subject, need)
            continue
        ends = [one.spec.support_ends_at for one in covered]
        ended = [end for end in ends if end is not None and end <= subject.now]
        if len(ended) == len(ends):
            said = f"{need.said}; vendor support ended on {_day(max(ended))}"
            yield Finding(need.at, said, need.container, advisory=True)
    for one in unexplained(subject):
        said = f"{quoted(one.name)}, and no word on whether its terms need an entitlement"
        yield Finding(one.at, said, one.container, advisory=True)


def _uncovered(subject: Subject, need: Need) -> Finding:
    """That no entitlement covers a need, with the one that comes nearest."""
    counts = [one.spec.count for one in in_force(subject, need.product) if one.spec.count is not None]
    if counts:
        pods = pods_at_once(subject.review, subject.workload)
        said = f"{need.said}; the entitlement is for {max(counts)} Pods, not for {pods}"
        advisory = not need.certain
        return Finding(need.at, said, need.container, pods * NANO, amount_of=need.product, advisory=advisory)
    known = [one.spec for one in subject.entitlements if one.spec.product == need.product]
    expired = [one.expires_at for one in known if one.expires_at is not None and one.expires_at <= subject.now]
    if expired:
        reason = f"the entitlement expired on {_day(max(expired))}"
    elif known:
        reason = f"the entitlement is valid from {_day(min(one.valid_from for one in known))} on"
    else:
        reason = "there is no entitlement to it"
    advisory = not need.certain or not (subject.complete or subject.entitlements)
    return Finding(need.at, f"{need.said}; {reason}", need.container, advisory=advisory)


def _day(instant: datetime) -> str:
    return instant.date().isoformat()

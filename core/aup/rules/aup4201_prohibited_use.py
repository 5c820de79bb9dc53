"""AUP4201 prohibited-use: a use that the policy forbids to everybody."""

from collections.abc import Iterator

from aup.api.meta import USE_ANNOTATION
from aup.model import Finding, Subject, rule
from aup.signs import HAS_USES
from aup.uses import declared, said


@rule(id="AUP4201", clause="4.2", signs={USE_ANNOTATION, HAS_USES})
def prohibited_use(subject: Subject) -> Iterator[Finding]:
    """The workload is declared for a use that is forbidden here, or needs a licence that the provider has not seen.

    Why: Terrorism, trafficking in people, illegal gambling and the spread of weapons are forbidden to everybody.
    Licensed gambling is not; it only warns until the provider has recorded it in the customer's Tenant (spec.uses).

    Fix: Do not run this here. If the word in aup.asergo.com/use says too much, use the one of docs/uses.md that fits.
    For gambling send the licence of each country where the players are to the abuse contact.
    """
    tenant = subject.tenant.spec if subject.tenant else None
    declarations = list(declared(subject.review, subject.workload, tenant))
    recorded = {one.use.use for one in declarations if one.use and one.at == "metadata.namespace"}
    for one in declarations:
        use = one.use
        if use is None or use.clause != "4.2" or (use.verdict == "warn" and use.use in recorded):
            continue
        yield Finding(one.at, said(one), advisory=use.verdict == "warn")

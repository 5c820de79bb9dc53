"""AUP4101 sanctioned-party: a customer whose name or country is on a list of sanctions."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.signs import HAS_SCREENING
from aup.wording import printable, quoted


@rule(id="AUP4101", clause="4.1", signs={HAS_SCREENING})
def sanctioned_party(subject: Subject) -> Iterator[Finding]:
    """The provider has to clear a name or country in your customer record before anything new can run.

    Why: The law forbids the provider to do business with some persons, organisations and countries, and so names are
    compared with published lists (ScreeningList). That a name is like one on a list says nothing about you: people and
    companies share names. Names that are less alike only warn, and what already runs is left alone.

    Fix: Write to the abuse contact, with the reference that is named and what tells you apart (registration number,
    date and place of birth, country). The provider clears a namesake by a permit for AUP4101 and your namespaces.
    """
    tenant = subject.tenant
    if tenant is None:
        return
    for match in subject.screening.matches(tenant.spec):
        if match.where == "country":
            found = f"the country {match.name} of the customer record is under embargo ({printable(match.reference)})"
        else:
            found = (
                f"{quoted(match.name)} is {match.score} of 100 like {quoted(match.listed)} ({quoted(match.reference)})"
            )
        yield Finding("metadata.namespace", found, advisory=not match.certain)

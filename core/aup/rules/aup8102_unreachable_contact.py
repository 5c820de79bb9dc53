"""AUP8102 unreachable-contact: a customer whom nobody can write to about abuse."""

from collections.abc import Iterator

from aup.contact import email_problem
from aup.model import Finding, Subject, rule
from aup.wording import quoted


@rule(id="AUP8102", clause="8.1", mode="warn")
def unreachable_contact(subject: Subject) -> Iterator[Finding]:
    """The tenant's contact for abuse is no e-mail address that somebody reads.

    Why: Customers answer for all activity from their accounts (AUP 8.1); a report that reaches nobody ends in a
    suspension that a short answer would have spared.

    Fix: Ask the provider to put an e-mail address that somebody reads into your Tenant's contacts.abuse, for example
    "abuse@acme.example".
    """
    if subject.tenant is None or subject.review.by_kubernetes_controller or not subject.workload.templates:
        return  # the owner was told
    address = subject.tenant.spec.contacts.abuse
    if problem := email_problem(address):
        name = quoted(subject.tenant.metadata.name)
        yield Finding("metadata.namespace", f"tenant {name} with the abuse contact {quoted(address)}, {problem}")

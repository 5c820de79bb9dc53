"""AUP8101 unknown-tenant: a workload that nobody answers for."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.signs import NO_TENANT
from aup.wording import quoted


@rule(id="AUP8101", clause="8.1", signs={NO_TENANT})
def unknown_tenant(subject: Subject) -> Iterator[Finding]:
    """The workload's namespace belongs to no known tenant.

    Why: Customers answer for all activity from their accounts (AUP 8.1), so each workload needs an account.

    Fix: If the namespace was made this second, try again. Otherwise ask the provider to assign it to your tenant.
    """
    if subject.namespace is None:
        if subject.complete:
            yield Finding("metadata.namespace", f"{quoted(subject.review.namespace)}, a namespace without a tenant")
    elif subject.tenant is None and (subject.complete or subject.namespace.tenant):
        yield Finding("metadata.namespace", f"tenant {quoted(subject.namespace.tenant)}, which does not exist")

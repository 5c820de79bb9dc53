"""AUP2101 mail-without-contact: bulk mail without a privacy policy or somebody to complain to."""

from collections.abc import Iterator

from aup import contact, mail
from aup.mail import Value
from aup.model import Finding, Subject, rule
from aup.signs import MAILER

_VALUES = (
    Value(
        annotation="privacy-policy",
        field="privacy_policy",
        what="privacy policy",
        form="an https URL",
        example='"https://www.acme.example/privacy"',
        problem=contact.url_problem,
    ),
    Value(
        annotation="abuse-contact",
        field="abuse_contact",
        what="public abuse contact",
        form="an e-mail address or https URL that is read",
        example='"abuse@acme.example"',
        problem=mail.contact_problem,
    ),
)


@rule(id="AUP2101", clause="2.1", signs={MAILER, mail.PROGRAMME, *mail.heads()})
def mail_without_contact(subject: Subject) -> Iterator[Finding]:
    """The workload sends bulk or commercial mail, without a privacy policy or a public abuse contact.

    Why: Who sends to many publishes what happens with their data and where to complain (AUP 2.1); else complaints reach
    only the provider, and mail from its networks is refused everywhere. What merely looks like bulk mail only warns.

    Fix: Set the annotations mail.aup.asergo.com/privacy-policy (an https URL) and mail.aup.asergo.com/abuse-contact (an
    e-mail address or https URL) on the pod template, or ask the provider to put them into your Tenant's emailProgramme.
    If what only looks like it sends no such mail, set mail.aup.asergo.com/programme to "transactional" or "none".
    """
    yield from mail.doubts(subject)
    yield from mail.problems(subject, _VALUES)

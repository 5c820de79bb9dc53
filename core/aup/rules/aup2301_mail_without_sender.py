"""AUP2301 mail-without-sender: bulk mail that hides who sends it, or cannot be ended in time."""

from collections.abc import Iterator

from aup import mail
from aup.mail import Value
from aup.model import Finding, Subject, rule
from aup.signs import MAILER

_VALUES = (
    Value(
        annotation="sender",
        field="sender_identity",
        what="sender identity",
        form="a name and e-mail address",
        example='"Acme Shop <news@acme.example>"',
        problem=mail.sender_problem,
    ),
    Value(
        annotation="unsubscribe",
        field="unsubscribe_contact",
        what="contact to unsubscribe",
        form="an e-mail address or https URL that is read",
        example='"unsubscribe@acme.example"',
        problem=mail.contact_problem,
    ),
    Value(
        annotation="unsubscribe-hours",
        field="unsubscribe_hours",
        what="time to unsubscribe",
        form="a number of hours, at most 72",
        example='"24"',
        problem=mail.hours_problem,
    ),
)


@rule(id="AUP2301", clause="2.3", signs={MAILER, mail.PROGRAMME, *mail.heads()})
def mail_without_sender(subject: Subject) -> Iterator[Finding]:
    """The workload sends bulk or commercial mail without its true sender, or without unsubscribing within 72 hours.

    Why: Recipients see who writes to them, and a request to unsubscribe is honoured within 72 hours (AUP 2.3).

    Fix: Set the annotations mail.aup.asergo.com/sender (name and e-mail address), mail.aup.asergo.com/unsubscribe (an
    e-mail address or https URL) and mail.aup.asergo.com/unsubscribe-hours (at most "72") on the pod template, or ask
    the provider to put them into your Tenant's emailProgramme.
    """
    yield from mail.problems(subject, _VALUES)

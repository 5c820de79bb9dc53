"""AUP2201 mail-without-consent: bulk mail to people who never agreed, or cannot stop it."""

from collections.abc import Iterator

from aup import mail
from aup.mail import Value
from aup.model import Finding, Subject, rule
from aup.signs import MAILER

_VALUES = (
    Value(
        annotation="consent-record",
        field="consent_record",
        what="consent record",
        form="the name or https URL of the system that keeps it",
        example='"CRM, table newsletter_consent"',
        problem=mail.record_problem,
    ),
    Value(
        annotation="opt-out",
        field="opt_out",
        what="way to opt out",
        form="an https URL or e-mail address",
        example='"https://www.acme.example/opt-out"',
        problem=mail.contact_problem,
    ),
)


@rule(id="AUP2201", clause="2.2", signs={MAILER, mail.PROGRAMME, *mail.heads()})
def mail_without_consent(subject: Subject) -> Iterator[Finding]:
    """The workload sends bulk or commercial mail, and does not say where consent is kept or how to opt out.

    Why: Bulk mail goes only to those who agreed to it and can end that at any time (AUP 2.2). Who is asked for the
    consent of a recipient must be able to show it.

    Fix: Set the annotations mail.aup.asergo.com/consent-record (where consent is kept) and mail.aup.asergo.com/opt-out
    (an https URL or e-mail address) on the pod template, or ask the provider to put them into your Tenant's
    emailProgramme.
    """
    yield from mail.problems(subject, _VALUES)

"""AUP1501 high-risk-use: a use in which a failure could kill, hurt or pollute."""

from collections.abc import Iterator

from aup.api.meta import USE_ANNOTATION
from aup.model import Finding, Subject, rule
from aup.signs import HAS_ATTESTATIONS, HAS_USES
from aup.uses import declared, said, table
from aup.wording import quoted


@rule(id="AUP1501", clause="1.5", signs={USE_ANNOTATION, HAS_USES, HAS_ATTESTATIONS}, needs_document=True)
def high_risk_use(subject: Subject) -> Iterator[Finding]:
    """The workload is declared for a use in which a failure could kill, hurt or pollute.

    Why: No service here is built for what people's lives depend on: machines fail, and clusters are stopped for
    upgrades and suspensions. An unknown use, and an attestation (NoHighRiskUse) that is not in force, only warn.

    Fix: Run it where such a use is certified. If only something beside it runs here, such as its website, declare that
    use in aup.asergo.com/use. Else make a written agreement with the provider, who puts it into a permit. An
    attestation is renewed with the provider, who records it in your Tenant.
    """
    tenant = subject.tenant.spec if subject.tenant else None
    for one in declared(subject.review, subject.workload, tenant):
        if one.use is None:
            known = ", ".join(use.use for use in table())
            yield Finding(one.at, f"the use {quoted(one.written)}, which is none of {known}", advisory=True)
        elif one.use.clause == "1.5":
            yield Finding(one.at, said(one))
    if subject.complete and tenant is not None and (tenant.attestations or tenant.uses) and _begins(subject):
        in_force = (
            attestation.attested_at <= subject.now
            and (attestation.expires_at is None or subject.now < attestation.expires_at)
            for attestation in tenant.attestations
            if attestation.kind == "NoHighRiskUse"
        )
        if not any(in_force):
            ended = "the attestation of tenant {} that it has no high-risk use is not in force"
            never = "tenant {} has not attested that it has no high-risk use"
            name = quoted(subject.namespace.tenant if subject.namespace else "")
            yield Finding("metadata.namespace", (ended if tenant.attestations else never).format(name), advisory=True)


def _begins(subject: Subject) -> bool:
    """Whether somebody creates a workload, so that each is told of once, and not again for its Pods."""
    review = subject.review
    return review.operation == "CREATE" and not review.subresource and not review.by_kubernetes_controller

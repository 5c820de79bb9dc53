"""AUP1604 excessive-storage: larger volumes than the quota for a claim or a workload."""

from collections.abc import Iterator

from aup.amounts import over, too_much
from aup.model import Finding, Limits, Subject, rule
from aup.quantity import parse
from aup.resources import claims

# Asergo's figures for a tenant without a quota of its own: a volume of one common disk, and eight of them.
DEFAULTS = {"perClaim": {"storage": parse("1Ti")}, "perWorkload": {"storage": parse("8Ti")}}


@rule(
    id="AUP1604",
    clause="1.6",
    kinds={("", "PersistentVolumeClaim")},
    signs={"PersistentVolumeClaim", "ephemeral", "volumeClaimTemplates"},
    parameters=DEFAULTS,
)
def excessive_storage(subject: Subject, limits: Limits) -> Iterator[Finding]:
    """The volumes asked for are larger than the quota allows.

    Why: Disks are shared; a quota keeps one customer from filling what others pay for. Claims, a StatefulSet's
    volumeClaimTemplates times its replicas, and ephemeral volumes all count.

    Fix: Ask for smaller volumes in resources.requests.storage, use fewer replicas, or have your quota raised.
    """
    workload = subject.workload
    found = claims(subject.review, workload)
    if not found:
        return
    for claim in found:
        for field, why in claim.unreadable:
            yield Finding(f"{claim.path}.{field}", why)
        if over(limits, "perClaim", {"storage": claim.storage}):
            yield too_much(limits, "perClaim", claim.path, "storage", claim.storage)
    total = sum(claim.storage * (workload.replicas if claim.of_pod else 1) for claim in found)
    if (len(found) > 1 or workload.replicas > 1) and over(limits, "perWorkload", {"storage": total}):
        at = workload.replicas_path or workload.templates[0].path
        yield too_much(limits, "perWorkload", at, "storage", total)

"""What the tenant is told: a Notice and an Event in each of its namespaces."""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from aup.api import notice
from aup.api.meta import API_VERSION
from aup.api.notice import Notice, NoticeStatus
from aup.api.suspension import Suspension
from aup.facts import decoded
from aup.model import Verdict
from aup.review import Json
from aup_operator import record
from aup_operator.kube import Kube, KubeError
from aup_operator.namespaces import TenantNamespace
from aup_operator.status import write

log = logging.getLogger(__name__)


def issue(
    kube: Kube, suspension: Suspension, namespaces: Iterable[TenantNamespace], policy: Verdict, now: datetime
) -> None:
    """Put the statement of reasons where the tenant reads it, before anything is done; once for each namespace.

    A notice that cannot be put there is logged and tried again in the next pass. It never stops the suspension: the
    statement stands in the Suspension already, and a tenant's quota may forbid notices.
    """
    for namespace in namespaces:
        manifest = compose(suspension, namespace.name, policy, now)
        try:
            if kube.get(_path(namespace.name, manifest["metadata"]["name"])) is None:
                _create(kube, f"/apis/{API_VERSION}/namespaces/{namespace.name}/notices", manifest)
                event(kube, manifest, "Suspended", manifest["spec"]["subject"], now)
        except KubeError as error:
            log.warning("a notice could not be issued", extra={"namespace": namespace.name, "problem": str(error)})


def settle(
    kube: Kube,
    suspension: Suspension,
    namespaces: Iterable[TenantNamespace],
    phase: Literal["Open", "Closed"],
    now: datetime,
    note: str = "",
) -> None:
    """Bring the notices of a suspension to a phase; `note` is told in an Event where one is closed."""
    for namespace in namespaces:
        manifest = kube.get(_path(namespace.name, record.name_of(suspension)))
        if manifest is not None:
            item = decoded(manifest, Notice)
            status = NoticeStatus(observed_generation=item.metadata.generation, phase=phase)
            if write(kube, notice.KIND, item, status) and phase == "Closed":
                event(kube, manifest, "Lifted", f"The suspension is lifted. {note}", now)


def compose(suspension: Suspension, namespace: str, policy: Verdict, now: datetime) -> Json:
    """The Notice of a suspension for one namespace, in plain words."""
    spec = suspension.spec
    reasons = spec.statement_of_reasons
    clauses = ", ".join(spec.clauses)
    since = (spec.effective_at or now).strftime("%Y-%m-%d %H:%M UTC")
    to_come = spec.effective_at is not None and now < spec.effective_at
    found = "by a machine" if reasons.automated_detection else "by a person"
    decided = {"fully": "by a machine", "partially": "by a person with a machine's help", "not": "by a person"}
    parts = [
        f"{policy.provider} {'will suspend' if to_come else 'has suspended'} the workloads of tenant {spec.tenant} "
        f"from {since}.",
        f"Grounds: clause {clauses} of the Acceptable Use Policy ({policy.policy}).",
        f"Facts: {reasons.facts}",
        *([f"Why this breaks it: {reasons.explanation}"] if reasons.explanation else []),
        f"This was found {found} and decided {decided[reasons.automated_decision]}.",
        "What it means: nothing runs, and nothing can be created, scaled up or resumed. Your data, Services and "
        "addresses are kept; you may delete and scale down. When the suspension is lifted, everything is put back "
        "as it was.",
    ]
    return {
        "apiVersion": API_VERSION,
        "kind": "Notice",
        "metadata": {"name": record.name_of(suspension), "namespace": namespace},
        "spec": {
            "tenant": spec.tenant,
            "subject": f"Your workloads {'will be' if to_come else 'are'} suspended under AUP {clauses}",
            **({"deadline": instant(spec.effective_at)} if to_come and spec.effective_at else {}),
            "clauses": list(spec.clauses),
            "statement": "\n\n".join(parts),
            "issuedAt": instant(now),
            "howToAnswer": f"Write to {policy.contact}, naming suspension {suspension.metadata.name}: "
            "what caused it, what you have done about it, and how you will prevent it.",
            "howToAppeal": f"If you think that the decision is wrong, write to {policy.contact} with the subject "
            f'"Appeal {suspension.metadata.name}". A person who did not decide it will look at it again. '
            "You may also take the matter to a court.",
            "suspension": suspension.metadata.name,
        },
    }


def event(kube: Kube, regarding: Json, reason: str, note: str, now: datetime) -> None:
    """A Kubernetes Event beside an object, as a mirror of what stands in it."""
    metadata = regarding["metadata"]
    namespace = metadata.get("namespace") or "default"
    manifest = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"generateName": f"{metadata['name']}-", "namespace": namespace},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": "Normal",
        "reason": reason,
        "action": reason,
        "note": note[:1024],
        "reportingController": "aup.asergo.com/operator",
        "reportingInstance": "aup-operator",
        "regarding": {
            "apiVersion": regarding["apiVersion"],
            "kind": regarding["kind"],
            "name": metadata["name"],
            "namespace": metadata.get("namespace", ""),
            "uid": metadata.get("uid", ""),
        },
    }
    _create(kube, f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", manifest)


def instant(now: datetime) -> str:
    """An instant as Kubernetes writes it."""
    return msgspec.to_builtins(now.replace(microsecond=0))  # type: ignore[no-any-return]


def _path(namespace: str, name: str) -> str:
    return f"/apis/{API_VERSION}/namespaces/{namespace}/notices/{name}"


def _create(kube: Kube, collection: str, manifest: Json) -> None:
    """Create an object; one that is there already, and a namespace that is ending, are fine."""
    try:
        kube.create(collection, manifest)
    except KubeError as error:
        if not (error.conflict or error.not_found or "being terminated" in error.message):
            raise

"""The background audit: what is stored is judged by the same decision as what is asked for.

It finds what was let in before a policy forbade it or a list named it, and what came past the webhook. It reads one
namespace at a time and one page at a time, and remembers of each tenant a line for each rule.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

from aup.api.tenant import RuleFindings
from aup.engine import decide
from aup.facts import Facts
from aup.model import Verdict
from aup.review import Json, mapping, of_object
from aup.rules import RULES
from aup_operator import known, metrics
from aup_operator.drivers.pod import controller
from aup_operator.kube import UNREACHABLE, Kube
from aup_operator.ownership import looked_after

log = logging.getLogger(__name__)

_PAGE = 50
"""Objects a page: of the largest that the API server stores, so many still fit into the operator's memory."""

_MOST = 64
"""Rules that a status names at most."""

_OF_CHANGES = frozenset(rule.id for rule in RULES if rule.judges_change)
"""Rules about what a change does (AUP1606, AUP7301): nothing changes here. The Tenant's status tells totals itself."""

_CONTROLLER = "system:kube-controller-manager"


class Audited(msgspec.Struct, frozen=True):
    """A kind that is looked at; `owner` names the kind whose controller makes it, `controls` that it makes others."""

    api_version: str
    kind: str
    plural: str
    controls: bool = False
    owner: str = ""

    def path(self, namespace: str) -> str:
        """The path of the kind's objects in a namespace."""
        base = "apis" if "/" in self.api_version else "api"
        return f"/{base}/{self.api_version}/namespaces/{namespace}/{self.plural}"


AUDITED = (
    Audited("apps/v1", "Deployment", "deployments", controls=True),
    Audited("apps/v1", "ReplicaSet", "replicasets", controls=True, owner="Deployment"),
    Audited("apps/v1", "StatefulSet", "statefulsets", controls=True),
    Audited("apps/v1", "DaemonSet", "daemonsets", controls=True),
    Audited("v1", "ReplicationController", "replicationcontrollers", controls=True),
    Audited("batch/v1", "CronJob", "cronjobs", controls=True),
    Audited("batch/v1", "Job", "jobs", controls=True, owner="CronJob"),
    Audited("v1", "PodTemplate", "podtemplates"),
    Audited("v1", "Service", "services"),
    Audited("networking.k8s.io/v1", "Ingress", "ingresses"),
    Audited("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    Audited("v1", "ConfigMap", "configmaps"),
    Audited("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    Audited("v1", "Pod", "pods"),
)
"""Owners stand before what they own."""


class Result(msgspec.Struct, frozen=True):
    """What an audit found of one tenant, by rule, and when."""

    findings: list[RuleFindings]
    at: datetime


def judged(manifest: Json, facts: Facts, now: datetime, *, controlled: bool = False) -> Verdict:
    """The verdict on a stored object: that of its creation now.

    Args:
        manifest: The object, whole.
        facts: The cluster's.
        now: The instant of the audit.
        controlled: It is looked after by one of Kubernetes' own controllers, which is taken to have created it.
    """
    review = of_object(manifest)
    return decide(msgspec.structs.replace(review, user=_CONTROLLER) if controlled else review, facts, now)


def broken(verdict: Verdict) -> dict[str, Literal["deny", "warn"]]:
    """The rules that the object breaks, each once; what is only recorded, such as what a permit covers, is not told."""
    rules: dict[str, Literal["deny", "warn"]] = {}
    for one in verdict.findings:
        if one.rule in _OF_CHANGES or one.mode == "audit":
            continue
        if one.mode == "deny" or one.rule not in rules:
            rules[one.rule] = one.mode
    return rules


class Folded:
    """What was found of one tenant: for each rule how many objects break it, and one of them."""

    def __init__(self) -> None:
        self._rules: dict[str, RuleFindings] = {}

    def add(self, rules: Mapping[str, Literal["deny", "warn"]], label: str) -> None:
        """Count one object; the example is the first that is denied, or the first at all."""
        for rule, mode in rules.items():
            so_far = self._rules.get(rule) or RuleFindings(rule=rule, example=label)
            denied, warned = so_far.denied + (mode == "deny"), so_far.warned + (mode == "warn")
            example = label if denied and not so_far.denied else so_far.example
            self._rules[rule] = RuleFindings(rule=rule, denied=denied, warned=warned, example=example)

    def findings(self) -> list[RuleFindings]:
        """By rule, at most as many as a status holds."""
        return [self._rules[rule] for rule in sorted(self._rules)][:_MOST]


class Audit:
    """Looks at what tenants have stored. `results` is replaced whole after each pass; the reconciler writes it.

    Args:
        kube: The API server.
        apart: The names of the namespaces that are no tenant's.
    """

    def __init__(self, kube: Kube, apart: frozenset[str]) -> None:
        self.results: Mapping[str, Result] = {}
        self._kube = kube
        self._apart = apart

    def sync(self, now: datetime) -> bool:
        """One pass over all tenants' namespaces; whether it found something else than the one before.

        A tenant of whom something could not be read keeps what was found before.
        """
        now = now.astimezone(UTC).replace(microsecond=0)
        facts = known.facts(self._kube, self._apart)
        folded = {name: Folded() for name in facts.tenants}
        failed: set[str] = set()
        for space in sorted(facts.places.values(), key=lambda one: one.name):
            if space.name not in self._apart:
                try:
                    self._namespace(space.name, facts, now, folded.setdefault(space.tenant, Folded()))
                except UNREACHABLE:
                    raise
                except Exception as error:  # whatever stops one tenant's audit must not stop the others'
                    failed.add(space.tenant)
                    metrics.FAILURES.inc()
                    log.exception("a namespace was not audited", extra={"namespace": space.name, "problem": str(error)})
        before = self.results
        kept = {name: before[name] for name in failed & before.keys()}
        made = {name: Result(one.findings(), now) for name, one in folded.items() if name not in failed}
        self.results = made | kept
        _measure(self.results)
        return {name: one.findings for name, one in before.items()} != {
            name: one.findings for name, one in self.results.items()
        }

    def _namespace(self, namespace: str, facts: Facts, now: datetime, folded: Folded) -> None:
        """Judge what is in a namespace.

        ReplicaSets of Deployments and Jobs of CronJobs are left to these. Pods are all judged, whoever is said to own
        them, so that no owner reference hides one; a Pod counts only for what its owner does not break itself.
        """
        owners: dict[str, Json] = {}
        told: dict[str, Mapping[str, Literal["deny", "warn"]]] = {}
        for kind in AUDITED:
            for item in self._kube.list(kind.path(namespace), page=_PAGE):
                manifest = {"apiVersion": kind.api_version, "kind": kind.kind, **item}
                owner = _owner(manifest, owners)
                rules = told.get(owner, {})
                if not (kind.owner and owner):
                    found = broken(judged(manifest, facts, now, controlled=bool(owner)))
                    new = {rule: mode for rule, mode in found.items() if rule not in rules}
                    folded.add(new, f"{kind.kind} {namespace}/{item['metadata']['name']}")
                    rules = found
                if kind.controls:
                    uid = item["metadata"]["uid"]
                    owners[uid] = _remembered(kind.kind, item)
                    if rules:
                        told[uid] = rules


def _owner(manifest: Json, owners: dict[str, Json]) -> str:
    """The UID of the owner that really looks after an object, of those that make objects of its kind; or nothing."""
    uid = str(controller(manifest).get("uid", ""))
    match manifest["kind"]:
        case "ReplicaSet" | "Pod":
            return uid if looked_after(manifest, owners) else ""
        case "Job":  # a CronJob selects by this reference alone
            return uid if owners.get(uid, {}).get("kind") == "CronJob" else ""
    return ""


def _remembered(kind: str, item: Json) -> Json:
    """What of an owner is needed to know what it looks after."""
    return {"kind": kind, "spec": {"selector": mapping(item.get("spec")).get("selector")}}


def _measure(results: Mapping[str, Result]) -> None:
    objects: Counter[tuple[str, ...]] = Counter()
    for result in results.values():
        for one in result.findings:
            objects += Counter({(one.rule, "deny"): one.denied, (one.rule, "warn"): one.warned})
    metrics.show(metrics.AUDIT_FINDINGS, objects)

"""What an audit tells of a tenant: objects counted by rule, each once, and nothing hidden behind an owner."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
import pytest

from aup.api.tenant import RuleFindings, Tenant
from aup.cases import NOW
from aup.model import Judged, Mode, Verdict
from aup_operator.audit import AUDITED, Audit, Folded, Result, broken
from aup_operator.handlers import Seen
from aup_operator.kube import Kube
from aup_operator.settings import Settings
from aup_operator.standing import tenant_status
from tests.stored import Stored
from tests.support import Json, container, pod, tenant_manifests, workload

MINER = container(image="xmrig/xmrig")
RAW = container(securityContext={"capabilities": {"add": ["NET_RAW"]}})


def stored(manifest: Json, owner: Json | None = None) -> Json:
    """An object in acme's namespace as the API server has it, with the template's labels where it is a Pod's."""
    metadata = {
        **manifest["metadata"],
        "namespace": "acme",
        "uid": f"{manifest['kind']}-{manifest['metadata']['name']}",
    }
    if owner:
        reference = {"kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
        metadata["ownerReferences"] = [{**reference, "controller": True}]
        metadata["labels"] = {"app": owner["metadata"]["name"]}
    return {**manifest, "metadata": metadata}


def cluster(*objects: Json) -> Stored:
    """A cluster with the tenant acme."""
    return Stored(*tenant_manifests("acme", "user")[:2], *objects)


def found(kube: Kube) -> dict[str, tuple[int, int, str]]:
    """What an audit finds of acme."""
    audit = Audit(kube, Settings().apart)
    audit.sync(NOW)
    return {one.rule: (one.denied, one.warned, one.example) for one in audit.results["acme"].findings}


def verdict(*modes: tuple[str, Mode]) -> Verdict:
    """A verdict with findings of these rules and modes."""
    made = [
        Judged(rule=rule, name="n", clause="1.1", mode=mode, path="p", found="f", message="m", fix="x", url="u")
        for rule, mode in modes
    ]
    return Verdict(findings=tuple(made))


def test_a_rule_counts_an_object_once_and_by_its_worst_finding() -> None:
    """What is only recorded is not told, nor what rules say of changes: nothing changes in an audit."""
    one = verdict(
        ("AUP1601", "warn"), ("AUP1601", "deny"), ("AUP1601", "warn"), ("AUP8201", "audit"), ("AUP7301", "deny")
    )

    assert broken(one) == {"AUP1601": "deny"}


def test_verdicts_are_folded_by_rule_with_an_example_that_is_denied() -> None:
    """A warned object is the example only until a denied one comes; the first of these stays."""
    folded = Folded()
    rules: list[dict[str, Literal["deny", "warn"]]] = [{"AUP1601": "warn", "AUP1301": "warn"}, {"AUP1601": "deny"}]
    for label, each in zip("abc", [*rules, rules[1]], strict=True):
        folded.add(each, f"Pod shop/{label}")

    assert folded.findings() == [
        RuleFindings(rule="AUP1301", warned=1, example="Pod shop/a"),
        RuleFindings(rule="AUP1601", denied=2, warned=1, example="Pod shop/b"),
    ]


def test_a_status_stays_bounded() -> None:
    """However many rules there will be."""
    folded = Folded()
    folded.add({f"AUP{number}": "deny" for number in range(1000, 1100)}, "Pod shop/a")

    assert len(folded.findings()) == 64


def test_what_a_controller_makes_counts_with_its_owner() -> None:
    """A Deployment with a ReplicaSet and Pods, and a CronJob with a Job and a Pod, are two objects."""
    web = stored(workload("Deployment", "web", MINER))
    made = stored(workload("ReplicaSet", "web", MINER), web)
    report = stored(workload("CronJob", "report", MINER))
    job = stored(workload("Job", "report", MINER, selector={"matchLabels": {"app": "report"}}), report)
    pods = [stored(pod(f"web-{number}", MINER), made) for number in range(3)]

    assert found(cluster(web, made, report, job, stored(pod("report-1", MINER), job), *pods)) == {
        "AUP1601": (2, 0, "Deployment acme/web")
    }


def test_a_pod_counts_for_what_its_owner_does_not_say() -> None:
    """A miner put among the Pods of an innocent Deployment is seen."""
    web = stored(workload("Deployment", "web", RAW))
    made = stored(workload("ReplicaSet", "web", RAW), web)

    assert found(cluster(web, made, stored(pod("web-1", MINER), made))) == {
        "AUP1302": (1, 0, "Deployment acme/web"),
        "AUP1401": (1, 0, "Deployment acme/web"),
        "AUP1601": (1, 0, "Pod acme/web-1"),
    }


@pytest.mark.parametrize("kind", ["ReplicaSet", "Job", "Pod"])
def test_a_forged_owner_hides_nothing(kind: str) -> None:
    """T09: neither one that does not exist, nor one of a kind that makes no such objects and does not select it."""
    other = stored(workload("StatefulSet", "db"))
    nobody = stored(workload("Deployment", "nobody"))
    manifest = pod("a", MINER) if kind == "Pod" else workload(kind, "a", MINER)
    for owner in (other, nobody):
        claimed = stored(manifest, owner)
        claimed["metadata"]["labels"] = {"app": "else"}

        assert found(cluster(other, claimed)) == {"AUP1601": (1, 0, f"{kind} acme/a")}


def test_a_pod_of_a_controller_needs_no_licence_of_its_own() -> None:
    """As at admission: its owner states it, on itself; a bare Pod has to."""
    stating = workload("Deployment", "web")
    stating["metadata"]["annotations"] = {"aup.asergo.com/license": "MIT"}
    web = stored(stating)
    made = stored(workload("ReplicaSet", "web"), web)
    kube = cluster(web, made, stored(pod("web-1"), made), stored(pod("bare")))
    kube.objects[1] = {**kube.objects[1], "metadata": {**kube.objects[1]["metadata"], "annotations": {}}}

    assert found(kube) == {"AUP3101": (1, 0, "Pod acme/bare")}


def test_every_kind_is_read_in_small_pages_and_owners_first() -> None:
    """One page of the largest objects fits into memory many times."""
    kube = cluster()
    found(kube)
    kinds = [one.kind for one in AUDITED]

    assert kube.pages == {50, 500}  # 500 for our own kinds and the namespaces
    assert all(kinds.index(one.owner) < kinds.index(one.kind) for one in AUDITED if one.owner)
    assert kinds[-1] == "Pod"


def test_system_namespaces_are_left_out() -> None:
    """Whatever label they carry."""
    tenant, namespace = tenant_manifests("acme", "user")[:2]
    own = {**namespace, "metadata": {**namespace["metadata"], "name": "aup-system"}}
    miner = stored(pod("a", MINER))
    miner["metadata"]["namespace"] = "aup-system"

    assert found(Stored(tenant, own, miner)) == {}


def test_what_could_not_be_read_leaves_what_was_known() -> None:
    """A tenant is neither cleared nor accused by half a look; the next whole one tells the difference."""
    miner = stored(pod("a", MINER))
    kube = cluster(miner)
    audit = Audit(kube, Settings().apart)
    assert audit.sync(NOW)
    assert not audit.sync(NOW)
    kube.objects.remove(miner)
    kube.refused.add("/api/v1/namespaces/acme/services")

    assert not audit.sync(NOW)
    assert [one.rule for one in audit.results["acme"].findings] == ["AUP1601"]
    kube.refused.clear()
    assert audit.sync(NOW)
    assert audit.results["acme"].findings == []


MINING = [RuleFindings(rule="AUP1601", denied=1, example="Pod shop/a")]


@pytest.mark.parametrize(
    ("findings", "after", "told"),
    [
        (MINING, timedelta(minutes=59), timedelta(0)),
        (MINING, timedelta(hours=1), timedelta(hours=1)),
        ([], timedelta(seconds=1), timedelta(seconds=1)),
    ],
)
def test_a_status_is_written_for_other_findings_or_after_an_hour(
    findings: list[RuleFindings], after: timedelta, told: timedelta
) -> None:
    """So a cluster where nothing changes costs each tenant one write an hour."""
    tenant = with_status(MINING)

    status = tenant_status(tenant, [], 1, NOW, audited=Result(findings, NOW + after))

    assert (status.findings, status.audited_at) == (findings, NOW + told)


def test_before_the_first_audit_the_status_stays() -> None:
    """A restarted operator does not clear what the one before had found."""
    status = tenant_status(with_status(MINING), [], 1, NOW)

    assert (status.findings, status.audited_at) == (MINING, NOW)


def with_status(findings: list[RuleFindings]) -> Tenant:
    """The tenant acme, audited just now."""
    manifest = tenant_manifests("acme", "user")[0]
    status = {"findings": msgspec.to_builtins(findings), "auditedAt": NOW}
    return msgspec.convert({**manifest, "status": status}, Tenant)


def event(kind: str | None, generation: int, **labels: str) -> dict[str, Any]:
    """A watch event of one object."""
    return {"type": kind, "object": {"metadata": {"uid": "u", "generation": generation, "labels": labels}}}


def test_an_audit_does_not_follow_from_a_status() -> None:
    """The status that tells an audit's results must not ask for the next audit."""
    seen = Seen()
    told = [
        seen.changed(one)
        for one in (
            event(None, 1),
            event("MODIFIED", 1, other="label"),
            event(None, 1),
            event("MODIFIED", 2),
            event("MODIFIED", 2, **{"aup.asergo.com/tenant": "acme"}),
            event("DELETED", 2),
            event("ADDED", 2),
        )
    ]

    assert told == [True, False, False, True, True, True, True]


@pytest.mark.parametrize("annotation", ["aup.asergo.com/license", "aup.asergo.com/entitlement"])
def test_what_a_namespace_hands_down_asks_for_an_audit(annotation: str) -> None:
    """Its generation stays the same, and what runs there is judged anew."""
    seen = Seen()
    changed = event("MODIFIED", 1)
    changed["object"]["metadata"]["annotations"] = {annotation: "x", "other": "y"}

    assert [seen.changed(one) for one in (event(None, 1), changed, changed)] == [True, True, False]


def test_the_instant_of_a_result_has_a_zone_and_no_fractions() -> None:
    """As the API server stores it, so that what is read back equals what was written."""
    audit = Audit(cluster(), Settings().apart)
    audit.sync(datetime(2026, 1, 1, 12, 0, 0, 7, tzinfo=UTC))

    assert audit.results["acme"].at == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_one_tenants_trouble_is_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an object makes of us, the other tenants are audited; only an API server that is away ends a pass."""
    globex = tenant_manifests("globex", "user")[:2]
    kube = Stored(*tenant_manifests("acme", "user")[:2], *globex, stored(pod("a", MINER)))
    audit = Audit(kube, Settings().apart)
    monkeypatch.setattr("aup_operator.audit.judged", lambda *_, **__: 1 / 0)

    audit.sync(NOW)

    assert list(audit.results) == ["globex"]

"""One verdict: the same for the same arguments, with permits, modes and time applied as the policy says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.cases import NOW, Case, cases
from aup.engine import decide
from aup.facts import Facts, from_manifests, gathered
from aup.model import Finding, Mode, Subject
from aup.policy import Policy, by_kind
from aup.review import Review, of_object
from aup.rules import RULES
from aup.signatures import scan

EVERY_CASE = [case for rule in RULES for case in cases(rule)]
SPEC = {"hostNetwork": True, "containers": [{"name": "web", "image": "nginx"}, {"name": "api", "image": "nginx"}]}
TENANT: dict[str, Any] = {
    "apiVersion": "aup.asergo.com/v1alpha1",
    "kind": "Tenant",
    "metadata": {"name": "acme"},
    "spec": {"accountID": "1", "legalName": "Acme", "country": "DK", "contacts": {"abuse": "a@acme.example"}},
}
NAMESPACE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"aup.asergo.com/tenant": "acme"}},
}


def pod(spec: dict[str, Any] | None = None, **changes: Any) -> Review:
    """A Pod `web` of the namespace `shop` that uses the host's network."""
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec or SPEC}
    return msgspec.structs.replace(of_object(manifest, "shop"), **changes)


def permit(name: str = "permit-1", **spec: Any) -> dict[str, Any]:
    """A permit for AUP1301 in `shop` around the instant of the tests."""
    return {
        "apiVersion": "aup.asergo.com/v1alpha1",
        "kind": "Permit",
        "metadata": {"name": name},
        "spec": {
            "tenant": "acme",
            "rules": ["AUP1301"],
            "scope": {"namespaces": ["shop"]},
            "validFrom": "2025-12-01T00:00:00Z",
            "expiresAt": "2026-02-01T00:00:00Z",
            "reason": "agreed",
            "ticket": "T-1",
            "approvedBy": "abuse desk",
            **spec,
        },
    }


def policy(version: str, effective: str, **modes: Mode | str) -> dict[str, Any]:
    """A policy revision with the mode of each rule given."""
    return {
        "apiVersion": "aup.asergo.com/v1alpha1",
        "kind": "AcceptableUsePolicy",
        "metadata": {"name": version},
        "spec": {
            "version": version,
            "provider": "Host",
            "announcedAt": "2020-01-01T00:00:00Z",
            "effectiveAt": effective,
            "url": "https://host.example/aup",
            "contact": "abuse@host.example",
            "documentationURL": "https://host.example/rules/",
            "rules": [{"id": rule, "mode": mode} for rule, mode in modes.items()],
        },
    }


def facts(*manifests: dict[str, Any]) -> Facts:
    """The tenant, its namespace, and the manifests given."""
    return from_manifests([TENANT, NAMESPACE, *manifests])


def host_network(review: Review, known: Facts, now: datetime = NOW) -> list[tuple[Mode, str, bool]]:
    """Mode, permit and `existing` of what AUP1301 finds."""
    return [
        (one.mode, one.permit, one.existing) for one in decide(review, known, now).findings if one.rule == "AUP1301"
    ]


@pytest.mark.parametrize(
    ("offset", "mode"),
    [
        (timedelta(0), "audit"),
        (timedelta(microseconds=-1), "deny"),
        (timedelta(days=1, microseconds=-1), "audit"),
        (timedelta(days=1), "deny"),
    ],
)
def test_a_permit_holds_from_its_start_until_before_its_end(offset: timedelta, mode: Mode) -> None:
    """`validFrom` is inclusive and `expiresAt` exclusive."""
    known = facts(permit(validFrom="2026-01-01T00:00:00Z", expiresAt="2026-01-02T00:00:00Z"))

    assert [one for one, _, _ in host_network(pod(), known, NOW + offset)] == [mode]


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        ({}, True),
        ({"scope": {"namespaces": ["shop"], "kinds": ["Pod"], "names": ["web"]}}, True),
        ({"scope": {"namespaces": ["other", "shop"], "kinds": ["Job", "Pod"]}}, True),
        ({"scope": {"namespaces": ["other"]}}, False),
        ({"scope": {"namespaces": ["shop"], "kinds": ["Deployment"]}}, False),
        ({"scope": {"namespaces": ["shop"], "names": ["we"]}}, False),
        ({"scope": {"namespaces": ["shop"], "containers": ["web"]}}, False),
        ({"rules": ["AUP1401"]}, False),
        ({"tenant": "other"}, False),
    ],
)
def test_a_permit_covers_exactly_its_scope(changes: dict[str, Any], *, covered: bool) -> None:
    """Each list that is given must hold the finding; names are compared whole, tenants are not mixed."""
    expected = ("audit", "permit-1", False) if covered else ("deny", "", False)

    assert host_network(pod(), facts(permit(**changes))) == [expected]


def test_permits_never_combine() -> None:
    """One permit for the kind and one for the name do not make one for both."""
    kind = permit("kind", scope={"namespaces": ["shop"], "kinds": ["Pod"], "names": ["other"]})
    name = permit("name", scope={"namespaces": ["shop"], "kinds": ["Job"], "names": ["web"]})

    assert host_network(pod(), facts(kind, name)) == [("deny", "", False)]


def test_a_permit_for_one_container_leaves_the_other() -> None:
    """A finding in a container is covered by that container's name."""
    capable = {"securityContext": {"capabilities": {"add": ["NET_RAW"]}}}
    spec = {"containers": [{"name": "web", "image": "a", **capable}, {"name": "api", "image": "a", **capable}]}
    known = facts(permit(rules=["AUP1401"], scope={"namespaces": ["shop"], "containers": ["web"]}))

    found = [one for one in decide(pod(spec), known, NOW).findings if one.rule == "AUP1401"]

    assert [(one.container, one.mode, one.permit) for one in found] == [
        ("web", "audit", "permit-1"),
        ("api", "deny", ""),
    ]


def test_what_was_there_before_an_update_only_warns() -> None:
    """The same finding in the old object takes the teeth out of the new one's."""
    before = pod().object

    assert host_network(pod(operation="UPDATE", old_object=before), facts()) == [("warn", "", True)]


def test_what_an_update_brings_is_rejected() -> None:
    """A finding that the old object did not have denies."""
    before = {**pod().object, "spec": {**SPEC, "hostNetwork": False}}

    assert host_network(pod(operation="UPDATE", old_object=before), facts()) == [("deny", "", False)]


def test_a_delete_passes() -> None:
    """Nothing is found in an object that goes away."""
    verdict = decide(pod(operation="DELETE", old_object=pod().object), facts(), NOW)

    assert (verdict.findings, verdict.crashes) == ((), ())


@pytest.mark.parametrize(
    ("setting", "modes"), [("deny", ["deny"]), ("warn", ["warn"]), ("audit", ["audit"]), ("off", [])]
)
def test_the_policy_sets_the_mode(setting: str, modes: list[Mode]) -> None:
    """deny, warn and audit are told as such; a rule that is off finds nothing."""
    known = facts(policy("one", "2025-01-01T00:00:00Z", AUP1301=setting))

    assert [mode for mode, _, _ in host_network(pod(), known)] == modes


@pytest.mark.parametrize(
    ("now", "version"),
    [
        ("2019-01-01T00:00:00Z", "one"),
        ("2025-12-31T23:59:59.999999Z", "one"),
        ("2026-01-01T00:00:00Z", "two"),
        ("2030-01-01T00:00:00Z", "two"),
    ],
)
def test_the_latest_effective_policy_applies(now: str, version: str) -> None:
    """A revision applies from its effective instant; before any does, the oldest applies."""
    known = facts(policy("two", "2026-01-01T00:00:00Z"), policy("one", "2025-01-01T00:00:00Z"))

    assert decide(pod(), known, datetime.fromisoformat(now)).policy == version


@pytest.mark.parametrize("mode", ["deny", "warn", "audit"])
def test_a_rule_that_breaks_counts_as_a_finding_of_its_mode_and_is_named(mode: Mode) -> None:
    """A hard rule fails closed, the others are still judged, and the fault is told apart."""
    known = facts(policy("one", "2025-01-01T00:00:00Z", AUP1301="warn"))
    broken = msgspec.structs.replace(known, policies=(_breaking("AUP1301", mode, known.policies[0]),))

    verdict = decide(pod(), broken, NOW)
    told = {one.rule: one for one in verdict.findings}

    assert told["AUP1301"].mode == mode
    assert told["AUP1301"].found == (
        "rule AUP1301 could not judge this object because of a fault of ours; the provider has been told"
    )
    assert [(crash.rule, crash.error) for crash in verdict.crashes] == [("AUP1301", "KeyError: 'secret'")]
    assert "AUP1602" in told


def test_a_scan_that_breaks_counts_for_each_rule_that_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be searched is rejected by the rules that would have searched it; the others are still judged."""

    def broken(_: object) -> bytes:
        raise KeyError("secret")

    monkeypatch.setattr(scan, "text_of", broken)

    verdict = decide(pod(), gathered(), NOW)
    told = {one.rule: one for one in verdict.findings}

    assert told["AUP1601"].mode == "deny"
    assert told["AUP1601"].found == (
        "rule AUP1601 could not judge this object because of a fault of ours; the provider has been told"
    )
    assert {crash.rule for crash in verdict.crashes} == {
        active.rule.id for active in gathered().policies[0].rules if active.rule.detects or active.rule.id == "AUP1207"
    }
    assert "AUP1602" in told


def _breaking(rule_id: str, mode: Mode, whole: Policy) -> Policy:
    def check(_: Subject) -> Iterator[Finding]:
        raise KeyError("secret")
        yield Finding("", "")  # unreachable, but makes it a generator

    return msgspec.structs.replace(
        whole,
        **by_kind(
            msgspec.structs.replace(active, mode=mode, rule=msgspec.structs.replace(active.rule, check=check))
            if active.rule.id == rule_id
            else active
            for active in whole.rules
        ),
    )


@pytest.mark.parametrize(("namespace", "found"), [("shop", False), ("bare", True), ("unheard-of", True)])
def test_in_a_whole_clusters_facts_a_namespace_needs_a_tenant(namespace: str, *, found: bool) -> None:
    """A namespace without a tenant, or one that is not there, is found where the facts are complete."""
    bare = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bare"}}
    known = msgspec.structs.replace(facts(bare), complete=True)
    rules = {one.rule for one in decide(pod(namespace=namespace), known, NOW).findings}

    assert ("AUP8101" in rules) is found


def test_findings_are_sorted_by_path_and_rule() -> None:
    """The order does not depend on the order of the rules."""
    found = [(one.path, one.rule, one.found) for one in decide(pod(), facts(), NOW).findings]

    assert len(found) > 3
    assert found == sorted(found)


@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.case)
def test_the_same_arguments_give_the_same_verdict_and_are_left_alone(case: Case) -> None:
    """Judging twice gives the same and changes neither object."""
    review = case.review()
    before = msgspec.json.encode([review.object, review.old_object])

    assert decide(review, case.known(), case.now) == decide(review, case.known(), case.now)
    assert msgspec.json.encode([review.object, review.old_object]) == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "containers",
                    "initContainers",
                    "image",
                    "env",
                    "name",
                    "value",
                    "args",
                    "command",
                    "resources",
                    "limits",
                    "cpu",
                    "securityContext",
                    "capabilities",
                    "add",
                    "volumes",
                    "hostPath",
                    "replicas",
                    "template",
                    "spec",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(JSON, JSON, st.sampled_from(["Pod", "Deployment", "CronJob", "Fleet"]))
def test_no_object_breaks_a_rule(spec: object, metadata: object, kind: str) -> None:
    """Whatever a tenant writes is data: no rule raises."""
    manifest = {"apiVersion": "v1" if kind == "Pod" else "apps/v1", "kind": kind, "spec": spec, "metadata": metadata}
    review = msgspec.structs.replace(of_object(manifest, "shop"), namespace="shop")
    update = msgspec.structs.replace(review, operation="UPDATE", old_object=manifest)

    assert decide(review, facts(), NOW).crashes == ()
    assert decide(update, facts(), datetime(2026, 6, 1, tzinfo=UTC)).crashes == ()

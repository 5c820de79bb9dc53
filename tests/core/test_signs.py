"""A rule that is left out for want of its signs would have had nothing to say."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup import engine
from aup.cases import NOW, Case, cases
from aup.engine import decide
from aup.facts import Facts, from_manifests
from aup.policy import ActiveRule, by_kind
from aup.review import of_object
from aup.rules import RULES
from aup.signs import signs

replace = msgspec.structs.replace


def running_all(known: Facts) -> Facts:
    """The facts with policies whose rules run on all that they judge, whatever its signs."""

    def unsigned(active: ActiveRule) -> ActiveRule:
        return replace(active, rule=replace(active.rule, signs=frozenset()))

    return replace(
        known, policies=tuple(replace(policy, **by_kind(map(unsigned, policy.rules))) for policy in known.policies)
    )


@pytest.mark.parametrize("case", [case for rule in RULES for case in cases(rule)], ids=lambda case: case.case)
def test_signs_change_no_verdict(case: Case) -> None:
    """Each case of each rule has the same findings of all rules when none is left out."""
    known = case.known()

    assert decide(case.review(), known, case.now) == decide(case.review(), running_all(known), case.now)


FIELDS = ["add", "capabilities", "emptyDir", "ephemeral", "hostNetwork", "hostPath", "host", "httpGet", "image", "path"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["NET_RAW", "/var/run/docker.sock", "mautic/mautic", "redis:8"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=8,
)
VARIABLE = st.fixed_dictionaries(
    {}, optional={"name": st.sampled_from(["DOCKER_HOST", "MAUTIC_DB_HOST", "PORT", "MA"]) | VALUES, "value": VALUES}
)
CONTAINER = st.fixed_dictionaries(
    {"image": st.sampled_from(["mautic/mautic", "redis:8", "web"]) | VALUES},
    optional={
        "env": st.lists(VARIABLE | VALUES, max_size=3) | VALUES,
        "securityContext": st.dictionaries(st.sampled_from(["capabilities", "privileged", "windowsOptions"]), VALUES)
        | VALUES,
    },
)
POD = st.fixed_dictionaries(
    {"containers": st.lists(CONTAINER | VALUES, max_size=2)},
    optional={
        "hostPID": VALUES,
        "securityContext": VALUES,
        "volumes": st.lists(VALUES, max_size=2) | VALUES,
        "initContainers": st.lists(CONTAINER, max_size=1),
    },
)
ANNOTATIONS = st.dictionaries(
    st.sampled_from(
        [
            *("aup.asergo.com/entitlement", "aup.asergo.com/license", "aup.asergo.com/use"),
            *("mail.aup.asergo.com/programme", "metallb.io/loadBalancerIPs", "ipam.antrea.io/pod-ips"),
        ]
    ),
    st.sampled_from(["bulk", "weapons-control", "oracle-db", "192.0.2.9", "LicenseRef-Acme"]) | VALUES,
    max_size=2,
)


@given(POD, ANNOTATIONS | VALUES, st.sampled_from(["Pod", "Deployment", "StatefulSet", "Fleet", "Service"]))
def test_no_field_of_any_type_hides_another(pod: dict[str, Any], annotations: object, kind: str) -> None:
    """Whatever stands in an object, known kinds and unknown ones."""
    metadata = {"name": "web", "annotations": annotations}
    spec = pod if kind in {"Pod", "Service"} else {"template": {"metadata": metadata, "spec": pod}}
    api = {"Pod": "v1", "Service": "v1", "Fleet": "example.com/v1"}.get(kind, "apps/v1")
    review = of_object({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec})

    assert decide(review, KNOWN, NOW) == decide(review, ALL, NOW)


KNOWN = replace(from_manifests([]), complete=True)
ALL = running_all(KNOWN)


def test_where_signs_cannot_be_gathered_all_rules_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours there lets nothing pass, and rejects nothing else either."""
    case = next(case for rule in RULES if rule.id == "AUP1301" for case in cases(rule) if case.expect)
    expected = decide(case.review(), case.known(), case.now)

    def broken(_: object) -> None:
        raise KeyError("env")

    monkeypatch.setattr(engine, signs.__name__, broken)

    assert expected.findings
    assert decide(case.review(), case.known(), case.now) == expected


@pytest.mark.parametrize("beside", [[], [None], [{"name": ["x"]}], ["x"], [{"value": "y"}]])
def test_a_variable_is_a_sign_whatever_stands_beside_it(beside: list[object]) -> None:
    """One entry that is malformed hides no other."""
    variable = {"name": "DOCKER_HOST", "value": "unix:///var/run/docker.sock"}
    spec = {"containers": [{"name": "web", "image": "web", "env": [*beside, variable]}]}
    review = of_object({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec})

    assert "AUP1303" in {one.rule for one in decide(review, KNOWN, NOW).findings}

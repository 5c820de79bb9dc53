"""What is declared is understood however it is spelled, and the table speaks of each use once."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aup.engine import decide
from aup.facts import from_manifests
from aup.model import Verdict
from aup.review import of_object
from aup.uses import normal, table
from aup.wording import printable

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"image": "nginx"}]}}
RULES = {"1.5": "AUP1501", "4.2": "AUP4201", "": ""}


def judged(use: str = "", *, complete: bool = False, user: str = "", **tenant: Any) -> Verdict:
    """The verdict on a Pod that declares a use, of a tenant with these fields."""
    contacts = {"abuse": "abuse@acme.example"}
    spec = {"accountID": "1", "legalName": "Acme ApS", "country": "DK", "contacts": contacts, **tenant}
    facts = from_manifests(
        [
            {"apiVersion": "aup.asergo.com/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"}, "spec": spec},
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": "shop", "labels": {"aup.asergo.com/tenant": "acme"}},
            },
        ]
    )
    annotations = {"aup.asergo.com/use": use} if use else {}
    review = of_object({**POD, "metadata": {"name": "web", "annotations": annotations}}, "shop")
    return decide(replace(review, user=user), replace(facts, complete=complete), NOW)


def told(verdict: Verdict) -> list[tuple[str, str]]:
    """The rules of uses that found something, with the mode."""
    return [(one.rule, one.mode) for one in verdict.findings if one.rule in RULES.values()]


@pytest.mark.parametrize("use", table(), ids=lambda use: use.use)
def test_each_word_of_the_table_stands_for_its_use(use: Any) -> None:
    """Denied, warned of or allowed as the table says."""
    expected = [] if use.verdict == "allow" else [(RULES[use.clause], use.verdict)]
    for word in (use.use, *use.also):
        assert normal(word) == word
        assert told(judged(word)) == expected, word
    assert bool(use.clause) == (use.verdict != "allow")
    assert printable(use.means) == use.means


@given(st.sampled_from(table()), st.sampled_from(["-", "_", " ", "", " \u200b", "\u2010"]), st.booleans())
def test_spelling_makes_no_difference(use: Any, between: str, wide: bool) -> None:
    """Separators, case and full-width letters."""
    word = between.join(use.use.upper().split("-"))
    if wide:
        word = "".join(chr(ord(each) + 0xFEE0) if each.isalpha() and each.isascii() else each for each in word)

    assert told(judged(word)) == ([] if use.verdict == "allow" else [(RULES[use.clause], use.verdict)])


@given(st.text(max_size=60))
def test_no_declaration_breaks_it(text: str) -> None:
    """Whatever stands there."""
    assert judged(text).crashes == ()


@pytest.mark.parametrize(
    ("tenant", "warned"),
    [
        ({}, False),
        ({"uses": ["web"]}, True),
        ({"attestations": [{"attestedAt": "2025-01-01T00:00:00Z"}]}, False),
        ({"attestations": [{"attestedAt": "2025-01-01T00:00:00Z", "expiresAt": "2026-01-01T00:00:00Z"}]}, True),
        ({"attestations": [{"attestedAt": "2026-01-01T00:00:01Z"}]}, True),
    ],
)
def test_a_customer_with_declarations_needs_an_attestation_in_force(tenant: dict[str, Any], warned: bool) -> None:
    """On a cluster a new workload warns of one that is missing or has run out; a Pod of a controller does not."""
    for one in tenant.get("attestations", []):
        one |= {"kind": "NoHighRiskUse", "attestedBy": "J. Hansen"}

    assert told(judged(complete=True, **tenant)) == ([("AUP1501", "warn")] if warned else [])
    assert told(judged(complete=True, user="system:kube-controller-manager", **tenant)) == []
    assert told(judged(complete=False, **tenant)) == []

"""A provider adds signatures without code: SignatureLists among the facts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aup.engine import decide
from aup.errors import InputError
from aup.facts import Facts, from_manifests
from aup.review import of_object

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def listed(matches: str, token: str, strength: str = "strong", **fields: Any) -> dict[str, Any]:
    """A SignatureList for mining with one token."""
    signature = {
        "matches": matches,
        "tells": "names the miner",
        "kind": "name",
        "strength": strength,
        "tokens": [token],
    }
    spec = {"topic": "crypto_mining", "source": "ticket 7", "license": "none", "signatures": [signature], **fields}
    return {
        "apiVersion": "aup.asergo.com/v1alpha1",
        "kind": "SignatureList",
        "metadata": {"name": "own"},
        "spec": spec,
    }


def found(facts: Facts, **container: Any) -> list[tuple[str, str]]:
    """What AUP1601 finds in a container, with its mode."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "c", **container}]},
    }
    return [(one.mode, one.found) for one in decide(of_object(pod), facts, NOW).findings if one.rule == "AUP1601"]


def test_a_listed_name_rejects() -> None:
    """Wherever a name that comes with aup would."""
    facts = from_manifests([listed("name", "Sprocketd")])

    assert found(facts, image="registry.example/sprocketd:1") == [
        ("deny", '"registry.example/sprocketd:1" names the miner sprocketd')
    ]
    assert found(facts, command=["sh", "-c", "exec /opt/sprocketd"]) == [
        ("deny", 'program "sprocketd" names the miner sprocketd')
    ]
    assert found(from_manifests([]), image="registry.example/sprocketd:1") == []


def test_a_listed_medium_sign_warns() -> None:
    """As one that comes with aup does."""
    facts = from_manifests([listed("variable", "sprocket_wallet", "medium")])

    assert found(facts, env=[{"name": "SPROCKET_WALLET", "value": "1"}]) == [
        ("warn", '"SPROCKET_WALLET" names the miner')
    ]


def test_what_comes_with_aup_stays() -> None:
    """A list adds and takes nothing away."""
    assert found(from_manifests([listed("name", "sprocketd")]), image="xmrig/xmrig:6")[0][0] == "deny"


def test_a_list_replaces_the_strength_of_a_token() -> None:
    """So that a provider can let a name that troubles its customers warn only."""
    facts = from_manifests([listed("image", "xmrig", "medium")])

    assert [mode for mode, _ in found(facts, image="registry.example/xmrig:6")] == ["warn"]


@pytest.mark.parametrize("field", ["topic", "license"])
def test_a_list_that_cannot_be_meant_is_refused(field: str) -> None:
    """With the field's name."""
    with pytest.raises(InputError, match=field):
        from_manifests([listed("name", "sprocketd", **{field: 7})])

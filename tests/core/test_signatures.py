"""Signatures are tokens that are looked up, and text is split in time that grows with its length alone."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.api.signature_list import Topic
from aup.engine import decide
from aup.facts import gathered
from aup.review import of_object
from aup.signatures import TOPICS, load, written
from aup.signatures.detectors import built_in
from aup.signatures.evidence import Evidence, verdict
from aup.signatures.scan import suspect
from aup.signatures.shell import Scope, commands, decoded
from aup.workload import Container


def seen(spec: dict[str, Any]) -> list[Evidence]:
    """The evidence in a container with this spec."""
    found = suspect(built_in(), Container("regular", "c", "web", spec))
    if found is None or "crypto_mining" not in found.topics:
        return []
    return built_in().matchers["crypto_mining"].container(found.container, found.reading)


@pytest.mark.parametrize("topic", TOPICS)
def test_no_token_could_never_match(topic: Topic) -> None:
    """Tokens are written as they are looked up: upper case for variables, lower case for all else."""
    for target, table in load(topic).items():
        for token in table:
            assert token == (token.upper() if target == "variable" else token.lower())
            assert not re.search(r"\d_?$", token) or target != "variable"


@pytest.mark.parametrize("topic", TOPICS)
def test_every_signature_says_where_it_comes_from(topic: Topic) -> None:
    """Source, the source's licence and wording are never empty, and no topic is without signatures."""
    assert written(topic)
    assert all(each.source and each.license and each.tells for each in written(topic))


def test_a_host_is_found_below_its_domain_only() -> None:
    """Suffixes are compared by label: a longer word that ends alike is another domain."""
    found = [
        verdict(seen({"args": ["--url", host]}))
        for host in ("nanopool.org:443", "eu.xmr.NANOPOOL.org:443", "mynanopool.org:443", "nanopool.org.example:443")
    ]

    assert found == ["strong", "strong", None, None]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("a b", [["a", "b"]]),
        ("a;b|c&&d\ne", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("x''m\"r\"\\ig", [["xmrig"]]),
        ("a # b\nc", [["a"], ["c"]]),
        ("a#b", [["a#b"]]),
        ("A=xm; ${A}rig $A", [["A=xm"], ["xmrig", "xm"]]),
        ("${B:-c} $UNKNOWN", [["c", "$UNKNOWN"]]),
        ("a${IFS}b", [["a", "b"]]),
        ("sh -c 'a b'", [["a", "b"], ["sh", "-c"]]),
        ("grep 'a|b'", [["grep"]]),
        ("'open", [["open"]]),
        ('"open \\" b', [["open", '"', "b"]]),
    ],
)
def test_a_script_is_split_as_a_shell_would(script: str, words: list[list[str]]) -> None:
    """Quotes, comments, variables and separators; a script inside a word stands on its own."""
    assert [[word for _, word in command.words] for command in commands(script, Scope({}))] == words


def test_variables_cannot_make_a_script_grow_without_bound() -> None:
    """A value that is put in ten thousand times stops at the room that there is."""
    split = [word for command in commands("$A " * 10_000, Scope({"A": "x" * 1000})) for _, word in command.words]

    assert sum(map(len, split)) < 100_000


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("eG1yaWcgLW8gcG9vbC5leGFtcGxlOjMzMzMgLXUgeA==", "xmrig -o pool.example:3333 -u x"),
        ("eG1yaWcgLW8gcG9vbC5leGFtcGxlOjMzMzMgLXUgeA", "xmrig -o pool.example:3333 -u x"),
        ("0" * 64, ""),
        ("short", ""),
        ("A" * 25, ""),
    ],
)
def test_base64_is_undone_where_it_hides_text(word: str, text: str) -> None:
    """Padding may be missing; hashes and other bytes are no text."""
    assert decoded(word) == text


def test_too_much_text_is_rejected_unread() -> None:
    """Over 64 KiB of commands and environment in one object: nobody honest has it, and reading it takes long."""
    containers = [{"name": f"c{number}", "image": "web", "args": ["a " * 16_384]} for number in range(9)]
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": containers}}

    judged = decide(of_object(manifest), gathered(), datetime(2026, 1, 1, tzinfo=UTC))

    assert [(one.path, one.found) for one in judged.findings if one.rule == "AUP1207"] == [
        ("spec", "over 65536 bytes of commands and environment, too many to judge")
    ]


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=50))
def test_no_text_breaks_the_search(word: str, value: str, name: str) -> None:
    """Whatever stands in a container, the evidence is a list of sentences without repetition."""
    spec = {"image": word, "command": ["sh", "-c", value], "args": [word], "env": [{"name": name, "value": value}]}
    said = [each.said for each in seen(spec)]

    assert len(said) == len(set(said))


@given(st.text(alphabet="abc.:/@-_=$'\"\\ ", max_size=60))
def test_no_part_of_a_secret_value_is_shown(value: str) -> None:
    """Of an environment value only the address is told, never user, path or query."""
    spec = {"env": [{"name": "A", "value": f"stratum+tcp://S3CRET:S3CRET@h.example:1/S3CRET?{value}S3CRET"}]}

    assert not any("S3CRET" in each.said for each in seen(spec))

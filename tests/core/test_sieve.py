"""The sieve leaves out nothing that the exact search would tell: each signature, in each place, in each disguise."""

import binascii
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aup.api.signature_list import Topic
from aup.signatures import TOPICS, load
from aup.signatures.detectors import built_in
from aup.signatures.evidence import verdict
from aup.signatures.reading import read
from aup.signatures.scan import suspect
from aup.workload import Container
from tests.core import disguised

Spec = dict[str, Any]

TOKENS = {topic: sorted({token for table in load(topic).values() for token in table}) for topic in TOPICS}
FEW = {
    (topic, token)
    for topic in TOPICS
    for table in load(topic).values()
    for token in sorted(table)[:: max(1, len(table) // (4 if topic == "crypto_mining" else 1))]
}
"""Some tokens of each target, so that all disguises in all places stay quick."""

WEAK = [{"name": "WALLET", "value": "1"}]
"""A weak sign, which with another weak one of a different kind is worth a warning."""

PLACES: dict[str, Callable[[str], Spec]] = {
    "image": lambda token: {"image": f"registry.example/{token}:1"},
    "tag": lambda token: {"image": f"registry.example/web:{token}"},
    "program": lambda token: {"command": [f"/usr/bin/{token}"]},
    "program and its argument": lambda token: {"command": token.split(" ")},
    "argument": lambda token: {"command": ["run", token]},
    "option": lambda token: {"args": [token, "1"], "env": WEAK},
    "option with a value": lambda token: {"args": [f"{token}=1"]},
    "host": lambda token: {"args": ["--url", f"eu.{token}:443"]},
    "scheme": lambda token: {"args": [f"{token}://pool.example:3333"]},
    "fetched": lambda token: {"command": ["sh", "-c", f"wget https://h.example/{token}"]},
    "short algorithm": lambda token: {"args": ["-a", token]},
    "long algorithm": lambda token: {"args": [f"--algo={token}"]},
    "algorithm variable": lambda token: {"env": [{"name": "ALGO", "value": token}]},
    "coin": lambda token: {"args": ["--coin", token], "env": WEAK},
    "payout": lambda token: {"args": [f"{token}:{'a' * 24}"]},
    "variable": lambda token: {"env": [{"name": token.replace("*", "x"), "value": "1"}]},
    "numbered variable": lambda token: {"env": [{"name": f"{token.replace('*', 'x')}_1", "value": "1"}, *WEAK]},
    "assignment": lambda token: {"command": ["sh", "-c", f"{token.replace('*', 'x')}=1 run"]},
    "value": lambda token: {"env": [{"name": "SETTING", "value": token}]},
    "hook": lambda token: {"lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", f"exec {token} &"]}}}},
    "probe": lambda token: {"livenessProbe": {"exec": {"command": [token]}}},
    "name beside a coin": lambda token: {"image": f"registry.example/{token}-miner"},
}


def _inside(mark: str) -> Callable[[str], str]:
    return lambda token: token[:2] + mark + token[2:]


SCRIPTS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "other separators": lambda token: token.replace("-", "_"),
    "empty quotes": _inside("''"),
    "double quotes": lambda token: f'"{token[:2]}"{token[2:]}',
    "backslash": _inside("\\"),
    "continued line": _inside("\\\n"),
    "Kelvin sign": lambda token: token.replace("k", "\u212a"),
    "dotless i": lambda token: token.replace("I", "\u0131"),
}
"""Disguises that a shell or the matcher undoes."""


def told(spec: Spec, topics: Iterable[Topic] = TOPICS) -> bool:
    """Whether the exact search finds something worth telling; where it does, the sieve must not be in its way."""
    container = Container("regular", "c", "web", {"image": "registry.example/web:1", **spec})
    reading = read(container)
    found = suspect(built_in(), container)
    passed = found.topics if found else frozenset[str]()
    worth = {
        topic
        for topic in topics
        if verdict(built_in().matchers[topic].container(container, reading)) in {"medium", "strong"}
    }
    assert worth <= passed, spec
    return bool(worth)


@pytest.mark.parametrize("place", PLACES)
def test_every_signature_passes_the_sieve_in_every_place(place: str) -> None:
    """Each place tells some signatures, and each told passes."""
    assert sum(told(PLACES[place](token), [topic]) for topic, tokens in TOKENS.items() for token in tokens) > 0


@pytest.mark.parametrize("disguise", SCRIPTS)
@pytest.mark.parametrize("place", PLACES)
def test_no_disguise_is_stopped_by_the_sieve(place: str, disguise: str) -> None:
    """What is told in spite of a disguise passes, in an argument vector and in a script that a shell runs."""
    for topic, token in FEW:
        hidden = SCRIPTS[disguise](token)
        told(PLACES[place](hidden), [topic])
        told({"command": ["sh", "-c", " ".join(str(word) for word in _words(PLACES[place](hidden)))]}, [topic])


@pytest.mark.parametrize(
    "script",
    [
        "exec xmrig -t 22",
        "exec xmrig --threads 2",
        "run a file\t-a\trx/0",
        "x\u2003-a\u2003rx/0",
        "run -o a.b:33 -u me -p x",
        "run --url=a.b:33 --user=me --pass=x",
        "run --pool a.b:33 --wallet me --password x",
        "run -o a.b:33\u2003-u\u2003me\u2003-p\u2003x",
        "POOL=a WALLET=b run",
        "POOL=a\tWALLET=b\trun",
        "run 4" + "B" * 94,
        "run --huge-pages-jit --coin zeph",
        "'{\"donate-level\": 1}'",
        "modprobe msr allow_writes=on",
        "geth --http --mine --port 30303",
    ],
)
@pytest.mark.parametrize("hidden", [False, True])
def test_every_sort_of_evidence_passes_the_sieve(script: str, *, hidden: bool) -> None:
    """Each script is told, in plain and in base64."""
    text = binascii.b2a_base64(script.encode(), newline=False).decode() if hidden else script
    wanted = script.isascii() or not hidden  # only ASCII is opened

    assert told({"command": ["sh", "-c", f"eval {text}" if hidden else script]}) is wanted


@pytest.mark.parametrize(
    "spec",
    [
        {"image": "registry.example/rigel-rvn"},
        {"env": [{"name": "XMR\u0131G_POOL", "value": "1"}]},
        {
            "image": "registry.example/rigel",
            "command": ["sh", "-c", "$(A)KER=1 run"],
            "env": [{"name": "A", "value": "WOR"}],
        },
    ],
)
def test_weak_signs_and_foreign_letters_pass_the_sieve(spec: Spec) -> None:
    """A word beside a coin's name, and a letter that is another one in upper case."""
    assert told(spec)


@pytest.mark.parametrize(("topic", "token"), sorted(FEW))
@pytest.mark.parametrize("written", ["$(A){}", "${{A}}{}", "${{UNSET:-{start}}}{}"])
def test_no_variable_hides_a_signature_from_the_sieve(topic: Topic, token: str, written: str) -> None:
    """A word put together from variables by Kubernetes or by a shell."""
    start, rest = token[:2], token[2:]
    word = written.format(rest, start=start)

    environment = [{"name": "A", "value": start}]
    told({"command": ["sh", "-c", f"exec {word}"], "env": environment}, [topic])
    told({"command": [word], "env": environment}, [topic])
    told({"args": ["-a", word], "env": environment}, [topic])


def _words(spec: Spec) -> list[str]:
    container = Container("regular", "c", "web", spec)
    return container.texts()


@settings(max_examples=2000)
@given(st.integers())
def test_the_sieve_is_in_nobodys_way(seed: int) -> None:
    """Whatever two signs are hidden by whatever two disguises, what the exact search tells passes."""
    told(disguised.container(Random(seed)))  # noqa: S311 - cases, not secrets

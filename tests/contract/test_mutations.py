"""One verdict on objects that nobody would write: engine, webhook and `aup check` agree on whatever cases become."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from click.testing import CliRunner
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from aup.cases import NAMESPACE, Case, cases
from aup.cli.main import commands
from aup.engine import decide
from aup.facts import Facts
from aup.model import Verdict
from aup.review import Json, Review, of_object
from aup.rules import RULES
from aup.workload import workload
from aup_webhook import reviews
from aup_webhook.app import review_app
from aup_webhook.draining import Draining
from aup_webhook.snapshot import Snapshot
from tests.admission import admission

CASES = [case for rule in RULES for case in cases(rule) if len(json.dumps(case.manifest())) < 20_000]
KNOWN = {id(case): case.known() for case in CASES}
_WARNINGS = 16
"""The webhook sends no more of them."""

STRANGE = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        7.0,
        0.5,
        2**63,
        "",
        " ",
        "0",
        "1Ki",
        "xmrig/xmrig",
        "/",
        "\x07\u2028",
        [],
        [None],
        {},
        {"": {}},
    ]
)
"""Values that some field somewhere does not expect."""

Mutation = tuple[str, int, Any]
"""What is done, at which of the object's fields and items (counted round and round), and with which value."""

MUTATIONS: st.SearchStrategy[list[Mutation]] = st.lists(
    st.tuples(st.sampled_from(["drop", "replace", "wrap", "double", "swap"]), st.integers(0, 10_000), STRANGE),
    min_size=1,
    max_size=4,
)


def places(value: Any, top: bool = True) -> Iterator[tuple[Any, Any]]:
    """Each field and item below an object as (what holds it, key), but for those that say what object it is."""
    if isinstance(value, dict):
        for key, child in value.items():
            if top and key in {"apiVersion", "kind"}:
                continue
            if top and key == "metadata" and isinstance(child, dict):
                for inner in sorted(child.keys() - {"name", "namespace"}):
                    yield child, inner
                    yield from places(child[inner], top=False)
                continue
            yield value, key
            yield from places(child, top=False)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield value, index
            yield from places(child, top=False)


def mutated(manifest: Json, mutations: list[Mutation]) -> Json:
    """The object after all mutations that there is a place for."""
    made = deepcopy(manifest)
    for what, number, value in mutations:
        found = sorted(places(made), key=lambda place: str(place[1]))
        if not found:
            break
        holder, key = found[number % len(found)]
        match what:
            case "drop":
                del holder[key]
            case "replace":
                holder[key] = deepcopy(value)
            case "wrap":
                holder[key] = [holder[key]]
            case "double":
                holder[key] = [deepcopy(holder[key]), holder[key]]
            case "swap":
                other, its = found[(number * 31 + 7) % len(found)]
                holder[key] = deepcopy(other[its])
    return made


def said(verdict: Verdict, mode: str) -> list[tuple[str, str]]:
    """Rule and place of the findings of a mode."""
    return [(one.rule, one.path) for one in verdict.findings if one.mode == mode]


@pytest.fixture(scope="module")
def webhook() -> Iterator[Callable[[Review, Facts, Case], Json]]:
    """Ask the webhook's own application under given facts, at a case's instant."""
    snapshot, now = Snapshot(), [CASES[0].now]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reviews, "decide", lambda review, facts, _: decide(review, facts, now[0]))
        with TestClient(review_app(snapshot, 2**20, Draining())) as client:

            def ask(review: Review, facts: Facts, case: Case) -> Json:
                snapshot.facts, now[0] = facts, case.now
                answer: Json = client.post("/enforce", content=admission(review)).json()
                return dict(answer["response"])

            yield ask


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Json, Case], Json]:
    """Run `aup check -o json` on an object under a case's facts."""
    folder: Path = tmp_path_factory.mktemp("mutations")
    written: dict[int, Path] = {}

    def run(manifest: Json, case: Case) -> Json:
        facts = written.setdefault(id(case), folder / f"facts-{id(case)}.yaml")
        if not facts.exists():
            facts.write_text(yaml.dump_all(case.all_facts(), Dumper=yaml.CSafeDumper))
        (folder / "object.json").write_text(json.dumps(manifest))
        options = ["--facts", str(facts), "-n", NAMESPACE, "--at", case.now.isoformat(), "-o", "json"]
        result = CliRunner().invoke(commands, ["check", str(folder / "object.json"), *options], catch_exceptions=False)
        return {"code": result.exit_code, **json.loads(result.stdout)}

    return run


def test_no_mutation_of_an_object_parts_the_verdicts(
    webhook: Callable[[Review, Facts, Case], Json], command: Callable[[Json, Case], Json]
) -> None:
    """Fields of cases are dropped, replaced, doubled and put elsewhere: all three find the same, and nothing breaks."""

    @settings(max_examples=600)
    @given(st.sampled_from(CASES), MUTATIONS)
    def hold(case: Case, mutations: list[Mutation]) -> None:
        manifest, facts = mutated(case.manifest(), mutations), KNOWN[id(case)]
        review = msgspec.structs.replace(case.review(), object=manifest)
        verdict = decide(review, facts, case.now)
        assert verdict.crashes == ()

        answer = webhook(review, facts, case)
        causes = answer.get("status", {}).get("details", {}).get("causes", [])
        assert [(one["reason"], one["field"]) for one in causes] == said(verdict, "deny")
        assert answer["allowed"] == (not verdict.denials)
        assert len(answer.get("warnings", [])) == min(len(verdict.warnings), _WARNINGS)

        if "kind" in manifest and case.old is None:
            alone = decide(of_object(manifest, NAMESPACE), facts, case.now)
            report = command(manifest, case)
            assert report["errors"] == []
            assert sorted((one["mode"], one["rule"], one["path"], one["found"]) for one in report["findings"]) == (
                sorted((one.mode, one.rule, one.path, one.found) for one in alone.findings)
            )
            assert report["code"] == (1 if alone.denials else 0)

    hold()


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "Fleet"])
def test_a_spec_with_nothing_that_is_known_is_the_same_read_whole_and_by_its_fields(kind: str) -> None:
    """The webhook decodes only the fields that are judged, so a spec without one of them is an empty one there."""
    found = []
    for spec in ({"unknown": 1}, {}):
        holder = spec if kind == "Pod" else {"template": {"spec": spec}}
        manifest = {"apiVersion": "v1" if kind == "Pod" else "apps/v1", "kind": kind, "metadata": {}, "spec": holder}
        found.append([template.path for template in workload(of_object(manifest)).templates])

    assert found[0] == found[1]

"""The line of a path is the line where its key stands, for any nested data, and no bytes break the reader."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from aup.cli.documents import Document, documents, joined_surrogates
from aup.cli.main import commands
from aup.cli.manifests import Manifest, Source
from aup.cli.scalars import plain


def is_text_to_kubectl(written: str) -> bool:
    """PyYAML leaves `y` and `08` without quotes, which kubectl takes for a boolean and a number."""
    try:
        return isinstance(plain(written), str)
    except ValueError:
        return False


KEYS = st.text(st.sampled_from("abcxyz./-_0 é😀"), min_size=1, max_size=6).filter(is_text_to_kubectl)
# PyYAML writes these three, line breaks of YAML 1.1, so that it cannot read them back itself.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"), max_size=8).filter(
    is_text_to_kubectl
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT
NESTED = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)),
    min_size=1,
    max_size=4,
)


def paths(value: Any, nodes: yaml.Node | None, path: str = "") -> Iterator[tuple[str, int]]:
    """Each path in the data and its line, taken from PyYAML's own tree of nodes."""
    if isinstance(nodes, yaml.MappingNode):
        for (key, child), (key_node, child_node) in zip(value.items(), nodes.value, strict=True):
            here = f"{path}[{key}]"
            yield here, key_node.start_mark.line + 1
            yield from paths(child, child_node, here)
    elif isinstance(nodes, yaml.SequenceNode):
        for index, (child, child_node) in enumerate(zip(value, nodes.value, strict=True)):
            here = f"{path}[{index}]"
            yield here, child_node.start_mark.line + 1
            yield from paths(child, child_node, here)


@pytest.mark.parametrize("flow", [False, True], ids=["block", "flow"])
@given(data=NESTED)
def test_the_line_of_a_path_is_the_line_of_its_key(flow: bool, data: dict[str, Any]) -> None:
    """Keys may hold dots, spaces and any letters; lists and mappings may nest at will."""
    text = "# above\n\n" + yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True, width=20, sort_keys=False)
    (document,) = documents(text)
    assert isinstance(document, Document)
    manifest = Manifest(Source("x", text), document.value, document.place, document.base)

    assert document.value == data
    for path, line in paths(data, yaml.compose(text)):
        assert manifest.line(path) == line


@given(data=NESTED)
def test_json_is_read_as_json(data: dict[str, Any]) -> None:
    """What `json` writes, escapes and all, is read back as it was."""
    (document,) = documents(joined_surrogates(json.dumps(data)))

    assert isinstance(document, Document)
    assert document.value == data


MANIFEST = """\
apiVersion: v1
kind: Pod
metadata:
  annotations:
    aup.asergo.com/license: MIT
    aup.asergo.com: x
spec:
  containers:
    - image: a
    -
      image: b
  a.b:
    c: 1
  a:
    b: {d: 1}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 1),
        ("kind", 2),
        ("metadata.annotations[aup.asergo.com/license]", 5),
        ("metadata.annotations[aup.asergo.com/owner]", 4),
        ("metadata.labels[app]", 3),
        ("spec.containers[0].image", 9),
        ("spec.containers[0].resources.limits", 9),
        ("spec.containers[1]", 11),
        ("spec.containers[2].image", 8),
        ("spec.a.b.c", 13),
        ("spec.initContainers[0]", 7),
        ("status", 1),
        ("][.", 1),
    ],
)
def test_an_absent_field_has_the_line_of_the_deepest_field_above_it(path: str, line: int) -> None:
    """A reader is sent to where the field would have to be added."""
    (document,) = documents(MANIFEST)
    assert isinstance(document, Document)
    manifest = Manifest(Source("x", MANIFEST), document.value, document.place, document.base)

    assert manifest.line(path) == line


BYTES = st.binary(max_size=200) | st.text(
    st.sampled_from("abk:{}[]-&*!?|>%@\"'#,<~=\n\t \\u0é\u2028\x00.1"), max_size=80
).map(str.encode)
AROUND = st.sampled_from(
    [b"", b"apiVersion: v1\nkind: Pod\nspec: ", b"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - "]
)


@given(before=AROUND, data=BYTES)
def test_no_bytes_bring_the_command_down(before: bytes, data: bytes) -> None:
    """Whatever comes in, the exit code is 0, 1 or 2 and no exception gets out, as manifest and as facts."""
    runner = CliRunner()

    judged = runner.invoke(commands, ["check", "-", "-o", "json"], input=before + data, catch_exceptions=False)
    as_facts = runner.invoke(
        commands, ["check", "--facts", "-", "/dev/null"], input=before + data, catch_exceptions=False
    )

    assert judged.exit_code in {0, 1, 2}
    assert set(json.loads(judged.stdout)) == {"findings", "errors", "summary"}
    assert not [error for error in json.loads(judged.stdout)["errors"] if "fault of ours" in error["message"]]
    assert as_facts.exit_code in {0, 2}


POLICY_KINDS = st.sampled_from(["AcceptableUsePolicy", "Tenant", "Permit", "Suspension", "Namespace"])


@given(kind=POLICY_KINDS, metadata=SCALARS | NESTED, spec=SCALARS | NESTED)
def test_no_facts_bring_the_command_down(kind: str, metadata: Any, spec: Any) -> None:
    """Objects of our kinds with anything in them are facts or errors."""
    version = "v1" if kind == "Namespace" else "aup.asergo.com/v1alpha1"
    facts = json.dumps({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})

    result = CliRunner().invoke(commands, ["check", "--facts", "-", "/dev/null"], input=facts, catch_exceptions=False)

    assert result.exit_code in {0, 2}
    with contextlib.suppress(IndexError):
        assert result.stderr.splitlines()[0].startswith("<stdin>:1:")


def test_the_reader_needs_no_file(tmp_path: Path) -> None:
    """A file that is empty has no objects and is no error."""
    (tmp_path / "empty.yaml").touch()

    result = CliRunner().invoke(commands, ["check", str(tmp_path)], catch_exceptions=False)

    assert (result.stdout, result.exit_code) == ("1 file, 0 objects: nothing to judge\n", 0)

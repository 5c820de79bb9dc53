"""Where `aup check` reads from (files, folders, standard input, Lists, JSON, documents), and at which instant."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def places(result: Result) -> list[tuple[str, int, str]]:
    """File, line and path of each denial."""
    return [
        (one["object"]["file"], one["object"]["line"], one["path"])
        for one in json.loads(result.stdout)["findings"]
        if one["mode"] == "deny"
    ]


def test_nothing_denied_is_exit_code_zero(check: Run) -> None:
    """A clean object gives one line and 0."""
    result = check("clean.yaml")

    assert result.stdout == "1 file, 1 object: nothing found\n"
    assert result.exit_code == 0


def test_standard_input_is_a_dash(check: Run, folder: Path) -> None:
    """`-` judges what comes through the pipe, under the name <stdin>."""
    result = check("-", "-o", "json", stdin=(folder / "deploy.yaml").read_text())

    assert places(result)[0] == ("<stdin>", 10, "spec.template.spec.hostNetwork")


def test_a_folder_is_read_with_all_below_it(check: Run, folder: Path) -> None:
    """All .yaml, .yml and .json files in order, no hidden ones, no links to folders, no pipes."""
    deep = folder / "app" / "deep"
    deep.mkdir(parents=True)
    (folder / "app" / ".hidden").mkdir()
    for name in ("b.yml", "deep/a.json", ".hidden/c.yaml", "notes.txt"):
        (folder / "app" / name).write_text("apiVersion: v1\nkind: Pod\nspec: {hostIPC: true}\n")
    (deep / "loop").symlink_to(folder / "app")
    os.mkfifo(deep / "pipe.yaml")

    result = check("app", "-o", "json")

    assert [file for file, _, _ in places(result)] == ["app/b.yml", "app/deep/a.json"]
    assert json.loads(result.stdout)["summary"]["files"] == 2


def test_a_broken_link_in_a_folder_is_told(check: Run, folder: Path) -> None:
    """It looks like a manifest, so leaving it out silently would be a lie."""
    (folder / "app").mkdir()
    (folder / "app" / "gone.yaml").symlink_to("nowhere.yaml")

    assert check("app").stderr == "app/gone.yaml: no such file or folder; mend the path\n"


def test_a_file_name_of_any_bytes_can_be_told(check: Run, folder: Path) -> None:
    """A name that is not UTF-8 and holds an escape sequence does neither break nor steer the output."""
    (folder / os.fsdecode(b"x\xff\x1b[2J.yaml")).write_text("a: 1")

    result = check(os.fsdecode(b"x\xff\x1b[2J.yaml"))

    assert result.stderr.startswith("x\ufffd\\u001b[2J.yaml:1:1: no apiVersion")


def test_every_document_of_a_file_keeps_its_lines(check: Run, folder: Path) -> None:
    """Lines count from the top of the file and not of the document."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  hostPID: true\n"
    (folder / "many.yaml").write_text(f"# first\n{pod}---\n\n{pod}...\n--- # third\n{pod}")

    assert [line for _, line, _ in places(check("many.yaml", "-o", "json"))] == [6, 13, 20]


def test_a_list_is_opened(check: Run, folder: Path) -> None:
    """Each item of a List is judged as an object of its own, in a List in a List too, with its own lines."""
    (folder / "list.yaml").write_text(
        "apiVersion: v1\nkind: List\nitems:\n"
        "  - apiVersion: v1\n    kind: Pod\n    spec:\n      hostPID: true\n"
        "  - apiVersion: v1\n    kind: List\n    items:\n"
        "      - apiVersion: v1\n        kind: Pod\n        spec:\n          hostIPC: true\n"
    )

    assert places(check("list.yaml", "-o", "json")) == [
        ("list.yaml", 7, "spec.hostPID"),
        ("list.yaml", 14, "spec.hostIPC"),
    ]


def test_a_typed_list_gives_its_items_their_type(check: Run, folder: Path) -> None:
    """The API leaves apiVersion and kind out of a PodList's items."""
    (folder / "pods.json").write_text('{"apiVersion": "v1", "kind": "PodList", "items": [{"spec": {"hostPID": true}}]}')

    found = json.loads(check("pods.json", "-o", "json").stdout)["findings"]

    assert [(one["object"]["apiVersion"], one["object"]["kind"]) for one in found] == [("v1", "Pod")]


def test_json_is_read_with_its_lines(check: Run, folder: Path) -> None:
    """Tabs, escapes and surrogate pairs of JSON are understood; lines are those of the file."""
    (folder / "pod.json").write_text(
        '{\n\t"apiVersion":"v1","kind":"Pod",\n\t"metadata":{"name":"\\ud83d\\ude00\\/"},\n\t"spec":{\n\t\t"hostPID":true}}'
    )

    found = json.loads(check("pod.json", "-o", "json").stdout)["findings"]

    assert [(one["object"]["name"], one["object"]["line"]) for one in found] == [("\U0001f600/", 5)]


def test_windows_line_ends_and_a_byte_order_mark_are_read(check: Run, folder: Path) -> None:
    """Lines are counted as an editor counts them."""
    (folder / "dos.yaml").write_bytes(b"\xef\xbb\xbfapiVersion: v1\r\nkind: Pod\r\nspec:\r\n  hostPID: true\r\n")

    assert places(check("dos.yaml", "-o", "json")) == [("dos.yaml", 4, "spec.hostPID")]


def test_a_merged_mapping_is_judged_where_it_is_written(check: Run, folder: Path) -> None:
    """A field that comes in through `<<` has the line of its anchor; what the object says itself wins."""
    (folder / "merge.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nbase: &base\n  hostPID: true\n  hostIPC: true\n"
        "spec:\n  <<: *base\n  hostIPC: false\n"
    )

    assert places(check("merge.yaml", "-o", "json")) == [("merge.yaml", 4, "spec.hostPID")]


def test_the_namespace_option_stands_in_where_none_is_named(check: Run) -> None:
    """An object's own namespace wins."""
    pod = "apiVersion: v1\nkind: Pod\nspec: {hostPID: true}\n"

    def namespaces(*arguments: str) -> list[str]:
        told = json.loads(check("-", "-o", "json", *arguments, stdin=pod).stdout)
        return [one["object"]["namespace"] for one in told["findings"]]

    assert namespaces() == ["default"]
    assert namespaces("-n", "shop") == ["shop"]


def test_a_namespace_of_any_bytes_can_be_told(check: Run) -> None:
    """No namespace has such a name, and the report is JSON all the same."""
    pod = "apiVersion: v1\nkind: Pod\nspec: {hostPID: true}\n"

    told = json.loads(check("-", "-o", "json", "-n", os.fsdecode(b"a\xff"), stdin=pod).stdout)

    assert told["findings"][0]["object"]["namespace"] == "a?"


def test_the_instant_decides_which_policy_is_in_force(run: Run, folder: Path) -> None:
    """`--at` judges as of then; time zones count."""
    later = (
        (folder / "facts.yaml").read_text().replace("2026-01-01T00", "2027-01-01T00").replace('"2026-01"', '"2027-01"')
    )
    (folder / "later.yaml").write_text(later)

    def policy(at: str) -> str:
        result = run("check", "--facts", "facts.yaml", "--facts", "later.yaml", "--at", at, "-o", "json", "clean.yaml")
        told: str = json.loads(result.stdout)["summary"]["policy"]
        return told

    assert policy("2026-12-31T23:59:59Z") == "2026-01"
    assert policy("2026-12-31T23:59:59-01:00") == "2027-01"


def test_without_facts_the_policy_of_the_package_is_used(run: Run) -> None:
    """Nothing has to be set up for a first try."""
    result = run("check", "deploy.yaml", "-o", "json")

    assert json.loads(result.stdout)["summary"]["policy"] == "2023-06-01"
    assert result.exit_code == 1

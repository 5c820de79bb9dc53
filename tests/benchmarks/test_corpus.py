"""`python -m benchmarks.corpus` counts what it says, names what is missed, and refuses a bad index."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.corpus import UNCOUNTED, main

MINER = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: xmrig/xmrig}]}\n"
HOST = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: [{name: a, image: x}]}\n"
CLEAN = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"image": "x"}]}}\n'
HEAD = "file\tlabel\tcategory\tnote\n"


def run(folder: Path, *lines: str, head: str = HEAD, **contents: str) -> Result:
    """Write an index and files, and judge them; `a_yaml` is the file `a.yaml`."""
    (folder / "index.tsv").write_text(head + "".join(f"{line}\n" for line in lines))
    for name, text in contents.items():
        (folder / name.replace("_", ".")).write_text(text)
    return CliRunner().invoke(main, [str(folder)], catch_exceptions=False)


def test_what_is_caught_and_missed_is_counted_and_named(tmp_path: Path) -> None:
    """By category, with the rules; the last line is the summary, and a limit that fails is exit code 1."""
    result = run(
        tmp_path,
        "a.yaml\tbad\tcrypto-mining\t",
        "b.yaml\tbad\thost-access\t",
        "c.json\tbad\tcrypto-mining\t",
        "d.json\tgood\tworkload\t",
        a_yaml=MINER,
        b_yaml=HOST,
        c_json=CLEAN,
        d_json=CLEAN,
    )

    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "crypto-mining 1 of 2 50.0% 1 by detection" in lines
    assert "host-access 1 of 1 100.0% 0 by detection" in lines
    assert lines[lines.index("Bad files that are missed: 1") + 1] == "crypto-mining c.json"
    assert "FAILS recall on crypto-mining at least 95%" in lines
    assert lines[-1] == (
        "4 files: recall 66.7% (crypto-mining 50.0%), precision of detection 100.0%, "
        "0 good and 0 grey wrongly detected, 0 not read whole"
    )
    assert result.exit_code == 1


def test_a_clean_sheet_is_exit_code_0(tmp_path: Path) -> None:
    """All bad files denied, and nothing else detected."""
    result = run(tmp_path, "a.yaml\tbad\tcrypto-mining\t", "d.json\tgood\tworkload\t", a_yaml=MINER, d_json=CLEAN)

    assert "FAILS" not in result.stdout
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("a.yaml\tgood\tworkload\t", "no good file denied by a detection rule"),
        ("a.yaml\tgrey\tvolunteer\t", "no grey file denied by a detection rule"),
    ],
)
def test_a_false_detection_fails(line: str, limit: str, tmp_path: Path) -> None:
    """It is named with its rule."""
    result = run(tmp_path, line, a_yaml=MINER)

    assert f"  FAILS  {limit}" in result.stdout
    assert "a.yaml  AUP1601" in result.stdout
    assert result.exit_code == 1


@pytest.mark.parametrize("category", ["infra-privileged", "large-resources", "policy-test"])
def test_some_good_categories_are_counted_apart(category: str, tmp_path: Path) -> None:
    """What a strict policy may rightly deny fails no limit, and is listed."""
    result = run(tmp_path, f"a.yaml\tgood\t{category}\t", a_yaml=MINER)

    assert "The same, of the categories that are counted apart: 1" in result.stdout
    assert result.exit_code == 0


def test_a_good_file_that_another_rule_denies_is_told_and_fails_nothing(tmp_path: Path) -> None:
    """A rule that is no detection is the provider's choice."""
    result = run(tmp_path, "b.yaml\tgood\tworkload\t", b_yaml=HOST)

    assert "Good files denied by other rules only: 1" in result.stdout
    assert "b.yaml  AUP1301" in result.stdout
    assert result.exit_code == 0


def test_rules_that_no_file_from_elsewhere_keeps_are_not_counted(tmp_path: Path) -> None:
    """The Pod has no licence annotation and no limits, and nothing denies it."""
    result = run(tmp_path, "d.json\tgood\tworkload\t", d_json=CLEAN)

    assert not any(rule in result.stdout for rule in UNCOUNTED)


def test_what_cannot_be_read_is_told_and_does_not_hide_the_rest(tmp_path: Path) -> None:
    """The miner behind a broken document is found; a bad file of which nothing can be read is missed."""
    result = run(
        tmp_path,
        "a.yaml\tbad\tcrypto-mining\t",
        "t.yaml\tbad\tcrypto-mining\t",
        a_yaml=f"a: 1\n---\n{MINER}",
        t_yaml="{{ template }}\n",
    )

    assert "Files that cannot be read whole: 2" in result.stdout
    assert "  a.yaml:1:1: no apiVersion" in result.stdout
    assert "crypto-mining               1 of    2" in result.stdout


BAD = [
    (("a.yaml\tbad\tmining\t",), "file\tlabel\n", "no column category"),
    ((), HEAD, "no lines behind the head"),
    (("a.yaml\tevil\tmining\t",), HEAD, "index.tsv:2: Invalid enum value 'evil'"),
    (("gone.yaml\tbad\tmining\t",), HEAD, "index.tsv:2: there is no file gone.yaml"),
    (("../a.yaml\tbad\tmining\t",), HEAD, "index.tsv:2: ../a.yaml is not inside the folder"),
    (("a.yaml\tbad\tmining\t", "a.yaml\tgood\tmining\t"), HEAD, "a.yaml stands twice"),
    (("a.yaml\tbad",), HEAD, "index.tsv:2: Expected `str`, got `null`"),
]


@pytest.mark.parametrize(("lines", "head", "told"), BAD)
def test_an_index_that_cannot_be_right_is_refused(lines: tuple[str, ...], head: str, told: str, tmp_path: Path) -> None:
    """One clear line and exit code 2."""
    result = run(tmp_path, *lines, head=head, a_yaml=MINER)

    assert told in result.stderr
    assert result.exit_code == 2


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    """Exit code 2."""
    result = CliRunner().invoke(main, [str(tmp_path)])

    assert "index.tsv: cannot be read" in result.stderr
    assert result.exit_code == 2

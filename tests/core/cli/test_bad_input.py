"""Input that cannot be read is told with its place and what to do, never with a traceback, and hides nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest
from click.testing import Result

from aup.cli import documents, manifests, values

Run = Callable[..., Result]


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Input by path, text or bytes, and what has to be said."""

    case: str
    arguments: tuple[str, ...] = ("-",)
    text: str = ""
    hex: str = ""
    files: int = 1
    objects: int = 0
    errors: list[str] = []
    usage: str = ""


CASES = msgspec.yaml.decode(Path(__file__).with_name("bad_input.yaml").read_bytes(), type=list[Case])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.case)
def test_bad_input_is_told_to_the_letter(case: Case, check: Run, folder: Path) -> None:
    """Standard error holds exactly these lines, and the exit code is 2 where there is one."""
    (folder / "empty").mkdir()

    result = check(*case.arguments, stdin=bytes.fromhex(case.hex) or case.text)

    if case.usage:
        assert result.stderr.splitlines()[-1] == case.usage
        assert result.exit_code == 2
        return
    assert result.stderr.splitlines() == case.errors
    assert result.exit_code == (2 if case.errors else 0)
    files, objects = (
        f"{n} {what}{'' if n == 1 else 's'}" for n, what in ((case.files, "file"), (case.objects, "object"))
    )
    assert result.stdout.startswith(f"{files}, {objects}: ")


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, '{"a":' * 100_000], ids=["flow", "block", "json"])
def test_depth_is_bounded(text: str, check: Run) -> None:
    """Nesting that would exhaust the stack is an error with its place."""
    result = check("-", stdin=text)

    assert result.stderr.endswith(f": nested deeper than {values.DEEPEST} levels; no Kubernetes object is\n")
    assert result.exit_code == 2


def test_the_allowed_depth_is_judged(check: Run) -> None:
    """An object just within the bound is read."""
    inner = "{a: " * (values.DEEPEST - 1) + "1" + "}" * (values.DEEPEST - 1)

    result = check("-", stdin=f"apiVersion: v1\nkind: ConfigMap\ndata: {inner}\n")

    assert (result.stderr, result.exit_code) == ("", 0)


@pytest.mark.parametrize("opening", ["{a: ", "[", "&x {a: ", "&x ["])
def test_the_allowed_depth_is_read_far_down_in_the_stack(opening: str, check: Run) -> None:
    """Each level takes as much of Python's stack as is left for it wherever the reader is called from."""
    closing = "}" if "{" in opening else "]"
    inner = opening * (values.DEEPEST - 1) + "1" + closing * (values.DEEPEST - 1)

    def deep(levels: int) -> Result:
        return deep(levels - 1) if levels else check("-", stdin=f"apiVersion: v1\nkind: X\ndata: {inner}\n")

    assert (deep(300).stderr, deep(300).exit_code) == ("", 0)


def test_aliases_cannot_multiply_without_bound(check: Run) -> None:
    """Nine aliases of nine aliases, and so on, end in an error and not in all memory."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]

    result = check("-", stdin="\n".join(lines))

    assert result.stderr == (
        "<stdin>:7:10: more than 1,000,000 values in one document; split it, or use fewer aliases\n"
    )


def test_aliases_cannot_nest_without_bound(check: Run) -> None:
    """A chain of aliases, each within the next, is as deep as written out."""
    lines = ["- &a0 []", *(f"- &a{n} [*a{n - 1}]" for n in range(1, 400))]

    result = check("-", stdin="\n".join(lines))

    assert result.stderr.endswith(": nested deeper than 200 levels through aliases; write it out\n")


def test_a_file_over_ten_mebibytes_is_not_read(check: Run, folder: Path) -> None:
    """Its size is told instead."""
    (folder / "big.yaml").write_bytes(b"#" * (manifests.LARGEST + 1))

    result = check("big.yaml")

    assert result.stderr == "big.yaml: larger than 10 MiB; split it into smaller files\n"


def test_problems_in_one_file_are_bounded(check: Run) -> None:
    """A file of nothing but broken documents does not fill the screen."""
    result = check("-", stdin="a: [\n---\n" * 1000)

    told = result.stderr.splitlines()
    assert len(told) == documents.MOST_PROBLEMS + 1
    assert told[-1].endswith("20 problems so far; the rest of this file is not read, mend these first")


def test_an_unreadable_file_is_told(check: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without read permission, even where the tests run as root."""
    (folder / "secret.yaml").touch()

    def refuse(path: str, mode: str) -> BinaryIO:
        if path == "secret.yaml":
            raise PermissionError(13, "Permission denied")
        return Path(path).open(mode)  # type: ignore[return-value]

    monkeypatch.setattr(manifests, "open", refuse, raising=False)

    assert check("secret.yaml").stderr == "secret.yaml: may not be read; give yourself read permission\n"


def test_bad_input_outweighs_a_denial_and_hides_none(check: Run) -> None:
    """What can be read is judged and shown, and the exit code is 2."""
    result = check("deploy.yaml", "missing.yaml")

    assert "denied" in result.stdout
    assert result.exit_code == 2


FACTS = {
    "another kind": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n",
        "bad.yaml:1:1: Pod web: facts are Namespaces (v1) and ",
    ),
    "a wrong field": (
        "apiVersion: aup.asergo.com/v1alpha1\nkind: Tenant\nmetadata: {name: a}\nspec:\n  accountID: 5\n",
        "bad.yaml:5:3: Tenant a: Expected `str`, got `int` - at `$.spec.accountID`; mend the facts",
    ),
    "not YAML": ("a: b: c\n", "bad.yaml:1:5: not valid YAML: "),
}


@pytest.mark.parametrize("name", FACTS)
def test_bad_facts_stop_the_judgement(name: str, check: Run, folder: Path) -> None:
    """With half of the facts a verdict would be wrong, so there is none; the place of the mistake is told."""
    text, told = FACTS[name]
    (folder / "bad.yaml").write_text(text)

    result = check("--facts", "bad.yaml", "deploy.yaml")

    assert result.stderr.startswith(told)
    assert result.stdout.startswith("0 files, 0 objects: 1 error\n")
    assert result.exit_code == 2

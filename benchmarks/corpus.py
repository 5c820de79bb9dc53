"""Precision and recall on a folder of labelled manifests.

`python -m benchmarks.corpus DIR` reads DIR/index.tsv (columns `file`, `label` and `category`, others are ignored),
judges every file, and prints what was found, missed and wrongly denied. `label` is `good` (legitimate), `bad` (to be
denied) or `grey` (depends on the provider's policy). Ends with 1 if a limit does not hold, with 2 if the folder cannot
be used. Nothing of the files is executed or fetched.
"""

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click
import msgspec

from aup.api.acceptable_use_policy import RuleSetting
from aup.cases import NAMESPACE, Case
from aup.cli.manifests import read
from aup.cli.report import Trouble
from aup.engine import decide
from aup.facts import Facts, default_policy, from_manifests
from aup.policy import compiled
from aup.review import of_object
from aup.rules import RULES
from aup.wording import printable

NOW = datetime(2026, 1, 1, tzinfo=UTC)
UNCOUNTED = frozenset({"AUP3101", "AUP1602"})
"""Rules that are off: no file from elsewhere has the provider's licence annotation, and few have limits."""

APART = frozenset({"infra-privileged", "large-resources", "policy-test"})
"""Good categories that a strict hosting policy may rightly deny."""

MINING = "crypto-mining"
LEAST_MINING = 0.95
LEAST = 0.90
DETECTING = frozenset(rule.id for rule in RULES if rule.detects)

Label = Literal["good", "grey", "bad"]


class Entry(msgspec.Struct, frozen=True):
    """A line of the index."""

    file: str
    label: Label
    category: str


class Judged(msgspec.Struct, frozen=True):
    """A file with the rules that deny something in it, and what of it cannot be read."""

    entry: Entry
    denied_by: tuple[str, ...]
    troubles: tuple[str, ...] = ()

    @property
    def detected_by(self) -> tuple[str, ...]:
        """The detection rules among them."""
        return tuple(rule for rule in self.denied_by if rule in DETECTING)


class IndexUnusableError(click.ClickException):
    """The index is missing or says something that cannot be."""

    exit_code = 2


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.pass_context
def main(context: click.Context, folder: Path) -> None:
    """Judge every file that DIR/index.tsv names, and hold the result against its labels."""
    facts = provider_facts()
    results = [judged(folder, entry, facts) for entry in index(folder)]
    click.echo("\n".join(report(results)))
    context.exit(0 if all(holds for _, holds in limits(results)) else 1)


def index(folder: Path) -> list[Entry]:
    """The lines of a folder's index.

    Raises:
        IndexUnusableError: It is missing, lacks a column, or a line of it names no file or label.
    """
    path = folder / "index.tsv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError) as error:
        raise IndexUnusableError(f"{path}: cannot be read: {error}") from None
    if not rows:
        raise IndexUnusableError(f"{path}: no lines behind the head; it names a file a line")
    lacking = [column for column in ("file", "label", "category") if column not in rows[0]]
    if lacking:
        raise IndexUnusableError(f"{path}: no column {', '.join(lacking)}; the first line names the columns")
    entries = [_entry(folder, f"{path}:{number}", row) for number, row in enumerate(rows, 2)]
    twice = [name for name, count in Counter(entry.file for entry in entries).items() if count > 1]
    if twice:
        raise IndexUnusableError(f"{path}: {twice[0]} stands twice; a file has one label")
    return entries


def _entry(folder: Path, place: str, row: dict[str, str | None]) -> Entry:
    try:
        entry = msgspec.convert({key: row[key] for key in ("file", "label", "category")}, Entry)
    except msgspec.ValidationError as error:
        raise IndexUnusableError(f"{place}: {error}") from None
    path = (folder / entry.file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise IndexUnusableError(f"{place}: {printable(entry.file)} is not inside the folder")
    if not path.is_file():
        raise IndexUnusableError(f"{place}: there is no file {printable(entry.file)}")
    return entry


def provider_facts() -> Facts:
    """A cluster's facts with one tenant in good standing, whose namespace every object is judged in."""
    spec = default_policy().spec
    off = [RuleSetting(id=rule, mode="off") for rule in sorted(UNCOUNTED)]
    settings = [*(one for one in spec.rules if one.id not in UNCOUNTED), *off]
    policy = compiled(msgspec.structs.replace(spec, rules=settings))
    tenant = from_manifests(Case(case="").all_facts())
    return msgspec.structs.replace(tenant, policies=(policy,), complete=True)


def judged(folder: Path, entry: Entry, facts: Facts) -> Judged:
    """Judge every object in a file; what cannot be read of it does not hide the rest."""
    rules: set[str] = set()
    troubles = []
    for one in read(str(folder / entry.file)):
        if isinstance(one, Trouble):
            troubles.append(f"{one.line}:{one.column}: {one.message}")
            continue
        review = of_object(one.json, NAMESPACE)
        if review.namespace:
            review = msgspec.structs.replace(review, namespace=NAMESPACE)
        verdict = decide(review, facts, NOW)
        rules.update(finding.rule for finding in verdict.denials)
        troubles += [f"rule {crash.rule} broke: {crash.error}" for crash in verdict.crashes]
    return Judged(entry, tuple(sorted(rules)), tuple(troubles))


def limits(results: Sequence[Judged]) -> Iterator[tuple[str, bool]]:
    """Each limit in words, and whether it holds; one on files of which there are none does."""
    bad = [one for one in results if one.entry.label == "bad"]
    mining = [one for one in bad if one.entry.category == MINING]
    yield f"recall on {MINING} at least {LEAST_MINING:.0%}", _recall(mining) >= LEAST_MINING
    yield f"recall at least {LEAST:.0%}", _recall(bad) >= LEAST
    yield "no good file denied by a detection rule", not _falsely_detected(results)
    yield "no grey file denied by a detection rule", not _of(results, "grey", lambda one: bool(one.detected_by))


def report(results: Sequence[Judged]) -> Iterator[str]:
    """The whole report, a line at a time; the last one is a summary."""
    bad = [one for one in results if one.entry.label == "bad"]
    yield "Bad files that are denied"
    for category in sorted({one.entry.category for one in bad}):
        yield _recall_line(category, [one for one in bad if one.entry.category == category])
    yield _recall_line("all", bad)
    yield from _list("Bad files that are missed", _of(results, "bad", lambda one: not one.denied_by))
    yield from ("", "Good files that are denied     files   by detection   by other rules only")
    good = [one for one in results if one.entry.label == "good"]
    for category in sorted({one.entry.category for one in good}, key=lambda name: (name in APART, name)):
        yield _good_line(category, [one for one in good if one.entry.category == category])
    apart = [one for one in good if one.entry.category in APART and one.detected_by]
    others = _of(results, "good", lambda one: bool(one.denied_by) and not one.detected_by)
    yield from _list("Good files denied by a detection rule", _falsely_detected(results))
    yield from _list("The same, of the categories that are counted apart", apart)
    yield from _list(
        "Good files denied by other rules only", [one for one in others if one.entry.category not in APART]
    )
    yield from _list("Grey files denied by a detection rule", _of(results, "grey", lambda one: bool(one.detected_by)))
    yield from _unreadable(results)
    yield from ("", "Limits")
    yield from (f"  {'holds' if holds else 'FAILS'}  {name}" for name, holds in limits(results))
    yield from ("", _summary(results))


def _summary(results: Sequence[Judged]) -> str:
    bad = [one for one in results if one.entry.label == "bad"]
    wrong = len(_falsely_detected(results))
    right = sum(1 for one in bad if one.detected_by)
    precision = right / (right + wrong) if right + wrong else 1.0
    grey = len(_of(results, "grey", lambda one: bool(one.detected_by)))
    broken = sum(1 for one in results if one.troubles)
    return (
        f"{len(results)} files: recall {_recall(bad):.1%} "
        f"({MINING} {_recall([one for one in bad if one.entry.category == MINING]):.1%}), "
        f"precision of detection {precision:.1%}, {wrong} good and {grey} grey wrongly detected, "
        f"{broken} not read whole"
    )


def _recall(bad: Sequence[Judged]) -> float:
    return sum(1 for one in bad if one.denied_by) / len(bad) if bad else 1.0


def _recall_line(name: str, bad: Sequence[Judged]) -> str:
    caught, detected = sum(1 for one in bad if one.denied_by), sum(1 for one in bad if one.detected_by)
    return f"  {name:24} {caught:4} of {len(bad):4} {_recall(bad):7.1%}   {detected} by detection"


def _good_line(name: str, good: Sequence[Judged]) -> str:
    detected = sum(1 for one in good if one.detected_by)
    others = sum(1 for one in good if one.denied_by and not one.detected_by)
    return f"  {name + (' (apart)' if name in APART else ''):28} {len(good):5} {detected:14} {others:22}"


def _of(results: Iterable[Judged], label: Label, wanted: Callable[[Judged], bool]) -> list[Judged]:
    return [one for one in results if one.entry.label == label and wanted(one)]


def _falsely_detected(results: Iterable[Judged]) -> list[Judged]:
    return _of(results, "good", lambda one: bool(one.detected_by) and one.entry.category not in APART)


def _list(title: str, files: Sequence[Judged]) -> Iterator[str]:
    if files:
        yield from ("", f"{title}: {len(files)}")
        for one in sorted(files, key=lambda one: (one.entry.category, one.entry.file)):
            yield f"  {one.entry.category:20} {printable(one.entry.file)}  {' '.join(one.denied_by)}".rstrip()


def _unreadable(results: Iterable[Judged]) -> Iterator[str]:
    broken = [one for one in results if one.troubles]
    if broken:
        yield from ("", f"Files that cannot be read whole: {len(broken)}; what can be read of them is judged")
        for one in broken:
            yield from (f"  {printable(one.entry.file)}:{trouble}" for trouble in one.troubles)


if __name__ == "__main__":
    sys.exit(main())

"""From paths to a report: read the facts, then read and judge every object."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from time import perf_counter
from typing import Any

import msgspec

from aup.cli.manifests import Manifest, expanded, foreign, objects, opened, read
from aup.cli.report import Located, Report, Seen, Trouble
from aup.engine import decide
from aup.errors import InputError
from aup.facts import Facts, from_manifests
from aup.model import Crash, Verdict
from aup.review import Json, Review, of_object
from aup.wording import printable

_FIELD = re.compile(r" - at `\$\.?(.*)`$")


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How objects are read and told of.

    `namespace` is that of objects that name none, `now` the instant; `skip_unknown` leaves out what is no manifest,
    and `each` has the report name every object and not only those with findings.
    """

    namespace: str
    now: datetime
    skip_unknown: bool = False
    each: bool = False


class Basis(msgspec.Struct, frozen=True):
    """What every object is judged by."""

    facts: Facts
    manner: Manner
    manifests: list[Json]
    """What the facts were made of: rules are functions, so that another process has to make the facts again."""

    def __reduce__(self) -> tuple[Callable[..., "Basis"], tuple[Any, ...]]:
        return _basis, (self.manifests, self.manner)


def _basis(manifests: list[Json], manner: Manner) -> Basis:
    return Basis(from_manifests(manifests), manner, manifests)


def basis_of(paths: Sequence[str], manner: Manner) -> Basis | list[Trouble]:
    """The basis with the facts in files and folders, or what is wrong with them: they are used whole or not at all."""
    manifests: list[Manifest] = []
    troubles: list[Trouble] = []
    for path in expanded(paths):
        for one in [path] if isinstance(path, Trouble) else read(path):
            if isinstance(one, Trouble):
                troubles.append(one)
            else:
                manifests.append(one)
    if troubles:
        return troubles
    try:
        return _basis([manifest.json for manifest in manifests], manner)
    except InputError as error:
        return list(_culprits(manifests)) or [Trouble(", ".join(paths), 0, 0, str(error))]


def _culprits(manifests: Sequence[Manifest]) -> Iterator[Trouble]:
    """The objects that are no facts, each with the field that is wrong where that is known."""
    for manifest in manifests:
        try:
            from_manifests([manifest.json])
        except InputError as error:
            field = _FIELD.search(error.problem)
            at = manifest.index(field[1] if field else error.place)
            yield manifest.source.trouble(at, printable(f"{error}; mend the facts, nothing is judged without them"))


def judged(paths: Sequence[str | Trouble], basis: Basis) -> Report:
    """Judge every object in some files, one after another."""
    report = Report()
    for path in paths:
        if isinstance(path, Trouble):
            report.troubles.append(path)
        else:
            _judge(report, path, basis)
    return report


def _judge(report: Report, path: str, basis: Basis) -> None:
    """Judge every object of a file and add what is found to the report, and the time that it took."""
    begun = perf_counter()
    report.files += 1
    source = opened(path)
    if isinstance(source, Trouble):
        report.troubles.append(source)
        return
    report.size += source.size
    lenient = basis.manner.skip_unknown
    if lenient and foreign(source):
        report.skipped += 1
        return
    for one in objects(source):
        read = perf_counter()
        report.reading += read - begun
        if isinstance(one, Trouble):
            if lenient and one.foreign:
                report.skipped += 1
            else:
                report.troubles.append(one)
        else:
            _judge_object(report, one, basis)
        begun = perf_counter()
        report.judging += begun - read
    report.reading += perf_counter() - begun


def _judge_object(report: Report, manifest: Manifest, basis: Basis) -> None:
    report.objects += 1
    review = of_object(manifest.json, basis.manner.namespace)
    verdict = _decided(review, basis.facts, basis.manner.now)
    report.troubles += [_fault(manifest, review, crash) for crash in verdict.crashes]
    findings = sorted(_located(manifest, review, verdict), key=lambda found: found.line)
    report.findings += findings
    if basis.manner.each:
        report.seen.append(_seen(manifest, review, findings))


def _decided(review: Review, facts: Facts, now: datetime) -> Verdict:
    try:
        return decide(review, facts, now)
    except Exception as error:  # noqa: BLE001 - what breaks on one object must not hide the findings on the others
        return Verdict(crashes=(Crash("engine", f"{type(error).__name__}: {error}"),))


def _fault(manifest: Manifest, review: Review, crash: Crash) -> Trouble:
    who = "the engine" if crash.rule == "engine" else f"rule {crash.rule}"
    line, column = manifest.source.position(manifest.index(""))
    told = f"{who} could not judge {review.display_name} ({crash.error}): a fault of ours, please report it"
    return Trouble(manifest.source.name, line, column, printable(told), fault=True)


def _located(manifest: Manifest, review: Review, verdict: Verdict) -> Iterator[Located]:
    for finding in verdict.findings:
        yield Located(
            file=manifest.source.name,
            line=manifest.line(finding.path),
            api_version=_api_version(review),
            kind=review.kind,
            namespace=review.namespace,
            name=review.name,
            display_name=review.display_name,
            tenant=verdict.tenant,
            finding=finding,
        )


def _seen(manifest: Manifest, review: Review, findings: list[Located]) -> Seen:
    return Seen(
        file=manifest.source.name,
        line=manifest.line(""),
        api_version=_api_version(review),
        kind=review.kind,
        namespace=review.namespace,
        name=review.name,
        display_name=review.display_name,
        findings=findings,
    )


def _api_version(review: Review) -> str:
    return f"{review.group}/{review.version}" if review.group else review.version

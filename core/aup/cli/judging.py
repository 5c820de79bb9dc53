"""From paths to a report: read the facts, then read and judge every object."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from aup.cli.manifests import Manifest, expanded, read
from aup.cli.report import Located, Report, Trouble
from aup.engine import decide
from aup.errors import InputError
from aup.facts import Facts, from_manifests
from aup.message import printable
from aup.model import Crash, Verdict
from aup.review import Review, of_object

_FIELD = re.compile(r" - at `\$\.?(.*)`$")


def known(paths: Sequence[str]) -> Facts | list[Trouble]:
    """The facts in files and folders, or what is wrong with them: facts are used whole or not at all."""
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
        return from_manifests([manifest.json for manifest in manifests])
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


def judge(report: Report, path: str, facts: Facts, namespace: str, now: datetime) -> None:
    """Judge every object of a file and add what is found to the report."""
    report.files += 1
    for one in read(path):
        if isinstance(one, Trouble):
            report.troubles.append(one)
            continue
        report.objects += 1
        review = of_object(one.json, namespace)
        verdict = _decided(review, facts, now)
        report.troubles += [_fault(one, review, crash) for crash in verdict.crashes]
        report.findings += sorted(_located(one, review, verdict), key=lambda found: found.line)


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
            api_version=f"{review.group}/{review.version}" if review.group else review.version,
            kind=review.kind,
            namespace=review.namespace,
            name=review.name,
            display_name=review.display_name,
            tenant=verdict.tenant,
            finding=finding,
        )

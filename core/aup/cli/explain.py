"""`aup explain RULE`: what a rule is for, how to keep it, and one object on either side of it."""

import textwrap
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain, groupby
from operator import itemgetter

import click

from aup.cases import Case, cases
from aup.cli import guidance
from aup.engine import decide
from aup.facts import gathered
from aup.message import evidence
from aup.model import Rule
from aup.rules import RULES
from aup.signatures import written

_WIDTH = 100


@click.command(short_help="Tell why a rule is there and how to keep it.", epilog="Example: aup explain AUP1602")
@click.argument("rule")
def explain(rule: str) -> None:
    """Tell why a rule is there and how to keep it, with examples.

    RULE is its id or name, as `aup rules` lists them.
    """
    click.echo("\n".join(_explained(_named(rule))))


def _named(word: str) -> Rule:
    by_word = {name: rule for rule in RULES for name in (rule.id.lower(), rule.name, *rule.aliases)}
    found = by_word.get(word.lower())
    if found:
        return found
    near = [by_word[match] for match in get_close_matches(word.lower(), by_word, n=6, cutoff=0.5)]
    names = list(dict.fromkeys(f"{rule.id} {rule.name}" for rule in near))[:3]
    meant = f"did you mean {', '.join(names)}?" if names else "`aup rules` lists them all."
    raise click.UsageError(f"no rule {word!r}; {meant}")


def _explained(rule: Rule) -> Iterator[str]:
    page = {active.rule.id: active.url for active in gathered().policies[0].rules}.get(rule.id)
    yield f"{rule.id} {rule.name} (AUP {rule.clause}), {rule.mode} by default, since {rule.since}"
    if rule.aliases:
        yield f"Earlier names: {', '.join(rule.aliases)}"
    yield from ("", *textwrap.wrap(rule.message, _WIDTH), "")
    yield from _paragraph("Why:", rule.why)
    yield from _paragraph("Fix:", rule.fix)
    if page:
        yield f"More: {page}"
    yield from ("", *textwrap.wrap(guidance.judges(rule), _WIDTH))
    if rule.parameters:
        yield from ("", "Limits, where neither the policy nor the tenant's quota sets others:")
        for scope, amounts in groupby(guidance.limits(rule), key=itemgetter(0)):
            yield f"  {scope}: {', '.join(f'{resource} {most}' for _, resource, most in amounts)}"
    yield from _examples(rule)
    yield from _permit(rule)
    yield from _signatures(rule)


def _permit(rule: Rule) -> Iterator[str]:
    """How to ask for a permit, for who has a reason that the rule does not know."""
    yield from ("", "If you have a reason that the rule does not know, ask your provider for a permit:", "")
    yield from (f"    {line}" if line else "" for line in guidance.request(rule).splitlines())
    if rule.needs_document:
        yield from ("", *textwrap.wrap(guidance.NEEDS_DOCUMENT, _WIDTH))


def _paragraph(title: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"{title}  ", subsequent_indent=" " * (len(title) + 2))


def _signatures(rule: Rule) -> Iterator[str]:
    """The signatures of a rule of detection: how strong, what is matched, and whose they are."""
    if rule.detects is None:
        return
    yield from ("", "Signatures (strength, what they are compared with, source and its licence):")
    for one in written(rule.detects):
        title = f"  {one.strength} {one.matches} ({one.source}; {one.license}): "
        told = title + ", ".join(chain.from_iterable(one.tokens))
        yield from textwrap.wrap(told, _WIDTH, subsequent_indent="    ", break_on_hyphens=False)


def _examples(rule: Rule) -> Iterator[str]:
    known = cases(rule)
    failing = next((case for case in known if case.expect and case.old is None), None)
    passing = next((case for case in known if not case.expect and case.shows is None and case.old is None), None)
    if failing:
        yield from ("", f"Found, for example ({failing.case}):", "", *_manifest(failing), "")
        verdict = decide(failing.review(), failing.known(), failing.now)
        for finding in verdict.findings:
            if finding.rule == rule.id:
                yield from (f"  {rule.id} {rule.name}: {finding.mode}", *map("  {}".format, evidence(finding)))
    if passing:
        yield from ("", f"Not found, for example ({passing.case}):", "", *_manifest(passing))


def _manifest(case: Case) -> Iterator[str]:
    return (f"    {line}" for line in guidance.manifest(case))

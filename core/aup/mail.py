"""Whether a workload sends bulk or commercial mail, and what its programme for that says (clauses 2.1 to 2.3)."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import Literal

import msgspec

from aup import contact, image, tables
from aup.api.meta import GROUP
from aup.model import Finding, Subject
from aup.review import Json, annotations_of, count, listing, mapping
from aup.signatures import words
from aup.wording import quoted
from aup.workload import HEAD, Container, PodTemplate

PREFIX = f"mail.{GROUP}/"
"""Of the annotations that say how mail is sent, on a pod template or on the workload."""

PROGRAMME = f"{PREFIX}programme"
SENDING = ("bulk", "commercial")
NOT_SENDING = ("transactional", "none")

Strength = Literal["strong", "medium"]
_PORTS = frozenset({25, 465, 587})
_ENOUGH = 2
_SPLIT = re.compile(r"[-_.]+")
_SENDER = re.compile(r"(.+?)\s*<([^<>]+)>")
_NOTHING = frozenset({"", "-", "na", "n/a", "nil", "no", "none", "null", "tbd", "todo", "unknown", "x", "xxx", "yes"})
_LONGEST = 512
_MOST_HOURS, _DIGITS = 72, 4


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a programme says: its annotation, its field in the Tenant, and how a right one looks."""

    annotation: str
    field: str
    what: str
    form: str
    example: str
    problem: Callable[[str], str]


class Mailer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One program that sends to many, by the names of its images."""

    product: str
    names: list[str]
    strength: Strength
    source: str
    license: str
    owners: list[str] = []
    unless: list[str] = []


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The beginning of an environment variable's name that such a program reads."""

    prefix: str
    product: str
    strength: Strength
    source: str
    license: str


class Mailers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `mailers.yaml`."""

    images: list[Mailer]
    environment: list[Variable]


class Sign(msgspec.Struct, frozen=True):
    """One sign that mail is sent to many: where, in which container, what it shows, and of which kind it is."""

    at: str
    container: str
    product: str
    strength: Strength
    kind: Literal["image", "variable", "port"]


class Sender(msgspec.Struct, frozen=True):
    """A pod template that sends bulk or commercial mail, and what says so."""

    template: PodTemplate
    why: str


def problems(subject: Subject, values: Iterable[Value]) -> Iterator[Finding]:
    """A finding for each value that a sender of bulk mail lacks, or has in a form that nobody can use."""
    for sender in senders(subject):
        own = annotations_of(subject.review.object)
        for value in values:
            at, written = _stated(subject, sender.template, own, value)
            fix = f"set {PREFIX}{value.annotation} to {value.form}, for example {value.example}"
            if written is None:
                if not subject.review.by_kubernetes_controller:  # the owner was judged, also with its own annotations
                    unknown = subject.tenant is None and not subject.complete  # its Tenant may say it
                    yield Finding(at, f"no {value.what}, though {sender.why}; {fix}", advisory=unknown)
            elif (
                problem := value.problem(written.strip()) if isinstance(written, str) else "which is no text in quotes"
            ):
                yield Finding(at, f"{quoted(written)}, {problem}; {fix}")


def senders(subject: Subject) -> tuple[Sender, ...]:
    """The pod templates that are declared to send bulk or commercial mail, or are seen to; looked for once for all."""
    known: tuple[Sender, ...] | None = subject.worked_out.get("senders of mail")
    if known is None:
        known = subject.worked_out["senders of mail"] = tuple(_senders(subject))
    return known


def _senders(subject: Subject) -> Iterator[Sender]:
    for template, signs in _signs(subject):
        _, word = _programme(subject, template)
        if word.lower() in SENDING:
            yield Sender(template, f"the workload is declared for {word.lower()} mail")
        elif signs and _seen(signs):
            yield Sender(template, f"{signs[0].product} sends bulk mail")


def doubts(subject: Subject) -> Iterator[Finding]:
    """What only warns: a declaration that says nothing, and signs too weak to count as bulk mail."""
    if subject.review.by_kubernetes_controller:
        return  # the owner was told
    for template, signs in _signs(subject):
        at, word = _programme(subject, template)
        if at and word.lower() not in (*SENDING, *NOT_SENDING):
            known = ", ".join((*SENDING, *NOT_SENDING))
            yield Finding(at, f"the programme {quoted(word)}, which is none of {known}", advisory=True)
        elif signs and not at and not _seen(signs):
            one = signs[0]
            said = f'what may be {one.product}, which sends bulk mail; declare it in {PROGRAMME}, for example "none"'
            yield Finding(one.at, said, one.container, advisory=True)


@cache
def table() -> Mailers:
    """All that is known of programs that send to many."""
    return tables.read("mailers", Mailers)


def contact_problem(written: str) -> str:
    """What is wrong with whom people write to: an e-mail address, or the https URL of a page."""
    if "://" in written:
        return contact.url_problem(written)
    problem = contact.email_problem(written.removeprefix("mailto:"))
    return "which is neither an e-mail address nor an https URL" if problem.startswith("which") else problem


def record_problem(written: str) -> str:
    """What is wrong with the place of a record: the name of a system, or a URL."""
    if "://" in written:
        return contact.url_problem(written)
    named = written.lower() not in _NOTHING and len(written) <= _LONGEST and any(each.isalpha() for each in written)
    return "" if named and written.isprintable() else "which names nothing"


def sender_problem(written: str) -> str:
    """What is wrong with the name and address that mail is sent under."""
    found = _SENDER.fullmatch(written) if len(written) <= _LONGEST and written.isprintable() else None
    if found is None or record_problem(found[1]):
        return "which is no name with an e-mail address"
    return contact.email_problem(found[2], read=False)


def hours_problem(written: str) -> str:
    """What is wrong with the number of hours."""
    if not (written.isascii() and written.isdecimal()):
        return "which is no whole number of hours"
    return "" if len(written) <= _DIGITS and int(written) <= _MOST_HOURS else "more than 72 hours"


def _stated(subject: Subject, template: PodTemplate, own: Json, value: Value) -> tuple[str, object]:
    """A value and its place: the template's before the workload's before the tenant's; None where nobody says it."""
    key = PREFIX + value.annotation
    for annotations, path in ((template.annotations, template.annotations_path), (own, "metadata.annotations")):
        if annotations.get(key) is not None:
            return f"{path}[{key}]", annotations[key]
    programme = subject.tenant.spec.email_programme if subject.tenant else None
    known = getattr(programme, value.field, None)
    if known is not None:
        return "metadata.namespace", str(known)
    return f"{template.annotations_path}[{key}]", None


def _programme(subject: Subject, template: PodTemplate) -> tuple[str, str]:
    """Where the programme is declared, and the word; both empty where it is not."""
    for annotations, path in (
        (template.annotations, template.annotations_path),
        (annotations_of(subject.review.object), "metadata.annotations"),
    ):
        word = annotations.get(PROGRAMME)
        if word is not None:
            return f"{path}[{PROGRAMME}]", str(word).strip()
    return "", ""


def _seen(signs: tuple[Sign, ...]) -> bool:
    """Whether the signs are enough: one that is strong, or two of different kinds."""
    return signs[0].strength == "strong" or len({one.kind for one in signs}) >= _ENOUGH


_Signs = tuple[tuple[PodTemplate, tuple[Sign, ...]], ...]


def _signs(subject: Subject) -> _Signs:
    """Each pod template with the signs in it, the strong ones first; looked for once for all rules."""
    known: _Signs | None = subject.worked_out.get("mail")
    if known is None:
        known = tuple((template, _in_template(template)) for template in subject.workload.templates)
        subject.worked_out["mail"] = known
    return known


def _in_template(template: PodTemplate) -> tuple[Sign, ...]:
    found: list[Sign] = []
    for container in template.containers:
        named = of_image(container.image)
        if named is not None:
            found.append(Sign(f"{container.path}.image", container.name, *named, "image"))
        if "env" in container.spec:
            found += _in_environment(container)
    if not found:
        return ()
    found += [sign for container in template.containers for sign in _in_ports(container)]
    return tuple(sorted(found, key=lambda one: one.strength == "medium"))


def _in_environment(container: Container) -> Iterator[Sign]:
    known = heads()
    for index, entry in enumerate(listing(container.spec["env"])):
        if isinstance(entry, dict) and isinstance(name := entry.get("name"), str) and name[:HEAD] in known:
            for variable in known[name[:HEAD]]:
                if name.startswith(variable.prefix):
                    at = f"{container.path}.env[{index}].name"
                    yield Sign(at, container.name, variable.product, variable.strength, "variable")
                    break


def _in_ports(container: Container) -> Iterator[Sign]:
    """Ports for mail, which say something only beside another sign."""
    for index, entry in enumerate(listing(container.spec.get("ports"))):
        if count(mapping(entry).get("containerPort"), 0) in _PORTS:
            yield Sign(f"{container.path}.ports[{index}].containerPort", container.name, "a port", "medium", "port")


@cache
def heads() -> dict[str, list[Variable]]:
    """The variables by the first letters of their names, of which no prefix has fewer, longest first."""
    found: dict[str, list[Variable]] = {}
    for variable in sorted(table().environment, key=lambda one: -len(one.prefix)):
        found.setdefault(variable.prefix[:HEAD], []).append(variable)
    return found


@lru_cache(maxsize=4096)
def of_image(reference: str) -> tuple[str, Strength] | None:
    """The program that an image is named after, and how sure that is."""
    parsed = image.parse(reference)
    *before, last = (frozenset(_SPLIT.split(segment.lower())) for segment in parsed.segments)
    tag = frozenset(_SPLIT.split(parsed.tag.lower()))
    path = last.union(*before)
    found = [one for mailer in table().images if (one := _match(mailer, path, last, tag)) is not None]
    return min(found, key=lambda one: one[1] == "medium", default=None)


def _match(
    mailer: Mailer, path: frozenset[str], last: frozenset[str], tag: frozenset[str]
) -> tuple[str, Strength] | None:
    if (mailer.owners and path.isdisjoint(mailer.owners)) or not path.isdisjoint(mailer.unless):
        return None
    if not last.isdisjoint(mailer.names):
        less = not last.isdisjoint(words()["about"])
    elif not tag.isdisjoint(mailer.names):
        less = not (tag | last).isdisjoint(words()["about"])
    elif not path.isdisjoint(mailer.names):
        less = True
    else:
        return None
    if not less:
        return mailer.product, mailer.strength
    return (mailer.product, "medium") if mailer.strength == "strong" else None

"""What in an object stands in the provider's lists, wherever it may stand: the two rules for it share the search."""

import base64
import binascii
from collections.abc import Iterable, Iterator

import msgspec

from aup.api.meta import GROUP
from aup.indicators import HARMFUL, Entries, Entry
from aup.judged import BUILT_IN
from aup.model import Finding, Subject
from aup.review import Json, annotations_of, mapping, text
from aup.signatures.decoding import SHORTEST
from aup.signatures.reading import Reading, read
from aup.signatures.scan import MOST_TEXT
from aup.signatures.sieve import long_words
from aup.tokens import tokens
from aup.wording import printable, quoted
from aup.workload import SAYING, Container

POD_SAYING = ("volumes", "hostAliases", "dnsConfig")
"""Fields of a pod spec that name hosts, addresses and images."""

_LEFT_OUT = frozenset({"apiVersion", "kind", "metadata", "status", "binaryData"})
_COPY = "kubectl.kubernetes.io/last-applied-configuration"
_BY_KEY = frozenset({"annotations", "data"})  # mappings whose keys are anything, shown in brackets
_DEPTH = 24
_VISITS = 20_000

Place = tuple[str, str, object]
"""The container's name or nothing, the field path, and the JSON value that stands there."""


def listed(subject: Subject, *, harmful: bool) -> Iterator[Finding]:
    """A finding for each place where something listed stands.

    Args:
        subject: The object.
        harmful: Look for entries of clause 1.7, else for those of all other clauses.
    """
    indicators = subject.indicators
    if _left_out(subject):
        return
    if not any((clause == HARMFUL) is harmful for clause in indicators.clauses):
        return
    told: set[tuple[str, str]] = set()
    for container, at, entry in _found(subject):
        expired = entry.expires_at is not None and entry.expires_at <= subject.now
        if (entry.clause == HARMFUL) is harmful and not expired and (at, entry.value) not in told:
            told.add((at, entry.value))
            yield Finding(at, _said(entry), container)


def _said(entry: Entry) -> str:
    return (
        f"the {entry.type} {quoted(entry.value)}, listed under clause {entry.clause}: {printable(entry.reason)} "
        f"(source: {printable(entry.source)})"
    )


def _left_out(subject: Subject) -> bool:
    """Whether an object is not looked at: a Secret, our own kinds, and a policy that may name what it keeps out."""
    review = subject.review
    return (
        (review.kind == "Secret" and not review.group) or review.group == GROUP or review.kind.endswith("NetworkPolicy")
    )


def _found(subject: Subject) -> Iterator[tuple[str, str, Entry]]:
    """Every entry that something in the object matches, with its container and place."""
    indicators = subject.indicators
    if indicators.of_images:
        for container, at, reference in _images(subject):
            for entry in indicators.image(reference):
                yield container, at, entry
    if indicators.of_contents and subject.review.kind == "ConfigMap":
        from hashlib import sha256  # noqa: PLC0415 - loading OpenSSL takes longer than judging a file, and few need it

        for at, content in _contents(subject.review.object):
            for entry in indicators.content(sha256(content).hexdigest()):
                yield "", at, entry
    if indicators.of_texts:
        yield from _in_texts(subject)


def _images(subject: Subject) -> Iterator[tuple[str, str, str]]:
    for template in subject.workload.templates:
        for container in template.containers:
            if container.image:
                yield container.name, f"{container.path}.image", container.image
        for at, reference in template.image_volumes():
            yield "", at, reference


def _contents(manifest: Json) -> Iterator[tuple[str, bytes]]:
    for key, value in mapping(manifest.get("data")).items():
        if isinstance(value, str):
            yield f"data[{key}]", value.encode(errors="surrogatepass")
    yield from _binary(manifest)


def _binary(manifest: Json) -> Iterator[tuple[str, bytes]]:
    for key, value in mapping(manifest.get("binaryData")).items():
        try:
            yield f"binaryData[{key}]", base64.b64decode(text(value))
        except (binascii.Error, ValueError):
            continue  # the API server takes none such


def _in_texts(subject: Subject) -> Iterator[tuple[str, str, Entry]]:
    """Entries for words of its texts: all of them at once first, and one by one only where that finds something."""
    indicators = subject.indicators
    places = list(_places(subject))
    data = msgspec.json.encode([value for _, _, value in places])
    entries = indicators.remembered(data)
    if entries is None:
        entries = _entries(subject, data, places)
        indicators.remember(data, entries)
    if not entries:
        return
    for container, at, value in places:
        for path, written in _strings(value, at):
            for entry in indicators.words(tokens(written)):
                yield container, path, entry
    for holder in subject.workload.containers():
        for path, word in _hidden(holder):
            for entry in indicators.words(tokens(word)):
                yield holder.name, path, entry


def _entries(subject: Subject, data: bytes, places: Iterable[Place]) -> Entries:
    indicators = subject.indicators
    if b"\\" in data or not data.isascii():
        written = "\n".join(found for _, at, value in places for _, found in _strings(value, at))
    else:
        written = data.decode().replace('"', "\n")
    found = tokens(written)
    for container in subject.workload.containers():
        found.update(*(tokens(word) for _, word in _hidden(container)))
    return tuple(dict.fromkeys(indicators.words(found)))


def _hidden(container: Container) -> Iterator[tuple[str, str]]:
    """The words that a shell would make of what is written, where it has variables or something encoded."""
    data = msgspec.json.encode([container.spec[field] for field in SAYING[1:] if field in container.spec])
    if len(data) <= MOST_TEXT and (b"$" in data or long_words(data.replace(b'"', b"\n"), SHORTEST - len("=="))):
        yield from _words(read(container))


def _words(reading: Reading) -> Iterator[tuple[str, str]]:
    for command in reading.all_commands():
        yield from command.words
    for variable in reading.environment:
        yield f"{variable.path}.value", variable.value


def _places(subject: Subject) -> Iterator[Place]:
    """The parts of the object that are read: of a built-in kind those that may name something, else all of it."""
    review = subject.review
    manifest = review.object
    for template in subject.workload.templates:
        for container in template.containers:
            spec = container.spec
            yield container.name, container.path, {field: spec[field] for field in SAYING if field in spec}
        spec = template.spec
        yield "", template.path, {field: spec[field] for field in POD_SAYING if field in spec}
        yield "", template.annotations_path, _without_copy(template.annotations)
    yield "", "metadata.annotations", _without_copy(annotations_of(manifest))
    if (review.group, review.kind) not in BUILT_IN:
        yield "", "", {key: value for key, value in manifest.items() if key not in _LEFT_OUT}
        if "binaryData" in manifest:
            for at, content in _binary(manifest):
                yield "", at, content.decode(errors="replace")


def _without_copy(annotations: Json) -> Json:
    return {key: value for key, value in annotations.items() if key != _COPY} if _COPY in annotations else annotations


def _strings(value: object, at: str) -> Iterator[tuple[str, str]]:
    """The strings and keys in a JSON value, with their field paths; bounded in depth and number."""
    visits = 0
    pending: list[tuple[object, str, int]] = [(value, at, 0)]
    while pending and visits < _VISITS:
        one, path, depth = pending.pop()
        visits += 1
        if isinstance(one, str):
            yield path, one
        elif depth < _DEPTH and isinstance(one, dict):
            by_key = path.rpartition(".")[2] in _BY_KEY
            for key, child in reversed(one.items()):
                place = f"{path}[{key}]" if by_key else f"{path}.{key}" if path else key
                yield place, key
                pending.append((child, place, depth + 1))
        elif depth < _DEPTH and isinstance(one, list):
            pending += [(child, f"{path}[{index}]", depth + 1) for index, child in reversed([*enumerate(one)])]

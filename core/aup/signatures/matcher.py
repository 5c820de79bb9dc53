"""What in a container speaks for a topic: its image, commands and environment against the topic's signatures.

The text is split into tokens and each token looked up, so the cost grows with the text alone, and a name is never found
inside another word.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import msgspec

from aup.api.signature_list import STRENGTHS, Strength, Target, Topic
from aup.image import parse
from aup.signatures import Signature, Signatures, words
from aup.signatures.behaviours import BEHAVIOURS
from aup.signatures.behaviours.steps import steps_of
from aup.signatures.evidence import Evidence
from aup.signatures.filters import program as program_of
from aup.signatures.reading import Command, Reading, Word
from aup.signatures.shell import assigned
from aup.wording import quoted
from aup.workload import Container

NOUNS: dict[Topic, str] = {
    "container_escape": "an escape tool",
    "crypto_mining": "a miner",
    "denial_of_service": "a denial-of-service tool",
    "malicious_code": "malware",
    "mass_scanning": "a mass scanner",
    "open_proxy": "an open proxy",
    "phishing_kit": "a phishing kit",
    "proxyware": "proxyware",
    "tor_relay": "Tor",
    "vulnerability_scanning": "a vulnerability scanner",
}

SEPARATORS = "-_."
"""What may stand between the parts of a name, one at a time."""

_WORDS = words()
_ABOUT, _NEUTRAL = _WORDS["about"], _WORDS["neutral"]
_FETCHERS, _FINDERS = _WORDS["fetchers"], _WORDS["finders"]
_SILENT = _FINDERS | _WORDS["printers"]

_PARTS = re.compile(r"[a-z0-9]+")
_SEPARATED = re.compile(rf"[{re.escape(SEPARATORS)}]")
_FOREIGN = re.compile(rf"[^a-z0-9{re.escape(SEPARATORS)}]+")
"""What no image and hardly a program has in its name: what stands before it and behind it does not belong together."""

_VERSION = re.compile(r"[a-z]?[0-9]+|v?[0-9]+[a-z]*[0-9]*")
_EXTENSION = re.compile(r"\.(?:exe|sh|bin|elf|py|pl)$")
_PIECES = re.compile(r"""[^\s,;"'{}\[\]<>()=|]+""")
_AUTHORITY = re.compile(r"[\w.:\[\]-]*", re.ASCII)
SHORT = 3
"""Characters of a name that counts only where it is the whole of a path segment or file name."""

_SHORTEST = 2  # characters; no token is shorter
_LONGEST_PIECE = 512  # characters of a word or image path; no longer one can be pulled or resolved
_WORDS_OF_A_NAME = 3
_DIGITS = 18  # of a number that anybody means
_THE_SAME: dict[Topic, frozenset[str]] = {
    "mass_scanning": frozenset(["scanner"]),
    "vulnerability_scanning": frozenset(["scanner"]),
}
"""Words that are about the thing elsewhere, and are what the thing is here."""
_FETCHED = " fetched"
_STATIONS = _WORDS["stations"]
_EXECUTORS = frozenset(["-exec", "-execdir"])  # of find
_DIRECTIVE = range(3, 5)  # words of a line that sets something up
_NONE: dict[str, Signature] = {}


class Matcher:
    """The signatures of one topic, and the search for them."""

    backers = frozenset[str]()
    """Parts of a name beside which another part keeps its strength."""

    def __init__(self, topic: Topic, signatures: Signatures) -> None:
        self.topic = topic
        self.signatures = signatures
        self._noun = NOUNS[topic]
        self._behaviour = BEHAVIOURS.get(topic)
        self._about = _ABOUT - _THE_SAME.get(topic, frozenset())
        self._least = dict(_least(signatures.get("phrase", _NONE)))

    def container(self, container: Container, reading: Reading) -> list[Evidence]:
        """All evidence in a container, the weakest too, strongest first and each said once."""
        return self._sorted([*self._image(f"{container.path}.image", container.image), *self._read(reading)])

    def reading(self, reading: Reading) -> list[Evidence]:
        """All evidence in a text that is no container's."""
        return self._sorted(self._read(reading))

    def image(self, at: str, reference: str) -> list[Evidence]:
        """The evidence in an image reference that stands alone, strongest first and each said once."""
        return self._sorted(self._image(at, reference))

    def _sorted(self, gathered: Iterable[Evidence]) -> list[Evidence]:
        found = list({one.said: one for one in reversed([*gathered])}.values())[::-1]
        return sorted(self._together(_run_or_fetched(found)), key=lambda one: -STRENGTHS.index(one.strength))

    def _together(self, found: list[Evidence]) -> list[Evidence]:
        """What several pieces are together."""
        return found

    def _read(self, reading: Reading) -> Iterator[Evidence]:
        if self._behaviour:
            yield from self._behaviour(reading)
        for command in reading.commands:
            found = self._command(command)
            yield from found if command.holder is None else _unless_shown(found, command, reading)
        for variable in reading.environment:
            yield from self._variable(f"{variable.path}.name", variable.name, variable.value)
            for command in variable.commands:
                yield from self._command(command)
            if variable.value and not variable.commands:
                yield from self._argument(f"{variable.path}.value", variable.value, "")
                yield from self._places(f"{variable.path}.value", variable.value)

    def _image(self, at: str, reference: str) -> Iterator[Evidence]:
        image = parse(reference)
        segments = image.path[:_LONGEST_PIECE].lower().split("/")
        about = not self._about.isdisjoint(_PARTS.findall(segments[-1]))
        repositories = self.signatures.get("repository", _NONE)
        for pair in pairwise(segments):
            known = repositories.get("/".join(pair))
            if known:
                yield Evidence(at, known.kind, known.strength, f"{quoted(reference)} {known.tells} {self._noun}")
        for segment in [*segments, image.tag.lower()]:
            named = self._named(segment, "image")
            if named:
                token, signature, strength = named
                weaker = _weaker(strength, 2) if about else strength
                if weaker:
                    yield Evidence(at, signature.kind, weaker, f"{quoted(reference)} {signature.tells} {token}")

    def _named(self, segment: str, target: Target) -> tuple[str, Signature, Strength] | None:
        """The strongest name in a path segment or file name, weakened by what else the segment says."""
        table = self.signatures.get(target, _NONE)
        whole = _EXTENSION.sub("", segment)
        if whole in table:
            return whole, table[whole], table[whole].strength
        parts = _SEPARATED.split(_FOREIGN.sub("--", whole[:_LONGEST_PIECE]))
        best: tuple[str, Signature, Strength] | None = None
        for start in range(len(parts)):
            for size in range(min(_WORDS_OF_A_NAME, len(parts) - start), 0, -1):
                token = "-".join(parts[start : start + size])
                if token not in table or len(token) <= SHORT:
                    continue
                if target == "program" and table[token].strength != "strong":
                    continue
                others = [part for part in parts[:start] + parts[start + size :] if part]
                strength = self._beside(table[token].strength, others)
                if strength and (best is None or STRENGTHS.index(strength) > STRENGTHS.index(best[2])):
                    best = token, table[token], strength
                break
        return best

    def _beside(self, strength: Strength, others: list[str]) -> Strength | None:
        """The strength of a name beside the other parts of its segment."""
        if not self._about.isdisjoint(others):
            return _weaker(strength, 2)
        backed = not self.signatures.get("word", _NONE).keys().isdisjoint(others)
        if strength == "weak":
            return "medium" if backed else "weak"
        backed = backed or not self.backers.isdisjoint(others)
        if backed or all(part in _NEUTRAL or _VERSION.fullmatch(part) for part in others):
            return strength
        return "medium"

    def _variable(self, at: str, name: str, value: str) -> Iterator[Evidence]:  # noqa: ARG002 - for those who look at it
        table = self.signatures.get("variable", _NONE)
        bare = bare_name(name)
        known = table.get(bare) or table.get(f"{bare.partition('_')[0]}_*")
        if known:
            yield Evidence(at, known.kind, known.strength, f"{quoted(name)} {known.tells}")

    def _looked_up(self, at: str, target: Target, token: str) -> Iterator[Evidence]:
        known = self.signatures.get(target, _NONE).get(token.lower())
        if known:
            yield Evidence(at, known.kind, known.strength, f"{quoted(token)} {known.tells}")

    def _command(self, command: Command) -> Iterator[Evidence]:
        words = command.words
        position = program_of(words) if command.runs else -1
        program = words[position][1].rpartition("/")[2].lower() if position >= 0 else ""
        for index, (at, word) in enumerate(words):
            assignment = assigned(word)
            if assignment and (index < position or not command.runs):
                yield from self._variable(at, *assignment)
            elif word.startswith("-"):
                following = words[index + 1][1] if index + 1 < len(words) else ""
                yield from self._phrases(at, program, word, words[index + 1 : index + 2])
                yield from self._flag(at, word, following)
            elif index == position or (index and words[index - 1][1] in _EXECUTORS):
                yield from self._run(at, word.rpartition("/")[2].lower())
            else:
                yield from self._argument(at, word, program)
            if program not in _FINDERS:
                yield from self._places(at, word, fetched=program in _FETCHERS)
            if command.assumed:
                yield from self._phrases(at, command.assumed, word, words[index + 1 : index + 2])
        if position == 0 and command.holder is not None and len(words) in _DIRECTIVE:
            yield from self._directive(words)

    def _phrases(self, at: str, program: str, word: str, rest: list[Word]) -> Iterator[Evidence]:
        """A program with one of its words, and with an option's value."""
        yield from self._looked_up(at, "phrase", f"{program} {word}")
        if word.startswith("-"):
            following = rest[0][1] if rest else ""
            yield from self._looked_up(at, "phrase", f"{program} {word}={following}")
            yield from self._at_least(at, program, word, following)

    def _directive(self, words: list[Word]) -> Iterator[Evidence]:
        """A line such as `http_access allow all`, of a file that a script writes."""
        name, *values = (word for _, word in words)
        known = self.signatures.get("flag", _NONE).get(f"--{name.lower().replace('_', '-')}={' '.join(values).lower()}")
        if known:
            shown = " ".join((name, *values))
            yield Evidence(words[0][0], known.kind, known.strength, f"{quoted(shown)} {known.tells}")

    def _at_least(self, at: str, program: str, word: str, following: str) -> Iterator[Evidence]:
        """An option whose value is as large as a phrase `program --option>=least` says."""
        flag, equals, value = word.partition("=")
        known = self._least.get(f"{program} {flag}")
        amount = value if equals else following
        if known and amount.isdecimal() and len(amount) <= _DIGITS and int(amount) >= known[0]:
            said = f"{quoted(f'{program} {flag}={amount}')} {known[1].tells}"
            yield Evidence(at, known[1].kind, known[1].strength, said)

    def _run(self, at: str, program: str) -> Iterator[Evidence]:
        named = self._named(program, "program")
        if named:
            token, signature, strength = named
            yield Evidence(at, signature.kind, strength, f"program {quoted(program)} {signature.tells} {token}")

    def _argument(self, at: str, word: str, program: str) -> Iterator[Evidence]:
        """A bare word: the program that is fetched or started, unless something looks for it to stop it."""
        if len(word) < _SHORTEST or program in _SILENT or "://" in word:
            return
        yield from self._looked_up(at, "phrase", f"{program} {word}")
        name = word.rpartition("/")[2].lower()
        named = self._named(name, "program") if name else None
        if named is None or named[2] == "weak":
            return
        token, signature, strength = named
        if signature.strength == "strong":
            told: Strength = strength if program in _FETCHERS else "medium"
            yield Evidence(at, signature.kind, told, f"{quoted(token)} names {self._noun}")
        elif program in _FETCHERS:
            yield Evidence(at, f"{token}{_FETCHED}", "medium", f"{quoted(program)} brings {quoted(token)} in")

    def _flag(self, at: str, word: str, following: str) -> Iterator[Evidence]:
        """An option, and an option with its value."""
        flag, equals, value = word.partition("=")
        yield from self._looked_up(at, "flag", option(flag))
        yield from self._looked_up(at, "flag", f"{option(flag)}={value if equals else following}")
        if flag == "--image":  # of kubectl
            yield from self._image(at, value if equals else following)

    def _places(self, at: str, word: str, *, fetched: bool = False) -> Iterator[Evidence]:
        """URLs and hosts inside a word."""
        for piece in _PIECES.findall(word):
            if "://" in piece:
                yield from self._url(at, piece, fetched=fetched)
            elif _SHORTEST < len(piece) <= _LONGEST_PIECE:
                yield from self._piece(at, piece)

    def _piece(self, at: str, piece: str) -> Iterator[Evidence]:
        yield from self._host(at, piece, strong_with_port=True)

    def _url(self, at: str, piece: str, *, fetched: bool) -> Iterator[Evidence]:
        before, _, rest = piece.partition("://")
        scheme = before.rpartition(":")[2].lower()
        authority, _, path = rest.partition("/")
        found = _AUTHORITY.match(authority.rpartition("@")[2])
        place = found[0] if found else ""
        known = self.signatures.get("scheme", _NONE).get(scheme)
        if known:
            yield Evidence(at, known.kind, known.strength, f"{quoted(f'{scheme}://{place}')} {known.tells}")
            yield from self._user(at, authority.partition("@")[0])
            return
        page = scheme.startswith("http") and ":" not in place and not fetched
        yield from self._host(at, place, strong_with_port=not scheme.startswith("http"), page=page)
        for segment in path.partition("?")[0].lower().split("/")[:16]:
            named = self._named(segment, "program") if segment else None
            if named and named[1].strength == "strong" and named[2] != "weak":
                token, signature, strength = named
                shown = quoted(f"{scheme}://{place}/…")
                yield Evidence(
                    at, signature.kind, strength if fetched else "medium", f"{shown} {signature.tells} {token}"
                )
                return

    def _user(self, at: str, user: str) -> Iterator[Evidence]:  # noqa: ARG002 - for those who look at it
        """The user part of a URL whose scheme is known."""
        return iter(())

    def _host(self, at: str, place: str, *, strong_with_port: bool, page: bool = False) -> Iterator[Evidence]:
        """A host that is known; that of a page or of another service says little."""
        hosts = self.signatures.get("host", _NONE)
        if not hosts:
            return
        host, _, port = place.partition("/")[0].rpartition("@")[2].rpartition(":")
        if not port.isdigit():
            host, port = port if not host else place, ""
        labels = host.lower().rpartition(":")[2].rstrip(".").split(".")[-6:]
        for start in range(len(labels) - 1):
            known = hosts.get(".".join(labels[start:]))
            if known:
                strength: Strength = "strong" if port and strong_with_port else "medium"
                strength = min(strength, known.strength, key=STRENGTHS.index)
                if known.kind == "pool" and (page or not _STATIONS.isdisjoint(labels[:start])):
                    strength = "weak"
                shown = ".".join(labels) + (f":{port}" if port else "")
                yield Evidence(at, known.kind, strength, f"{quoted(shown)} {known.tells}")
                return


def _unless_shown(found: Iterable[Evidence], command: Command, reading: Reading) -> Iterator[Evidence]:
    """The evidence, without the names in a text that is only shown."""
    for one in found:
        if one.kind != "name" or not steps_of(reading).shows(command):
            yield one


def _least(phrases: dict[str, Signature]) -> Iterator[tuple[str, tuple[int, Signature]]]:
    for phrase, signature in phrases.items():
        option_of, least, amount = phrase.partition(">=")
        if least and amount.isdecimal():
            yield option_of, (int(amount), signature)


def bare_name(variable: str) -> str:
    """An environment variable's name in upper case without the number behind it."""
    return variable.upper().rstrip("0123456789").rstrip("_")


def option(flag: str) -> str:
    """A long option with two dashes, as some programs take one."""
    bare = flag.lstrip("-")
    return f"-{bare}" if len(bare) == 1 else f"--{bare.lower()}"


def _run_or_fetched(found: list[Evidence]) -> list[Evidence]:
    """A single program that is brought in is one name with what runs; two such programs are two pieces of evidence."""
    fetched = {one.kind for one in found if one.kind.endswith(_FETCHED)}
    if len(fetched) != 1:
        return found
    return [msgspec.structs.replace(one, kind="name") if one.kind in fetched else one for one in found]


def _weaker(strength: Strength, steps: int) -> Strength | None:
    index = STRENGTHS.index(strength) - steps
    return STRENGTHS[index] if index >= 0 else None

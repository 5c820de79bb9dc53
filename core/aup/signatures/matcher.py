"""What in a container speaks for crypto mining: its image, commands and environment against the signatures.

A sieve leaves out what can hold none. The rest is split into tokens and each token looked up, so the cost grows with
the text alone, and a name is never found inside another word.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from aup.image import parse
from aup.signatures import STRENGTHS, Signature, Strength, Target, anchors, load, words
from aup.signatures.reading import Command, Reading, Word, read
from aup.signatures.shell import SHORTEST_BASE64, assigned, decoded
from aup.signatures.sieve import flat, flat_json, long_words
from aup.wording import quoted
from aup.workload import Container

SIGNATURES = load("crypto_mining")

_SIEVE = anchors.sieve(SIGNATURES)

_WORDS = words()
_ABOUT, _NEUTRAL, _MINING = _WORDS["about"], _WORDS["neutral"], _WORDS["mining"]
_LAUNCHERS, _FETCHERS, _FINDERS = _WORDS["launchers"], _WORDS["fetchers"], _WORDS["finders"]
_SILENT = _FINDERS | _WORDS["printers"]
_ALGORITHM_OPTIONS = frozenset(["-a", "--algo", "--algorithm", "--algos", "--algorithms"])
_COIN_OPTIONS = frozenset(["--coin", "--coins"])
_POOL_OPTIONS = frozenset(["-o", "--url", "--pool"])
_USER_OPTIONS = frozenset(["-u", "--user", "--wallet", "--wal", "--userpass"])
_PASSWORD_OPTIONS = frozenset(["-p", "--pass", "--password"])
_ALGORITHM_VARIABLES = frozenset(["ALGO", "ALGORITHM", "MINING_ALGO", "MINER_ALGO"])

_PAYEES = frozenset(["wallet variable", "user variable"])

_PARTS = re.compile(r"[a-z0-9]+")
_VERSION = re.compile(r"[a-z]?[0-9]+|v?[0-9]+[a-z]*[0-9]*")
_EXTENSION = re.compile(r"\.(?:exe|sh|bin|elf)$")
_PIECES = re.compile(r"""[^\s,;"'{}\[\]<>()=|]+""")
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9._-]+:[0-9]{2,5}")
_PLACEHOLDER = re.compile(r"\$[({]?\w+[)}]?(?::[0-9]{2,5})?", re.ASCII)
_AUTHORITY = re.compile(r"[\w.:\[\]-]*", re.ASCII)
_MONERO = re.compile(r"[48][1-9A-HJ-NP-Za-km-z]{94}(?:[1-9A-HJ-NP-Za-km-z]{11})?")
_PAYOUT = re.compile(r"([A-Za-z]{2,10}):[A-Za-z0-9]{20,128}(?:\.[\w.#-]+)?", re.ASCII)
_SHORTEST = 3  # characters; no token is shorter
_LONGEST_PIECE = 512  # characters of a word or image path; no longer one can be pulled or resolved
_WORDS_OF_A_NAME = 3


class Evidence(msgspec.Struct, frozen=True):
    """One thing that speaks for mining: where, of what kind, how strongly, and in words."""

    at: str
    kind: str
    strength: Strength
    said: str


def text_of(containers: Sequence[Container]) -> bytes:
    """The text of containers as the sieve reads it."""
    text = flat_json([container.written() for container in containers])
    return flat(word for container in containers for word in container.texts()) if text is None else text


def worth_reading(text: bytes) -> bool:
    """Whether a flat text may hold evidence enough, or has a variable to put in before that is known."""
    return b"$" in text or _telling(text)


def _telling(text: bytes) -> bool:
    words = long_words(text, SHORTEST_BASE64 - len("=="))
    return _SIEVE.holds(text) or any(decoded(word) or _MONERO.search(word) for word in words)


def evidence(container: Container) -> list[Evidence]:
    """The evidence in a container, strongest first and each said once; none where it is too little to tell."""
    text = text_of((container,))
    if not worth_reading(text):
        return []
    reading = read(container)
    return exact(container, reading) if _telling(text + flat(reading.texts())) else []


def exact(container: Container, reading: Reading) -> list[Evidence]:
    """All evidence in a container, the weakest too, whatever the sieve says of it."""
    found = list({one.said: one for one in reversed([*_gather(container, reading)])}.values())[::-1]
    variables = {one.kind: one for one in reversed(found) if one.kind.endswith(" variable")}
    if len(variables) > 1:
        found = [one for one in found if one.kind not in variables] + _together(variables, found)
    return sorted(found, key=lambda one: -STRENGTHS.index(one.strength))


def _together(variables: dict[str, Evidence], found: list[Evidence]) -> list[Evidence]:
    """Weak variable names of different kinds: with a payee or a miner's name among them they are a miner's settings.

    A pool and workers alone are what many a build agent has.
    """
    first, second = sorted(variables.values(), key=found.index)[:2]
    named = any(one.kind == "name" and one.strength != "weak" for one in found)
    if named or not _PAYEES.isdisjoint(variables):
        return [Evidence(first.at, "variable", "medium", f"{first.said} and {second.said}")]
    return [first]


def image_evidence(at: str, reference: str) -> list[Evidence]:
    """The evidence in an image reference that stands alone, strongest first and each said once."""
    if not _SIEVE.holds(flat([reference])):
        return []
    found = {one.said: one for one in _image(at, reference)}.values()
    return sorted(found, key=lambda one: -STRENGTHS.index(one.strength))


def verdict(found: list[Evidence]) -> Strength | None:
    """How strong it is together: two medium ones of different kinds are strong, two such weak ones medium."""
    kinds = {strength: {one.kind for one in found if one.strength == strength} for strength in STRENGTHS}
    if kinds["strong"] or len(kinds["medium"]) > 1:
        return "strong"
    if kinds["medium"] or len(kinds["weak"]) > 1:
        return "medium"
    return "weak" if kinds["weak"] else None


def _gather(container: Container, reading: Reading) -> Iterator[Evidence]:
    yield from _image(f"{container.path}.image", container.image)
    for command in reading.commands:
        yield from _command(command)
    for variable in reading.environment:
        yield from _variable(f"{variable.path}.name", variable.name, variable.value)
        for command in variable.commands:
            yield from _command(command)
        if variable.value and not variable.commands:
            yield from _argument(f"{variable.path}.value", variable.value, "")
            yield from _places(f"{variable.path}.value", variable.value)


def _image(at: str, reference: str) -> Iterator[Evidence]:
    image = parse(reference)
    segments = image.path[:_LONGEST_PIECE].lower().split("/")
    about = not _ABOUT.isdisjoint(_PARTS.findall(segments[-1]))
    repositories = SIGNATURES["repository"]
    for pair in pairwise(segments):
        known = repositories.get("/".join(pair))
        if known:
            yield Evidence(at, known.kind, known.strength, f"{quoted(reference)} {known.tells} miners")
    for segment in [*segments, image.tag.lower()]:
        named = _named(segment, "image")
        if named:
            token, signature, strength = named
            weaker = _weaker(strength, 2) if about else strength
            if weaker:
                yield Evidence(at, signature.kind, weaker, f"{quoted(reference)} {signature.tells} {token}")


def _named(segment: str, target: Target) -> tuple[str, Signature, Strength] | None:
    """The strongest name in a path segment or file name, weakened by what else the segment says."""
    table = SIGNATURES[target]
    whole = _EXTENSION.sub("", segment)
    if whole in table:
        return whole, table[whole], table[whole].strength
    parts = _PARTS.findall(whole[:_LONGEST_PIECE])
    best: tuple[str, Signature, Strength] | None = None
    for start in range(len(parts)):
        for size in range(min(_WORDS_OF_A_NAME, len(parts) - start), 0, -1):
            token = "-".join(parts[start : start + size])
            if token not in table or (target == "program" and table[token].strength != "strong"):
                continue
            strength = _beside(table[token].strength, parts[:start] + parts[start + size :])
            if strength and (best is None or STRENGTHS.index(strength) > STRENGTHS.index(best[2])):
                best = token, table[token], strength
            break
    return best


def _beside(strength: Strength, others: list[str]) -> Strength | None:
    """The strength of a name beside the other parts of its segment."""
    if not _ABOUT.isdisjoint(others):
        return _weaker(strength, 2)
    coins = not SIGNATURES["word"].keys().isdisjoint(others)
    if strength == "weak":
        return "medium" if coins else "weak"
    backed = coins or not _MINING.isdisjoint(others)
    if backed or all(part in _NEUTRAL or _VERSION.fullmatch(part) for part in others):
        return strength
    return "medium"


def _weaker(strength: Strength, steps: int) -> Strength | None:
    index = STRENGTHS.index(strength) - steps
    return STRENGTHS[index] if index >= 0 else None


def _variable(at: str, name: str, value: str) -> Iterator[Evidence]:
    bare = name.upper().rstrip("0123456789").rstrip("_")
    table = SIGNATURES["variable"]
    known = table.get(bare) or table.get(f"{bare.partition('_')[0]}_*")
    if known:
        yield Evidence(at, known.kind, known.strength, f"{quoted(name)} {known.tells}")
    if bare in _ALGORITHM_VARIABLES:
        yield from _looked_up(at, "algorithm", value)


def _looked_up(at: str, target: Target, token: str) -> Iterator[Evidence]:
    known = SIGNATURES[target].get(token.lower())
    if known:
        yield Evidence(at, known.kind, known.strength, f"{quoted(token)} {known.tells}")


def _command(command: Command) -> Iterator[Evidence]:
    words = command.words
    position = _program(words) if command.runs else -1
    program = words[position][1].rpartition("/")[2].lower() if position >= 0 else ""
    for index, (at, word) in enumerate(words):
        assignment = assigned(word)
        if assignment and (index < position or not command.runs):
            yield from _variable(at, *assignment)
        elif word.startswith("-"):
            yield from _looked_up(at, "phrase", f"{program} {word}")
            yield from _flag(at, word, words[index + 1][1] if index + 1 < len(words) else "")
        elif index == position:
            yield from _run(at, program)
        else:
            yield from _argument(at, word, program)
        if program not in _FINDERS:
            yield from _places(at, word, fetched=program in _FETCHERS)
    yield from _shape(words)


def _program(words: list[Word]) -> int:
    """Which word is the program, behind assignments and launchers such as `nice -n 19`; -1 where none is."""
    for index, (_, word) in enumerate(words):
        launcher = word.rpartition("/")[2] in _LAUNCHERS
        if not (launcher or word.startswith("-") or word[:1].isdigit() or assigned(word)):
            return index
    return -1


def _run(at: str, program: str) -> Iterator[Evidence]:
    named = _named(program, "program")
    if named:
        token, signature, strength = named
        yield Evidence(at, signature.kind, strength, f"program {quoted(program)} {signature.tells} {token}")


def _argument(at: str, word: str, program: str) -> Iterator[Evidence]:
    """A bare word: the program that is fetched or started, unless something looks for it to stop it."""
    if len(word) < _SHORTEST or program in _SILENT or "://" in word:
        return
    yield from _looked_up(at, "phrase", f"{program} {word}")
    name = word.rpartition("/")[2].lower()
    named = _named(name, "program") if name else None
    if named and named[1].strength == "strong" and named[2] != "weak":
        strength = named[2] if program in _FETCHERS else "medium"
        yield Evidence(at, "name", strength, f"{quoted(named[0])} names a miner")


def _flag(at: str, word: str, following: str) -> Iterator[Evidence]:
    flag, equals, value = word.partition("=")
    yield from _looked_up(at, "flag", _option(flag))
    if _option(flag) in _ALGORITHM_OPTIONS:
        yield from _looked_up(at, "algorithm", value if equals else following)
    if _option(flag) in _COIN_OPTIONS:
        yield from _looked_up(at, "coin", value if equals else following)


def _option(flag: str) -> str:
    """A long option with two dashes, as some miners take one."""
    bare = flag.lstrip("-")
    return f"-{bare}" if len(bare) == 1 else f"--{bare.lower()}"


def _shape(words: list[Word]) -> Iterator[Evidence]:
    """`-o host:port -u who -p x`: a pool, a wallet and a password that nobody checks."""
    options: dict[str, tuple[str, str]] = {}
    for index, (at, word) in enumerate(words):
        if word.startswith("-"):
            flag, equals, value = word.partition("=")
            following = words[index + 1][1] if index + 1 < len(words) else ""
            options.setdefault(_option(flag), (at, value if equals else following))
    option = next((flag for flag in options if flag in _POOL_OPTIONS), "")
    pool = options.get(option, ("", ""))
    user = any(flag in _USER_OPTIONS for flag in options)
    password = next((options[flag][1] for flag in options if flag in _PASSWORD_OPTIONS), None)
    if not user or password is None or pool[1].startswith("http"):
        return
    exact = _HOST_AND_PORT.fullmatch(pool[1].rpartition("://")[2])
    usual = password == "x"  # noqa: S105 - what pools take
    if (exact or _PLACEHOLDER.fullmatch(pool[1])) and (usual or option != "--url"):
        strength: Strength = "strong" if exact and usual else "medium"
        said = f"{quoted(pool[1])} with a user and a password is how miners log in"
        yield Evidence(pool[0], "options", strength, said)


def _places(at: str, word: str, *, fetched: bool = False) -> Iterator[Evidence]:
    """URLs, hosts and wallets inside a word."""
    for piece in _PIECES.findall(word):
        if "://" in piece:
            yield from _url(at, piece, fetched=fetched)
        elif _SHORTEST <= len(piece) <= _LONGEST_PIECE:
            yield from _host(at, piece, strong_with_port=True)
            yield from _wallet(at, piece)
            if piece.startswith("donate-level"):
                yield from _looked_up(at, "flag", f"--{piece.rstrip(':0123456789')}")


def _url(at: str, piece: str, *, fetched: bool) -> Iterator[Evidence]:
    before, _, rest = piece.partition("://")
    scheme = before.rpartition(":")[2].lower()
    authority, _, path = rest.partition("/")
    found = _AUTHORITY.match(authority.rpartition("@")[2])
    place = found[0] if found else ""
    known = SIGNATURES["scheme"].get(scheme)
    if known:
        yield Evidence(at, known.kind, known.strength, f"{quoted(f'{scheme}://{place}')} {known.tells}")
        yield from _wallet(at, authority.partition("@")[0])
        return
    yield from _host(at, place, strong_with_port=not scheme.startswith("http"))
    for segment in path.partition("?")[0].lower().split("/")[:16]:
        named = _named(segment, "program") if segment else None
        if named and named[1].strength == "strong" and named[2] != "weak":
            strength = named[2] if fetched else "medium"
            yield Evidence(at, "name", strength, f"{quoted(f'{scheme}://{place}/…')} names the miner {named[0]}")
            return


def _host(at: str, place: str, *, strong_with_port: bool) -> Iterator[Evidence]:
    host, _, port = place.partition("/")[0].rpartition("@")[2].rpartition(":")
    if not port.isdigit():
        host, port = port if not host else place, ""
    labels = host.lower().rpartition(":")[2].rstrip(".").split(".")[-6:]
    for start in range(len(labels) - 1):
        known = SIGNATURES["host"].get(".".join(labels[start:]))
        if known:
            strength: Strength = "strong" if port and strong_with_port else "medium"
            shown = ".".join(labels) + (f":{port}" if port else "")
            yield Evidence(at, known.kind, strength, f"{quoted(shown)} {known.tells}")
            return


def _wallet(at: str, piece: str) -> Iterator[Evidence]:
    for part in re.split(r"[.:+/@]", piece):
        if _MONERO.fullmatch(part):
            yield Evidence(at, "wallet", "medium", f'"{part[:6]}…" has the shape of a Monero address')
            return
    payout = _PAYOUT.fullmatch(piece)
    if payout and payout[1].lower() in SIGNATURES["coin"]:
        yield Evidence(at, "wallet", "medium", f'"{payout[1]}:…" is a payout address as mining pools take it')

"""What is peculiar to mining: logins at a pool, wallets, algorithms and coins as the values of options."""

import re
from collections.abc import Iterator

from aup.api.signature_list import Strength
from aup.signatures import words
from aup.signatures.evidence import Evidence
from aup.signatures.matcher import Matcher, bare_name, option
from aup.signatures.reading import Command, Word
from aup.signatures.wallets import wallet
from aup.wording import quoted

MONERO = re.compile(r"[48][1-9A-HJ-NP-Za-km-z]{94}(?:[1-9A-HJ-NP-Za-km-z]{11})?")
_WITHIN = re.compile(r"[.:+/@]")
_PAYOUT = re.compile(r"([A-Za-z]{2,10}):[A-Za-z0-9]{20,128}(?:\.[\w.#-]+)?", re.ASCII)
_ALGORITHM_OPTIONS = frozenset(["-a", "--algo", "--algorithm", "--algos", "--algorithms"])
_COIN_OPTIONS = frozenset(["--coin", "--coins"])
_POOL_OPTIONS = frozenset(["-o", "--url", "--pool"])
_USER_OPTIONS = frozenset(["-u", "--user", "--wallet", "--wal", "--userpass"])
_PASSWORD_OPTIONS = frozenset(["-p", "--pass", "--password"])
_ALGORITHM_VARIABLES = frozenset(["ALGO", "ALGORITHM", "MINING_ALGO", "MINER_ALGO"])
_LOGIN_VARIABLES = frozenset(["pool variable", "user variable"])
_TRADE_VARIABLES = frozenset(["coin variable", "wallet variable"])
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9._-]+:[0-9]{2,5}")
_PLACEHOLDER = re.compile(r"\$[({]?\w+[)}]?(?::[0-9]{2,5})?", re.ASCII)


class MiningMatcher(Matcher):
    """The search for mining."""

    backers = words()["mining"]

    def _together(self, found: list[Evidence]) -> list[Evidence]:
        """Weak variable names of different kinds are a miner's settings, with a payee or a miner's name among them.

        A pool and workers alone are what many a build agent has.
        """
        variables = {one.kind: one for one in reversed(found) if one.kind.endswith(" variable")}
        if len(variables) < 2:  # noqa: PLR2004 - one is alone
            return found
        first, second = sorted(variables.values(), key=found.index)[:2]
        others = [one for one in found if one.kind not in variables]
        named = any(one.kind == "name" and one.strength != "weak" for one in others)
        login = variables.keys() >= _LOGIN_VARIABLES
        if named or login or ("wallet variable" in variables and variables.keys() != _TRADE_VARIABLES):
            return [*others, Evidence(first.at, "variable", "medium", f"{first.said} and {second.said}")]
        return [*others, first]

    def _variable(self, at: str, name: str, value: str) -> Iterator[Evidence]:
        contract = value.startswith("0x")  # as pools of exchanges are
        yield from (one for one in super()._variable(at, name, value) if not (contract and one.kind == "pool variable"))
        if bare_name(name) in _ALGORITHM_VARIABLES:
            yield from self._looked_up(at, "algorithm", value)

    def _flag(self, at: str, word: str, following: str) -> Iterator[Evidence]:
        yield from super()._flag(at, word, following)
        flag, equals, value = word.partition("=")
        if option(flag) in _ALGORITHM_OPTIONS:
            yield from self._looked_up(at, "algorithm", value if equals else following)
        if option(flag) in _COIN_OPTIONS:
            yield from self._looked_up(at, "coin", value if equals else following)
        if option(flag) in _USER_OPTIONS:
            yield from _payee(at, value if equals else following)

    def _command(self, command: Command) -> Iterator[Evidence]:
        yield from super()._command(command)
        yield from _login(command.words)

    def _piece(self, at: str, piece: str) -> Iterator[Evidence]:
        yield from super()._piece(at, piece)
        yield from self._user(at, piece)
        if piece.startswith("donate-level"):
            yield from self._looked_up(at, "flag", f"--{piece.rstrip(':0123456789')}")

    def _user(self, at: str, user: str) -> Iterator[Evidence]:
        for part in _WITHIN.split(user):
            if MONERO.fullmatch(part):
                is_one = "is" if wallet(part) else "has the shape of"
                yield Evidence(at, "wallet", "medium", f'"{part[:6]}…" {is_one} a Monero address')
                return
        payout = _PAYOUT.fullmatch(user)
        if payout and payout[1].lower() in self.signatures["coin"]:
            yield Evidence(at, "wallet", "medium", f'"{payout[1]}:…" is a payout address as mining pools take it')


def _payee(at: str, user: str) -> Iterator[Evidence]:
    """A user who is an address to pay to, proven by its checksum, perhaps with a worker's name behind it."""
    for part in (user, *_WITHIN.split(user)):
        found = wallet(part)
        if found and found.proven and not MONERO.fullmatch(part):
            yield Evidence(at, "wallet", "medium", f'the user "{part[:6]}…" is an address of {found.coin}')
            return


def _login(words: list[Word]) -> Iterator[Evidence]:
    """`-o host:port -u who -p x`: a pool, a wallet and a password that nobody checks."""
    options: dict[str, tuple[str, str]] = {}
    for index, (at, word) in enumerate(words):
        if word.startswith("-"):
            flag, equals, value = word.partition("=")
            following = words[index + 1][1] if index + 1 < len(words) else ""
            options.setdefault(option(flag), (at, value if equals else following))
    given = next((flag for flag in options if flag in _POOL_OPTIONS), "")
    pool = options.get(given, ("", ""))
    user = any(flag in _USER_OPTIONS for flag in options)
    password = next((options[flag][1] for flag in options if flag in _PASSWORD_OPTIONS), None)
    mined = any(flag in _ALGORITHM_OPTIONS | _COIN_OPTIONS for flag in options)  # then some ask for no password
    if not user or (password is None and not mined) or pool[1].startswith("http"):
        return
    exact = _HOST_AND_PORT.fullmatch(pool[1].rpartition("://")[2])
    usual = password == "x"  # noqa: S105 - what pools take
    if (exact or _PLACEHOLDER.fullmatch(pool[1])) and (usual or mined or given != "--url"):
        strength: Strength = "strong" if exact and usual else "medium"
        said = f"{quoted(pool[1])} with a user and a password is how miners log in"
        yield Evidence(pool[0], "options", strength, said)

"""Which hosts a rule of a Traefik router takes: Host(`a`) && (PathPrefix(`/x`) || !Header(`b`, `c`))."""

import re

_TOKEN = re.compile(r"\s*+(&&|\|\||[!()]|([A-Za-z]++)\s*+\(((?:\s*+(?:`[^`]*+`|\"[^\"]*+\")\s*+,?+)*+)\s*+\))")
_VALUE = re.compile(r"`([^`]*)`|\"([^\"]*)\"")
_HOSTS = frozenset({"host", "hostheader", "hostsni"})
_PATTERNS = frozenset({"hostregexp", "hostsniregexp"})
_LONGEST = 8192
_DEPTH = 32

EVERY = "*"
"""Stands for all hosts."""

Hosts = frozenset[str]


def hosts(rule: str) -> Hosts | None:
    """The hosts that a rule matches; `EVERY` among them where it takes any, None where it cannot be read.

    A regular expression of hosts is given as it is written, with a `~` before it.
    """
    tokens = _tokens(rule)
    if tokens is None:
        return None
    reader = _Reader(tokens)
    try:
        found = reader.either(0)
    except ValueError:
        return None
    return None if reader.tokens else found


def _tokens(rule: str) -> list[re.Match[str]] | None:
    tokens = []
    at, end = 0, len(rule.rstrip())
    while at < end <= _LONGEST:
        found = _TOKEN.match(rule, at)
        if found is None:
            return None
        tokens.append(found)
        at = found.end()
    return tokens[::-1] or None


class _Reader:
    """Reads an expression from tokens, the next one last; ValueError where there is none."""

    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.tokens = tokens

    def either(self, depth: int) -> Hosts:
        """What one of several alternatives matches: all of theirs."""
        found = self._both(depth)
        while self._next() == "||":
            self.tokens.pop()
            found |= self._both(depth)
        return found

    def _both(self, depth: int) -> Hosts:
        """What all of several conditions match: the hosts of the first that names some."""
        found = self._one(depth)
        while self._next() == "&&":
            self.tokens.pop()
            other = self._one(depth)
            found = other if EVERY in found else found
        return found

    def _one(self, depth: int) -> Hosts:
        if not self.tokens or depth > _DEPTH:
            raise ValueError(depth)
        token = self.tokens.pop()
        if token[1] == "!":
            self._one(depth + 1)
            return frozenset({EVERY})
        if token[1] == "(":
            found = self.either(depth + 1)
            if self._next() != ")":
                raise ValueError(token)
            self.tokens.pop()
            return found
        if token[2] is None:
            raise ValueError(token)
        name = token[2].lower()
        values = [backticks or quotes for backticks, quotes in _VALUE.findall(token[3])]
        if name in _HOSTS:
            return frozenset(values or [EVERY])
        return frozenset(f"~{value}" for value in values) if name in _PATTERNS else frozenset({EVERY})

    def _next(self) -> str:
        return self.tokens[-1][1] if self.tokens else ""

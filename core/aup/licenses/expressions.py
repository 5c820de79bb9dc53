"""SPDX licence expressions: whether one is valid, which licences it names, and which of its ids are out of date.

`packaging` has the licence list and the grammar; references to other documents are ours, for it does not know them.
"""

import re
from functools import cache, lru_cache

import msgspec
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from aup import tables
from aup.licenses import REFERENCE
from aup.wording import quoted

_LONGEST = 512  # characters; the longest expression that anybody needs is far shorter
_BLANKS = str.maketrans("\t\r\n", "   ")
_DOCUMENT = re.compile(r"(?<![^\s(])DocumentRef-[A-Za-z0-9.-]+:(?=LicenseRef-)")
_PARENTHESES = str.maketrans("()", "  ")
_JOINING = frozenset({"AND", "OR"})


class Expression(msgspec.Struct, frozen=True):
    """An expression, read: what is wrong with it, or the ids that it names, and those that SPDX has replaced."""

    problem: str = ""
    names: frozenset[str] = frozenset()
    replaced: tuple[tuple[str, str], ...] = ()

    @property
    def references(self) -> frozenset[str]:
        """The `LicenseRef-` that it names."""
        return frozenset(name for name in self.names if name.startswith(REFERENCE))


def read(written: object) -> Expression:
    """Read an expression; one that is no text, beyond ASCII or too long is not even looked at."""
    if not isinstance(written, str) or not written.isascii() or len(written) > _LONGEST:
        return Expression(f"{quoted(written)}, which is no SPDX expression")
    return _parsed(written)


def family(name: str) -> str:
    """A licence's id without what says whether later versions count, so that `GPL-2.0+` and `GPL-2.0-only` are one."""
    plain = replaced_by().get(name, name).partition(" ")[0]
    return plain.removesuffix("+").removesuffix("-only").removesuffix("-or-later")


@cache
def replaced_by() -> dict[str, str]:
    """The ids that SPDX has deprecated, each with the expression that it has put in their place."""
    return tables.read("deprecated", dict[str, str])


@lru_cache(maxsize=1024)
def _parsed(written: str) -> Expression:
    text = written.translate(_BLANKS)
    if not text.strip():
        return Expression('""')
    if not text.isprintable():
        return Expression(f"{quoted(written)}, which is no SPDX expression")
    try:
        normal = canonicalize_license_expression(_DOCUMENT.sub("", text))
    except InvalidLicenseExpression as error:
        return Expression(f"{quoted(written)}, which is no SPDX expression ({error})")
    names, old = set(), {}
    before = ""
    for word in normal.translate(_PARENTHESES).split():
        if word not in _JOINING and word != "WITH":
            if before != "WITH":
                names.add(word.removesuffix("+"))
            successor = replaced_by().get(word.removesuffix("+"))
            if successor:
                old[word] = successor.replace("-only", "-or-later") if word.endswith("+") else successor
        before = word
    return Expression(names=frozenset(names), replaced=tuple(old.items()))

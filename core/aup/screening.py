"""Parties against the lists of those with whom no business may be done."""

from collections.abc import Iterable

import msgspec

from aup.api.screening_list import ScreeningList


class Screening(msgspec.Struct, frozen=True):
    """The entries of all lists, made ready to compare with."""


NO_SCREENING = Screening()


def prepared(lists: Iterable[ScreeningList]) -> Screening:
    """Make some lists ready to compare with."""
    _ = lists
    return NO_SCREENING

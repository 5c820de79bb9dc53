"""What the provider has listed as breaking the policy, indexed: a look-up costs the same however many there are."""

from collections.abc import Iterable

import msgspec

from aup.api.indicator_list import IndicatorList


class Indicators(msgspec.Struct, frozen=True):
    """The entries of all lists."""


NO_INDICATORS = Indicators()


def indexed(lists: Iterable[IndicatorList]) -> Indicators:
    """Index the entries of some lists."""
    _ = lists
    return NO_INDICATORS

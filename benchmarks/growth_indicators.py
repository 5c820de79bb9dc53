"""Lists of made-up indicators of every type, as many as wanted."""

import random
import tracemalloc

import msgspec

from aup.api.indicator_list import IndicatorList
from aup.indicators import Indicators, indexed
from aup.review import Json

_SEED = 1101
_OF_A_LIST = 10_000
_LETTERS = "bcdfghjklmnpqrstvwxz"
"""No vowels, so that no word of a language comes about."""


def lists(count: int) -> list[IndicatorList]:
    """Lists with as many entries, one in eight harmful content, the types by turns."""
    chance = random.Random(_SEED)  # noqa: S311 - the same names every time
    entries = [_entry(number, chance) for number in range(count)]
    return [
        msgspec.convert(_list(start, entries[start : start + _OF_A_LIST]), IndicatorList)
        for start in range(0, count, _OF_A_LIST)
    ]


def indicators(count: int) -> Indicators:
    """As many entries, indexed."""
    return indexed(lists(count))


def kib_of_index(count: int) -> float:
    """The memory that an index takes beside the lists that it was made of."""
    made = lists(count)
    tracemalloc.start()
    try:
        kept = indexed(made)
        held, _ = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return held / 1024


def _list(number: int, entries: list[Json]) -> Json:
    spec = {"clause": "1.2", "reason": "command and control", "source": "Example feed", "indicators": entries}
    return {"metadata": {"name": f"feed-{number}"}, "spec": spec}


def _entry(number: int, chance: random.Random) -> Json:
    name = "".join(chance.choices(_LETTERS, k=12))
    values = {
        "image": f"{name}/{name}",
        "digest": f"sha256:{chance.randbytes(32).hex()}",
        "registry": f"{name}.example",
        "host": f"c2.{name}.example",
        "wallet": f"0x{chance.randbytes(20).hex()}",
        "sha256": chance.randbytes(32).hex(),
        "address": f"198.18.{number // 256 % 256}.{number % 256}"
        if number % 2
        else f"2001:db8::{number >> 16:x}:{number & 0xFFFF:x}",
    }
    kind = tuple(values)[number % len(values)]
    return {"type": kind, "value": values[kind], **({"clause": "1.7"} if number % 8 == 0 else {})}

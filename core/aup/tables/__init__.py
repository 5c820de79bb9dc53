"""The tables that come with aup, such as signatures: written as YAML, and read from the JSON that is made of it.

Reading YAML takes many times as long. `make generate` makes the JSON.
"""

from pathlib import Path
from typing import TypeVar

import msgspec

from aup.decoding import looked_into

T = TypeVar("T")


def read(name: str, type_: type[T]) -> T:
    """A table by the name of its YAML file."""
    return msgspec.json.decode(Path(__file__).with_name(f"{name}.json").read_bytes(), type=looked_into(type_))

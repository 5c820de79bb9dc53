"""Types that more than one thread decodes to.

msgspec works out the fields of a Struct when it first decodes to it. With version 0.22.0 a second thread that comes to
the same Struct meanwhile finds it half done, and the process ends with a segmentation fault.
"""

import threading
from typing import TypeVar

import msgspec

T = TypeVar("T")

_known: set[object] = set()
_lock = threading.Lock()


def looked_into(type_: type[T]) -> type[T]:
    """The same type, once msgspec knows it whole, with all that it holds; one thread at a time works that out."""
    if type_ not in _known:
        with _lock:
            msgspec.json.Decoder(type_)
            _known.add(type_)
    return type_

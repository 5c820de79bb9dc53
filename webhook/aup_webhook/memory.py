"""How the process keeps its memory small."""

import asyncio
import ctypes

_EVERY_SECONDS = 10.0


async def give_back_what_is_free() -> None:
    """Give memory that is free back to the system every ten seconds, until cancelled.

    After a burst of large reviews glibc would keep some twenty megabytes for good, in pieces between what is in use.
    It takes a millisecond, in a thread of its own. Other C libraries do as they do.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while trim is not None:
        await asyncio.sleep(_EVERY_SECONDS)
        await asyncio.to_thread(trim, 0)

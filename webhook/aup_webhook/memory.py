"""How the process keeps its memory small."""

import ctypes

_M_MMAP_THRESHOLD = -3
"""mallopt(3)."""

_LARGE = 128 * 1024


def give_back_large_buffers() -> None:
    """Have buffers of 128 KiB and more given back to the system as soon as they are free.

    glibc raises that bound to the largest buffer that was freed, so that after a burst of large reviews some twenty
    megabytes would stay with the process for good. Other C libraries do as they do.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)

"""Keep freed memory in the process: on a CPU the page faults cost more than the arithmetic."""

from __future__ import annotations

import ctypes
import sys

# Numbers of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Tell glibc to serve large blocks from its heap and never to give memory back.

    Training allocates the same large tensors at every step. By default glibc maps each afresh
    and the kernel zeroes it page by page. examples/results/step_time.py measures what this brings.

    Returns:
        Whether it took effect: False where the C library is another one.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, -1), (_M_TOP_PAD, 64 << 20))
    return all(mallopt(name, value) == 1 for name, value in settings)

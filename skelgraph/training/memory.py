"""How a process of training holds its memory on a CPU: what costs time, and what grows."""

from __future__ import annotations

import ctypes
import os
import sys

# Numbers of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_CAPACITY = "PRIMITIVE_CACHE_CAPACITY"  # named after oneDNN, or as that was called before
KERNELS = 256  # of oneDNN kept; a step of preset paper, two full clips and a forecast takes 174


def prepare_memory() -> None:
    """Keep freed memory, and not every kernel: call it before the first step of a process."""
    keep_freed_memory()
    keep_few_kernels()


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


def keep_few_kernels() -> None:
    """Let oneDNN keep the kernels it used last, 256 in place of 1024; a user's setting stands.

    It compiles one of about half a megabyte for each shape, and clips of many lengths bring many
    shapes. It reads the setting once, before its first kernel; later this changes nothing.
    examples/results/kernel_memory.py measures what this brings.
    """
    if f"DNNL_{_CAPACITY}" not in os.environ:
        os.environ.setdefault(f"ONEDNN_{_CAPACITY}", str(KERNELS))

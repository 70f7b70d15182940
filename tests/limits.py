"""A disk that is full, made by a limit of the system on the size of files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def small_files(num_bytes: int) -> Iterator[None]:
    """Refuse to write files past a size while the block runs; skip where that cannot be had."""
    if sys.platform == "win32":
        pytest.skip("needs limits of POSIX")
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

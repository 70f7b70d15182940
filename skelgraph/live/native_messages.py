"""Keeping the chatter of C++ libraries off a user's screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import UnsupportedOperation


@contextmanager
def native_messages_dropped() -> Iterator[None]:
    """Drop what libraries write to the file descriptor of stderr; Python's stderr still arrives.

    MediaPipe reports its start there and warns of nothing that a user can act on; its errors
    come as exceptions.
    """
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    python = sys.stderr
    own = os.fdopen(os.dup(kept), "w", encoding="utf-8", errors="replace", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        if _is_descriptor_2():
            python.flush()
            sys.stderr = own
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        sys.stderr = python
        own.close()
        os.close(nowhere)
        os.close(kept)


def _is_descriptor_2() -> bool:
    try:
        return sys.stderr.fileno() == 2
    except (AttributeError, OSError, ValueError, UnsupportedOperation):
        return False

"""Pickles of plain containers and numpy arrays, written step by step in constant memory.

Python's own pickler must hold all that it writes, and names numpy's modules as the installed
version does, which older versions do not know. This writes the few steps that plain content
takes, with the names that every version of numpy knows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np

START = b"\x80\x04"
MARK, STOP, TUPLE, NONE = b"(", b".", b"t", b"N"
EMPTY_LIST, APPENDS = b"]", b"e"
EMPTY_DICT, SET_ITEMS = b"}", b"u"
RECONSTRUCT, NDARRAY, FLOAT32 = b"h\x00", b"h\x01", b"h\x02"

PREAMBLE = (
    b"cnumpy.core.multiarray\n_reconstruct\nq\x000"
    b"cnumpy\nndarray\nq\x010"
    b"cnumpy\ndtype\n(X\x02\x00\x00\x00f4\x89\x88tR"
    b"(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbq\x020"
)
"""Remembers how an array begins and what little-endian float32 is, and leaves nothing behind."""

Plain = Any
"""A str, an int, an array, or a tuple, list or dictionary of such."""


def write_pickle(
    file: BinaryIO, items: Iterable[Plain], *, under: str, beside: dict[str, Plain]
) -> None:
    """Write `{**beside, under: [*items]}`.

    Args:
        file: Open for writing.
        items: Elements of the list, written as they come.
        under: Key of the list.
        beside: Further content of the dictionary.
    """
    file.write(START + PREAMBLE + EMPTY_DICT + MARK)
    for key, value in beside.items():
        file.writelines((*_steps(key), *_steps(value)))
    file.writelines((*_steps(under), EMPTY_LIST, MARK))
    for item in items:
        file.writelines(_steps(item))
    file.write(APPENDS + SET_ITEMS + STOP)


def _steps(value: Plain) -> Iterator[bytes]:
    """Give the steps that push a value."""
    if isinstance(value, np.ndarray):
        yield from _array(value)
    elif isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
        yield b"X" + struct.pack("<I", len(raw)) + raw
    elif isinstance(value, int):
        yield b"J" + struct.pack("<i", value)
    elif isinstance(value, tuple):
        yield MARK
        for item in value:
            yield from _steps(item)
        yield TUPLE
    elif isinstance(value, list):
        yield EMPTY_LIST + MARK
        for item in value:
            yield from _steps(item)
        yield APPENDS
    else:
        yield EMPTY_DICT + MARK
        for key, item in value.items():
            yield from _steps(key)
            yield from _steps(item)
        yield SET_ITEMS


def _array(values: np.ndarray) -> Iterator[bytes]:
    raw = np.ascontiguousarray(values, dtype="<f4").tobytes()
    yield RECONSTRUCT + NDARRAY + b"K\x00\x85C\x01b\x87R(K\x01"
    yield from _steps(tuple(map(int, values.shape)))
    yield FLOAT32 + b"\x89\x8e" + struct.pack("<Q", len(raw))
    yield raw
    yield b"tb"

"""One variable out of a MATLAB file of version 5 to 7: an array of numbers, or cells of them.

Read here and not through scipy, whose reader crashes the whole program on some damaged files.
A file may claim any size and nest cells without end: what is compressed must not unfold to more
than a fixed multiple, cells may hold plain numbers only, and no array may claim more than the
bytes that are there.

Source:
    MathWorks, "MAT-File Format" (matfile_format.pdf), level 5.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from skelgraph.errors import FormatError

MAGIC = b"MATLAB 5.0"
HEADER = 128
COMPRESSED, MATRIX = 15, 14
CELL = 1
PLAIN = frozenset(range(6, 16))  # classes double, single, int8 ... uint64
COMPLEX = 0x08
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
DAMAGE = (OSError, ValueError, IndexError, OverflowError, MemoryError, struct.error, zlib.error)


class _NoNumbersError(ValueError):
    """The variable is sound and holds something else than real numbers."""


UNFOLDS = 16  # times the size of the file, and
SPARE = 1 << 24  # bytes more: frames in which nothing was seen fold to almost nothing
BLOCK = 1 << 16


@dataclass(frozen=True)
class _Matrix:
    """One variable's bytes without its tag, and how numbers are written in them."""

    content: bytes
    order: str

    def elements(self, start: int = 0) -> Iterator[tuple[int, int, int]]:
        """Yield type, first and last byte of each element that begins at `start` or after."""
        place = start
        while place + 8 <= len(self.content):
            kind, size = struct.unpack_from(f"{self.order}II", self.content, place)
            if kind >> 16:  # a small element: size and type share the first four bytes
                kind, size, first = kind & 0xFFFF, kind >> 16, place + 4
                place += 8
                if size > 4:
                    raise ValueError("a small element of more than four bytes")
            else:
                first = place + 8
                place = first + size + (0 if kind == COMPRESSED else -size % 8)
            if first + size > len(self.content):
                raise ValueError("an element that ends after its variable")
            yield kind, first, first + size


def has_variable(path: Path, name: str) -> bool:
    """Tell whether a file is a MATLAB file with a variable of this name; never raises."""
    try:
        with path.open("rb") as file:
            if not file.read(HEADER).startswith(MAGIC):
                return False
        return any(_name(matrix) == name for matrix in _variables(path.read_bytes()))
    except DAMAGE:
        return False


def read_variable(path: Path, name: str) -> np.ndarray:
    """Read a variable: numbers, or a cell array of numbers (dtype object).

    Raises:
        FormatError: If the file is damaged, is no MATLAB 5 file, or lacks the variable.
    """
    try:
        for matrix in _variables(path.read_bytes()):
            if _name(matrix) == name:
                return _array(matrix)
    except _NoNumbersError as error:
        raise FormatError(
            f"{path}: expected real numbers in '{name}', got {error}. Check that the file is the "
            "one with the skeletons."
        ) from error
    except DAMAGE as error:
        raise FormatError(_damaged(path, error)) from error
    raise FormatError(
        f"{path}: expected a variable '{name}', got none. Check that the file is the one with "
        "the skeletons."
    )


def _damaged(path: Path, error: Exception) -> str:
    text = " ".join(str(error).split())[:80] or type(error).__name__
    return (
        f"{path}: expected a whole MATLAB file of version 5 to 7, got '{text}'. Copy the file "
        "again, or save it in MATLAB with save(..., '-v7')."
    )


def _variables(content: bytes) -> Iterator[_Matrix]:
    """Yield the variables of a file, unfolded."""
    if not content.startswith(MAGIC):
        raise ValueError("no header of that version")
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        raise ValueError("no byte order in the header")
    limit = UNFOLDS * len(content) + SPARE
    for kind, first, last in _Matrix(content, order).elements(HEADER):
        part = content[first:last]
        if kind == COMPRESSED:
            part = _unfold(part, limit)
            kind = struct.unpack_from(f"{order}I", part)[0]
            part = part[8:]
        if kind == MATRIX:
            yield _Matrix(part, order)


def _unfold(part: bytes, limit: int) -> bytes:
    unpack = zlib.decompressobj()
    parts = [unpack.decompress(part, BLOCK)]
    size = len(parts[0])
    while parts[-1] and not unpack.eof:
        parts.append(unpack.decompress(unpack.unconsumed_tail, BLOCK))
        size += len(parts[-1])
        if size > limit:
            raise ValueError(f"more than {limit} bytes in a compressed variable")
    return b"".join(parts)


def _header(matrix: _Matrix) -> list[tuple[int, int, int]]:
    elements = list(islice(matrix.elements(), 3))
    if len(elements) < 3:
        raise ValueError("a variable without a header")
    return elements


def _name(matrix: _Matrix) -> str:
    _, _, (_, first, last) = _header(matrix)
    return matrix.content[first:last].decode("ascii", errors="replace")


def _array(matrix: _Matrix) -> np.ndarray:
    """Read numbers, or cells of numbers (dtype object)."""
    kind, _ = _class(matrix)
    if kind != CELL:
        return _numbers(matrix)
    inside = [
        matrix.content[first:last]
        for element, first, last in islice(matrix.elements(), 3, None)
        if element == MATRIX
    ]
    shape = _shape(matrix)
    if math.prod(shape) != len(inside):
        raise ValueError(f"{len(inside)} cells for shape {shape}")
    cells = np.empty(len(inside), dtype=object)
    for place, content in enumerate(inside):
        part = _Matrix(content, matrix.order)
        cells[place] = _numbers(part) if content else np.empty((0, 0))
    return cells.reshape(shape, order="F")


def _numbers(matrix: _Matrix) -> np.ndarray:
    kind, is_complex = _class(matrix)
    if kind not in PLAIN or is_complex:
        got = "complex ones" if is_complex else f"values of MATLAB class {kind}"
        raise _NoNumbersError(got)
    shape = _shape(matrix)
    element, first, last = next(islice(matrix.elements(), 3, None), (0, 0, 0))
    if element not in TYPES:
        raise ValueError(f"numbers of type {element}")
    numbers = np.frombuffer(matrix.content[first:last], dtype=f"{matrix.order}{TYPES[element]}")
    return numbers.reshape(shape, order="F")


def _class(matrix: _Matrix) -> tuple[int, bool]:
    """Read the class of a variable and whether it has imaginary parts."""
    (_, first, last), *_ = _header(matrix)
    (flags,) = struct.unpack(f"{matrix.order}I", matrix.content[first:last][:4])
    return flags & 0xFF, bool(flags >> 8 & COMPLEX)


def _shape(matrix: _Matrix) -> tuple[int, ...]:
    _, (_, first, last), _ = _header(matrix)
    shape = np.frombuffer(matrix.content[first:last], dtype=f"{matrix.order}i4").tolist()
    if len(shape) < 2 or min(shape) < 0 or math.prod(shape) > len(matrix.content):
        raise ValueError(f"shape {shape[:4]} in {len(matrix.content)} bytes")
    return tuple(shape)

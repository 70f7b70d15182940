"""One variable out of a MATLAB file, read through scipy behind checks.

A damaged or made-up file may claim any size and nest cells without end; scipy would follow it.
So the file is first walked without building anything: what is compressed must not unfold to
more than a fixed multiple, cells may hold plain numbers only, and no array may claim more
than the bytes that are there.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.errors import FormatError

MAGIC = b"MATLAB 5.0"
HEADER = 128
COMPRESSED, MATRIX = 15, 14
CELL = 1
PLAIN = frozenset(range(6, 16))  # classes double, single, int8 ... uint64
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
    except (OSError, ValueError, struct.error, zlib.error):
        return False


def read_variable(path: Path, name: str) -> np.ndarray:
    """Read a variable: numbers, or a cell array of numbers (dtype object).

    Raises:
        FormatError: If the file is damaged, is no MATLAB 5 file, or lacks the variable.
    """
    try:
        content = path.read_bytes()
        for matrix in _variables(content):
            if _name(matrix) == name:
                _check_array(matrix, cells=True)
        value = _load(content, name)
    except Exception as error:
        # scipy raises whatever its parts do on bytes that are not what they say.
        raise FormatError(_damaged(path, error)) from error
    if not isinstance(value, np.ndarray):
        raise FormatError(
            f"{path}: expected a variable '{name}', got none. Check that the file is the one "
            "with the skeletons."
        )
    return value


def _load(content: bytes, name: str) -> Any:
    from scipy.io import loadmat

    return loadmat(io.BytesIO(content), variable_names=[name]).get(name)


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


def _check_array(matrix: _Matrix, *, cells: bool) -> None:
    """Refuse all but plain numbers, and cells of them; and more values than there are bytes."""
    (_, flags, _), (_, first, last), (_, _, end) = _header(matrix)
    kind = matrix.content[flags if matrix.order == "<" else flags + 3]
    sizes = np.frombuffer(matrix.content[first:last], dtype=f"{matrix.order}i4").tolist()
    count, held = math.prod(sizes), len(matrix.content) - end
    if min(sizes, default=0) < 0 or count > held:
        raise ValueError(f"{count} values in {held} bytes")
    if kind == CELL and cells:
        for inside, start, stop in islice(matrix.elements(), 3, None):
            if inside == MATRIX and stop > start:
                _check_array(_Matrix(matrix.content[start:stop], matrix.order), cells=False)
    elif kind not in PLAIN:
        raise ValueError(f"values of MATLAB class {kind}, which are no numbers")

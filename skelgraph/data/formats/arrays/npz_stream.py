"""Arrays inside an .npz archive, a row at a time."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.formats.raw import archives, npy_file
from skelgraph.data.store_files import NPY_DAMAGE
from skelgraph.errors import FormatError

MAX_ROW = 2**26

DAMAGE = (*archives.DAMAGE, *NPY_DAMAGE, AttributeError)
"""What the bytes of an .npz file raise that are not what they say."""


@dataclass(frozen=True)
class ArrayRows:
    """One array of an archive, whose rows are read when they are asked for.

    Args:
        path: The archive.
        key: Name of the array in it.
        shape: As its header says; its bytes were found to fit.
        dtype: Of its numbers.
    """

    path: Path
    key: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def rows(self) -> Iterator[np.ndarray]:
        """Read one row after another, each (shape[1:]).

        Raises:
            FormatError: If the archive is damaged or ends early.
        """
        size = self.dtype.itemsize * math.prod(self.shape[1:])
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{self.key}.npy") as file:
                npy_file.read_header(file)
                for number in range(self.shape[0]):
                    raw = file.read(size)
                    if len(raw) != size:
                        raise EOFError(f"row {number} ends after {len(raw)} of {size} bytes")
                    yield np.frombuffer(raw, dtype=self.dtype).reshape(self.shape[1:])
        except DAMAGE as error:
            raise damaged(self.path, error) from error


def array_names(path: Path) -> set[str]:
    """List the arrays of an .npz file; empty if it is none, or damaged."""
    if path.suffix.lower() != ".npz" or not path.is_file():
        return set()
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist()}
    except DAMAGE:
        return set()


def open_rows(path: Path, key: str) -> ArrayRows:
    """Open one array of an archive and hold its header against its size.

    Raises:
        FormatError: If it is damaged, holds objects, or lies about its size.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as file:
            shape, fortran, dtype = npy_file.read_header(file)
            size = archive.getinfo(f"{key}.npy").file_size - file.tell()
    except DAMAGE as error:
        raise damaged(path, error) from error
    if dtype.hasobject or (fortran and len(shape) > 1):
        raise FormatError(
            f"{path}, {key}: expected plain numbers in C order, got {dtype}"
            f"{' in Fortran order' if fortran else ''}. Store it as such."
        )
    if not shape or dtype.itemsize * math.prod(shape) != size:
        raise FormatError(
            f"{path}, {key}: expected {dtype} {shape} to fill its bytes, got {size} of them. "
            "Copy or make the file again."
        )
    if dtype.itemsize * math.prod(shape[1:]) > MAX_ROW:
        raise FormatError(
            f"{path}, {key}: expected clips of at most {MAX_ROW >> 20} MiB, got {shape[1:]} of "
            f"{dtype}. The file is no set of recordings."
        )
    return ArrayRows(path, key, shape, dtype)


def damaged(path: Path, error: Exception) -> FormatError:
    """Word the error for an archive that cannot be read."""
    return FormatError(
        f"{path}: expected a whole .npz archive of plain arrays, got '{str(error)[:200]}'. "
        "Copy or make the file again."
    )

"""One array in a .npy file, held against the size of the file before it is trusted."""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path
from typing import IO

import numpy as np

from skelgraph.data.store_files import NPY_DAMAGE
from skelgraph.errors import FormatError


def npy_shape(path: Path) -> tuple[int, ...] | None:
    """Read the shape that a .npy file says, None where it is none."""
    try:
        with path.open("rb") as file:
            return read_header(file)[0]
    except (OSError, *NPY_DAMAGE):
        return None


def load_npy(path: Path) -> np.ndarray:
    """Read a .npy file of numbers.

    Raises:
        FormatError: If it is damaged, cut off, or holds objects.
    """
    try:
        content = path.read_bytes()
        stream = io.BytesIO(content)
        shape, fortran, dtype = read_header(stream)
        left = len(content) - stream.tell()
        if dtype.kind not in "fiu" or left != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{left} bytes for {dtype} {shape}")
        flat = np.frombuffer(content, dtype, offset=stream.tell())
        return flat.reshape(shape, order="F" if fortran else "C")
    except OSError as error:
        raise FormatError(
            f"{path}: expected a readable file, got '{error.strerror}'. Check the path."
        ) from error
    except NPY_DAMAGE as error:
        raise FormatError(
            f"{path}: expected one whole array of numbers as .npy, got '{str(error)[:200]}'. "
            "Copy or make the file again."
        ) from error


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read the header of an open .npy file: shape, whether in Fortran order, type.

    Raises:
        ValueError: If it is none; a damaged one raises any of `NPY_DAMAGE`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about headers of Python 2 and odd texts in them
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(file)
        if version == (2, 0):
            return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"version {version} of the format")

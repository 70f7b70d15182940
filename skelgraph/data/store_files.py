"""The files that make up a store, and the .npy array that grows while it is written."""

from __future__ import annotations

import hashlib
import os
import struct
import tokenize
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from skelgraph.errors import StoreError

SCHEMA_VERSION = 1
KEYPOINTS = "keypoints.npy"
CONFIDENCE = "confidence.npy"
INDEX = "index.csv"
INDEX_COLUMNS = "index.npy"
INDEX_STATE = "index.state.json"
DATASET = "dataset.yaml"
REPORT = "conversion.json"
HEADER_BYTES = 128

NPY_DAMAGE = (
    *(ValueError, TypeError, EOFError, SyntaxError, OverflowError, RecursionError, MemoryError),
    *(struct.error, KeyError, IndexError, tokenize.TokenError),
)
"""What numpy raises on headers of .npy files that are not what they say."""


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def sampled_checksum(path: Path, *, blocks: int = 64, size: int = 1 << 16) -> str:
    """Return the SHA-256 of a file's length and of some of its bytes, as hexadecimal text.

    Args:
        path: The file.
        blocks: How many blocks are read, spread evenly from the first bytes to the last; of a
            file no longer than all of them together, every byte is.
        size: Length of a block, in bytes.
    """
    length = path.stat().st_size
    digest = hashlib.sha256(str(length).encode())
    whole = length <= blocks * size
    with path.open("rb") as file:
        for block in range(1 if whole else blocks):
            file.seek(0 if whole else (length - size) * block // (blocks - 1))
            digest.update(file.read(length if whole else size))
    return digest.hexdigest()


def map_array(path: Path) -> np.ndarray:
    """Map a .npy file, read-only.

    Raises:
        StoreError: If it is absent, damaged or cut off.
    """
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, *NPY_DAMAGE) as error:
        raise StoreError(
            f"{path}: expected a whole .npy array, got '{str(error)[:200]}'. Convert the data "
            "again."
        ) from error


class GrowingArray:
    """A float32 .npy file whose first axis grows; its header is written again at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: BinaryIO = path.open("wb")
        self.file.write(b" " * HEADER_BYTES)
        self.shape: tuple[int, ...] = (0,)

    def append(self, values: np.ndarray) -> None:
        if self.shape[1:] == ():
            self.shape = (0, *values.shape[1:])
        self.file.write(np.ascontiguousarray(values, dtype="<f4").data)
        self.shape = (self.shape[0] + len(values), *self.shape[1:])

    def widen(self, bodies: int) -> None:
        """Write the frames again with more bodies, the new ones missing."""
        if self.shape[0] == 0:
            return
        self.close()
        narrow = np.load(self.path, mmap_mode="r", allow_pickle=False)
        wide = self.path.with_suffix(".wide")
        self.path, self.file, self.shape = wide, wide.open("wb"), (0,)
        self.file.write(b" " * HEADER_BYTES)
        for start in range(0, len(narrow), 4096):
            self.append(pad_bodies(narrow[start : start + 4096], bodies))
        del narrow
        self.path = wide.with_suffix(".npy")
        wide.replace(self.path)

    def close(self) -> None:
        self.file.seek(0)
        self.file.write(_npy_header(self.shape))
        close_safely(self.file)


def _npy_header(shape: tuple[int, ...]) -> bytes:
    text = repr({"descr": "<f4", "fortran_order": False, "shape": shape})
    start = b"\x93NUMPY\x01\x00" + (HEADER_BYTES - 10).to_bytes(2, "little")
    return start + text.ljust(HEADER_BYTES - 11).encode("ascii") + b"\n"


def pad_bodies(values: np.ndarray, bodies: int) -> np.ndarray:
    """Add missing bodies: (T, M, ...) to (T, bodies, ...), NaN in the new ones."""
    short = bodies - values.shape[1]
    if short == 0:
        return values
    shape = (values.shape[0], short, *values.shape[2:])
    return np.concatenate([values, np.full(shape, np.nan, dtype=np.float32)], axis=1)


def sync(file: Any) -> None:
    """Bring a file's content to the disk."""
    file.flush()
    os.fsync(file.fileno())


def close_safely(file: Any) -> None:
    """Close a file whose content is on the disk."""
    sync(file)
    file.close()

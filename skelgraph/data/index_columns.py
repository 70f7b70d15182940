"""The index once more as an array, which is mapped: opening a store then reads no row.

index.csv rules. The array is used only while index.csv, byte for byte, is what it was made
from; where a person edited that file, or the array is absent or damaged, the file is read.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.store_files import (
    INDEX,
    INDEX_COLUMNS,
    INDEX_STATE,
    checksum,
    map_array,
    sync,
)
from skelgraph.data.table import NUMBERS, ClipTable, read_table
from skelgraph.errors import StoreError

TEXTS = ("clip", "source")
AT_ONCE = 65536
WIDEST = 16
"""How many times larger than index.csv the array may be; one very long text among many rows
makes it so, as each gets the same room."""

SETTLED = 2.0
"""Seconds after which a change of a file shows in its time of change on any file system."""


def write_columns(folder: Path, class_names: Sequence[str]) -> dict[str, Any]:
    """Write the index that lies in a folder as an array, and say what it was made from.

    Args:
        folder: Of a store that is being written; index.csv is whole.
        class_names: Class names in label order.

    Returns:
        For dataset.yaml: `columns` (fields of the array in their order), `classes` (digest of
        the class names) and `bytes` of index.csv; empty where no array was written.

    Raises:
        StoreError: If the index cannot be read back.
    """
    table = read_table(folder / INDEX, class_names)
    columns = _columns_of(table)
    kind = _record(columns)
    size = (folder / INDEX).stat().st_size
    if kind.itemsize * len(table) > WIDEST * size:
        return {}
    with (folder / INDEX_COLUMNS).open("wb") as file:
        header = {"descr": kind.descr, "fortran_order": False, "shape": (len(table),)}
        np.lib.format.write_array_header_2_0(file, header)
        for part in _parts(columns, kind):
            file.write(part.data)
        sync(file)
    return {"columns": list(columns), "classes": _digest(class_names), "bytes": size}


def map_columns(
    folder: Path, facts: Mapping[str, Any], class_names: Sequence[str], *, num_frames: int
) -> ClipTable | None:
    """Map the array of a store's index.

    Takes the same time for any number of clips once file and array are known to be unchanged.
    That is told by their checksums when a store is opened for the first time after it was made
    or copied, and from then on by their sizes and times, which are noted in a file beside them.

    Args:
        folder: Of the store.
        facts: The content of its dataset.yaml.
        class_names: Class names in label order.
        num_frames: Of its keypoints.npy.

    Returns:
        The table, its arrays mapped and read-only; None where index.csv must be read.
    """
    made = facts.get("index")
    if not isinstance(made, Mapping) or made.get("classes") != _digest(class_names):
        return None
    records = _mapped(folder / INDEX_COLUMNS, made.get("columns"))
    if records is None or not _unchanged(folder, made.get("bytes"), facts["sha256"]):
        return None
    columns = {
        name: np.asarray(records[field])
        for name, field in zip(made["columns"], records.dtype.names or (), strict=True)
    }
    if int(columns["start"][-1]) + int(columns["frames"][-1]) != num_frames:
        return None
    numbers = {name: columns.pop(name) for name in NUMBERS}
    name, source = (columns.pop(key) for key in TEXTS)
    return ClipTable(
        name=name, **numbers, source=source, extra=columns, class_names=tuple(class_names)
    )


def _columns_of(table: ClipTable) -> dict[str, np.ndarray]:
    numbers = {name: getattr(table, name) for name in NUMBERS}
    return {**numbers, "clip": table.name, "source": table.source, **table.extra}


def _record(columns: Mapping[str, np.ndarray]) -> np.dtype[Any]:
    """Describe a row: numbers first, texts of an even length, so that numbers stay aligned."""
    kinds = []
    for place, values in enumerate(columns.values()):
        letters = values.dtype.itemsize // 4
        kind = "<i8" if values.dtype == np.int64 else f"<U{letters + letters % 2}"
        kinds.append((f"c{place}", kind))
    return np.dtype(kinds)


def _parts(columns: Mapping[str, np.ndarray], kind: np.dtype[Any]) -> Iterator[np.ndarray]:
    """Yield the rows, some at a time; a mapping that is written to dies on a full disk."""
    rows = len(columns["start"])
    for first in range(0, rows, AT_ONCE):
        part = np.empty(min(AT_ONCE, rows - first), dtype=kind)
        for field, values in zip(kind.names or (), columns.values(), strict=True):
            part[field] = values[first : first + AT_ONCE]
        yield part.view(np.uint8)


def _mapped(path: Path, columns: Any) -> np.ndarray | None:
    """Map the array if it has a row and the given columns."""
    try:
        records = map_array(path)
    except StoreError:
        return None
    if records.ndim != 1 or len(records) == 0 or not _has_columns(records.dtype, columns):
        return None
    return np.asarray(records)


def _has_columns(kind: np.dtype[Any], columns: Any) -> bool:
    if not isinstance(columns, list) or kind.names is None or len(kind.names) != len(columns):
        return False
    if columns[: len(NUMBERS) + len(TEXTS)] != [*NUMBERS, *TEXTS]:
        return False
    if not all(isinstance(name, str) for name in columns) or len(set(columns)) < len(columns):
        return False
    wanted = ["i"] * len(NUMBERS) + ["U"] * (len(columns) - len(NUMBERS))
    return [kind[name].kind for name in kind.names] == wanted


def _unchanged(folder: Path, size: Any, sums: Mapping[str, Any]) -> bool:
    """Tell whether file and array have their checksums, without reading them where that is known.

    The array too: one left over from another conversion, or half copied, would give clips
    the labels of others.
    """
    expected = {name: str(sums.get(name)) for name in (INDEX, INDEX_COLUMNS)}
    try:
        if (folder / INDEX).stat().st_size != size:
            return False
        state, changed = _state(folder, expected)
        if state == _noted(folder / INDEX_STATE):
            return True
        if any(checksum(folder / name) != found for name, found in expected.items()):
            return False
        settled = time.time() - changed > SETTLED
        if settled and state == _state(folder, expected)[0]:
            with suppress(OSError):  # where nothing can be written, each opening reads the files
                (folder / INDEX_STATE).write_bytes(state)
    except OSError:
        return False
    return True


def _state(folder: Path, expected: Mapping[str, str]) -> tuple[bytes, float]:
    """Describe the files as they are, and give the time of their latest change."""
    found = {name: (folder / name).stat() for name in expected}
    state = {
        name: {
            "size": file.st_size,
            "mtime_ns": file.st_mtime_ns,
            "ctime_ns": file.st_ctime_ns,
            "sha256": expected[name],
        }
        for name, file in found.items()
    }
    return json.dumps(state).encode() + b"\n", max(file.st_mtime for file in found.values())


def _noted(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1000)
    except OSError:
        return b""


def _digest(class_names: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(class_names)).encode()).hexdigest()

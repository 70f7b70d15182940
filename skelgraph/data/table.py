"""The index of a store: a row a clip, readable and editable by people."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from skelgraph.errors import StoreError, list_faults

NUMBERS = ("start", "frames", "label", "subject", "camera", "setup", "repetition", "bodies")
COLUMNS = (
    "clip",
    "start",
    "frames",
    "label",
    "class",
    "subject",
    "camera",
    "setup",
    "repetition",
    "bodies",
    "source",
)


@dataclass(frozen=True, eq=False)
class ClipTable:
    """Columns of the index, one entry a clip; numbers are int64, -1 where unknown.

    Args:
        name: Clip names, unique.
        start: First frame in keypoints.npy.
        frames: Number of frames.
        label: Class index, -1 where unlabelled.
        subject, camera, setup, repetition: Who, from where, in which arrangement, which try.
        bodies: How many bodies are seen in at least one frame.
        source: The recording that the clip was taken from.
        extra: Further columns as text.
        class_names: Class names in label order, for messages.
    """

    name: np.ndarray
    start: np.ndarray
    frames: np.ndarray
    label: np.ndarray
    subject: np.ndarray
    camera: np.ndarray
    setup: np.ndarray
    repetition: np.ndarray
    bodies: np.ndarray
    source: np.ndarray
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.name)

    def take(self, rows: np.ndarray) -> ClipTable:
        """Keep the given rows, in the given order."""
        columns = {key: getattr(self, key)[rows] for key in ("name", *NUMBERS, "source")}
        extra = {key: value[rows] for key, value in self.extra.items()}
        return ClipTable(**columns, extra=extra, class_names=self.class_names)

    def class_of(self, label: int) -> str:
        """Name a class in a message, by number where its name is not known."""
        known = 0 <= label < len(self.class_names)
        return f"'{self.class_names[label]}'" if known else str(label)

    @property
    def recording(self) -> np.ndarray:
        """The recording of each clip: its source, or its own name where no source is known."""
        return np.where(self.source == "", self.name, self.source)


def index_row(
    values: Mapping[str, object], class_names: Sequence[str], extra: Sequence[str]
) -> list[object]:
    """Order one clip's values as a row of index.csv, with the class written out."""
    label = values["label"]
    named = {**values, "class": "" if label == -1 else class_names[int(str(label))]}
    return [named.get(column, "") for column in (*COLUMNS, *extra)]


def read_table(path: Path, class_names: Sequence[str]) -> ClipTable:
    """Read index.csv.

    The label column rules; the class column is there for people. Where the two differ, or
    where a number cannot be read, that is an error.

    Args:
        path: The file.
        class_names: Class names in label order.

    Raises:
        StoreError: Lists every faulty row.
    """
    header = _header(path)
    columns = _read_fast(path, header) or _read_checking(path, header)
    faults = [*_label_faults(path, columns, class_names), *_name_faults(path, columns["clip"])]
    if faults:
        raise StoreError(list_faults(faults))
    known = {key: columns[key] for key in (*NUMBERS, "source")}
    extra = {key: values for key, values in columns.items() if key not in COLUMNS}
    names = tuple(class_names)
    return ClipTable(name=columns["clip"], **known, extra=extra, class_names=names)


def _header(path: Path) -> list[str]:
    rows = _rows(path, first=True)
    header = rows[0] if rows else []
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise StoreError(
            f"{path}: expected the columns {', '.join(COLUMNS)}, got none called "
            f"{', '.join(missing)}. Restore the header or convert the data again."
        )
    return header


def _rows(path: Path, *, first: bool = False) -> list[list[str]]:
    """Read rows with their cells, blank lines left out; only the first one if asked."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = (row for row in csv.reader(file) if row)
            return list(islice(rows, 1 if first else None))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StoreError(
            f"{path}: expected a readable index, got '{error}'. Convert the data again."
        ) from error


def _read_fast(path: Path, header: list[str]) -> dict[str, np.ndarray] | None:
    """Read a plain index with numpy's own reader; None if it needs a closer look."""
    raw = path.read_bytes()
    count = raw.count(b"\n") + (not raw.endswith(b"\n")) - 1
    if count < 1 or b'"' in raw or raw.count(b",") != (len(header) - 1) * (count + 1):
        return None
    texts = [column for column in header if column not in NUMBERS]
    try:
        numbers = _load(path, header, NUMBERS, np.int64)
        words = _load(path, header, texts, np.str_)
    except ValueError:
        return None
    if len(numbers) != count or len(words) != count:
        return None
    columns = {key: numbers[:, i].copy() for i, key in enumerate(NUMBERS)}
    return {**columns, **{key: _narrow(words[:, i]) for i, key in enumerate(texts)}}


def _load(path: Path, header: list[str], columns: Sequence[str], kind: type) -> np.ndarray:
    return np.loadtxt(
        path,
        dtype=kind,
        delimiter=",",
        skiprows=1,
        usecols=[header.index(column) for column in columns],
        comments=None,
        encoding="utf-8",
        ndmin=2,
    )


def _narrow(words: np.ndarray) -> np.ndarray:
    width = int(np.char.str_len(words).max())
    return words.astype(f"<U{max(width, 1)}")


def _read_checking(path: Path, header: list[str]) -> dict[str, np.ndarray]:
    """Read an index cell by cell and list all that is wrong with it."""
    rows = _rows(path)[1:]
    faults = [
        f"{path}, row {number}: expected {len(header)} values, got {len(row)}. Correct the row."
        for number, row in enumerate(rows, start=2)
        if len(row) != len(header)
    ]
    if faults:
        raise StoreError(list_faults(faults))
    columns: dict[str, np.ndarray] = {}
    for place, column in enumerate(header):
        values = [row[place] for row in rows]
        if column in NUMBERS:
            columns[column] = _numbers(path, column, values, faults)
        else:
            columns[column] = np.array(values, dtype=str)
    if faults:
        raise StoreError(list_faults(faults))
    return columns


def _numbers(path: Path, column: str, cells: list[str], faults: list[str]) -> np.ndarray:
    try:
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    except (ValueError, OverflowError):
        pass
    faults += [
        f"{path}, row {number}: expected a whole number as {column}, got '{cell}'. "
        "Correct the row (-1: unknown)."
        for number, cell in enumerate(cells, start=2)
        if not re.fullmatch(r"\s*[+-]?\d{1,18}\s*", cell)
    ]
    return np.full(len(cells), -1, dtype=np.int64)


def _label_faults(
    path: Path, columns: Mapping[str, np.ndarray], class_names: Sequence[str]
) -> list[str]:
    labels = columns["label"]
    wrong = (labels < -1) | (labels >= len(class_names))
    names = np.array(["", *class_names], dtype=str)
    expected = names[np.where(wrong, 0, labels + 1)]
    differs = ~wrong & (columns["class"] != "") & (columns["class"] != expected)
    faults = [
        f"{path}, row {row + 2}: expected a label from -1 to {len(class_names) - 1}, "
        f"got {labels[row]}. Correct it, or add the class to dataset.yaml."
        for row in np.flatnonzero(wrong)
    ]
    faults += [
        f"{path}, row {row + 2}: expected class '{expected[row]}' for label {labels[row]}, "
        f"got '{columns['class'][row]}'. Change both or leave the class empty."
        for row in np.flatnonzero(differs)
    ]
    return faults


def _name_faults(path: Path, names: np.ndarray) -> list[str]:
    if len(set(names.tolist())) == len(names):
        return []
    unique, first, counts = np.unique(names, return_index=True, return_counts=True)
    return [
        f"{path}, row {first[i] + 2}: expected unique clip names, got '{unique[i]}' "
        f"{counts[i]} times. Rename them."
        for i in np.flatnonzero(counts > 1)
    ]

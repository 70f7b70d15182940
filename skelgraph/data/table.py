"""The index of a store: a row a clip, readable and editable by people."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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

    def __len__(self) -> int:
        return len(self.name)

    def take(self, rows: np.ndarray) -> ClipTable:
        """Keep the given rows, in the given order."""
        columns = {key: getattr(self, key)[rows] for key in ("name", *NUMBERS, "source")}
        return ClipTable(**columns, extra={key: value[rows] for key, value in self.extra.items()})

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
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StoreError(
            f"{path}: expected a readable index, got '{error}'. Convert the data again."
        ) from error
    header = rows[0] if rows else []
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise StoreError(
            f"{path}: expected the columns {', '.join(COLUMNS)}, got none called "
            f"{', '.join(missing)}. Restore the header or convert the data again."
        )
    return _build(path, header, rows[1:], class_names)


def _build(
    path: Path, header: list[str], rows: list[list[str]], class_names: Sequence[str]
) -> ClipTable:
    faults = [
        f"{path}, row {number}: expected {len(header)} values, got {len(row)}. Correct the row."
        for number, row in enumerate(rows, start=2)
        if len(row) != len(header)
    ]
    if faults:
        raise StoreError(list_faults(faults))
    cells = list(zip(*rows, strict=True)) or [()] * len(header)
    columns: dict[str, np.ndarray] = {}
    for column, values in zip(header, cells, strict=True):
        if column in NUMBERS:
            columns[column] = _numbers(path, column, values, faults)
        else:
            columns[column] = np.array(values, dtype=str)
    if not faults:
        faults = [*_label_faults(path, columns, class_names), *_name_faults(path, columns)]
    if faults:
        raise StoreError(list_faults(faults))
    written = columns.pop("class")
    del written
    extra = {key: value for key, value in columns.items() if key not in COLUMNS}
    known = {key: columns[key] for key in (*NUMBERS, "source")}
    return ClipTable(name=columns["clip"], **known, extra=extra)


def _numbers(path: Path, column: str, values: Iterable[str], faults: list[str]) -> np.ndarray:
    cells = list(values)
    try:
        return np.array(list(map(int, cells)), dtype=np.int64)
    except (ValueError, OverflowError):
        pass
    for number, cell in enumerate(cells, start=2):
        if not cell.strip().lstrip("-").isdecimal():
            faults.append(
                f"{path}, row {number}: expected a whole number as {column}, got '{cell}'. "
                "Correct the row (-1: unknown)."
            )
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


def _name_faults(path: Path, columns: Mapping[str, np.ndarray]) -> list[str]:
    names, first, counts = np.unique(columns["clip"], return_index=True, return_counts=True)
    return [
        f"{path}, row {first[i] + 2}: expected unique clip names, got '{names[i]}' "
        f"{counts[i]} times. Rename them."
        for i in np.flatnonzero(counts > 1)
    ]

"""Protocols: which clips train, which validate, which test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.grouping import balanced_parts, group_clips
from skelgraph.data.protocol_names import COLUMN_OF, PROTOCOLS
from skelgraph.data.split_checks import PARTS, split_faults
from skelgraph.data.split_files import read_split_files
from skelgraph.data.table import ClipTable
from skelgraph.errors import ProtocolError, list_faults, unknown_name


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of a store's index for each part, int64, sorted, disjoint.

    Args:
        train, val, test: The rows.
        protocol: The protocol that chose them.
        details: What it went by: `grouped_by`, the ids of each part, counts of clips left out.
    """

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    protocol: str
    details: dict[str, Any] = field(default_factory=dict)

    def part(self, name: str) -> np.ndarray:
        """Give the rows of `train`, `val` or `test`."""
        if name not in PARTS:
            raise ProtocolError(unknown_name("part", name, PARTS))
        rows: np.ndarray = getattr(self, name)
        return rows


@dataclass(frozen=True)
class _Request:
    fold: int
    folds: int
    val_fraction: float
    test: Sequence[int] | None
    val: Sequence[int] | None
    files: str | Path | None
    seed: int


def split_clips(
    table: ClipTable,
    protocol: str,
    *,
    fold: int = 0,
    folds: int = 3,
    val_fraction: float = 0.2,
    test: Sequence[int] | None = None,
    val: Sequence[int] | None = None,
    files: str | Path | None = None,
    seed: int = 0,
) -> Split:
    """Split labelled clips into train, val and test so that nobody is in two parts.

    Subjects are never shared between parts, nor are recordings; where a subject is unknown its
    recordings take its place, and `details["grouped_by"]` says so. Protocols `xview` and
    `xset` share subjects between training and test by their nature, but not the camera or
    the setup, and validation still has subjects of its own. Unlabelled clips are left out.

    Args:
        table: Clips of a store.
        protocol: `xsub`, `xview`, `xset`: the ids in `test` are tested, or else fold number
            `fold` of `folds`. `loso`: subject number `fold` (in sorted order) is tested, the
            next ones validate. `files`: as written in `files`. `random`: fold of `folds`,
            whole groups, classes balanced as well as they can be.
        fold: Which fold is tested, from 0.
        folds: Number of folds.
        val_fraction: About what share of the clips that do not test validates: one of 1 / share
            (rounded) even pieces, so at most a half, and at least one group.
        test: Subjects, cameras or setups to test on (xsub, xview, xset).
        val: The same to validate on; of `loso` as well. None of them may test.
        files: CSV with columns clip and split, or a folder with train.txt, val.txt and
            test.txt, a clip name a line.
        seed: Fixes which groups come together.

    Raises:
        ProtocolError: If a part stays empty, a class has one clip or none to train on, a
            subject or a recording would be in two parts, an id or a name is unknown, or
            `test`, `val` or `files` is given to a protocol that does not look at it.
    """
    if protocol not in PROTOCOLS:
        raise ProtocolError(unknown_name("protocol", protocol, PROTOCOLS))
    request = _Request(fold, folds, val_fraction, test, val, files, seed)
    faults = [*_request_faults(request), *_unused_faults(request, protocol)]
    if faults:
        raise ProtocolError(list_faults(faults))
    labelled = np.flatnonzero(table.label >= 0)
    if len(labelled) == 0:
        raise ProtocolError(
            "labels: expected labelled clips, got none. Give labels on conversion: "
            "--labels FILE.csv."
        )
    known = table.take(labelled)
    part, details = _CHOOSERS[protocol](known, protocol, request)
    faults = split_faults(known, part, protocol)
    if faults:
        raise ProtocolError(list_faults([f"protocol {protocol}: {fault}" for fault in faults]))
    details = {
        **details,
        "unlabelled": len(table) - len(labelled),
        "left_out": int((part < 0).sum()),
        "subjects": {name: _ids(known.subject[part == i]) for i, name in enumerate(PARTS)},
    }
    rows = [labelled[part == i] for i in range(3)]
    return Split(rows[0], rows[1], rows[2], protocol, details)


def num_folds(table: ClipTable, protocol: str, *, folds: int = 3) -> int:
    """Count the folds of a protocol: subjects for `loso`, 1 for `files`, else `folds`."""
    if protocol not in PROTOCOLS:
        raise ProtocolError(unknown_name("protocol", protocol, PROTOCOLS))
    if protocol == "files":
        return 1
    if protocol == "loso":
        return len(_ids(table.subject[table.label >= 0]))
    return folds


def _by_column(
    table: ClipTable, protocol: str, request: _Request
) -> tuple[np.ndarray, dict[str, Any]]:
    column = COLUMN_OF[protocol]
    values = _known_column(table, column, protocol)
    if request.test is None:
        tested = _tested_fold(table, values, request)
    else:
        tested = np.isin(values, _existing(request.test, values, column))
    part = np.where(tested, 2, 0)
    grouped_by = column
    if request.val is not None:
        part[_validated(request.val, values, tested, column)] = 1
    elif column == "subject":
        _mark_val(part, values, table.label, request)
    else:
        groups, grouped_by = group_clips(table)
        _mark_val(part, groups, table.label, request)
    return part, {"tested_by": column, "grouped_by": grouped_by, "fold": request.fold}


def _tested_fold(table: ClipTable, values: np.ndarray, request: _Request) -> np.ndarray:
    count = len(np.unique(values))
    _check_fold(request.fold, request.folds)
    if count < 2:
        raise ProtocolError(
            "folds: expected clips that can be kept apart, got those of one group (subject, "
            "camera, setup or recording). Add others, or, of one person alone, write subject -1 in "
            "index.csv: then recordings are kept apart."
        )
    if request.folds > count:
        raise ProtocolError(
            f"folds: expected at most {count}, one a group, got {request.folds}. Ask for fewer."
        )
    parts = balanced_parts(values, table.label, count=request.folds, seed=request.seed)
    return parts == request.fold


def _leave_one_out(
    table: ClipTable, protocol: str, request: _Request
) -> tuple[np.ndarray, dict[str, Any]]:
    values = _known_column(table, "subject", protocol)
    subjects = np.unique(values)
    _check_fold(request.fold, len(subjects))
    following = np.roll(subjects, -request.fold)
    part = np.where(values == following[0], 2, 0)
    others = len(subjects) - 1
    count = min(max(1, round(request.val_fraction * others)), max(others - 1, 1))
    if request.val is None:
        part[np.isin(values, following[1 : 1 + count])] = 1
    else:
        part[_validated(request.val, values, part == 2, "subject")] = 1
    return part, {"tested_by": "subject", "grouped_by": "subject", "fold": request.fold}


def _random(
    table: ClipTable, protocol: str, request: _Request
) -> tuple[np.ndarray, dict[str, Any]]:
    groups, grouped_by = group_clips(table)
    part = np.where(_tested_fold(table, groups, request), 2, 0)
    _mark_val(part, groups, table.label, request)
    return part, {"grouped_by": grouped_by, "fold": request.fold, "folds": request.folds}


def _from_files(
    table: ClipTable, protocol: str, request: _Request
) -> tuple[np.ndarray, dict[str, Any]]:
    if request.files is None:
        raise ProtocolError(
            "files: expected a CSV file or a folder with train.txt and test.txt, got none. Name it."
        )
    part = read_split_files(Path(request.files), table.name, parts=PARTS)
    groups, grouped_by = group_clips(table)
    if not (part == 1).any():
        _mark_val(part, groups, table.label, request)
    return part, {"grouped_by": grouped_by, "files": Path(request.files).name}


def _mark_val(part: np.ndarray, groups: np.ndarray, label: np.ndarray, request: _Request) -> None:
    """Turn about `val_fraction` of the training clips into validation, whole groups at a time."""
    train = np.flatnonzero(part == 0)
    count = len(np.unique(groups[train]))
    if count < 2:
        return
    pieces = min(max(2, round(1 / request.val_fraction)), count)
    piece = balanced_parts(groups[train], label[train], count=pieces, seed=request.seed + 1)
    part[train[piece == 0]] = 1


_CHOOSERS: dict[str, Callable[[ClipTable, str, _Request], tuple[np.ndarray, dict[str, Any]]]] = {
    "xsub": _by_column,
    "xview": _by_column,
    "xset": _by_column,
    "loso": _leave_one_out,
    "files": _from_files,
    "random": _random,
}


def _known_column(table: ClipTable, column: str, protocol: str) -> np.ndarray:
    values: np.ndarray = getattr(table, column)
    unknown = int((values < 0).sum())
    if unknown:
        raise ProtocolError(
            f"protocol {protocol}: expected a {column} for every clip, got none for {unknown} "
            f"of {len(values)}. Fill the column in index.csv, or use protocol random."
        )
    return values


def _existing(ids: Sequence[int], values: np.ndarray, column: str) -> list[int]:
    known = set(values.tolist())
    absent = [str(i) for i in ids if int(i) not in known]
    if absent:
        raise ProtocolError(
            f"{column}: expected some of {', '.join(map(str, sorted(known)))}, "
            f"got {', '.join(absent)}. Correct the list."
        )
    return [int(i) for i in ids]


def _validated(
    ids: Sequence[int], values: np.ndarray, tested: np.ndarray, column: str
) -> np.ndarray:
    """Mark the clips of the ids that validate, none of which may be tested."""
    chosen = np.isin(values, _existing(ids, values, column))
    both = sorted(set(values[chosen & tested].tolist()))
    if both:
        raise ProtocolError(
            f"{column}: expected different ones in test and val, got "
            f"{', '.join(map(str, both))} in both. Take them out of one."
        )
    return chosen


def _check_fold(fold: int, count: int) -> None:
    if not 0 <= fold < count:
        raise ProtocolError(f"fold: expected 0 to {count - 1}, got {fold}. Choose one of those.")


def _request_faults(request: _Request) -> list[str]:
    faults = []
    if not 0 < request.val_fraction < 1:
        faults.append(
            f"val_fraction: expected a share between 0 and 1, got {request.val_fraction}. "
            "Write 20 % as 0.2."
        )
    if request.folds < 2:
        faults.append(f"folds: expected at least 2, got {request.folds}. Ask for more.")
    return faults


def _unused_faults(request: _Request, protocol: str) -> list[str]:
    """List what was asked for and would be passed over in silence."""
    uses = {"test": ("xsub", "xview", "xset"), "val": tuple(COLUMN_OF), "files": ("files",)}
    return [
        f"{name}: expected it with protocol {' or '.join(known)} only, got it with {protocol}. "
        "Leave it out, or choose another protocol."
        for name, known in uses.items()
        if getattr(request, name) is not None and protocol not in known
    ]


def _ids(values: np.ndarray) -> list[int]:
    return [int(value) for value in np.unique(values) if value >= 0]

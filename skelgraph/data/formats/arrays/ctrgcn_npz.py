"""The .npz sets that CTR-GCN and its followers train on: x_train, y_train, x_test, y_test.

x is (N, T, M * V * C), padded with zeros, 150 columns for NTU RGB+D (2 bodies, 25 joints, x y z
in metres, moved so that the first body's spine_mid starts at the origin); y is one-hot (N, K) or
a label a clip. The file has neither names nor subjects: clips are called train_00000 and so on,
and the column `split` keeps their part.

Such a set has some ten gigabytes: it is read as a stream, a clip at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.arrays.npz_stream import ArrayRows, array_names, open_rows
from skelgraph.data.formats.arrays.point_sets import (
    NTU_FPS,
    PointSet,
    bodies_first,
    make_clip,
    resolve,
    without_padding,
)
from skelgraph.data.formats.arrays.published_parts import PARTS
from skelgraph.data.formats.ntu.ntu_names import class_names
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults
from skelgraph.graphs import load_layout

MAX_CLASSES = 10_000
NTU_COLUMNS = 150
NTU_CLASSES = (60, 120)
CHANNELS = 3


def recognises(path: Path) -> bool:
    """Tell whether this is an .npz file with x_train or x_test and their labels."""
    names = array_names(path)
    return "keypoints" not in names and any({f"x_{part}", f"y_{part}"} <= names for part in PARTS)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a set of CTR-GCN's form.

    Raises:
        FormatError: If it is damaged, or its columns are not those of the layout.
    """
    names = array_names(path)
    parts = [part for part in PARTS if {f"x_{part}", f"y_{part}"} <= names]
    if not parts:
        raise FormatError(
            f"{path}: expected x_train and y_train, x_test and y_test, got "
            f"{', '.join(sorted(names)[:8]) or 'no arrays'}. Give a set of that form."
        )
    arrays = {key: open_rows(path, key) for part in parts for key in (f"x_{part}", f"y_{part}")}
    faults = [f"{path}: {fault}" for part in parts for fault in _faults(part, arrays)]
    if faults:
        raise FormatError(list_faults(faults))
    report = ConversionReport(source=source_name(path), format="ctrgcn_npz", files=1)
    columns = arrays[f"x_{parts[0]}"].shape[2]
    num_classes = max(_num_classes(f"{path}, y_{part}", arrays[f"y_{part}"]) for part in parts)
    ntu = columns == NTU_COLUMNS and num_classes in NTU_CLASSES and not options.layout
    kind = _kind(path, columns, ntu, options, report)
    if ntu:
        report.note(f"{num_classes} classes x 150 columns: NTU RGB+D's class names and rate taken")
    report.note("no names and no subjects in the file: only the column 'split' can split it")
    return Reading(
        clips=_clips(path, parts, arrays, kind, report),
        num_clips=sum(arrays[f"x_{part}"].shape[0] for part in parts),
        class_names=class_names(num_classes - 1) if ntu else tuple(map(str, range(num_classes))),
        report=report,
    )


def _faults(part: str, arrays: dict[str, ArrayRows]) -> list[str]:
    x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
    faults = []
    if len(x.shape) != 3 or x.dtype.kind != "f" or 0 in x.shape:
        faults.append(
            f"x_{part}: expected floats (N, T, columns), got {x.dtype} {x.shape}. Correct it."
        )
    one_hot = len(y.shape) == 2 and y.shape[1] <= MAX_CLASSES
    if not (one_hot or len(y.shape) == 1) or y.dtype.kind not in "fiub":
        faults.append(
            f"y_{part}: expected one-hot rows or labels, got {y.dtype} {y.shape}. Correct it."
        )
    if not faults and x.shape[0] != y.shape[0]:
        faults.append(
            f"y_{part}: expected {x.shape[0]} rows like x_{part}, got {y.shape[0]}. Correct it."
        )
    return faults


def _num_classes(where: str, y: ArrayRows) -> int:
    """Count the classes: the columns of one-hot rows, or the highest label and one."""
    if len(y.shape) == 2:
        return y.shape[1]
    return max(_label(f"{where}, row {number}", row) for number, row in enumerate(y.rows())) + 1


def _kind(
    path: Path, columns: int, ntu: bool, options: ReadOptions, report: ConversionReport
) -> PointSet:
    joints = load_layout(options.layout or "kinect_v2").num_joints
    if columns % (joints * CHANNELS) or (columns != NTU_COLUMNS and options.layout is None):
        raise FormatError(
            f"{path}: expected bodies x {joints} joints x {CHANNELS} columns "
            f"(150 for NTU RGB+D), got {columns}. Give the layout that the set was made with: "
            "--layout NAME (see `skelgraph layouts list`)."
        )
    known = ("kinect_v2", "metre") if options.layout in (None, "kinect_v2") else None
    kind = resolve(
        path,
        joints=joints,
        channels=CHANNELS,
        ntu=ntu,
        known=known,
        options=options,
        report=report,
    )
    if not kind.scored:
        report.note("taken as moved to the origin, as such sets are: a central joint at zero stays")
    return replace(kind, centred=not kind.scored, fps=options.fps or (NTU_FPS if ntu else None))


def _clips(
    path: Path,
    parts: list[str],
    arrays: dict[str, ArrayRows],
    kind: PointSet,
    report: ConversionReport,
) -> Iterator[Clip]:
    joints = kind.layout.num_joints
    for part in parts:
        column = "test" if part == "val" and "test" not in parts else part
        rows = zip(arrays[f"x_{part}"].rows(), arrays[f"y_{part}"].rows(), strict=True)
        for number, (x, y) in enumerate(rows):
            points = without_padding(to_float32(x).reshape(len(x), -1, joints, CHANNELS))
            points, _ = bodies_first(points, None, kind, report)
            name = f"{part}_{number:05d}"
            yield make_clip(
                points,
                None,
                kind,
                report,
                name=name,
                label=_label(f"{path}, y_{part}, row {number}", y),
                source=f"{source_name(path)}#{name}",
                extra={"split": column},
            )


def _label(where: str, row: np.ndarray) -> int:
    if row.ndim == 0:
        if 0 <= row < MAX_CLASSES and int(row) == row:
            return int(row)
        raise FormatError(f"{where}: expected a label from 0, got {row}. Correct it.")
    places = np.flatnonzero(row)
    if len(places) != 1:
        raise FormatError(
            f"{where}: expected one class of {len(row)}, got {len(places)}. Correct it."
        )
    return int(places[0])

"""The CSV of the widely used MediaPipe hand classifier: a hand a row.

A row: the class's number, then 21 x (x, y) or 21 x (x, y, z) relative to the wrist and divided by
the largest number of the row. Each row is a clip of one frame. Class names stand a line each in a
file beside it (`keypoint_labels.csv` or `keypoint_classifier_label.csv`). Lost already in the
file: size, place, and which hand it was. `point_history.csv`, the path of one fingertip, is no
skeleton and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.files import clip_name, find_files, first_files, read_each
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.formats.tables.table_rows import Table, first_cells
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults
from skelgraph.graphs import load_layout

NUM_JOINTS = 21
WIDTHS = {1 + NUM_JOINTS * 2: 2, 1 + NUM_JOINTS * 3: 3}
HISTORY = 1 + 16 * 2
RIGHT = 1
AXES = ("right", "down", "away")
"""The program flips the camera's picture, so its x runs to the person's right."""


def recognises(path: Path) -> bool:
    """Tell whether this is such a file, or a folder with one."""
    try:
        if path.is_file():
            return path.suffix.lower() == ".csv" and (_is_hand(path) or _is_history(path))
        return any(_is_hand(file) or _is_history(file) for file in first_files(path, "*.csv", 8))
    except OSError:
        return False


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file of hands, or a folder with such files.

    Raises:
        FormatError: If it is a fingertip's history, damaged, or a label has no name.
    """
    if options.layout not in (None, "mediapipe_hands"):
        raise FormatError(
            f"{path}: expected layout 'mediapipe_hands', got '{options.layout}'. Leave it out."
        )
    found = find_files(path, "*.csv")
    histories = [file for file in found if _is_history(file)]
    files = found if path.is_file() else [file for file in found if _is_hand(file)]
    if not files or (path.is_file() and histories):
        raise FormatError(
            f"{path}: expected hands, 21 joints a row, got the path of one fingertip (16 points a "
            "row). One point is no skeleton: give the file of key points."
        )
    report = ConversionReport(source=source_name(path), format="mediapipe_csv")
    for file in histories:
        report.note(f"{file.name} is the path of one fingertip, no skeleton: left out")
    report.note("coordinates are relative to the wrist and scaled: read as pixels of unknown size")
    report.note("which hand it was is not in the file: all are read as right hands")
    report.note("rows beside each other may be frames of one recording: the file does not tell")
    names = _class_names(files[0])
    plan = _Plan(path, names, options)
    return Reading(
        clips=read_each(files, partial(_clips, plan=plan), root=path, report=report),
        num_clips=sum(_count_lines(file) for file in files),
        class_names=names or _numbered(files),
        report=report,
    )


@dataclass(frozen=True)
class _Plan:
    """What holds for all files."""

    root: Path
    names: tuple[str, ...]
    options: ReadOptions


def _numbers(file: Path) -> list[float]:
    rows = first_cells(file, 1, delimiter=",")
    try:
        return [float(cell) for cell in rows[0]] if rows else []
    except ValueError:
        return []


def _is_hand(file: Path) -> bool:
    cells = _numbers(file)
    if len(cells) not in WIDTHS:
        return False
    at_wrist = all(cell == 0 for cell in cells[1 : 1 + WIDTHS[len(cells)]])
    return cells[0] >= 0 and cells[0] % 1 == 0 and at_wrist and max(map(abs, cells[1:])) <= 1


def _is_history(file: Path) -> bool:
    cells = _numbers(file)
    return len(cells) == HISTORY and cells[1:3] == [0.0, 0.0] and "history" in file.name.lower()


def _class_names(file: Path) -> tuple[str, ...]:
    """Read the names of the classes beside a file, a line each; none where there is no file."""
    endings = ("_labels", "_label", "_classifier_label", "_classifier_labels")
    for ending in endings:
        beside = file.with_name(f"{file.stem}{ending}.csv")
        if beside.is_file():
            try:
                lines = beside.read_text(encoding="utf-8-sig").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise FormatError(
                    f"{beside}: expected a class name a line in UTF-8, got '{error}'. Correct it."
                ) from error
            return tuple(line.split(",")[0].strip() for line in lines if line.strip())
    return ()


def _numbered(files: list[Path]) -> tuple[str, ...]:
    highest = -1
    for file in files:
        try:
            highest = max(highest, int(_read(file)[0].max(initial=-1)))
        except FormatError:
            continue  # told when the file is read
    return tuple(str(label) for label in range(highest + 1))


def _count_lines(file: Path) -> int:
    with file.open("rb") as stream:
        return sum(1 for line in stream if line.strip())


def _read(file: Path, num_names: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read labels (rows,), points (rows, 21, C) and the line of each row."""
    width = len(next(iter(first_cells(file, 1, delimiter=",")), []))
    if width not in WIDTHS:
        raise FormatError(
            f"{file}, row 1: expected a label and 21 x 2 or 21 x 3 numbers, got {width} cells. "
            "Give the file of key points."
        )
    names = ["label", *(f"number {place}" for place in range(1, width))]
    rows = Table(file, ",", header=names).read(names)
    labels, lines = rows.numbers[:, 0], rows.lines
    limit = num_names or 10_000
    with np.errstate(invalid="ignore"):
        wrong = ~((labels >= 0) & (labels < limit) & (labels == np.floor(labels)))
    if wrong.any():
        raise FormatError(
            list_faults(
                [
                    f"{file}, row {lines[row]}: expected a label from 0 to {limit - 1}, got "
                    f"{labels[row]:g}. Correct it, or name the class in the file of labels."
                    for row in np.flatnonzero(wrong)
                ]
            )
        )
    with np.errstate(over="ignore"):
        points = rows.numbers[:, 1:].astype(np.float32)
    return labels.astype(np.int64), points.reshape(len(points), NUM_JOINTS, -1), lines


def _clips(file: Path, report: ConversionReport, *, plan: _Plan) -> Iterator[Clip]:
    labels, points, lines = _read(file, len(plan.names))
    layout = load_layout("mediapipe_hands")
    name = clip_name(file, plan.root)
    for row in range(len(labels)):
        keypoints = np.full((1, 2, *points.shape[1:]), np.nan, np.float32)
        keypoints[0, RIGHT] = points[row]
        yield Clip(
            keypoints=keypoints,
            layout=layout,
            name=f"{name}_{lines[row]:05d}",
            units="pixel",
            axes=AXES[: points.shape[-1]],
            fps=plan.options.fps,
            label=int(labels[row]),
            width=plan.options.width,
            height=plan.options.height,
            source=f"{source_name(plan.root)}/{name}#{lines[row]}",
        )

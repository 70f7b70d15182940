"""From the rows of one clip to positions and scores, and to a frame axis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelgraph.data.formats.raw.numbering import number_frames, report_numbering
from skelgraph.data.formats.tables.table_mapping import (
    AT_ORIGIN,
    NO_CONFIDENCE,
    PARTS,
    TIME_UNITS,
    TableMapping,
)
from skelgraph.data.formats.tables.table_rows import Rows, Table
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults
from skelgraph.graphs import Layout

MOST_CONFIDENCE = 1.1


@dataclass(frozen=True, eq=False)
class Columns:
    """Which columns hold the joints.

    Args:
        names: Columns in the order in which they are read.
        place: Place in `names` of each part of each joint, -1 where there is none, (V, parts).
        coordinates: 2 or 3.
        scored: Whether a joint has a confidence.
    """

    names: list[str]
    place: np.ndarray
    coordinates: int
    scored: bool


def find_columns(table: Table, mapping: TableMapping, layout: Layout) -> Columns:
    """Find the columns of every joint of the layout.

    z and confidence count where the first joint has them, and must then be there for all.

    Raises:
        FormatError: If a joint's columns are lacking.
    """
    joints = [joint for joint in layout.joints if joint not in mapping.absent]
    unknown = [joint for joint in (*mapping.joints, *mapping.absent) if joint not in layout.joints]
    if unknown or not joints:
        raise FormatError(
            f"{mapping.path}: expected joints of layout '{layout.name}', got "
            f"{', '.join(unknown[:5]) or 'none but absent ones'}. Correct the mapping."
        )
    parts = _parts(table, mapping, joints[0])
    wanted = [(joint, part, column) for joint in joints
              for part, column in mapping.columns_of(joint, parts).items()]  # fmt: skip
    names = [column for _, _, column in wanted]
    if len(set(names)) < len(names):
        raise FormatError(
            f"{mapping.path}: expected a column of its own for each joint and part, got one "
            "twice. Correct the mapping."
        )
    table.find(names)
    place = np.full((layout.num_joints, len(parts)), -1)
    for number, (joint, part, _) in enumerate(wanted):
        place[layout.index(joint), parts.index(part)] = number
    present = place[[layout.index(joint) for joint in joints]]
    if (present < 0).any():
        raise FormatError(
            f"{mapping.path}: expected the columns {', '.join(parts)} for every joint, got fewer "
            "for some. Write them all, or list the joint under 'absent'."
        )
    scored = parts[-1] == "confidence"
    return Columns(names, place, len(parts) - scored, scored)


def _parts(table: Table, mapping: TableMapping, joint: str) -> tuple[str, ...]:
    """Find out what there is of each joint: x, y, maybe z, maybe confidence."""
    given = mapping.joints.get(joint)
    if isinstance(given, list):
        planar = mapping.units == "pixel" or (mapping.axes is not None and len(mapping.axes) == 2)
        return PARTS[: len(given)] if len(given) != 3 or not planar else ("x", "y", "confidence")
    columns = mapping.columns_of(joint, PARTS)
    return tuple(
        part
        for part in PARTS
        if part in ("x", "y") or (part in columns and columns[part] in table.header)
    )


def joints_of(rows: Rows, columns: Columns) -> np.ndarray:
    """Arrange the numbers by joint, NaN for absent ones, (rows, V, parts)."""
    numbers = rows.numbers[:, : len(columns.names)]
    found = numbers[:, np.maximum(columns.place, 0)]
    found[:, columns.place < 0] = np.nan
    return found


def separate(
    points: np.ndarray, columns: Columns, marks: tuple[str, ...], report: ConversionReport
) -> tuple[np.ndarray, np.ndarray | None]:
    """Split positions from scores and make missing what the mapping's marks say.

    Returns:
        float32 positions (..., V, C) and scores (..., V), None where the table has none.
    """
    with np.errstate(over="ignore"):
        points = points.astype(np.float32)
    positions = points[..., : columns.coordinates].copy()
    lost = np.zeros(positions.shape[:-1], dtype=bool)
    if AT_ORIGIN in marks:
        lost = (positions == 0).all(axis=-1)
        report.repaired["joints at the origin -> missing"] += int(lost.sum())
    if not columns.scored:
        positions[lost] = np.nan
        return positions, None
    score = np.nan_to_num(points[..., -1], nan=0.0, posinf=0.0, neginf=0.0)
    if NO_CONFIDENCE in marks:
        unsure = ~(score > 0) & ~lost & ~np.isnan(positions).all(axis=-1)
        report.repaired["joints with confidence 0 -> missing"] += int(unsure.sum())
        lost |= unsure
    positions[lost] = np.nan
    score[lost | np.isnan(positions).any(axis=-1)] = 0.0
    return positions, np.clip(score, 0.0, 1.0)


def confidence_faults(points: np.ndarray, columns: Columns, rows: Rows, path: Path) -> list[str]:
    """List rows with a confidence that is no share."""
    if not columns.scored:
        return []
    with np.errstate(invalid="ignore"):
        wrong = (points[..., -1] > MOST_CONFIDENCE) | (points[..., -1] < 0)
    return [
        f"{path}, row {rows.lines[row]}: expected confidences from 0 to 1, got "
        f"{points[row, joint, -1]:g}. Correct the mapping or the file."
        for row, joint in zip(*np.nonzero(wrong), strict=True)
    ]


def times_of(values: np.ndarray, mapping: TableMapping, rows: Rows, path: Path) -> np.ndarray:
    """Check the times of rows and give them in seconds.

    Raises:
        FormatError: If one is empty or infinite.
    """
    odd = np.flatnonzero(~np.isfinite(values))
    if len(odd):
        raise FormatError(
            list_faults(
                [
                    f"{path}, row {rows.lines[row]}, column '{mapping.time or mapping.frame}': "
                    f"expected a time or number, got {values[row]}. Correct it."
                    for row in odd
                ]
            )
        )
    return values * TIME_UNITS[mapping.time_unit] if mapping.time else values


def frame_axis(
    clock: np.ndarray | None,
    bodies: np.ndarray,
    *,
    numbered: bool,
    where: str,
    report: ConversionReport,
) -> tuple[np.ndarray, int]:
    """Give each row of a clip its frame.

    Args:
        clock: Time or number of each row. None: a row a frame, one after another.
        bodies: Body of each row; the rows of each must follow one another in time.
        numbered: Whether `clock` has numbers of frames, so that gaps can be seen.
        where: The clip, for messages.
        report: Counts the gaps.

    Raises:
        FormatError: If rows are out of order, or one body stands twice in a frame.
    """
    if clock is None:
        return np.arange(len(bodies)), len(bodies)
    for body in np.unique(bodies):
        own = clock[bodies == body]
        falls = np.flatnonzero(np.diff(own) < 0)
        twice = np.flatnonzero(np.diff(own) == 0) if numbered or bodies.any() else falls
        if len(falls) or len(twice):
            row = int((falls if len(falls) else twice)[0])
            raise FormatError(
                f"{where}: expected rows in order of time, each frame once for a body, got "
                f"{own[row + 1]:g} after {own[row]:g}. Sort the rows; if clips follow one "
                "another, name the column that tells them apart as 'clip'."
            )
    if not numbered and not bodies.any():
        return np.arange(len(clock)), len(clock)
    values, places = np.unique(clock, return_inverse=True)
    if not numbered:
        return places, len(values)
    if (values != np.floor(values)).any() or np.abs(values).max() > 2**53:
        raise FormatError(f"{where}: expected whole frame numbers, got others. Use 'time'.")
    whole = [int(value) for value in values]
    numbering = number_frames(where, [str(value) for value in whole], whole)
    report_numbering(numbering, report)
    return np.array(numbering.places)[places], numbering.num_frames

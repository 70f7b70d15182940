"""What files from Kinect sensors share: joint orders, tracking states, missing joints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skelgraph.data.report import ConversionReport
from skelgraph.errors import list_faults
from skelgraph.graphs import Layout, load_layout

KINECT_V1_SDK = (
    *("hip_centre", "spine", "shoulder_centre", "head"),
    *("left_shoulder", "left_elbow", "left_wrist", "left_hand"),
    *("right_shoulder", "right_elbow", "right_wrist", "right_hand"),
    *("left_hip", "left_knee", "left_ankle", "left_foot"),
    *("right_hip", "right_knee", "right_ankle", "right_foot"),
)
"""Order of enumeration JointType in the Kinect for Windows SDK 1.x."""

KINECT_V2_SDK = (
    *("SpineBase", "SpineMid", "Neck", "Head"),
    *("ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft"),
    *("ShoulderRight", "ElbowRight", "WristRight", "HandRight"),
    *("HipLeft", "KneeLeft", "AnkleLeft", "FootLeft"),
    *("HipRight", "KneeRight", "AnkleRight", "FootRight"),
    *("SpineShoulder", "HandTipLeft", "ThumbLeft", "HandTipRight", "ThumbRight"),
)
"""Order and names of enumeration JointType in the Kinect for Windows SDK 2.0."""

STATE_SCORES = np.array([0.0, 0.5, 1.0], dtype=np.float32)
"""Confidence that stands for tracking state 0 (not tracked), 1 (inferred), 2 (tracked)."""

STATE_LOST = "joints with confidence or state 0 -> missing"
AT_ORIGIN = "joints at the origin -> missing"
FRAME_TWICE = "frames recorded twice -> the first kept"


def layout_name(joint: str) -> str:
    """Name a joint of the SDK 2.0 as layout kinect_v2 does.

    Example:
        >>> layout_name("HandTipLeft"), layout_name("SpineBase")
        ('left_hand_tip', 'spine_base')
    """
    side = next((side for side in ("Left", "Right") if joint.endswith(side)), "")
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in joint.removesuffix(side))
    return f"{side.lower()}{words}" if side else words.removeprefix("_")


def place_joints(points: np.ndarray, names: Sequence[str], layout: Layout) -> np.ndarray:
    """Put joints in a layout's order by their names.

    Args:
        points: float32, shape (T, V', C) or (T, V').
        names: Names of the V' joints.
        layout: Joints of it that have no name among them become NaN.

    Returns:
        float32, shape (T, V, C) or (T, V).
    """
    if tuple(names) == layout.joints:
        return points
    shape = (len(points), layout.num_joints, *points.shape[2:])
    placed = np.full(shape, np.nan, dtype=np.float32)
    known = {name: place for place, name in enumerate(names)}
    here = [joint for joint in layout.joints if joint in known]
    placed[:, list(layout.indices(here))] = points[:, [known[joint] for joint in here]]
    return placed


def drop_origin(points: np.ndarray, report: ConversionReport) -> np.ndarray:
    """Make joints whose coordinates are all 0 missing, in place, and count them.

    Args:
        points: Positions, float32, shape (..., C).
        report: Where they are counted.
    """
    zero = (points == 0).all(axis=-1)
    points[zero] = np.nan
    report.repaired[AT_ORIGIN] += int(zero.sum())
    return points


def apply_states(
    points: np.ndarray, states: np.ndarray, report: ConversionReport
) -> tuple[np.ndarray, np.ndarray]:
    """Turn tracking states into confidence, and make joints of state 0 missing.

    Args:
        points: Positions, float32, shape (T, V, 3); changed in place.
        states: 0, 1 or 2, whole numbers, shape (T, V).
        report: Where missing joints are counted.

    Returns:
        Positions and confidence, float32, shape (T, V).
    """
    drop_origin(points, report)
    lost = (states == 0) & ~np.isnan(points).any(axis=-1)
    report.repaired[STATE_LOST] += int(lost.sum())
    points[states == 0] = np.nan
    scores = STATE_SCORES[states]
    scores[np.isnan(points).any(axis=-1)] = 0.0
    return points, scores


def tidy_scores(scores: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Bring confidence into 0 to 1; it is 0 where it is no number or the joint was not seen."""
    scores = np.clip(np.nan_to_num(scores, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    scores[np.isnan(points).any(axis=-1)] = 0.0
    return scores


def v2_layout() -> tuple[Layout, list[str]]:
    """Give layout kinect_v2 and its joint names in the order of the SDK."""
    return load_layout("kinect_v2"), [layout_name(joint) for joint in KINECT_V2_SDK]


def frames_in_order(numbers: np.ndarray, report: ConversionReport) -> tuple[np.ndarray, list[int]]:
    """Check frame numbers: they must rise; of frames with one number the first is kept.

    Args:
        numbers: Frame number of each row, shape (rows,).
        report: Where frames that are left out are counted.

    Returns:
        Which rows to keep, bool (rows,), and the rows whose number is below the one before.
    """
    with np.errstate(invalid="ignore"):
        steps = np.diff(numbers, prepend=-np.inf)
    report.repaired[FRAME_TWICE] += int((steps == 0).sum())
    return steps > 0, [int(row) for row in np.flatnonzero(~(steps >= 0))]


def order_faults(file: Path, numbers: np.ndarray, rows: Sequence[int]) -> str:
    """Word the error for rows whose frame number is not above the one before."""
    return list_faults(
        [
            f"{file}, frame {row + 1}: expected a frame number above the one before, got "
            f"{numbers[row]:.0f} after {numbers[max(row - 1, 0)]:.0f}. Put the rows in order."
            for row in rows
        ]
    )

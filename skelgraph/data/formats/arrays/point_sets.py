"""Sets that are arrays without names: which layout, units and channels they have, and their clips.

For formats that the field's codes made of other recordings (MMAction2's and PySKL's pickles, the
arrays of ST-GCN and CTR-GCN). Absent bodies and joints are zeros in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeGuard

import numpy as np

from skelgraph.data.clip import HOUSE_AXES, IMAGE_AXES, Clip
from skelgraph.data.formats.ntu.ntu_names import parse_name
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.reading import ReadOptions
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import Layout, load_layout

PICTURE_UNITS = ("pixel", "image fraction")
NTU_FPS = 30.0
MAX_CLASSES = 100_000
"""A label from here on is damage: naming so many classes would fill memory."""


@dataclass(frozen=True, eq=False)
class PointSet:
    """What holds for all clips of a set.

    Args:
        layout: The layout its joints follow, in its order.
        units: One of `skelgraph.data.clip.UNITS`.
        scored: Whether the last of three channels is a score.
        fps: Frames per second.
        width: Picture width in pixels.
        height: Picture height in pixels.
        centred: Whether a central joint at zero is the origin, not a missing joint.
    """

    layout: Layout
    units: str
    scored: bool
    fps: float | None
    width: int | None
    height: int | None
    centred: bool = False

    def with_picture(self, width: int, height: int) -> PointSet:
        """Add the picture's size."""
        return replace(self, width=width, height=height)


def resolve(
    path: Path,
    *,
    joints: int,
    channels: int,
    ntu: bool,
    options: ReadOptions,
    report: ConversionReport,
    scored: bool = False,
    known: tuple[str, str] | None = None,
) -> PointSet:
    """Decide what an array's joints and channels are.

    Args:
        path: The file, for messages.
        joints: Size of axis V.
        channels: Size of axis C: x y, x y and a score, or x y z.
        ntu: Whether every name is one of NTU RGB+D.
        options: What the user says; goes before the rest.
        report: Told what was decided.
        scored: Whether scores stand in an array of their own.
        known: Layout and units that the format itself settles.

    Raises:
        FormatError: If the layout or the units are open or do not fit.
    """
    if channels not in (2, 3):
        raise FormatError(
            f"{path}: expected 2 or 3 channels (x, y and z or a score), got {channels}. Give those."
        )
    settled = known or _settled(joints, channels, ntu)
    layout_name = options.layout or (settled[0] if settled else None)
    if layout_name is None:
        raise FormatError(
            f"{path}: expected 17 joints in 2-D (COCO) or 25 in 3-D with NTU RGB+D's names, got "
            f"{joints} joints x {channels} channels, which may be of several layouts. Say which: "
            "--layout NAME (see `skelgraph layouts list`)."
        )
    layout = load_layout(layout_name)
    if layout.num_joints != joints:
        raise FormatError(
            f"{path}: expected {layout.num_joints} joints for layout '{layout.name}', got "
            f"{joints}. Give the layout that the set was made with: --layout NAME."
        )
    units = options.units or _units(path, settled, channels)
    in_picture = units in PICTURE_UNITS
    report.note(
        f"{joints} joints x {channels} channels read as layout '{layout.name}' in the order of "
        f"the layout, {units}"
    )
    return PointSet(
        layout=layout,
        units=units,
        scored=in_picture and channels == 3 and not scored,
        fps=options.fps or (NTU_FPS if ntu else None),
        width=options.width,
        height=options.height,
    )


def _settled(joints: int, channels: int, ntu: bool) -> tuple[str, str] | None:
    if (joints, channels) == (17, 2):
        return "coco17", "pixel"
    if (joints, channels) == (25, 3) and ntu:
        return "kinect_v2", "metre"
    return None


def _units(path: Path, settled: tuple[str, str] | None, channels: int) -> str:
    if settled is not None:
        return settled[1]
    if channels == 2:
        return "pixel"
    raise FormatError(
        f"{path}: expected to know whether the third channel is z or a score, got neither from the "
        "file. Say the units: --units metre (x y z) or --units pixel (x y score)."
    )


def without_padding(points: np.ndarray) -> np.ndarray:
    """Cut off the frames of nothing but zeros at the end of (T, M, V, C)."""
    filled = np.flatnonzero((points != 0).any(axis=(1, 2, 3)))
    return points[: filled[-1] + 1] if len(filled) else points[:0]


def bodies_first(
    points: np.ndarray,
    score: np.ndarray | None,
    kind: PointSet,
    report: ConversionReport,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Keep as many bodies as the layout has slots, those with the highest score or most seen.

    Args:
        points: (T, M, V, C).
        score: (T, M, V), or None.
        kind: Gives the number of slots.
        report: Told how many bodies were dropped.
    """
    slots = kind.layout.max_bodies
    present = np.asarray((points != 0).any(axis=(0, 2, 3)))
    if points.shape[1] <= slots:
        return points, score
    worth = points.any(axis=-1).sum(axis=(0, 2)) if score is None else score.sum(axis=(0, 2))
    kept = np.sort(np.argsort(-np.nan_to_num(worth), kind="stable")[:slots])
    dropped = int(present.sum() - present[kept].sum())
    report.repaired[f"bodies beyond the {slots} best seen -> dropped"] += dropped
    return points[:, kept], None if score is None else score[:, kept]


def make_clip(
    points: np.ndarray,
    score: np.ndarray | None,
    kind: PointSet,
    report: ConversionReport,
    *,
    name: str,
    label: int | None,
    source: str,
    extra: Mapping[str, object],
) -> Clip:
    """Make a clip of positions (T, M, V, C) whose missing joints are zeros or have score 0.

    A single joint at zero is missing too, and is counted; a whole body of zeros is absent.
    The name tells subject, camera and so on where it is one of NTU RGB+D.
    """
    points = to_float32(points)
    if kind.scored:
        points, score = points[..., :2].copy(), points[..., 2].copy()
    absent = ~np.asarray(points.any(axis=(2, 3)))[..., None]
    zero = ~points.any(axis=-1) & ~absent
    if kind.centred:
        zero[..., sorted({kind.layout.root, *kind.layout.centre})] = False
    lost = np.zeros_like(zero)
    if score is not None:
        if (score > 1).any():
            report.note("scores above 1 taken as 1")
        score = np.clip(np.nan_to_num(score, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
        lost = (score == 0) & ~zero & ~absent
    report.repaired["joints at the origin -> missing"] += int(zero.sum())
    report.repaired["joints with score 0 -> missing"] += int(lost.sum())
    missing = zero | lost | absent
    points[missing] = np.nan
    if score is not None:
        score[np.broadcast_to(missing, score.shape)] = 0.0
    ntu = parse_name(name)
    facts = (
        {} if ntu is None else {key: value for key, value in vars(ntu).items() if key != "label"}
    )
    in_picture = kind.units in PICTURE_UNITS
    return Clip(
        keypoints=points,
        layout=kind.layout,
        name=name,
        confidence=score,
        units=kind.units,
        axes=IMAGE_AXES[: points.shape[-1]] if in_picture else HOUSE_AXES,
        fps=kind.fps,
        label=label,
        **facts,
        width=kind.width,
        height=kind.height,
        source=source,
        extra=extra,
    )


def is_label(value: object) -> TypeGuard[int]:
    """Tell a class number, which no truth value is."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return False
    return 0 <= int(value) < MAX_CLASSES

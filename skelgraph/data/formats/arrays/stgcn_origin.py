"""Where the origin of an array of ST-GCN's kind lies, found by looking at some of its clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skelgraph.data.formats.arrays.point_sets import PointSet
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.report import ConversionReport

LOOKED_AT = 64


@dataclass(frozen=True)
class Origin:
    """What was done to the positions before they were stored.

    Args:
        shifted: 0.5 was taken from fractions of the picture.
        flipped: y was made to point up.
        central: A central joint is the origin.
    """

    shifted: bool = False
    flipped: bool = False
    central: bool = False


def find_origin(array: np.ndarray, kind: PointSet, report: ConversionReport) -> Origin:
    """Look at up to 64 clips, evenly spread, and say what was found.

    Args:
        array: (N, C, T, V, M).
        kind: What its joints and channels are.
        report: Told what was found.
    """
    rows = np.unique(np.linspace(0, max(len(array) - 1, 0), LOOKED_AT).astype(int))
    clips = [to_float32(array[row]) for row in rows[: len(array)]]
    if kind.units == "image fraction" and kind.scored:
        return _picture_origin(clips, kind, report)
    return Origin(central=_is_central(clips, kind, report))


def _picture_origin(clips: list[np.ndarray], kind: PointSet, report: ConversionReport) -> Origin:
    if not any((clip[:2] < 0).any() for clip in clips):
        return Origin()
    report.note("positions were about the picture's centre: 0.5 added to x and y")
    names = kind.layout.joints
    if not {"nose", "left_hip", "right_hip"} <= set(names):
        return Origin(shifted=True)
    below = 0
    for clip in clips:
        y, score = clip[1], clip[2]
        for hip in ("left_hip", "right_hip"):
            nose, joint = kind.layout.index("nose"), kind.layout.index(hip)
            both = (score[:, nose] > 0) & (score[:, joint] > 0)
            with np.errstate(invalid="ignore"):
                sides = np.sign(y[:, joint] - y[:, nose])[both]
            below += int(np.nansum(sides))
    if below < 0:
        report.note("y pointed up (hips below the nose have the smaller y): turned down again")
    return Origin(shifted=True, flipped=below < 0)


def _is_central(clips: list[np.ndarray], kind: PointSet, report: ConversionReport) -> bool:
    """Tell whether a central joint stands at zero in most frames in which others do not."""
    central = sorted({kind.layout.root, *kind.layout.centre})
    zero = present = 0
    for clip in clips:
        filled = np.asarray(clip.any(axis=0))
        there = np.asarray(filled[..., 0].any(axis=1))
        present += int(there.sum())
        zero += int((~filled[there][:, central, 0]).any(axis=1).sum())
    if present == 0 or zero < present / 2:
        return False
    report.note("a central joint of the first body is at the origin: kept, not missing")
    return True

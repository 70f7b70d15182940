"""The detector's score in the place of a depth that nobody measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from skelgraph.data.clip import CONFIDENCE_AXIS, Clip
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError


def confidence_as_third(clips: Iterator[Clip], report: ConversionReport) -> Iterator[Clip]:
    """Make 2-D clips three-dimensional, with the score of each joint as third coordinate.

    The third axis is called `confidence`: it is a number from 0 to 1 without a unit, points
    nowhere in space, and is neither turned nor scaled with the others.

    Args:
        clips: 2-D recordings with scores.
        report: A note is added.

    Raises:
        FormatError: If a clip is not 2-D or has no scores.
    """
    for clip in clips:
        report.steps["confidence_as_z"] = {"axis": CONFIDENCE_AXIS}
        report.note("confidence taken as third coordinate: no depth, no unit")
        yield with_confidence(clip)


def with_confidence(clip: Clip) -> Clip:
    """Give one clip its scores as third coordinate; a joint without a score becomes missing.

    Raises:
        FormatError: If it is not 2-D or has no scores.
    """
    if clip.keypoints.shape[-1] != 2 or clip.confidence is None:
        got = "no confidence" if clip.confidence is None else "three coordinates"
        raise FormatError(
            f"clip '{clip.name}': expected two coordinates and a confidence to take as the third, "
            f"got {got}. Leave --confidence-as-z out."
        )
    scores = np.where(clip.seen, clip.confidence, np.nan).astype(np.float32)
    return replace(
        clip,
        keypoints=np.concatenate([clip.keypoints, scores[..., None]], axis=-1),
        axes=(*clip.axes, CONFIDENCE_AXIS),
    )

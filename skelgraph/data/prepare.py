"""One recording made ready for a model: house frame, named joints, natural size, no gaps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from skelgraph.data.clip import Clip, seen_joints
from skelgraph.data.coordinates import METRES, to_house_frame
from skelgraph.data.gaps import bridge_gaps, trace_centres
from skelgraph.data.size import neutral_coordinates, size_factor
from skelgraph.errors import ConfigError, FormatError
from skelgraph.graphs import JointMap, Layout

HANDS = "hands"


@dataclass(frozen=True)
class PrepareOptions:
    """How gaps and doubtful joints are treated.

    Args:
        max_gap: Longest gap that is interpolated, in frames; a longer one gets the neutral
            pose about the body's centre.
        min_confidence: Joints with a lower score count as missing.
    """

    max_gap: int = 10
    min_confidence: float = 0.0

    def __post_init__(self) -> None:
        if self.max_gap < 0:
            raise ConfigError(
                f"max_gap: expected 0 or more frames, got {self.max_gap}. Give another number."
            )
        if not 0 <= self.min_confidence <= 1:
            raise ConfigError(
                f"min_confidence: expected a score from 0 to 1, got {self.min_confidence}. "
                "Give another one."
            )


def prepare_clip(
    clip: Clip,
    joint_map: JointMap,
    *,
    layout: Layout,
    options: PrepareOptions | None = None,
    counts: Counter[str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Bring a recording to the form that `ClipSet` batches; a live one as well.

    Positions are in metres in the house frame about the recording's mean centre, scaled so
    that the layout's reference length is that of its neutral pose. They have no NaN: short
    gaps are interpolated, long ones hold the neutral pose about the body's centre. A confidence
    as third coordinate is no position: it stays as it is, 0 where not seen.

    Args:
        clip: The recording; it stays as it is.
        joint_map: From the clip's layout to `layout`.
        layout: What the model sees.
        options: Treatment of gaps.
        counts: Counts of what was done are added here.

    Returns:
        Positions, float32 (T, M, V, C), and which joints were seen, bool (T, M, V); a filled
        joint is not seen.

    Raises:
        FormatError: If image fractions come without the picture's width and height.
    """
    options = options or PrepareOptions()
    counts = Counter() if counts is None else counts
    mapped = _mapped(clip, joint_map, layout, options)
    seen = seen_joints(mapped)
    positions, scores = np.split(mapped, [clip.num_spatial], axis=-1)
    how, factor = size_factor(positions, seen, layout=layout, metric=clip.units in METRES)
    counts[how] += 1
    if factor is None:
        seen = np.zeros_like(seen)
        factor = 1.0
    positions = positions * np.float32(factor)
    known = bridge_gaps(positions, seen, max_gap=options.max_gap)
    counts["joints interpolated"] += int(known.sum() - seen.sum())
    present = np.asarray(known.any(axis=(0, 2)))
    counts["joints at the neutral pose"] += int((~known[:, present]).sum())
    ready = _filled(positions, known, layout)
    if scores.shape[-1]:
        ready = np.concatenate([ready, np.where(seen[..., None], scores, np.float32(0))], axis=-1)
    return ready, seen


def check_clip(clip: Clip) -> None:
    """Raise what would keep a recording from being prepared, without reading its frames.

    Raises:
        FormatError: If image fractions come without the picture's width and height.
    """
    try:
        to_house_frame(
            clip.keypoints[:0],
            units=clip.units,
            axes=clip.axes,
            width=clip.width,
            height=clip.height,
        )
    except FormatError as error:
        raise FormatError(f"clip '{clip.name}': {error}") from None


def _mapped(clip: Clip, joint_map: JointMap, layout: Layout, options: PrepareOptions) -> np.ndarray:
    """Take the layout's joints in the house frame, NaN where missing, (T, M, V, C)."""
    check_clip(clip)
    positions = to_house_frame(
        clip.keypoints, units=clip.units, axes=clip.axes, width=clip.width, height=clip.height
    )
    if options.min_confidence > 0 and clip.confidence is not None:
        positions[clip.confidence < options.min_confidence] = np.nan
    positions = joint_map.apply(positions)
    short = 2 - positions.shape[1] if layout.instances == HANDS else 0
    if short > 0:
        positions = np.pad(positions, ((0, 0), (0, short), (0, 0), (0, 0)), constant_values=np.nan)
    return positions


def _filled(positions: np.ndarray, known: np.ndarray, layout: Layout) -> np.ndarray:
    """Put unknown joints at the neutral pose and the recording's mean centre at the origin."""
    bodies, channels = positions.shape[1], positions.shape[3]
    neutral = neutral_coordinates(layout, bodies=bodies, channels=channels)
    offsets = neutral - neutral[:, list(layout.centre)].mean(axis=1, keepdims=True)
    centres = trace_centres(positions, known, offsets=offsets, centre=layout.centre)
    present = np.asarray(known.any(axis=(0, 2)))
    if present.any():
        middle = centres[:, present].mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
        centres = np.where(present[:, None], centres - middle, 0)
        positions = positions - middle
    return np.where(known[..., None], positions, centres[:, :, None] + offsets).astype(np.float32)

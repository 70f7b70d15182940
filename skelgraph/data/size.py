"""How large a recorded skeleton is beside the neutral pose of its layout."""

from __future__ import annotations

import numpy as np

from skelgraph.graphs import Layout

BY_REFERENCE = "clips scaled by the reference length"
BY_BONES = "clips scaled by bone lengths"
UNSCALED = "clips left at their recorded size"
UNSEEN = "clips of unknown size, taken as not seen"
EMPTY = "clips in which no joint of the layout is seen"

SMALLEST = 1e-6


def neutral_coordinates(layout: Layout, *, bodies: int, channels: int) -> np.ndarray:
    """Give each body slot's neutral pose in the recording's coordinates, (M, V, C), metres."""
    return np.stack([layout.neutral_of(body)[:, :channels] for body in range(bodies)])


def size_factor(
    positions: np.ndarray, seen: np.ndarray, *, layout: Layout, metric: bool
) -> tuple[str, float | None]:
    """Find the factor that gives a recording the size of the layout's neutral pose.

    The median reference length over all bodies and frames in which both of its joint groups
    are seen; where they never are, the median over bones of the ratio of lengths; where no
    bone is seen either, 1 for metric recordings. Other units without a bone have no size.

    Args:
        positions: House frame, NaN where missing, (T, M, V, C).
        seen: Joints with a position, bool (T, M, V).
        layout: Their layout.
        metric: Whether positions are metres.

    Returns:
        How it was found, and the factor, None where there is no size.
    """
    if not seen.any():
        return EMPTY, 1.0
    channels = positions.shape[-1]
    measured = _reference_length(positions, layout)
    if measured is not None:
        return BY_REFERENCE, _reference_length(
            layout.neutral[None, None, :, :channels], layout
        ) / measured
    ratio = _bone_ratio(positions, layout)
    if ratio is not None:
        return BY_BONES, ratio
    return (UNSCALED, 1.0) if metric else (UNSEEN, None)


def _reference_length(positions: np.ndarray, layout: Layout) -> float | None:
    first, second = (positions[:, :, list(group)].mean(axis=2) for group in layout.reference)
    length = np.linalg.norm(first - second, axis=-1)
    length = length[length > SMALLEST]
    return float(np.median(length)) if length.size else None


def _bone_ratio(positions: np.ndarray, layout: Layout) -> float | None:
    bone = positions - positions[:, :, layout.bones]
    length = np.linalg.norm(bone, axis=-1).reshape(-1, layout.num_joints)
    neutral = layout.neutral[:, : positions.shape[-1]]
    wanted = np.linalg.norm(neutral - neutral[layout.bones], axis=-1)
    real = np.ones(layout.num_joints, dtype=bool)
    real[list(layout.virtual)] = False
    usable = real & (wanted > SMALLEST) & (length > SMALLEST).any(axis=0)
    if not usable.any():
        return None
    length = np.where(length[:, usable] > SMALLEST, length[:, usable], np.nan)
    return float(np.median(wanted[usable] / np.nanmedian(length, axis=0)))

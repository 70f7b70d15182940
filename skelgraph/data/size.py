"""How large a recorded skeleton is beside the neutral pose of its layout."""

from __future__ import annotations

import numpy as np

from skelgraph.graphs import Layout

BY_REFERENCE = "clips scaled by the reference length"
BY_BONES = "clips scaled by bone lengths"
UNSCALED = "clips left at their recorded size"
UNSEEN = "clips of unknown size, taken as not seen"
EMPTY = "clips in which no joint of the layout is seen"

SMALLEST = 1e-6  # lengths below count as none, in the units of the recording
FLATTEST = 0.3  # a neutral length of which a projection keeps less than this says nothing


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
    factor = _reference_ratio(positions, layout)
    if factor is not None:
        return BY_REFERENCE, factor
    factor = _bone_ratio(positions, layout)
    if factor is not None:
        return BY_BONES, factor
    return (UNSCALED, 1.0) if metric else (UNSEEN, None)


def _reference_ratio(positions: np.ndarray, layout: Layout) -> float | None:
    neutral = layout.neutral[:, : positions.shape[-1]]
    wanted = float(np.linalg.norm(_reference(neutral, layout)))
    length = np.linalg.norm(_reference(positions, layout), axis=-1)
    length = length[length > SMALLEST]
    if length.size == 0 or wanted < FLATTEST * layout.reference_length:
        return None
    return wanted / float(np.median(length))


def _reference(positions: np.ndarray, layout: Layout) -> np.ndarray:
    """Vector from the first to the second reference group: (..., V, C) to (..., C)."""
    first, second = (positions[..., list(group), :].mean(axis=-2) for group in layout.reference)
    vector: np.ndarray = second - first
    return vector


def _bone_ratio(positions: np.ndarray, layout: Layout) -> float | None:
    bone = positions - positions[:, :, layout.bones]
    length = np.linalg.norm(bone, axis=-1).reshape(-1, layout.num_joints)
    neutral = layout.neutral[:, : positions.shape[-1]]
    wanted = np.linalg.norm(neutral - neutral[layout.bones], axis=-1)
    usable = (wanted > SMALLEST) & (wanted >= FLATTEST * layout.bone_lengths)
    usable[list(layout.virtual)] = False
    usable &= (length > SMALLEST).any(axis=0)
    if not usable.any():
        return None
    length = np.where(length[:, usable] > SMALLEST, length[:, usable], np.nan)
    return float(np.median(wanted[usable] / np.nanmedian(length, axis=0)))

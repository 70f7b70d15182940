"""Filling what a sensor did not see."""

from __future__ import annotations

import numpy as np


def bridge_gaps(values: np.ndarray, known: np.ndarray, *, max_gap: int) -> np.ndarray:
    """Interpolate short gaps over time; at either end hold the nearest known value.

    Args:
        values: Changed in place, (T, ..., C).
        known: Which entries have a value, bool (T, ...).
        max_gap: Longest gap to fill, in frames.

    Returns:
        Which entries have a value now, bool (T, ...).
    """
    frames = known.shape[0]
    before, after = nearest_known(known)
    short = ~known & (after - before - 1 <= max_gap) & ((before >= 0) | (after < frames))
    place = np.nonzero(short)
    if len(place[0]) == 0:
        return known
    first, last = before[place], after[place]
    first, last = np.where(first < 0, last, first), np.where(last >= frames, first, last)
    share = (place[0] - first) / np.maximum(last - first, 1)
    rest = place[1:]
    start, end = values[(first, *rest)], values[(last, *rest)]
    values[place] = start + (end - start) * share[:, None].astype(values.dtype)
    return known | short


def nearest_known(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the frames with a value at or before, and at or after, each frame.

    Args:
        known: Which entries have a value, bool (T, ...).

    Returns:
        Frame numbers of the shape of `known`, -1 where there is none before, T where there is
        none after.
    """
    frames = known.shape[0]
    time = np.arange(frames).reshape(-1, *[1] * (known.ndim - 1))
    before = np.maximum.accumulate(np.where(known, time, -1), axis=0)
    after = np.minimum.accumulate(np.where(known, time, frames)[::-1], axis=0)[::-1]
    return before, after


def trace_centres(
    positions: np.ndarray, known: np.ndarray, *, offsets: np.ndarray, centre: tuple[int, ...]
) -> np.ndarray:
    """Follow each body's centre through all frames, those without a centre joint included.

    Where a centre joint is seen at any time, the centre is the mean of those seen, each less
    its offset in the neutral pose, and is interpolated over the other frames. Else all seen
    joints stand in for them. A body never seen has its centre at the origin.

    Args:
        positions: (T, M, V, C).
        known: Joints with a position, bool (T, M, V).
        offsets: Neutral pose of each body less its centre, (M, V, C).
        centre: Centre joints.

    Returns:
        float32 (T, M, C).
    """
    chosen = np.zeros(positions.shape[2], dtype=bool)
    chosen[list(centre)] = True
    has_centre = np.asarray((known & chosen).any(axis=(0, 2)))
    used = known & (chosen | ~has_centre[:, None])
    joint = np.flatnonzero(used.any(axis=(0, 1)))
    used = used[..., joint]
    moved = np.where(used[..., None], positions[:, :, joint] - offsets[:, joint], 0)
    count = used.sum(axis=2)
    traced = moved.sum(axis=2) / np.maximum(count, 1)[..., None]
    bridge_gaps(traced, count > 0, max_gap=len(positions))
    return traced.astype(np.float32)

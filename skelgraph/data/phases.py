"""The phases of a movement, found by how much moves: onset, peak and end."""

from __future__ import annotations

import numpy as np

SMOOTHED = 3  # frames over which the energy is averaged
STARTED = 0.1  # share of the peak above rest at which a movement has begun


def motion_energy(positions: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Mean squared step of the joints from each frame to the next.

    Args:
        positions: Shape (T, M, V, C), in any unit.
        visible: Which joints were seen, bool, shape (T, M, V).

    Returns:
        Shape (T - 1,), zero where no joint was seen twice.

    Example:
        >>> places = np.zeros((3, 1, 1, 2))
        >>> places[2, 0, 0, 0] = 2.0
        >>> motion_energy(places, np.ones((3, 1, 1), dtype=bool)).tolist()
        [0.0, 4.0]
    """
    both = visible[1:] & visible[:-1]
    steps = np.where(both[..., None], np.diff(positions, axis=0), 0.0)
    squared = (steps**2).sum(axis=-1).sum(axis=(1, 2))
    return np.asarray(squared / np.maximum(both.sum(axis=(1, 2)), 1))


def find_phases(energy: np.ndarray) -> dict[str, float]:
    """Find when a movement begins, is strongest and ends.

    Onset and end are the first and last step whose smoothed energy is a tenth of the way from
    the least to the greatest.

    Args:
        energy: From `motion_energy`, shape (T - 1,).

    Returns:
        `onset`, `peak` and `end` as frames, each between two recorded ones; empty if nothing
        moves.

    Example:
        >>> find_phases(np.array([0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0]))
        {'onset': 2.5, 'peak': 3.5, 'end': 4.5}
    """
    if not len(energy) or energy.max() <= energy.min():
        return {}
    # Ends are repeated, so that a movement that is cut off is not smoothed away.
    padded = np.pad(energy, SMOOTHED // 2, mode="edge")
    smooth = np.convolve(padded, np.full(SMOOTHED, 1 / SMOOTHED), mode="valid")
    low, high = smooth.min(), smooth.max()
    moving = np.flatnonzero(smooth >= low + STARTED * (high - low))
    peak = np.flatnonzero(smooth >= high * (1 - 1e-9)).mean()  # the middle of a flat top
    found = {"onset": moving[0], "peak": peak, "end": moving[-1]}
    return {name: float(step) + 0.5 for name, step in found.items()}

"""What a sensor makes of positions: a camera's view, noise, and joints that are not seen."""

from __future__ import annotations

import numpy as np

from skelgraph.data.synthetic.rig import X, Y, Z
from skelgraph.data.synthetic.rotation import rotation_about


def view_from(positions: np.ndarray, angles: np.ndarray, distance: float) -> np.ndarray:
    """Turn positions about their middle and put them before the camera.

    Args:
        positions: Positions, shape (T, M, V, 3), NaN where a body is absent.
        angles: Yaw about y, then pitch about x, then roll about z, radians.
        distance: How far away the middle ends up, in the unit of `positions`.

    Returns:
        Positions in the camera's frame, same shape.
    """
    middle = np.nanmean(positions, axis=(0, 1, 2))
    yaw, pitch, roll = rotation_about(np.stack([Y, X, Z]), np.asarray(angles)[None])[0]
    turn = roll @ pitch @ yaw
    return np.asarray((positions - middle) @ turn.T + np.array([0.0, 0.0, distance]))


def add_noise(positions: np.ndarray, rng: np.random.Generator, *, size: float) -> np.ndarray:
    """Add white noise and a slower wander to every joint, twice as much in depth.

    Args:
        positions: Positions, shape (T, M, V, 3).
        rng: Random stream.
        size: Standard deviation, in the unit of `positions`.
    """
    white = rng.standard_normal(positions.shape)
    wander = rng.standard_normal(positions.shape)
    for frame in range(1, len(wander)):
        wander[frame] = 0.9 * wander[frame - 1] + 0.436 * wander[frame]
    depth = np.array([1.0, 1.0, 2.0])
    return np.asarray(positions + size * depth * (0.7 * white + 0.7 * wander))


def drop_out(positions: np.ndarray, rng: np.random.Generator, *, rate: float) -> np.ndarray:
    """Lose single joints for spans of frames, and now and then a whole body.

    Args:
        positions: Positions, shape (T, M, V, 3).
        rng: Random stream.
        rate: 1 loses about 4 % of the joints; 0 loses none.

    Returns:
        A copy with NaN where a joint is not seen; at least one frame is left whole.
    """
    seen = positions.copy()
    frames, bodies, joints = positions.shape[:3]
    for _ in range(rng.poisson(rate * 0.2 * joints * bodies)):
        body, joint = int(bodies * rng.random()), int(joints * rng.random())
        start, stop = _span(rng, frames, 14)
        seen[start:stop, body, joint] = np.nan
    for body in range(bodies):
        if rng.random() < 0.2 * rate:
            start, stop = _span(rng, frames, 7)
            seen[start:stop, body] = np.nan
    keep = int(frames * rng.random())
    seen[keep] = positions[keep]
    return seen


def _span(rng: np.random.Generator, frames: int, longest: int) -> tuple[int, int]:
    start = int(frames * rng.random())
    return start, start + 2 + int((longest - 1) * rng.random())

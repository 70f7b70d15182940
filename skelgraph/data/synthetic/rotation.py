"""Rotations as arrays: about fixed axes, between directions, and mirrored."""

from __future__ import annotations

import numpy as np


def unit(vector: np.ndarray) -> np.ndarray:
    """Scale vectors along the last axis to length 1; a zero vector stays zero."""
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    return np.asarray(vector / np.where(length > 0, length, 1.0))


def cross_matrix(axis: np.ndarray) -> np.ndarray:
    """Give the matrices that take a vector to its cross product with each axis.

    Args:
        axis: Axes, shape (..., 3).

    Returns:
        Skew matrices, shape (..., 3, 3).
    """
    x, y, z = np.moveaxis(np.asarray(axis, dtype=float), -1, 0)
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def rotation_about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Rotate about unit axes by Rodrigues' formula, counter-clockwise seen from the axis' tip.

    Args:
        axis: Unit axes, shape (D, 3).
        angle: Angles, shape (T, D), radians.

    Returns:
        Rotation matrices, shape (T, D, 3, 3).

    Example:
        >>> quarter = rotation_about(np.array([[0.0, 0.0, 1.0]]), np.array([[np.pi / 2]]))
        >>> (quarter[0, 0] @ [1.0, 0.0, 0.0]).round(6).tolist()
        [0.0, 1.0, 0.0]
    """
    skew = cross_matrix(axis)
    sine, versine = np.sin(angle)[..., None, None], (1.0 - np.cos(angle))[..., None, None]
    return np.asarray(np.eye(3) + sine * skew + versine * (skew @ skew))


def rotation_between(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Give the smallest rotation that turns one direction into another.

    Args:
        start: Direction to turn, shape (3,); zero: the identity is returned.
        stop: Direction to reach, shape (3,).

    Returns:
        Rotation matrix, shape (3, 3). Opposite directions turn about x or, along x, about z.
    """
    a, b = unit(start), unit(stop)
    cosine = float(a @ b)
    if not a.any() or not b.any() or cosine > 1.0 - 1e-12:
        return np.eye(3)
    if cosine < -1.0 + 1e-12:
        other = np.array([1.0, 0.0, 0.0] if abs(a[0]) < 0.9 else [0.0, 0.0, 1.0])
        axis = unit(other - (other @ a) * a)
        return np.asarray(rotation_about(axis[None], np.array([[np.pi]]))[0, 0])
    skew = cross_matrix(np.cross(a, b))
    return np.asarray(np.eye(3) + skew + skew @ skew / (1.0 + cosine))


def frame_of(forward: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Build the right-handed frame whose first column is `forward` and second lies near `up`.

    Returns:
        Rotation matrix with the three axes as columns, shape (3, 3).
    """
    first = unit(forward)
    second = unit(up - (up @ first) * first)
    return np.stack([first, second, np.cross(first, second)], axis=-1)


def mirrored_axis(axis: np.ndarray) -> np.ndarray:
    """Give the axis about which the same angle turns the mirror image (x negated).

    Example:
        >>> mirrored_axis(np.array([1.0, 2.0, 3.0])).tolist()
        [1.0, -2.0, -3.0]
    """
    return np.asarray(axis * np.array([1.0, -1.0, -1.0]))

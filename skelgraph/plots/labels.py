"""Names beside a drawing, in columns with leader lines, so that no two can collide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from skelgraph.plots import style

LINE_HEIGHT = 0.16  # of a name of SMALL_SIZE with its gap, in inches
CHARACTER = 0.07  # width of one of SMALL_SIZE, in inches


@dataclass(frozen=True)
class Columns:
    """Where names may stand, in the drawing's coordinates.

    Args:
        left: Right end of the names in the left column; None: no such column.
        right: Left end of the names in the right column; None: no such column.
        low: Lowest place of a name's middle.
        high: Highest place.
        gap: Height that a name takes.
    """

    left: float | None
    right: float | None
    low: float
    high: float
    gap: float


def spread(wanted: np.ndarray, *, gap: float, low: float, high: float) -> np.ndarray:
    """Move places apart to at least `gap`, as little as possible (least squares).

    Args:
        wanted: Where they would best be, in rising order, shape (K,).
        gap: Least distance of neighbours; it is made smaller if they do not fit otherwise.
        low: Lowest place.
        high: Highest place.

    Returns:
        Rising places, shape (K,).

    Example:
        >>> spread(np.array([1.0, 1.0]), gap=1.0, low=0.0, high=5.0).tolist()
        [0.5, 1.5]
    """
    count = len(wanted)
    if count == 0:
        return np.zeros(0)
    gap = min(gap, (high - low) / max(count - 1, 1))
    steps = gap * np.arange(count)
    moved = _rising(np.asarray(wanted, dtype=float) - steps)
    return np.asarray(np.clip(moved, low, high - steps[-1]) + steps)


def _rising(values: np.ndarray) -> np.ndarray:
    """Isotonic regression: pool neighbours that are out of order into their mean."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, size = float(value), 1
        while pools and pools[-1][0] > mean:
            before, count = pools.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        pools.append((mean, size))
    return np.concatenate([np.full(size, mean) for mean, size in pools])


def choose_sides(across: np.ndarray, columns: Columns) -> np.ndarray:
    """Decide which names stand on the right: the nearer half, where there are two columns.

    Args:
        across: Where the named points are, from left to right, shape (K,).
        columns: The columns there are.

    Returns:
        True for the right column, shape (K,).
    """
    if columns.left is None or columns.right is None:
        return np.full(len(across), columns.left is None)
    order = np.argsort(across, kind="stable")
    on_right = np.zeros(len(across), dtype=bool)
    on_right[order[len(order) // 2 :]] = True
    middle = (columns.left + columns.right) / 2
    clear = np.abs(across - middle) > 0.005 * (columns.right - columns.left)
    return np.where(clear & _fits(across > middle, columns), across > middle, on_right)


def _fits(on_right: np.ndarray, columns: Columns) -> bool:
    room = int((columns.high - columns.low) / columns.gap) + 1
    return max(int(on_right.sum()), int((~on_right).sum())) <= room


def write_names(axes: Axes, points: np.ndarray, names: Sequence[str], *, columns: Columns) -> None:
    """Write names in columns beside a drawing and join each with its point by a thin line.

    Args:
        axes: Axes of the drawing.
        points: The named points, shape (K, 2).
        names: A name for each.
        columns: Where names may stand.
    """
    on_right = choose_sides(points[:, 0], columns)
    for side, place in ((False, columns.left), (True, columns.right)):
        chosen = np.flatnonzero(on_right == side)
        if place is None or not len(chosen):
            continue
        chosen = chosen[np.argsort(points[chosen, 1], kind="stable")]
        heights = spread(points[chosen, 1], gap=columns.gap, low=columns.low, high=columns.high)
        for index, height in zip(chosen.tolist(), heights, strict=True):
            _write(axes, points[index], names[index], (place, float(height)), to_right=side)


def _write(
    axes: Axes, point: np.ndarray, name: str, place: tuple[float, float], *, to_right: bool
) -> None:
    axes.annotate(
        name, xy=(float(point[0]), float(point[1])), xytext=place, textcoords="data",
        ha="left" if to_right else "right", va="center",
        fontsize=style.SMALL_SIZE, color=style.INK, annotation_clip=False,
        arrowprops={
            "arrowstyle": "-", "color": style.MUTED, "linewidth": 0.5, "shrinkA": 1,
            "shrinkB": 0, "relpos": (0.0 if to_right else 1.0, 0.5),
        },
    )  # fmt: skip

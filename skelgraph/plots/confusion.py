"""Confusion matrices that stay readable from 2 to 200 classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skelgraph.plots import style

FULL_CELLS = 12  # up to here a cell shows count and share
COUNTED_CELLS = 40  # up to here a cell shows its count, and every class is named
LISTED = 30
LINE_HEIGHT = 0.24  # of the list, in inches
CHARACTER = 0.075  # width of one in a class name, in inches
NAME_LENGTH = 28


@dataclass(frozen=True)
class Confusion:
    """One kind of mistake: `count` clips of class `label` were taken for `predicted`."""

    label: int
    predicted: int
    count: int
    share: float


def count_confusions(label: np.ndarray, predicted: np.ndarray, *, num_classes: int) -> np.ndarray:
    """Count the clips of each class (rows) by the class they were taken for (columns).

    Args:
        label: True classes, shape (N,); -1 (unknown) is left out.
        predicted: Predicted classes, shape (N,).
        num_classes: Number of classes.

    Returns:
        Counts, shape (num_classes, num_classes).

    Example:
        >>> count_confusions(np.array([0, 0, 1]), np.array([0, 1, 1]), num_classes=2).tolist()
        [[1, 1], [0, 1]]
    """
    known = label >= 0
    counts = np.zeros((num_classes, num_classes), dtype=np.int64)
    np.add.at(counts, (label[known], predicted[known]), 1)
    return counts


def row_shares(counts: np.ndarray) -> np.ndarray:
    """Divide each row by its sum; a class without clips stays zero.

    Example:
        >>> row_shares(np.array([[3, 1], [0, 0]])).tolist()
        [[0.75, 0.25], [0.0, 0.0]]
    """
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)


def top_confusions(counts: np.ndarray, *, limit: int = LISTED) -> list[Confusion]:
    """List the most frequent mistakes, by count, then by share of the true class.

    Example:
        >>> top_confusions(np.array([[3, 1], [0, 2]]))
        [Confusion(label=0, predicted=1, count=1, share=0.25)]
    """
    shares = row_shares(counts)
    wrong = np.argwhere((counts > 0) & ~np.eye(len(counts), dtype=bool))
    found = [Confusion(int(i), int(j), int(counts[i, j]), float(shares[i, j])) for i, j in wrong]
    return sorted(found, key=lambda c: (-c.count, -c.share, c.label, c.predicted))[:limit]


def confusion_figure(counts: np.ndarray, class_names: Sequence[str], *, title: str = "") -> Figure:
    """Draw a confusion matrix: colour is the share of the true class, numbers are clips.

    Up to 12 classes a cell shows count and share, up to 40 its count. Above 40 classes
    only some are named, and the most frequent mistakes are listed beside the matrix.

    Args:
        counts: Clips by true class (rows) and predicted class (columns), shape (K, K).
        class_names: Names of the K classes.
        title: Stands over the figure.

    Returns:
        Figure with a colour bar "share of the true class".

    Example:
        >>> figure = confusion_figure(np.array([[3, 1], [0, 2]]), ["open", "close"])
        >>> figure.axes[0].get_ylabel()
        'true class'
    """
    names = [style.shorten(name, NAME_LENGTH) for name in class_names]
    listed = top_confusions(counts) if len(names) > COUNTED_CELLS else []
    side = _matrix_side(len(names))
    margin = 1.0 + CHARACTER * max(map(len, names))
    width = side + margin + 0.9 + (3.6 if listed else 0.0)
    figure = style.titled_figure(width, side + margin, title)
    if listed:
        parts = figure.subfigures(1, 2, squeeze=False, width_ratios=(side + margin + 0.9, 3.6))
        matrix_part, list_part = parts[0]
        axes = matrix_part.subplots()
        _list_axes(list_part.subplots(), listed, names, height=side + margin)
    else:
        axes = figure.subplots()
    _matrix_axes(axes, counts, names)
    style.colour_bar(
        axes.figure, axes, colours=style.from_paper(), limits=(0.0, 1.0),
        label="share of the true class", shrink=0.7,
    )  # fmt: skip
    return figure


def _matrix_side(num_classes: int) -> float:
    if num_classes <= FULL_CELLS:
        return max(2.0, 0.52 * num_classes)
    return min(9.0, max(6.2, 0.27 * num_classes))


def _matrix_axes(axes: Axes, counts: np.ndarray, names: Sequence[str]) -> None:
    shares = row_shares(counts)
    edges = np.arange(len(names) + 1) - 0.5
    framed = len(names) <= COUNTED_CELLS
    axes.pcolormesh(
        edges, edges, shares, cmap=style.from_paper(), vmin=0.0, vmax=1.0,
        edgecolors=style.FAINT if framed else "face", linewidth=0.3 if framed else style.SEAM,
    )  # fmt: skip
    style.dress(axes, x_label="predicted class", y_label="true class")
    axes.set_aspect("equal")
    axes.set_ylim(len(names) - 0.5, -0.5)
    _name_classes(axes, names)
    _frame_diagonal(axes, len(names))
    if len(names) <= COUNTED_CELLS:
        _write_counts(axes, counts, shares)


def _name_classes(axes: Axes, names: Sequence[str]) -> None:
    step = -(-len(names) // COUNTED_CELLS)
    shown = np.arange(0, len(names), step)
    size = style.SMALL_SIZE if len(names) <= FULL_CELLS else style.TINY_SIZE + 0.5
    some = [names[i] for i in shown.tolist()]
    lying = max(map(len, names)) * CHARACTER < 0.9 * _matrix_side(len(names)) / len(names)
    axes.set_xticks(shown, some, rotation=0 if lying else 90, fontsize=size)
    axes.set_yticks(shown, some, fontsize=size)


def _frame_diagonal(axes: Axes, num_classes: int) -> None:
    """A thin line along the diagonal leads the eye where a matrix is too fine for numbers."""
    for spine in axes.spines.values():
        spine.set_visible(True)
    if num_classes > COUNTED_CELLS:
        axes.plot(
            [-0.5, num_classes - 0.5], [-0.5, num_classes - 0.5], color=style.MUTED,
            linewidth=0.3,
        )  # fmt: skip


def _write_counts(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    full = len(counts) <= FULL_CELLS
    colours = style.from_paper()
    for row, column in np.argwhere(counts > 0):
        share = shares[row, column]
        count = _short_count(counts[row, column])
        text = f"{count}\n{100 * share:.0f} %" if full else count
        axes.text(
            column, row, text, ha="center", va="center", color=style.ink_on(colours(share)),
            fontsize=style.SMALL_SIZE if full else style.TINY_SIZE,
        )  # fmt: skip


def _short_count(count: int) -> str:
    """Write a count in at most four characters, so that it fits its cell."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 9950 else f"{count / 1000:.0f}k"


def _list_axes(
    axes: Axes, listed: Sequence[Confusion], names: Sequence[str], *, height: float
) -> None:
    """Write the most frequent mistakes as rows of text, in axes `height` inches high."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(max(height / LINE_HEIGHT - 1.5, LISTED), -1.5)
    heading = "Most frequent mistakes: clips (share), true → predicted class"
    axes.text(0, -1, heading, fontsize=style.SMALL_SIZE, color=style.INK, va="center")
    size = style.TINY_SIZE + 0.5
    for row, mistake in enumerate(listed):
        count = f"{mistake.count} ({100 * mistake.share:.0f} %)"
        pair = f"{names[mistake.label]} → {names[mistake.predicted]}"
        axes.text(0, row, count, fontsize=size, color=style.INK, va="center")
        axes.text(0.2, row, pair, fontsize=size, color=style.INK, va="center")

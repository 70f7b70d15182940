"""Poses beside what became of them: rows of skeletons, each over its pose as recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from skelgraph.errors import SkelgraphError
from skelgraph.graphs import Layout
from skelgraph.plots import style
from skelgraph.plots.clip import picture
from skelgraph.plots.parts import part_colours

CELL = 1.9
"""Height of one drawing, in inches."""

HOUSE = ("right", "up", "away")


@dataclass(frozen=True)
class View:
    """One body before and after a change.

    Args:
        title: What was done.
        before: Places as recorded, house frame, shape (V, C).
        after: Places after it, shape (V, C).
        seen: Joints that are not missing after it, bool, shape (V,).
    """

    title: str
    before: np.ndarray
    after: np.ndarray
    seen: np.ndarray


def views_figure(rows: Sequence[Sequence[View]], layout: Layout, *, title: str = "") -> Figure:
    """Draw rows of changed poses; the pose as recorded stands behind each in grey.

    Missing joints are left out, and so are their bones.

    Args:
        rows: At least one row of at least one view.
        layout: Skeleton of the poses.
        title: Stands over the figure.

    Raises:
        SkelgraphError: If there is nothing to draw.
    """
    if not rows or not all(rows):
        raise SkelgraphError("views: expected rows with a view each, got an empty one. Give more.")
    every = np.concatenate(
        [picture(view.after, HOUSE)[view.seen] for row in rows for view in row]
        + [picture(view.before, HOUSE) for row in rows for view in row]
    )
    low, high = every.min(axis=0), every.max(axis=0)
    margin = 0.06 * max(float((high - low).max()), 1e-6)
    low, high = low - margin, high + margin
    width = CELL * float(np.clip((high - low)[0] / (high - low)[1], 0.45, 3.0))
    columns = max(map(len, rows))
    size = (max(columns * (width + 0.1), 4.5), len(rows) * (CELL + 0.3) + 0.4)
    figure = style.titled_figure(*size, title)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for row, cells in zip(rows, grid, strict=True):
        for cell in cells:
            style.bare(cell)
        for view, cell in zip(row, cells, strict=False):
            cell.set_xlim(low[0], high[0])
            cell.set_ylim(low[1], high[1])
            cell.set_title(view.title, fontsize=style.SMALL_SIZE, color=style.INK)
            _draw(cell, view, layout)
    entry = Line2D([], [], color=style.FAINT, linewidth=2.5, label="as recorded")
    figure.legend(
        handles=[entry], loc="outside lower center", frameon=False,
        fontsize=style.SMALL_SIZE, labelcolor=style.INK,
    )  # fmt: skip
    return figure


def _draw(axes: Axes, view: View, layout: Layout) -> None:
    bones = np.array([(j, p) for j, p in enumerate(layout.parents) if p >= 0])
    before, after = picture(view.before, HOUSE), picture(view.after, HOUSE)
    axes.add_collection(
        LineCollection(list(before[bones]), colors=style.FAINT, linewidths=2.0, capstyle="round")
    )
    colours, _ = part_colours(layout)
    shown = bones[view.seen[bones].all(axis=1)]
    axes.add_collection(
        LineCollection(
            list(after[shown]), colors=[colours[joint] for joint in shown[:, 0]],
            linewidths=1.6, capstyle="round",
        )
    )  # fmt: skip
    joints = np.flatnonzero(view.seen)
    axes.scatter(
        after[joints, 0], after[joints, 1], s=9 if layout.num_joints <= 30 else 5,
        c=[colours[joint] for joint in joints.tolist()], linewidths=0, zorder=3,
    )  # fmt: skip

"""Joint by joint matrices, ordered and bordered by body part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure, SubFigure

from skelgraph.graphs import Layout
from skelgraph.plots import style
from skelgraph.plots.joint_time import RASTERED
from skelgraph.plots.labels import spread
from skelgraph.plots.parts import parts_of

CELL = 0.125  # of a joint, in inches
SMALL_CELL = 0.09  # the same of many joints
NAMED = 30  # joints up to which each is named
LEAST = 2.2  # side of a matrix, in inches
GAP = 0.105  # height of a name, in inches
TITLES = 0.85  # height of a matrix's title and of what its columns are, in inches
CHARACTER = 0.06  # width of one in a name, in inches


def matrix_side(layout: Layout) -> float:
    """Side of a matrix in inches, without names."""
    cell = CELL if layout.num_joints <= NAMED else SMALL_CELL
    return max(LEAST, cell * layout.num_joints)


def names_width(layout: Layout) -> float:
    """Room that the names beside a matrix take, inches."""
    names = layout.joints if layout.num_joints <= NAMED else [name for name, _ in parts_of(layout)]
    return CHARACTER * max(map(len, names)) + 0.2


def matrix_height(layout: Layout) -> float:
    """Height of a matrix with its title and the parts' names below it, inches."""
    longest = max(len(name) for name, _ in parts_of(layout))
    return matrix_side(layout) + CHARACTER * longest + TITLES


def draw_part_matrix(
    axes: Axes,
    layout: Layout,
    values: np.ndarray,
    *,
    limits: tuple[float, float],
    colours: Colormap,
    named: bool = True,
) -> None:
    """Draw a joint by joint matrix; of many joints the parts alone are named.

    Args:
        axes: Where to draw.
        layout: Skeleton.
        values: From the joint of the row to that of the column, NaN where there is none, (V, V).
        limits: Values of the first and last colour.
        colours: Colours of the values.
        named: Name the rows, too, not only the parts over the columns.
    """
    groups = parts_of(layout)
    order = [joint for _, joints in groups for joint in joints]
    axes.set_facecolor(style.FAINT)
    edges = np.arange(len(order) + 1) - 0.5
    axes.pcolormesh(
        edges, edges, np.ma.masked_invalid(values[np.ix_(order, order)]),
        cmap=colours, vmin=limits[0], vmax=limits[1], edgecolors="face", linewidth=style.SEAM,
        rasterized=values.size > RASTERED,
    )  # fmt: skip
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.tick_params(length=0)
    sizes = [len(joints) for _, joints in groups]
    for end in np.cumsum(sizes)[:-1]:
        axes.axhline(end - 0.5, color=style.MUTED, linewidth=0.5)
        axes.axvline(end - 0.5, color=style.MUTED, linewidth=0.5)
    parts = [style.spoken(name) for name, _ in groups]
    places = _middles(sizes, side=matrix_side(layout))
    axes.set_xticks(places, parts, fontsize=style.TINY_SIZE, rotation=90, color=style.MUTED)
    if not named:
        axes.set_yticks([])
    elif len(order) <= NAMED:
        names = [style.spoken(layout.joints[joint]) for joint in order]
        axes.set_yticks(range(len(order)), names, fontsize=style.TINY_SIZE)
    else:
        axes.set_yticks(places, parts, fontsize=style.TINY_SIZE, color=style.MUTED)


def _middles(sizes: Sequence[int], *, side: float) -> np.ndarray:
    """Middle of each part, moved where names would touch, in cells."""
    wide = np.asarray(sizes, dtype=float)
    count = float(wide.sum())
    middles = np.cumsum(wide) - wide / 2 - 0.5
    return spread(middles, gap=GAP * count / side, low=-0.5, high=count - 0.5)


def grid_of_matrices(
    figure: Figure | SubFigure,
    layout: Layout,
    values: Sequence[Sequence[np.ndarray]],
    *,
    titles: Sequence[Sequence[str]],
    limits: tuple[float, float],
    colours: Colormap,
    ends: tuple[str, str] = ("from", "to"),
) -> list[Axes]:
    """Draw rows of matrices on one scale; the first of each row has its joints named.

    Args:
        figure: Where to draw.
        layout: Skeleton.
        values: (V, V) each.
        titles: One for each matrix.
        limits: Values of the first and last colour.
        colours: Colours of the values.
        ends: What rows and columns are.

    Returns:
        Axes of the matrices.
    """
    grid = figure.subplots(len(values), len(values[0]), squeeze=False)
    for row, matrices, names in zip(grid, values, titles, strict=True):
        for column, (axes, matrix, name) in enumerate(zip(row, matrices, names, strict=True)):
            style.dress(axes, title=name, x_label=ends[1], y_label=ends[0] if column == 0 else "")
            draw_part_matrix(
                axes, layout, matrix, limits=limits, colours=colours, named=column == 0
            )
    return list(grid.flat)

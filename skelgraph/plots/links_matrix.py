"""A-links as matrices by body part, one a type."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from skelgraph.graphs import Layout
from skelgraph.graphs.layout import SLOTS
from skelgraph.plots import style
from skelgraph.plots.links import PROBABILITY, Quantity
from skelgraph.plots.part_matrix import grid_of_matrices, matrix_height, matrix_side, names_width
from skelgraph.plots.shares import BAR_WIDTH

WIDEST = 13.0  # matrices of types stand below one another on wider paper, in inches
LEAST = 1e-3  # end of the scale where all values are nothing


def links_matrix_figure(
    layout: Layout, values: np.ndarray, *, quantity: Quantity = PROBABILITY, title: str = ""
) -> Figure:
    """Draw the value of each link type from each joint to each other, by body part.

    Args:
        layout: Skeleton that the model sees.
        values: Of each type from u to v, the ghost left out, NaN for bodies that were not
            there, (M, K, V, V); for layouts of hands row 0 is the left, row 1 the right.
        quantity: What the values are; of one without a greatest value the scale has both signs.
        title: Stands over the figure.
    """
    joints = np.arange(layout.num_joints)
    shown = np.array(values)
    shown[..., joints, joints] = np.nan  # a joint has no link to itself
    kinds = shown.shape[1]
    side, names = matrix_side(layout), names_width(layout)
    bodies = [body for body in _order(layout, len(shown)) if np.isfinite(shown[body]).any()]
    cells = [
        [(shown[body, kind], _title(layout, body, kind, len(shown))) for kind in range(kinds)]
        for body in bodies
    ]
    if kinds * (side + 0.2) + names > WIDEST:
        cells = [[cell] for row in cells for cell in row]
    width = len(cells[0]) * (side + 0.2) + names + BAR_WIDTH
    figure = style.titled_figure(width, len(cells) * matrix_height(layout), title)
    end = float(np.nanmax(np.abs(shown))) or LEAST
    signed = quantity.most is None
    limits = (-end if signed else 0.0, end)
    colours = style.diverging() if signed else style.from_paper()
    drawn = grid_of_matrices(
        figure, layout, [[matrix for matrix, _ in row] for row in cells],
        titles=[[name for _, name in row] for row in cells],
        limits=limits, colours=colours, ends=("from joint", "to joint"),
    )  # fmt: skip
    style.colour_bar(
        figure, drawn, colours=colours, limits=limits, label=quantity.name,
        shrink=min(0.8, 4.0 / figure.get_figheight()),
    )  # fmt: skip
    return figure


def _order(layout: Layout, bodies: int) -> list[int]:
    return [1, 0] if layout.instances == "hands" and bodies == 2 else list(range(bodies))


def _title(layout: Layout, body: int, kind: int, bodies: int) -> str:
    """Name a matrix: its hand or body where there are several, and its type."""
    name = f"link type {kind + 1}"
    if layout.instances == "hands":
        return f"{SLOTS[body]} hand, {name}"
    return f"body {body + 1}, {name}" if bodies > 1 else name

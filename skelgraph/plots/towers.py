"""What both towers attend to: frames to frames, joints to joints."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skelgraph.graphs import Layout
from skelgraph.plots import style
from skelgraph.plots.joint_time import WHOLE_CLIP, Span
from skelgraph.plots.part_matrix import draw_part_matrix, matrix_height, matrix_side, names_width
from skelgraph.plots.shares import BAR_WIDTH

STEP_SIDE = 2.6  # of the matrix of frames, in inches
HEAD = 0.9  # room for its title and its time axis, in inches
LEAST_END = 2.0  # even attention looks even
LABEL = "attention (1: an equal share)"


def towers_figure(
    layout: Layout,
    step: np.ndarray,
    joint: np.ndarray,
    *,
    span: Span = WHOLE_CLIP,
    title: str = "",
) -> Figure:
    """Draw both towers' attention matrices, in equal shares of a row.

    Args:
        layout: Skeleton that the model sees.
        step: Attention of each frame (row) to each other, rows sum to 1, (T', T').
        joint: Attention of each joint (row) to each other, rows sum to 1, (V, V).
        span: The time axis, from `joint_time.seconds`.
        title: Stands over the figure.
    """
    side = matrix_side(layout)
    width = STEP_SIDE + side + names_width(layout) + 2 * BAR_WIDTH + 0.8
    figure = style.titled_figure(width, max(STEP_SIDE + HEAD, matrix_height(layout)), title)
    first, second = figure.subplots(1, 2, width_ratios=(STEP_SIDE, side + names_width(layout)))
    _draw_steps(first, step * len(step), span=span)
    style.dress(
        second, title="joint tower", x_label="attends to this joint", y_label="the token of a joint"
    )
    times = joint * len(joint)
    end = _end(times)
    draw_part_matrix(second, layout, times, limits=(0.0, end), colours=style.from_paper())
    for axes, values in ((first, step * len(step)), (second, times)):
        style.colour_bar(
            figure, axes, colours=style.from_paper(), limits=(0.0, _end(values)), label=LABEL,
            shrink=0.6,
        )  # fmt: skip
    return figure


def _draw_steps(axes: Axes, times: np.ndarray, *, span: Span) -> None:
    style.dress(
        axes, title="step tower", x_label=f"attends to this {span.label}",
        y_label=f"the token at {span.label}",
    )  # fmt: skip
    edges = np.linspace(0, span.end, len(times) + 1)
    axes.pcolormesh(
        edges, edges, times, cmap=style.from_paper(), vmin=0.0, vmax=_end(times),
        edgecolors="face", linewidth=style.SEAM,
    )  # fmt: skip
    axes.set_ylim(span.end, 0)
    axes.set_aspect("equal")


def _end(times: np.ndarray) -> float:
    return max(float(times.max()), LEAST_END)

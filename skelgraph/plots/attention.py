"""What the joint tower attends to: on the skeleton, over time, and class beside class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from skelgraph.graphs import Layout
from skelgraph.plots import heat, shares, style
from skelgraph.plots.joint_time import WHOLE_CLIP, Span

WORDS = shares.Words(
    share="share of attention",
    difference="share of attention minus the mean of the classes",
    times="attention (1: an equal share)",
)


def skeleton_figure(layout: Layout, weights: np.ndarray, *, title: str = "") -> Figure:
    """Draw each joint's share of attention as heat on the neutral skeleton.

    Args:
        layout: Skeleton that the model sees.
        weights: Share of attention of each joint, NaN for a body that was not there, (M, V);
            for layouts of hands row 0 is the left, row 1 the right.
        title: Stands over the figure.

    Returns:
        Figure with a colour bar, on which a line marks equal shares.
    """
    drawing = heat.plan(layout, weights)
    width, height = drawing.size
    figure = style.titled_figure(width + shares.BAR_WIDTH, height, title)
    shares.draw_skeletons(figure, layout, weights, drawing=drawing, words=WORDS)
    return figure


def time_figure(
    layout: Layout, weights: np.ndarray, *, span: Span = WHOLE_CLIP, title: str = ""
) -> Figure:
    """Draw each joint's share of attention over time as a matrix.

    Args:
        layout: Skeleton that the model sees.
        weights: Share of attention of each joint at each frame, a body's sum is 1, (M, T, V).
        span: The time axis, from `joint_time.seconds`.
        title: Stands over the figure.

    Returns:
        Figure with a row a joint, grouped by part, and a colour bar in equal shares, 1 / (T V).
    """
    width, height = shares.matrix_size(layout, len(weights))
    figure = style.titled_figure(width, height, title)
    shares.draw_times(figure, layout, weights, span=span, words=WORDS)
    return figure


def attention_figure(
    layout: Layout,
    weights: np.ndarray,
    frame_weights: np.ndarray,
    *,
    span: Span = WHOLE_CLIP,
    title: str = "",
) -> Figure:
    """Draw attention on the skeleton, and below it over time.

    Args:
        layout: Skeleton that the model sees.
        weights: Share of attention of each joint, (M, V).
        frame_weights: The same at each frame, (M, T, V).
        span: The time axis, from `joint_time.seconds`.
        title: Stands over the figure.
    """
    drawing = heat.plan(layout, weights)
    (width, upper), (other_width, lower) = drawing.size, shares.matrix_size(layout, len(weights))
    figure = style.titled_figure(max(width + shares.BAR_WIDTH, other_width), upper + lower, title)
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=(upper, lower))
    above, below = parts[:, 0]
    shares.draw_skeletons(above, layout, weights, drawing=drawing, words=WORDS)
    shares.draw_times(below, layout, frame_weights, span=span, words=WORDS)
    return figure


def classes_figure(
    layout: Layout,
    weights: np.ndarray,
    class_names: Sequence[str],
    *,
    relative: bool = False,
    title: str = "",
) -> Figure:
    """Draw the attention of several classes beside one another; see `shares.classes_figure`."""
    return shares.classes_figure(
        layout, weights, class_names, words=WORDS, relative=relative, title=title
    )

"""What the joint tower attends to: on the skeleton, over time, and class beside class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from skelgraph.graphs import Layout
from skelgraph.plots import heat, joint_time, style
from skelgraph.plots.heat import Panel
from skelgraph.plots.joint_time import WHOLE_CLIP, Span

UNIT = "share of attention"
BAR_WIDTH = 0.95  # of a colour bar with its label, in inches
TITLE_HEIGHT = 0.45
NAMED = 8


def skeleton_figure(
    layout: Layout, weights: np.ndarray, *, title: str = "", named: int = NAMED
) -> Figure:
    """Draw each joint's share of attention as heat on the neutral skeleton.

    Args:
        layout: Skeleton that the model sees.
        weights: Share of attention of each joint, NaN for a body that was not there, (M, V);
            for layouts of hands row 0 is the left, row 1 the right.
        title: Stands over the figure.
        named: How many of the joints with most are named.

    Returns:
        Figure with a colour bar, on which a tick marks equal shares.
    """
    panels = heat.neutral_panels(layout, bodies=len(weights))
    width, height = _skeleton_size(layout, weights, panels=panels, named=named)
    figure = style.new_figure(width, height + TITLE_HEIGHT)
    style.head(figure, title)
    _draw_skeletons(figure, layout, weights, panels=panels, named=named)
    return figure


def time_figure(
    layout: Layout, weights: np.ndarray, *, span: Span = WHOLE_CLIP, title: str = ""
) -> Figure:
    """Draw each joint's share of attention over time as a matrix.

    Args:
        layout: Skeleton that the model sees.
        weights: Share of attention of each joint at each frame, (M, T, V).
        span: The time axis, from `joint_time.seconds`.
        title: Stands over the figure.

    Returns:
        Figure with a row a joint, grouped by part, and a colour bar.
    """
    height = joint_time.matrix_height(layout) + 0.7
    figure = style.new_figure(_matrix_width(layout, len(weights)), height + TITLE_HEIGHT)
    style.head(figure, title)
    _draw_times(figure, layout, weights, span=span)
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
    panels = heat.neutral_panels(layout, bodies=len(weights))
    width, upper = _skeleton_size(layout, weights, panels=panels, named=NAMED)
    lower = joint_time.matrix_height(layout) + 0.7
    width = max(width, _matrix_width(layout, len(weights)))
    figure = style.new_figure(width, upper + lower + TITLE_HEIGHT)
    style.head(figure, title)
    above, below = figure.subfigures(2, 1, height_ratios=(upper, lower))
    _draw_skeletons(above, layout, weights, panels=panels, named=NAMED)
    _draw_times(below, layout, frame_weights, span=span)
    return figure

"""What the joint tower attends to: on the skeleton, over time, and class beside class."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import PercentFormatter

from skelgraph.graphs import Layout
from skelgraph.graphs.layout import SLOTS
from skelgraph.plots import heat, joint_time, style
from skelgraph.plots.heat import Drawing, Scale
from skelgraph.plots.joint_time import WHOLE_CLIP, Span

UNIT = "share of attention"
DIFFERENCE = "share of attention minus the mean of the classes"
TIMES_EQUAL = "attention (1: an equal share)"
LEAST_END = 2.0  # equal shares at the end of a scale at least: even attention looks even
LEAST_DIFFERENCE = 0.25  # the same for differences of classes
BAR_WIDTH = 0.95  # of a colour bar with its label, in inches
LEAST_LISTED = 0.0005  # difference that one decimal of a per cent shows
LISTED = 3
NAME_SIZE = 8.5  # of a class's name, in points
AXIS_HEIGHT = 0.75  # of a time axis with its label and the matrices' titles, in inches


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
    figure = style.titled_figure(width + BAR_WIDTH, height, title)
    _draw_skeletons(figure, layout, weights, drawing=drawing)
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
    width, height = _matrix_size(layout, len(weights))
    figure = style.titled_figure(width, height, title)
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
    drawing = heat.plan(layout, weights)
    (width, upper), (other_width, lower) = drawing.size, _matrix_size(layout, len(weights))
    figure = style.titled_figure(max(width + BAR_WIDTH, other_width), upper + lower, title)
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=(upper, lower))
    above, below = parts[:, 0]
    _draw_skeletons(above, layout, weights, drawing=drawing)
    _draw_times(below, layout, frame_weights, span=span)
    return figure


def classes_figure(
    layout: Layout,
    weights: np.ndarray,
    class_names: Sequence[str],
    *,
    relative: bool = False,
    title: str = "",
) -> Figure:
    """Draw the attention of several classes beside one another, on one scale.

    Args:
        layout: Skeleton that the model sees.
        weights: Share of attention of each joint by class, (K, M, V).
        class_names: What stands over each drawing, K of them; a second line may follow.
        relative: Draw the difference from the mean of the classes.
        title: Stands over the figure.

    Returns:
        Figure with a colour bar; each drawing lists its three greatest joints.
    """
    shown = weights - _mean_known(weights) if relative else weights
    size = 0.5 if len(class_names) > 4 else 0.65
    drawings = [heat.plan(layout, values, named=0, size=size) for values in shown]
    width, height = max(drawings[0].size[0], 1.7), drawings[0].size[1]
    rows, columns = _rows_and_columns(len(shown), width + 0.2, height + 0.9)
    figure = style.titled_figure(columns * (width + 0.2) + BAR_WIDTH, rows * (height + 0.9), title)
    grid = figure.subplots(rows, columns, squeeze=False)
    least = (LEAST_DIFFERENCE if relative else LEAST_END) / layout.num_joints
    scale = _scale(shown, least=least, relative=relative)
    for axes in grid.flat[len(shown) :]:
        axes.set_axis_off()
    for axes, values, name, drawing in zip(grid.flat, shown, class_names, drawings, strict=False):
        heat.draw(axes, layout, values, drawing=drawing, scale=scale)
        axes.set_title(_broken(name, int(width / 0.08)), fontsize=NAME_SIZE, color=style.INK)
        _list_greatest(axes, layout, values, drawing=drawing, relative=relative)
    shrink = min(0.8, 4.0 / figure.get_figheight())
    label = DIFFERENCE if relative else UNIT
    _add_bar(figure, list(grid.flat), scale, label=label, shrink=shrink)
    return figure


def _broken(name: str, letters: int) -> str:
    """Break a name's first line into two at most; what does not fit goes from its middle."""
    first, *rest = style.spoken(name).split("\n")
    short = style.shorten(first, 2 * letters - 4)
    return "\n".join([*textwrap.wrap(short, letters)[:2], *rest])


def _rows_and_columns(count: int, width: float, height: float) -> tuple[int, int]:
    """Arrange cells on a page about as wide as high, at least 11 inches wide, rows filled."""
    wide = max(11.0, (count * width * height) ** 0.5)
    rows = -(-count // max(1, int(wide // width)))
    return rows, -(-count // rows)


def _matrix_size(layout: Layout, bodies: int) -> tuple[float, float]:
    width = 3.0 + (2.6 if bodies == 1 else 2.0) * bodies
    return max(width, 6.0), joint_time.matrix_height(layout) + AXIS_HEIGHT


def _draw_skeletons(
    figure: Figure | SubFigure, layout: Layout, weights: np.ndarray, *, drawing: Drawing
) -> None:
    axes = figure.subplots()
    scale = _scale(weights, least=LEAST_END / layout.num_joints)
    heat.draw(axes, layout, weights, drawing=drawing, scale=scale)
    bar = _add_bar(figure, [axes], scale, label=UNIT)
    _mark_equal_shares(bar, layout, scale)


def _draw_times(
    figure: Figure | SubFigure, layout: Layout, weights: np.ndarray, *, span: Span
) -> None:
    weights = weights * weights.shape[1] * weights.shape[2]
    scale = _scale(weights, least=LEAST_END)
    drawn = joint_time.draw_matrices(
        figure, layout, weights[_order(layout, len(weights))], span=span,
        titles=_titles(layout, weights), limits=scale.limits, colours=scale.colours,
    )  # fmt: skip
    style.colour_bar(figure, drawn, colours=scale.colours, limits=scale.limits, label=TIMES_EQUAL)


def _order(layout: Layout, bodies: int) -> list[int]:
    """Bodies from left to right as the skeletons stand: the right hand is on the left."""
    return [1, 0] if layout.instances == "hands" else list(range(bodies))


def _titles(layout: Layout, weights: np.ndarray) -> list[str]:
    bodies = len(weights)
    names = [f"body {body + 1}" if bodies > 1 else "" for body in range(bodies)]
    if layout.instances == "hands":
        names = [f"{slot} hand" for slot in SLOTS]
    seen = [bool(np.isfinite(weights[body]).any()) for body in range(bodies)]
    titles = [name if seen[i] else f"{name} (not seen)".strip() for i, name in enumerate(names)]
    return [titles[body] for body in _order(layout, bodies)]


def _scale(weights: np.ndarray, *, least: float, relative: bool = False) -> Scale:
    """From 0 to the greatest value; differences as far below zero as above.

    Args:
        weights: Values, NaN where there is none.
        least: The scale ends there at least.
        relative: The values are differences.
    """
    end = max(float(np.abs(weights[np.isfinite(weights)]).max(initial=0.0)), least)
    return Scale(style.diverging(), -end, end) if relative else Scale(style.sequential(), 0.0, end)


def _add_bar(
    figure: Figure | SubFigure,
    axes: Sequence[Axes],
    scale: Scale,
    *,
    label: str,
    shrink: float = 0.8,
) -> Colorbar:
    bar = style.colour_bar(
        figure,
        axes,
        colours=scale.colours,
        limits=scale.limits,
        label=label,
        shrink=shrink,
        at_top=shrink < 0.5,
    )
    bar.ax.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, symbol=" %"))
    return bar


def _mark_equal_shares(bar: Colorbar, layout: Layout, scale: Scale) -> None:
    """A line across the colour bar where every joint would have the same share."""
    equal = 1 / layout.num_joints
    if scale.low < equal < scale.high:
        bar.ax.axhline(equal, color=style.INK, linewidth=1.0)
        bar.ax.annotate(
            "equal", (0.0, equal), xycoords=("axes fraction", "data"), xytext=(-3, 0),
            textcoords="offset points", ha="right", va="center", fontsize=style.TINY_SIZE,
            color=style.MUTED,
        )  # fmt: skip


def _mean_known(weights: np.ndarray) -> np.ndarray:
    """Mean over classes, of the values that there are, (M, V)."""
    known = np.isfinite(weights)
    total = np.where(known, weights, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _list_greatest(
    axes: Axes, layout: Layout, values: np.ndarray, *, drawing: Drawing, relative: bool
) -> None:
    keys = heat.top_joints(values, panels=drawing.panels, limit=LISTED)
    shown = [key for key in keys if not relative or abs(values[key]) >= LEAST_LISTED]
    sign = "+" if relative else ""
    lines = [f"{_full_name(layout, *key)} {100 * values[key]:{sign}.1f} %" for key in shown]
    if keys and not lines:
        lines = ["as the mean"]
    axes.text(
        0.5, 0.0, "\n".join(lines), transform=axes.transAxes, ha="center", va="top",
        fontsize=style.TINY_SIZE, color=style.MUTED,
    )  # fmt: skip


def _full_name(layout: Layout, body: int, joint: int) -> str:
    name = style.spoken(layout.joints[joint])
    return f"{SLOTS[body]} {name}" if layout.instances == "hands" else name

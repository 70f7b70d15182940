"""Shares of a whole, a number for each joint: on the skeleton, over time, class beside class."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import PercentFormatter

from skelgraph.graphs import Layout
from skelgraph.graphs.layout import SLOTS
from skelgraph.plots import heat, joint_time, style
from skelgraph.plots.heat import Drawing, Scale
from skelgraph.plots.joint_time import Phase, Span

LEAST_END = 2.0  # equal shares at the end of a scale at least: even shares look even
LEAST_DIFFERENCE = 0.25  # the same for differences
BAR_WIDTH = 0.95  # of a colour bar with its label, in inches
LEAST_LISTED = 0.0005  # difference that one decimal of a per cent shows
LISTED = 3
NAME_SIZE = 8.5  # of a class's name, in points
AXIS_HEIGHT = 0.75  # of a time axis with its label and the matrices' titles, in inches


@dataclass(frozen=True)
class Words:
    """How a quantity is called on the scales of its figures.

    Args:
        share: Of a joint.
        difference: From the mean of the classes.
        times: Of a joint and frame, in equal shares.
        signed: Whether values can be negative: such scales are symmetric about zero.
    """

    share: str
    difference: str
    times: str
    signed: bool = False


def classes_figure(
    layout: Layout,
    weights: np.ndarray,
    class_names: Sequence[str],
    *,
    words: Words,
    relative: bool = False,
    title: str = "",
) -> Figure:
    """Draw the shares of several classes beside one another, on one scale.

    Args:
        layout: Skeleton.
        weights: Share of each joint by class, (K, M, V).
        class_names: What stands over each drawing, K of them; a second line may follow.
        words: How the quantity is called.
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
    scale = scale_of(shown, least=least, signed=relative or words.signed)
    for axes in grid.flat[len(shown) :]:
        axes.set_axis_off()
    for axes, values, name, drawing in zip(grid.flat, shown, class_names, drawings, strict=False):
        heat.draw(axes, layout, values, drawing=drawing, scale=scale)
        axes.set_title(broken(name, int(width / 0.08)), fontsize=NAME_SIZE, color=style.INK)
        list_greatest(axes, layout, values, drawing=drawing, relative=relative)
    shrink = min(0.8, 4.0 / figure.get_figheight())
    label = words.difference if relative else words.share
    add_bar(figure, list(grid.flat), scale, label=label, shrink=shrink)
    return figure


def broken(name: str, letters: int) -> str:
    """Break a name's first line into two at most; what does not fit goes from its middle."""
    first, *rest = style.spoken(name).split("\n")
    short = style.shorten(first, 2 * letters - 4)
    return "\n".join([*textwrap.wrap(short, letters)[:2], *rest])


def _rows_and_columns(count: int, width: float, height: float) -> tuple[int, int]:
    """Arrange cells on a page about as wide as high, at least 11 inches wide, rows filled."""
    wide = max(11.0, (count * width * height) ** 0.5)
    rows = -(-count // max(1, int(wide // width)))
    return rows, -(-count // rows)


def matrix_size(layout: Layout, bodies: int) -> tuple[float, float]:
    """Width and height that joint x time matrices of some bodies take, inches."""
    width = 3.0 + (2.6 if bodies == 1 else 2.0) * bodies
    return max(width, 6.0), joint_time.matrix_height(layout) + AXIS_HEIGHT


def draw_skeletons(
    figure: Figure | SubFigure,
    layout: Layout,
    weights: np.ndarray,
    *,
    drawing: Drawing,
    words: Words,
    joints: int | None = None,
) -> None:
    """Draw shares (M, V) as heat on the neutral skeleton, with the colour bar.

    `joints` is over how many joints shares sum to 1; by default over those of one body.
    """
    axes = figure.subplots()
    equal = 1 / (joints or layout.num_joints)
    scale = scale_of(weights, least=LEAST_END * equal, signed=words.signed)
    heat.draw(axes, layout, weights, drawing=drawing, scale=scale)
    bar = add_bar(figure, [axes], scale, label=words.share)
    if not words.signed:
        _mark_equal_shares(bar, equal, scale)


def draw_times(
    figure: Figure | SubFigure,
    layout: Layout,
    weights: np.ndarray,
    *,
    span: Span,
    words: Words,
    phases: Sequence[Phase] = (),
    joints: int | None = None,
) -> None:
    """Draw shares by frame (M, T, V) as matrices of equal shares, with the colour bar.

    `joints` is as in `draw_skeletons`.
    """
    weights = weights * weights.shape[1] * (joints or weights.shape[2])
    scale = scale_of(weights, least=LEAST_END, signed=words.signed)
    drawn = joint_time.draw_matrices(
        figure, layout, weights[body_order(layout, len(weights))], span=span,
        titles=body_titles(layout, weights), limits=scale.limits, colours=scale.colours,
        phases=phases,
    )  # fmt: skip
    style.colour_bar(figure, drawn, colours=scale.colours, limits=scale.limits, label=words.times)


def body_order(layout: Layout, bodies: int) -> list[int]:
    """Bodies from left to right as the skeletons stand: the right hand is on the left."""
    return [1, 0] if layout.instances == "hands" else list(range(bodies))


def body_titles(layout: Layout, weights: np.ndarray) -> list[str]:
    """Name the bodies in the order of `body_order`, and say which were not seen."""
    bodies = len(weights)
    names = [f"body {body + 1}" if bodies > 1 else "" for body in range(bodies)]
    if layout.instances == "hands":
        names = [f"{slot} hand" for slot in SLOTS]
    seen = [bool(np.isfinite(weights[body]).any()) for body in range(bodies)]
    titles = [name if seen[i] else f"{name} (not seen)".strip() for i, name in enumerate(names)]
    return [titles[body] for body in body_order(layout, bodies)]


def scale_of(weights: np.ndarray, *, least: float, signed: bool = False) -> Scale:
    """From 0 to the greatest value; of signed values as far below zero as above.

    Args:
        weights: Values, NaN where there is none.
        least: The scale ends there at least.
        signed: Values of both signs are expected.
    """
    end = max(float(np.abs(weights[np.isfinite(weights)]).max(initial=0.0)), least)
    return Scale(style.diverging(), -end, end) if signed else Scale(style.sequential(), 0.0, end)


def add_bar(
    figure: Figure | SubFigure,
    axes: Sequence[Axes],
    scale: Scale,
    *,
    label: str,
    shrink: float = 0.8,
) -> Colorbar:
    """Add a colour bar in per cent; a short one (`shrink` under a half) stands at the top."""
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


def _mark_equal_shares(bar: Colorbar, equal: float, scale: Scale) -> None:
    """A line across the colour bar where every joint would have the same share."""
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


def list_greatest(
    axes: Axes, layout: Layout, values: np.ndarray, *, drawing: Drawing, relative: bool
) -> None:
    """Write the greatest joints below a drawing; of differences none that is next to nothing."""
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

"""A-links over the skeleton: the strongest, coloured by type, as wide as their values are great."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from skelgraph.graphs import Layout
from skelgraph.plots import heat, style
from skelgraph.plots.heat import Drawing
from skelgraph.plots.strongest_links import STRONGEST, Link, strongest_links

NAMED = 8  # joints that are named, those of the strongest links
WIDTHS = (0.4, 2.4)  # of a link whose value is nothing and of one whose value is most, in points
CURVE = 0.13  # so that a link, its reverse and other types do not lie on each other
DOT = 12.0  # area of a joint, in square points
NARROWEST = 5.0  # paper, in inches
LEGEND = 0.35  # room of a row of the legend, in inches
KEY, CHARACTER = 0.36, 0.0525  # width of an entry's line and of one letter of it, in inches
AGAINST = (0, (2.2, 1.4))  # dashes of links that speak against the class


@dataclass(frozen=True)
class Quantity:
    """What the values of links are.

    Args:
        name: Stands in the legend and beside scales.
        most: Value that is drawn widest. None: the one farthest from zero of those drawn.
        form: How a value is written in the legend.
    """

    name: str
    most: float | None
    form: str


PROBABILITY = Quantity("probability", most=1.0, form=".2f")
IMPORTANCE = Quantity("log-odds lost without it", most=None, form=".2g")


def links_figure(
    layout: Layout,
    values: np.ndarray,
    *,
    count: int = STRONGEST,
    quantity: Quantity = PROBABILITY,
    title: str = "",
) -> Figure:
    """Draw the strongest A-links as arrows over the neutral skeleton, dashed where below zero.

    Args:
        layout: Skeleton that the model sees.
        values: Of each link type from u to v, the ghost left out, NaN for bodies that were
            not there, (M, K, V, V); for layouts of hands row 0 is the left, row 1 the right.
        count: How many links of each type, over all bodies.
        quantity: What the values are.
        title: Stands over the figure.
    """
    links = strongest_links(values, count=count)
    ends = _ends(links, shape=(len(values), layout.num_joints))
    drawing = heat.plan(layout, ends, named=NAMED, valued=False)
    width, height = drawing.size
    entries = _entries(links, kinds=values.shape[1], quantity=quantity)
    width = max(width, NARROWEST)
    rows = 1 if sum(KEY + CHARACTER * len(str(one.get_label())) for one in entries) < width else 2
    figure = style.titled_figure(width, height + LEGEND * rows, title)
    axes = figure.subplots()
    heat.draw_frame(axes, _there(values), drawing=drawing)
    for panel in drawing.panels:
        heat.draw_bones(axes, layout, panel.points)
        shown = panel.points[panel.joints]
        axes.scatter(shown[:, 0], shown[:, 1], s=DOT, color=style.MUTED, linewidths=0, zorder=4)
    most = _most(links, quantity)
    for link in reversed(links):  # the strongest on top
        _arrow(axes, link, drawing, width=width_of(link.value / most))
    figure.legend(
        handles=entries, loc="outside lower center", ncols=-(-len(entries) // rows), frameon=False,
        fontsize=style.SMALL_SIZE, labelcolor=style.INK, handlelength=1.6, columnspacing=1.2,
    )  # fmt: skip
    return figure


def _ends(links: Sequence[Link], *, shape: tuple[int, int]) -> np.ndarray:
    """Value of the strongest link at each joint, NaN where none ends, (M, V)."""
    ends = np.full(shape, np.nan)
    for link in reversed(links):
        ends[link.body, [link.source, link.target]] = link.value
    return ends


def _there(values: np.ndarray) -> np.ndarray:
    """0 for every joint of a body that was there, strong links or not, else NaN, (M, V)."""
    there = np.isfinite(values).any(axis=(1, 2, 3))
    return np.repeat(np.where(there, 0.0, np.nan)[:, None], values.shape[-1], axis=1)


def _most(links: Sequence[Link], quantity: Quantity) -> float:
    """Value that is drawn widest."""
    if quantity.most is not None:
        return quantity.most
    return max((abs(link.value) for link in links), default=1.0)


def _arrow(axes: Axes, link: Link, drawing: Drawing, *, width: float) -> None:
    curve = CURVE * (1 + link.kind)
    places = [_place(drawing, link.body, joint) for joint in (link.source, link.target)]
    axes.add_patch(
        FancyArrowPatch(
            *places, connectionstyle=f"arc3,rad={curve}", shrinkA=2.5, shrinkB=2.5,
            arrowstyle=f"-|>,head_length={1.5 + width},head_width={0.8 + 0.5 * width}",
            color=colour_of(link.kind), linewidth=width, alpha=0.75, zorder=3,
            linestyle=AGAINST if link.value < 0 else "-", joinstyle="miter",
        )
    )  # fmt: skip


def _place(drawing: Drawing, body: int, joint: int) -> tuple[float, float]:
    """Where the panel that shows a joint has it."""
    panel = next(panel for panel in drawing.panels if heat.shows(panel, (body, joint)))
    across, up = panel.points[joint]
    return float(across), float(up)


def width_of(share: float) -> float:
    """Width of a link's line by its share of the greatest value, in points."""
    low, high = WIDTHS
    return low + (high - low) * abs(share)


def colour_of(kind: int) -> str:
    """Colour of a link type, from 0."""
    return style.categorical(kind + 1)[kind]


def _entries(links: Sequence[Link], *, kinds: int, quantity: Quantity) -> list[Line2D]:
    """Rows of the legend: the types, the least and the greatest value, dashes if there are any."""
    entries = [
        Line2D([], [], color=colour_of(kind), linewidth=2.0, label=f"link type {kind + 1}")
        for kind in range(kinds)
    ]
    most = _most(links, quantity)
    sizes = [abs(link.value) for link in links]
    ends = (min(sizes), max(sizes)) if sizes else ()
    shown = {f"{quantity.name} {size:{quantity.form}}": size for size in ends}
    for text, size in shown.items():
        entries.append(
            Line2D([], [], color=style.MUTED, linewidth=width_of(size / most), label=text)
        )
    if any(link.value < 0 for link in links):
        entries.append(
            Line2D(
                [], [], color=style.MUTED, linewidth=1.2, linestyle=AGAINST,
                label="against the class",
            )
        )  # fmt: skip
    return entries

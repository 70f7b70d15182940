"""A-links over the skeleton: the strongest, coloured by type, as wide as they are probable."""

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

STRONGEST = 10  # of each type
NAMED = 8  # joints that are named, those of the strongest links
WIDTHS = (0.4, 2.4)  # of a link of the least and of the greatest probability, in points
CURVE = 0.13  # so that a link, its reverse and other types do not lie on each other
DOT = 12.0  # area of a joint, in square points
LEGEND = 0.35  # room of a row of the legend, in inches


@dataclass(frozen=True)
class Link:
    """One A-link.

    Args:
        body: Row of the values that it is of.
        kind: Link type, from 0, the ghost not counted.
        source: Joint that it comes from.
        target: Joint that it goes to.
        probability: Of this type.
    """

    body: int
    kind: int
    source: int
    target: int
    probability: float


def strongest_links(probability: np.ndarray, *, count: int = STRONGEST) -> list[Link]:
    """List each type's links of greatest probability between different joints.

    Args:
        probability: Of each type from u to v, NaN for bodies that were not there,
            (M, K, V, V).
        count: How many of each type, over all bodies.

    Returns:
        The greatest first.

    Example:
        >>> links = np.zeros((1, 1, 2, 2))
        >>> links[0, 0, 1, 0] = 0.5
        >>> strongest_links(links, count=1)
        [Link(body=0, kind=0, source=1, target=0, probability=0.5)]
    """
    values = np.where(np.isfinite(probability), probability, -1.0)
    joints = np.arange(values.shape[-1])
    values[..., joints, joints] = -1.0
    links = []
    for kind in range(values.shape[1]):
        own = values[:, kind]
        order = np.argsort(-own, axis=None, kind="stable")[:count]
        for body, source, target in zip(*np.unravel_index(order, own.shape), strict=True):
            if (likely := float(own[body, source, target])) > 0:
                links.append(Link(int(body), kind, int(source), int(target), likely))
    return sorted(links, key=lambda link: -link.probability)


def links_figure(
    layout: Layout, probability: np.ndarray, *, count: int = STRONGEST, title: str = ""
) -> Figure:
    """Draw the strongest A-links as arrows over the neutral skeleton.

    Args:
        layout: Skeleton that the model sees.
        probability: Of each link type from u to v, the ghost left out, NaN for bodies that were
            not there, (M, K, V, V); for layouts of hands row 0 is the left, row 1 the right.
        count: How many links of each type, over all bodies.
        title: Stands over the figure.
    """
    links = strongest_links(probability, count=count)
    ends = _ends(links, shape=(len(probability), layout.num_joints))
    drawing = heat.plan(layout, ends, named=NAMED, valued=False)
    width, height = drawing.size
    figure = style.titled_figure(max(width, 5.0), height + LEGEND, title)
    axes = figure.subplots()
    heat.draw_frame(axes, ends, drawing=drawing)
    for panel in drawing.panels:
        heat.draw_bones(axes, layout, panel.points)
        shown = panel.points[panel.joints]
        axes.scatter(shown[:, 0], shown[:, 1], s=DOT, color=style.MUTED, linewidths=0, zorder=4)
    for link in reversed(links):  # the strongest on top
        _arrow(axes, link, drawing)
    _legend(figure, links, kinds=probability.shape[1])
    return figure


def _ends(links: Sequence[Link], *, shape: tuple[int, int]) -> np.ndarray:
    """Probability of the strongest link at each joint, NaN where none ends, (M, V)."""
    ends = np.full(shape, np.nan)
    for link in reversed(links):
        ends[link.body, [link.source, link.target]] = link.probability
    return ends


def _arrow(axes: Axes, link: Link, drawing: Drawing) -> None:
    curve = CURVE * (1 + link.kind)
    places = [_place(drawing, link.body, joint) for joint in (link.source, link.target)]
    width = width_of(link.probability)
    axes.add_patch(
        FancyArrowPatch(
            *places, connectionstyle=f"arc3,rad={curve}", shrinkA=2.5, shrinkB=2.5,
            arrowstyle=f"-|>,head_length={1.5 + width},head_width={0.8 + 0.5 * width}",
            color=colour_of(link.kind), linewidth=width, alpha=0.75, zorder=3,
            joinstyle="miter",
        )
    )  # fmt: skip


def _place(drawing: Drawing, body: int, joint: int) -> tuple[float, float]:
    """Where the panel that shows a joint has it."""
    panel = next(panel for panel in drawing.panels if heat.shows(panel, (body, joint)))
    across, up = panel.points[joint]
    return float(across), float(up)


def width_of(probability: float) -> float:
    """Width of a link's line, in points."""
    low, high = WIDTHS
    return low + (high - low) * probability


def colour_of(kind: int) -> str:
    """Colour of a link type, from 0."""
    return style.categorical(kind + 1)[kind]


def _legend(figure: Figure, links: Sequence[Link], *, kinds: int) -> None:
    entries = [
        Line2D([], [], color=colour_of(kind), linewidth=2.0, label=f"link type {kind + 1}")
        for kind in range(kinds)
    ]
    drawn = [round(link.probability, 2) for link in links]
    for probability in dict.fromkeys((min(drawn), max(drawn)) if drawn else ()):
        entries.append(
            Line2D(
                [], [], color=style.MUTED, linewidth=width_of(probability),
                label=f"probability {probability:.2f}",
            )
        )  # fmt: skip
    figure.legend(
        handles=entries, loc="outside lower center", ncols=len(entries), frameon=False,
        fontsize=style.SMALL_SIZE, labelcolor=style.INK, handlelength=1.6, columnspacing=1.2,
    )  # fmt: skip

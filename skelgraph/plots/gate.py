"""How the gate shares the work between the two towers, class by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from skelgraph.plots import style

LINE_HEIGHT = 0.17  # of a class, in inches
CHARACTER = 0.07  # width of one in a class name, in inches
NAME_LENGTH = 26
BAND = 2.4  # width of the shares, in inches
COLUMN = 50  # classes below one another before another column begins
MANY = 40  # clips above which single ones are not drawn
COLOUR = style.CATEGORICAL[0]


def gate_figure(
    classes: Sequence[tuple[str, np.ndarray]],
    *,
    towers: tuple[str, str] = ("step", "joint"),
    title: str = "",
) -> Figure:
    """Draw the second tower's share in each class: its mean, its spread, and few clips singly.

    Above 50 classes stand in several columns.

    Args:
        classes: Name of a class, and the second tower's weight in each of its clips.
        towers: What the towers' tokens are; the first one has the rest.
        title: Stands over the figure.

    Example:
        >>> figure = gate_figure([("nod", np.array([0.4, 0.6]))])
        >>> len(figure.axes)
        1
    """
    columns = -(-len(classes) // COLUMN)
    each = -(-len(classes) // columns)
    names = CHARACTER * max(len(style.shorten(name, NAME_LENGTH)) for name, _ in classes)
    width = max(columns * (BAND + names + 0.3) + 0.2, 4.6)
    figure = style.titled_figure(width, LINE_HEIGHT * (max(each, 4) + 2) + 0.9, title)
    grid = figure.subplots(1, columns, squeeze=False)[0]
    for number, axes in enumerate(grid):
        _column(axes, classes[number * each : (number + 1) * each], height=each, towers=towers)
    _legend(figure, single=any(len(values) <= MANY for _, values in classes))
    return figure


def _column(
    axes: Axes,
    classes: Sequence[tuple[str, np.ndarray]],
    *,
    height: int,
    towers: tuple[str, str],
) -> None:
    style.dress(
        axes, x_label=f"weight of the {towers[1]} tower, the {towers[0]} tower has the rest"
    )
    axes.grid(True, axis="x", color=style.FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(height - 0.4, -0.6)
    axes.set_yticks(range(len(classes)), [style.shorten(n, NAME_LENGTH) for n, _ in classes])
    axes.tick_params(axis="y", length=0, labelsize=style.SMALL_SIZE)
    axes.axvline(0.5, color=style.MUTED, linewidth=0.7, linestyle=(0, (3, 2)))
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0, symbol=" %"))
    for place, (_, values) in enumerate(classes):
        low, first, third, high = np.quantile(values, (0.05, 0.25, 0.75, 0.95))
        pale = style.mix(COLOUR, 0.45)
        axes.plot([low, high], [place] * 2, color=pale, linewidth=1.0, zorder=2)
        axes.plot(
            [first, third], [place] * 2, color=pale, linewidth=4.0, solid_capstyle="butt", zorder=2
        )
        if len(values) <= MANY:
            axes.plot(
                values, [place] * len(values), "|", color=style.INK, markersize=4,
                markeredgewidth=0.5, zorder=3,
            )  # fmt: skip
        axes.plot(values.mean(), place, "o", color=COLOUR, markersize=4.5, zorder=4)


def _legend(figure: Figure, *, single: bool) -> None:
    pale = style.mix(COLOUR, 0.45)
    entries = [
        Line2D([], [], color=COLOUR, marker="o", markersize=4.5, linewidth=0, label="mean"),
        Line2D([], [], color=pale, linewidth=4.0, label="half of the clips"),
        Line2D([], [], color=pale, linewidth=1.0, label="90 %"),
    ]
    if single:
        entries.append(
            Line2D(
                [], [], color=style.INK, marker="|", markersize=5, markeredgewidth=0.5,
                linewidth=0, label="a clip",
            )
        )  # fmt: skip
    figure.legend(
        handles=entries, loc="outside lower center", ncols=4, frameon=False,
        fontsize=style.SMALL_SIZE, labelcolor=style.INK, handlelength=1.4,
    )  # fmt: skip

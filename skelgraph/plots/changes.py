"""Scores of each class before and after, as dumbbells, from 2 to 200 classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from skelgraph.plots import style

LINE_HEIGHT = 0.17  # of a class, in inches
CHARACTER = 0.07  # width of one in a class name, in inches
NAME_LENGTH = 26
BAND = 2.3  # width of the scores, in inches
COLUMN = 50  # classes below one another before another column begins

FELL, ROSE = style.CATEGORICAL[1], style.CATEGORICAL[0]


@dataclass(frozen=True)
class Dumbbell:
    """One row: a score before and after.

    Args:
        name: The class.
        before, after: Fractions; NaN: there was nothing to score.
        low, high: Ends of the interval of `after - before`, NaN where there is none.
        sure: Whether chance does not explain the difference; the row is then drawn bold.
    """

    name: str
    before: float
    after: float
    low: float
    high: float
    sure: bool = False

    @property
    def difference(self) -> float:
        """After less before, NaN where there was nothing to score."""
        return self.after - self.before


def changes_figure(
    rows: Sequence[Dumbbell], *, score: str = "F1", title: str = "", note: str = ""
) -> Figure:
    """Draw each class's score before (ring) and after (dot), the worst change at the top.

    The thin bar is where the score after would lie by the interval of the difference. Above 50
    classes stand in several columns; classes without a score come last.

    Args:
        rows: A class each.
        score: Name of the score.
        title: Stands over the figure.
        note: Stands below the legend: what the intervals are.

    Example:
        >>> figure = changes_figure([Dumbbell("nod", 0.8, 0.6, -0.3, -0.1)])
        >>> len(figure.axes)
        1
    """
    order = sorted(rows, key=lambda row: (np.isnan(row.difference), row.difference))
    columns = -(-len(order) // COLUMN)
    each = -(-len(order) // columns)
    names = CHARACTER * max(len(style.shorten(row.name, NAME_LENGTH)) for row in order)
    width = max(columns * (BAND + names + 0.3) + 0.2, 4.6)
    figure = style.titled_figure(width, LINE_HEIGHT * (max(each, 4) + 2) + 0.8, title)
    grid = figure.subplots(1, columns, squeeze=False)[0]
    for number, axes in enumerate(grid):
        _column(axes, order[number * each : (number + 1) * each], height=each, score=score)
    _legend(figure, note)
    return figure


def _column(axes: Axes, rows: Sequence[Dumbbell], *, height: int, score: str) -> None:
    style.dress(axes, x_label=score)
    axes.grid(True, axis="x", color=style.FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(height - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [style.shorten(row.name, NAME_LENGTH) for row in rows])
    axes.tick_params(axis="y", length=0, labelsize=style.SMALL_SIZE)
    for place, (row, label) in enumerate(zip(rows, axes.get_yticklabels(), strict=True)):
        _dumbbell(axes, place, row)
        if row.sure:
            label.set_fontweight("bold")


def _dumbbell(axes: Axes, place: int, row: Dumbbell) -> None:
    if np.isnan(row.difference):
        axes.text(
            0.0, place, "no test clips", fontsize=style.TINY_SIZE, color=style.MUTED, va="center"
        )
        return
    colour = _colour(row.difference)
    if not np.isnan(row.low):
        ends = np.clip([row.before + row.low, row.before + row.high], 0, 1)
        axes.plot(ends, [place] * 2, color=style.mix(colour, 0.6), linewidth=1.0, zorder=2)
    axes.plot(
        [row.before, row.after], [place] * 2, color=colour, zorder=3,
        linewidth=2.8 if row.sure else 1.4,
    )  # fmt: skip
    axes.plot(
        row.before, place, "o", markersize=4, markerfacecolor=style.PAPER,
        markeredgecolor=colour, zorder=4,
    )  # fmt: skip
    axes.plot(row.after, place, "o", markersize=4.5, color=colour, zorder=5)


def _colour(difference: float) -> str:
    if difference == 0:
        return style.MUTED
    return FELL if difference < 0 else ROSE


def _legend(figure: Figure, note: str) -> None:
    handles = [
        Line2D(
            [], [], color=style.INK, marker="o", markerfacecolor=style.PAPER, markersize=4,
            linewidth=0, label="before",
        ),
        Line2D([], [], color=style.INK, marker="o", markersize=4.5, linewidth=0, label="after"),
        Line2D([], [], color=FELL, linewidth=1.4, label="fell"),
        Line2D([], [], color=ROSE, linewidth=1.4, label="rose"),
    ]  # fmt: skip
    legend = figure.legend(
        handles=handles, loc="outside lower center", ncols=4, frameon=False,
        fontsize=style.SMALL_SIZE, labelcolor=style.INK,
    )  # fmt: skip
    if note:
        legend.set_title(_wrapped(note, figure.get_figwidth()))
        legend.get_title().set(
            fontsize=style.SMALL_SIZE, color=style.MUTED, multialignment="center"
        )


def _wrapped(text: str, width: float) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, max(30, int((width - 0.4) / 0.06))))

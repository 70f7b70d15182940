"""Importance summed by body part, as bars with their spread over clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from skelgraph.plots import style
from skelgraph.plots.importance import AGAINST, WORDS, Standing, paper

ROW = 0.22  # of a part, in inches
BAND = 2.6  # width of the bars, in inches
CHARACTER = 0.07  # width of one in a part's name, in inches
# As on maps, where blue is against the class; without signs there is blue alone.
FOR, OTHER = style.CATEGORICAL[1], style.CATEGORICAL[0]
QUARTILES = "bars: mean; lines: middle half of the clips"


@dataclass(frozen=True)
class PartBar:
    """One row: a body part's share.

    Args:
        name: The part.
        mean: Mean share over clips.
        low, high: First and third quartile over clips.
    """

    name: str
    mean: float
    low: float
    high: float


def parts_figure(
    panels: Sequence[tuple[str, Sequence[PartBar]]],
    *,
    standing: Standing | None = None,
    title: str = "",
) -> Figure:
    """Draw the sum of importance over the joints of each part.

    Args:
        panels: A title and a row a part each: both hands, or classes, or one without a title.
        standing: How far to believe them.
        title: Stands over the figure.
    """
    longest = max(len(bar.name) for _, bars in panels for bar in bars)
    rows = max(len(bars) for _, bars in panels)
    width = CHARACTER * longest + len(panels) * (BAND + 0.2) + 0.3
    figure = paper(max(width, 4.0), ROW * max(rows, 3) + 0.9, title, standing)
    grid = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    values = [value for _, bars in panels for bar in bars for value in (bar.low, bar.mean)]
    signed = min(values) < 0
    for axes, (name, bars) in zip(grid, panels, strict=True):
        style.dress(axes, title=name)
        _draw(axes, bars, colours=(FOR, OTHER) if signed else (OTHER, OTHER))
        axes.set_xlabel(f"{WORDS.share}{AGAINST if signed else ''}\n{QUARTILES}")
    return figure


def _draw(axes: Axes, bars: Sequence[PartBar], *, colours: tuple[str, str]) -> None:
    """Draw a panel; `colours` are of bars to the right and to the left."""
    axes.grid(True, axis="x", color=style.FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    places = np.arange(len(bars))
    means = np.array([bar.mean for bar in bars])
    axes.barh(places, means, height=0.62, color=[colours[int(mean < 0)] for mean in means])
    for place, bar in enumerate(bars):
        axes.plot([bar.low, bar.high], [place] * 2, color=style.INK, linewidth=1.0)
    axes.axvline(0, color=style.MUTED, linewidth=0.6)
    axes.set_yticks(places, [bar.name for bar in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, symbol=" %"))

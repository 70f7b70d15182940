"""Reliability diagrams: how often a model is right when it is so sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skelgraph.plots import style

SIDE = 2.9  # of a diagram, in inches
COUNTS = 0.75  # height of the counts below it, in inches


@dataclass(frozen=True, eq=False)
class Reliability:
    """Clips sorted into B bins by confidence.

    Args:
        name: Stands over the diagram.
        count: Clips of each bin, (B,).
        confidence: Mean confidence of each bin, NaN without clips, (B,).
        accuracy: Share of each bin that is right, (B,).
        low, high: Ends of the interval of the accuracy, (B,).
        error: Expected calibration error.
    """

    name: str
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    low: np.ndarray
    high: np.ndarray
    error: float


def reliability_figure(parts: Sequence[Reliability], *, title: str = "") -> Figure:
    """Draw reliability diagrams beside one another, and below each how many clips a bin has.

    A point below the diagonal says that the model is right less often than it claims. The bars
    are 95 % intervals of the accuracy; a bin whose bar meets the diagonal may be calibrated.

    Args:
        parts: What to draw, such as before and after temperature scaling.
        title: Stands over the figure.

    Example:
        >>> one = np.ones(1)
        >>> part = Reliability("before", one, one * 0.8, one * 0.6, one * 0.5, one * 0.7, 0.2)
        >>> reliability_figure([part]).axes[0].get_ylabel()
        'share that is right'
    """
    figure = style.titled_figure((SIDE + 0.55) * len(parts) + 0.35, SIDE + COUNTS + 0.85, title)
    grid = figure.subplots(
        2, len(parts), squeeze=False, sharex=True, sharey="row", height_ratios=(SIDE, COUNTS)
    )
    for number, part in enumerate(parts):
        _diagram(grid[0, number], part, first=number == 0)
        _counts(grid[1, number], part, first=number == 0)
    most = max(float(part.count.max(initial=0)) for part in parts)
    grid[1, 0].set_ylim(0, 1.05 * max(most, 1.0))  # shared: the highest bar of all parts fits
    figure.align_ylabels(grid[:, 0])
    return figure


def _diagram(axes: Axes, part: Reliability, *, first: bool) -> None:
    style.dress(
        axes,
        title=f"{part.name}: error {100 * part.error:.1f} %",
        y_label="share that is right" if first else "",
        grid=True,
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    shown = part.count > 0
    x, y = part.confidence[shown], part.accuracy[shown]
    # Rounding must not make a length of a bar negative.
    bars = np.maximum([y - part.low[shown], part.high[shown] - y], 0)
    axes.errorbar(
        x, y, yerr=bars, color=style.CATEGORICAL[0], ecolor=style.mix(style.CATEGORICAL[0], 0.45),
        elinewidth=1.2, capsize=2, marker="o", markersize=4, linewidth=1.0, clip_on=False,
    )  # fmt: skip


def _counts(axes: Axes, part: Reliability, *, first: bool) -> None:
    style.dress(axes, x_label="confidence", y_label="clips" if first else "")
    edges = np.linspace(0, 1, len(part.count) + 1)
    axes.stairs(part.count, edges, fill=True, color=style.mix(style.CATEGORICAL[0], 0.45))
    axes.set_xlim(0, 1)
    axes.locator_params(axis="y", nbins=3, integer=True)

"""How accuracy grows with labels, for several methods beside the model that has them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from skelgraph.plots import style

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
APART = 0.012  # methods at one budget stand so far apart, as a share of the axis


@dataclass(frozen=True)
class Point:
    """Scores of a method at one budget.

    Args:
        budget: Labels, or their share.
        mean: Over draws, a fraction.
        low, high: Ends of its interval, NaN where there is none.
        draws: How many.
    """

    budget: float
    mean: float
    low: float
    high: float
    draws: int


def budget_figure(
    curves: Mapping[str, Sequence[Point]],
    *,
    reference: Point | None = None,
    score: str = "accuracy",
    unit: str = "labels",
    title: str = "",
    note: str = "",
) -> Figure:
    """Draw a curve a method over the label budget, means with intervals over draws.

    Args:
        curves: Points of each method.
        reference: The model with all labels, drawn as a line with its interval.
        score: Name of the score.
        unit: What budgets count; the axis is logarithmic.
        title: Stands over the figure.
        note: What the intervals are.

    Example:
        >>> nan = float("nan")
        >>> figure = budget_figure({"supervised": [Point(20, 0.5, nan, nan, 1)]})
        >>> figure.axes[0].get_ylabel()
        'accuracy'
    """
    figure = style.titled_figure(6.8, 3.6, title)
    axes = figure.subplots()
    style.dress(axes, x_label=unit, y_label=score, grid=True)
    axes.set_xscale("log")
    budgets = sorted({point.budget for points in curves.values() for point in points})
    step = np.log(max(budgets) / min(budgets)) * APART if len(budgets) > 1 else 0.02
    for number, (name, points) in enumerate(curves.items()):
        shift = np.exp(step * (number - (len(curves) - 1) / 2))
        _curve(axes, name, sorted(points, key=lambda point: point.budget), number, float(shift))
    if reference is not None:
        _reference(axes, reference)
    _ticks(axes, budgets)
    legend = axes.legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.02), frameon=False, fontsize=style.SMALL_SIZE,
        labelcolor=style.INK, title=note,
    )  # fmt: skip
    legend.get_title().set(fontsize=style.TINY_SIZE, color=style.MUTED)
    return figure


def _curve(axes: Axes, name: str, points: Sequence[Point], number: int, shift: float) -> None:
    colour = style.categorical(number + 1)[-1]
    x = np.array([point.budget for point in points]) * shift
    mean = np.array([point.mean for point in points])
    low, high = (np.array([getattr(point, end) for point in points]) for end in ("low", "high"))
    # A bar may leave the axis, not the scale of a share.
    bars = np.maximum([mean - np.clip(low, 0, 1), np.clip(high, 0, 1) - mean], 0)
    axes.errorbar(
        x, mean, yerr=np.where(np.isfinite(bars), bars, 0), color=colour,
        ecolor=style.mix(colour, 0.45), elinewidth=1.2, capsize=2, linewidth=1.4,
        marker=MARKERS[number % len(MARKERS)], markersize=4.5, label=name,
        linestyle="-" if number < len(style.CATEGORICAL) else "--",
    )  # fmt: skip


def _reference(axes: Axes, point: Point) -> None:
    axes.axhline(
        point.mean, color=style.MUTED, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1,
        label=f"all labels ({point.budget:g})" if point.budget > 1 else "all labels",
    )  # fmt: skip
    if np.isfinite(point.low):
        axes.axhspan(point.low, point.high, color=style.FAINT, alpha=0.5, linewidth=0, zorder=0)


def _ticks(axes: Axes, budgets: Sequence[float]) -> None:
    """Write the budgets themselves, leaving out those too close to the one before."""
    shown: list[float] = []
    room = np.log(max(budgets) / min(budgets)) / 11 if len(budgets) > 1 else 0
    for budget in budgets:
        if not shown or np.log(budget / shown[-1]) >= room:
            shown.append(budget)
    axes.set_xticks(shown)
    if len(budgets) == 1:  # one place has no width of its own
        axes.set_xlim(budgets[0] / 2, budgets[0] * 2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())

"""One value a joint and frame as a matrix: joints grouped by part, time in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure, SubFigure

from skelgraph.graphs import Layout
from skelgraph.plots import style
from skelgraph.plots.labels import spread
from skelgraph.plots.parts import parts_of

ROW_HEIGHT = 0.125  # of a joint, in inches
FEWEST_ROWS = 12
LEADER = 0.015  # from a moment's line to its name, as a fraction of the matrix
PHASE_CHARACTER = 0.055  # width of one in a moment's name, in inches
MARGINS = 2.6  # room beside the matrices for names and the colour bar, in inches
RASTERED = 50_000  # cells above which a matrix is a picture inside the figure


@dataclass(frozen=True)
class Span:
    """What the time axis shows.

    Args:
        end: Where it ends; it starts at 0.
        label: Quantity and unit.
    """

    end: float
    label: str


@dataclass(frozen=True)
class Phase:
    """A moment that is marked on a time axis.

    Args:
        name: Stands over it.
        time: Where it lies, in the unit of the axis.
    """

    name: str
    time: float


WHOLE_CLIP = Span(100.0, "time (% of the clip)")


def seconds(num_frames: int, fps: float | None) -> Span:
    """Time axis of one clip: seconds, or frames where the rate is unknown.

    Example:
        >>> seconds(60, 30.0)
        Span(end=2.0, label='time (s)')
    """
    if fps is None:
        return Span(float(num_frames), "time (frames)")
    return Span(num_frames / fps, "time (s)")


def matrix_height(layout: Layout) -> float:
    """Height of a matrix in inches, without title and time axis."""
    return ROW_HEIGHT * max(layout.num_joints, FEWEST_ROWS)


def draw_matrices(
    figure: Figure | SubFigure,
    layout: Layout,
    values: np.ndarray,
    *,
    titles: Sequence[str],
    span: Span,
    limits: tuple[float, float],
    colours: Colormap,
    phases: Sequence[Phase] = (),
) -> list[Axes]:
    """Draw joint x time matrices side by side, joints in rows.

    Args:
        figure: Where to draw.
        layout: Skeleton whose joints are the rows.
        values: A value for each matrix, frame and joint, NaN where there is none, (S, T, V).
        titles: One for each matrix.
        span: The time axis.
        limits: Values of the first and last colour.
        colours: Colours of the values.
        phases: Moments to mark.

    Returns:
        Axes of the matrices.
    """
    groups = parts_of(layout)
    order = [joint for _, joints in groups for joint in joints]
    drawn = list(figure.subplots(1, len(values), sharey=True, squeeze=False)[0])
    for axes, matrix, title in zip(drawn, values, titles, strict=True):
        style.dress(axes, title=title, x_label=span.label)
        axes.set_facecolor(style.FAINT)
        axes.pcolormesh(
            np.linspace(0, span.end, matrix.shape[0] + 1),
            np.arange(len(order) + 1) - 0.5,
            np.ma.masked_invalid(matrix[:, order].T),
            cmap=colours, vmin=limits[0], vmax=limits[1], edgecolors="face", linewidth=style.SEAM,
            rasterized=matrix.size > RASTERED,
        )  # fmt: skip
        axes.set_ylim(len(order) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        _separate(axes, groups)
        _mark(axes, phases, end=span.end, matrices=len(values))
    names = [style.spoken(layout.joints[joint]) for joint in order]
    drawn[0].set_yticks(range(len(order)), names, fontsize=style.TINY_SIZE)
    for axes in drawn[1:]:
        axes.tick_params(labelleft=False)
    _name_parts(drawn[-1], groups)
    return drawn


def _separate(axes: Axes, groups: Sequence[tuple[str, tuple[int, ...]]]) -> None:
    """Draw a line between parts."""
    ends = np.cumsum([len(joints) for _, joints in groups])[:-1]
    for end in ends:
        axes.axhline(end - 0.5, color=style.MUTED, linewidth=0.5)


def _mark(axes: Axes, phases: Sequence[Phase], *, end: float, matrices: int) -> None:
    """Draw a line at each moment and its name over it, apart from its neighbours' names."""
    if not phases:
        return
    ordered = sorted(phases, key=lambda phase: phase.time)
    room = PHASE_CHARACTER * max(len(phase.name) for phase in ordered)
    width = (axes.figure.bbox.width / axes.figure.dpi - MARGINS) / matrices
    half = 0.5 * end * room / width
    places = spread(
        np.array([phase.time for phase in ordered]), gap=2 * half, low=half, high=end - half
    )
    for phase, place in zip(ordered, places, strict=True):
        axes.axvline(phase.time, color=style.INK, linewidth=0.7, linestyle=(0, (3, 2)))
        axes.plot(
            [phase.time, place], [1.0, 1.0 + LEADER], transform=axes.get_xaxis_transform(),
            color=style.MUTED, linewidth=0.5, clip_on=False,
        )  # fmt: skip
    above = axes.secondary_xaxis("top")
    above.set_xticks(places, [phase.name for phase in ordered], fontsize=style.TINY_SIZE)
    above.tick_params(length=0, pad=4, labelcolor=style.INK)
    above.spines["top"].set_visible(False)


def _name_parts(axes: Axes, groups: Sequence[tuple[str, tuple[int, ...]]]) -> None:
    """Name the parts at the right of the last matrix, each at the middle of its rows."""
    sizes = np.array([len(joints) for _, joints in groups])
    middles = np.cumsum(sizes) - sizes / 2 - 0.5
    beside = axes.secondary_yaxis("right")
    beside.set_yticks(middles, [style.spoken(name) for name, _ in groups], fontsize=style.TINY_SIZE)
    beside.tick_params(length=0, labelcolor=style.MUTED)
    beside.spines["right"].set_visible(False)

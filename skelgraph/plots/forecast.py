"""Forecast poses: the last ones observed in grey, the predicted in colour, the true in ink."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from skelgraph.data.clip import HOUSE_AXES
from skelgraph.graphs import Layout
from skelgraph.plots import style
from skelgraph.plots.clip import picture

PANELS = 5
CELL_HEIGHT = 2.3  # inches
TAIL = (8, 4)  # earlier poses in the first panel, frames before the last one
OBSERVED, OLD = "#8c8c8c", "#c9c9c9"
PREDICTED, TRUE = style.CATEGORICAL[1], style.INK
LINES = (PREDICTED, style.CATEGORICAL[0], style.CATEGORICAL[2])
HELD = 8  # times that an animation repeats its last picture


@dataclass(frozen=True)
class Poses:
    """A forecast as it is drawn; positions in the house frame, NaN where unknown.

    Args:
        layout: Skeleton.
        observed: (T, M, V, C).
        forecast: (F, M, V, C).
        truth: What came, where known, (F, M, V, C).
        step_ms: Milliseconds from frame to frame. None: unknown.
    """

    layout: Layout
    observed: np.ndarray
    forecast: np.ndarray
    truth: np.ndarray | None
    step_ms: float | None

    def moment(self, step: int) -> str:
        """Word how far ahead a frame lies, 0 being the last observed one."""
        if step == 0:
            return "last observed"
        if self.step_ms is None:
            return f"{step:+d} frames"
        return f"{step * self.step_ms:+.0f} ms"


def forecast_figure(
    poses: Poses, *, errors: Mapping[str, np.ndarray] | None = None, title: str = ""
) -> Figure:
    """Draw what was observed and, moment by moment, what was predicted and what came.

    Args:
        poses: One clip's forecast.
        errors: Mean errors of the forecast and of simple guesses in frames 1, 2, ... ahead, mm,
            (F,) each; drawn as curves below.
        title: Stands over the figure.
    """
    shown = _on_paper(poses)
    low, high = _box(shown, tail=1 + max(TAIL))
    width = CELL_HEIGHT * float(np.clip((high - low)[0] / (high - low)[1], 0.5, 2.0))
    steps = np.unique(np.linspace(1, len(poses.forecast), PANELS).round().astype(int))
    columns = len(steps) + 1
    height = CELL_HEIGHT + 0.6 + (2.2 if errors else 0.0)
    figure = style.titled_figure(max(columns * (width + 0.1), 6.0), height, title)
    grid = figure.add_gridspec(
        2 if errors else 1, columns, height_ratios=[1.3, 1][: 1 + bool(errors)]
    )
    for column, step in enumerate([0, *steps.tolist()]):
        axes = figure.add_subplot(grid[0, column])
        _cell(axes, low, high, poses.moment(step))
        _draw_moment(axes, poses.layout, shown, step)
    if errors:
        _draw_errors(figure.add_subplot(grid[1, :]), poses, errors)
    _explain(figure, poses, apart=True)
    return figure


def forecast_pictures(poses: Poses, *, tail: int = 20, title: str = "") -> Iterator[np.ndarray]:
    """Yield the pictures of an animation: the end of what was observed, then the forecast.

    Args:
        poses: One clip's forecast.
        tail: Observed frames to show.
        title: Stands over each picture.

    Yields:
        RGB, uint8 (H, W, 3), all of one size; the last one several times.
    """
    shown = _on_paper(poses)
    low, high = _box(shown, tail=tail)
    width = 4.0 * float(np.clip((high - low)[0] / (high - low)[1], 1.0, 1.8))
    heading = "\n".join(textwrap.wrap(title, int(width / 0.085)))
    first = -min(tail, len(poses.observed)) + 1
    drawn = np.zeros(0)
    for step in range(first, len(poses.forecast) + 1):
        figure = Figure(figsize=(width, 4.8), dpi=100, facecolor=style.PAPER)
        axes = figure.add_axes((0.03, 0.14, 0.94, 0.75))
        figure.suptitle(heading, fontsize=style.TEXT_SIZE, color=style.INK)
        _explain(figure, poses, apart=False)
        _cell(axes, low, high, poses.moment(step) if step else "last observed")
        _draw_moment(axes, poses.layout, shown, step)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = np.asarray(canvas.buffer_rgba())[..., :3].copy()
        yield drawn
    for _ in range(HELD):
        yield drawn


@dataclass(frozen=True)
class _Shown:
    """Places on paper, (frames, M, V, 2)."""

    observed: np.ndarray
    forecast: np.ndarray
    truth: np.ndarray | None


def _on_paper(poses: Poses) -> _Shown:
    axes = HOUSE_AXES[: poses.observed.shape[-1]]
    observed = picture(_held(poses.observed), axes)
    parts = [observed, picture(poses.forecast, axes)]
    if poses.truth is not None:
        parts.append(picture(poses.truth, axes))
    if poses.layout.instances == "hands":
        shift = _apart(parts[0][-1])
        parts = [part + shift for part in parts]
    return _Shown(parts[0], parts[1], parts[2] if len(parts) > 2 else None)


def _held(positions: np.ndarray) -> np.ndarray:
    """Keep joints where they were seen last, so that a gap does not take them off the paper."""
    seen = np.isfinite(positions).all(axis=-1)
    frames = np.arange(len(seen)).reshape(-1, 1, 1)
    last = np.maximum.accumulate(np.where(seen, frames, -1), axis=0)
    held: np.ndarray = np.take_along_axis(positions, np.maximum(last, 0)[..., None], axis=0)
    return held


def _apart(hands: np.ndarray) -> np.ndarray:
    """Shift of each hand, (M, 1, 2), so that the right one stands left of the left one."""
    shift = np.zeros((len(hands), 1, 2))
    known = [np.isfinite(hand).all(axis=-1) for hand in hands]
    if len(hands) != 2 or not all(one.any() for one in known):
        return shift
    left, right = hands[0][known[0]], hands[1][known[1]]
    overlap = right[:, 0].max() - left[:, 0].min()
    shift[0, 0, 0] = max(0.0, overlap + 0.3 * float(np.ptp(left[:, 0])))
    return shift


def _box(shown: _Shown, *, tail: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners of all places that are drawn, the last `tail` observed frames among them."""
    parts = [shown.observed[-tail:], shown.forecast]
    if shown.truth is not None:
        parts.append(shown.truth)
    places = np.concatenate([part.reshape(-1, 2) for part in parts])
    places = places[np.isfinite(places).all(axis=1)]
    low, high = places.min(axis=0), places.max(axis=0)
    margin = 0.06 * max(float((high - low).max()), 1e-6)
    return low - margin, high + margin


def _cell(axes: Axes, low: np.ndarray, high: np.ndarray, caption: str) -> None:
    axes.set_aspect("equal")
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=style.FAINT, linewidth=0.6)
    axes.set_xlabel(caption, fontsize=style.SMALL_SIZE, color=style.INK)


def _draw_moment(axes: Axes, layout: Layout, shown: _Shown, step: int) -> None:
    """Draw one moment: 0 is the last observed frame, later ones are predicted."""
    end = len(shown.observed) - 1
    if step <= 0:
        for back in TAIL:
            if step == 0 and end >= back:
                _draw_pose(axes, layout, shown.observed[end - back], OLD, width=0.8)
        _draw_pose(axes, layout, shown.observed[end + step], OBSERVED, width=1.6, dots=True)
        return
    _draw_pose(axes, layout, shown.observed[end], OLD, width=1.0)
    _draw_pose(axes, layout, shown.forecast[step - 1], PREDICTED, width=2.0, dots=True)
    if shown.truth is not None:
        _draw_pose(axes, layout, shown.truth[step - 1], TRUE, width=0.9, order=4)


def _draw_pose(
    axes: Axes,
    layout: Layout,
    pose: np.ndarray,
    colour: str,
    *,
    width: float,
    dots: bool = False,
    order: int = 2,
) -> None:
    bones = np.array([(j, p) for j, p in enumerate(layout.parents) if p >= 0])
    for body in pose:
        known = np.isfinite(body).all(axis=-1)
        drawn = bones[known[bones].all(axis=1)]
        axes.add_collection(
            LineCollection(
                list(body[drawn]), colors=colour, linewidths=width, capstyle="round", zorder=order
            )
        )
        if dots:
            across, up = body[known].T
            size = 7 if layout.num_joints <= 30 else 3
            axes.scatter(across, up, s=size, color=colour, linewidths=0, zorder=3)


def _draw_errors(axes: Axes, poses: Poses, errors: Mapping[str, np.ndarray]) -> None:
    unit, scale = ("frames", 1.0) if poses.step_ms is None else ("ms", poses.step_ms)
    style.dress(
        axes, x_label=f"{unit} ahead", y_label="mean error a joint (mm)", grid=True,
        title="All windows, at the neutral size",
    )  # fmt: skip
    for (name, curve), colour in zip(errors.items(), LINES, strict=False):
        times = scale * np.arange(len(curve) + 1)
        values = np.concatenate([[0.0], curve])
        axes.plot(
            times, values, color=colour, linewidth=2.0 if colour == PREDICTED else 1.2,
            marker="o", markersize=2.5, label=name,
        )  # fmt: skip
    axes.set_xlim(0)
    axes.set_ylim(0)
    axes.legend(frameon=False, fontsize=style.SMALL_SIZE, labelcolor=style.INK)


def _explain(figure: Figure, poses: Poses, *, apart: bool) -> None:
    """Say below what the colours mean; `apart` from the axes, for which these make room."""
    entries = [(OBSERVED, "observed"), (PREDICTED, "forecast")]
    if poses.truth is not None:
        entries.append((TRUE, "what came"))
    lines = [Line2D([], [], color=ink, linewidth=2.0, label=name) for ink, name in entries]
    figure.legend(
        handles=lines, ncols=3, frameon=False,
        loc="outside lower center" if apart else "lower center",
        fontsize=style.SMALL_SIZE, labelcolor=style.INK,
    )  # fmt: skip

"""Which joints and frames matter: on the skeleton and over time, with how far to believe it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure

from skelgraph.errors import SkelgraphError
from skelgraph.graphs import Layout
from skelgraph.plots import heat, shares, style
from skelgraph.plots.joint_time import WHOLE_CLIP, Phase, Span
from skelgraph.plots.shares import Words

WORDS = Words(
    share="share of importance",
    difference="share of importance minus the mean of the classes",
    times="importance (1: an equal share)",
)
AGAINST = " (below 0: against the class)"
WARNING = style.CATEGORICAL[1]
LINE = 0.16  # height of a line of the standing, in inches
CHARACTER = 0.068  # width of one in bold, in inches
NAMED = 8


@dataclass(frozen=True)
class Standing:
    """How far a map can be believed, as it is said on the figure.

    Args:
        text: Stands below the map.
        believed: Whether it passed its check. None: nobody checked.
    """

    text: str
    believed: bool | None = None


def importance_figure(
    layout: Layout,
    weights: np.ndarray | None,
    frame_weights: np.ndarray | None = None,
    *,
    span: Span = WHOLE_CLIP,
    phases: Sequence[Phase] = (),
    standing: Standing | None = None,
    title: str = "",
) -> Figure:
    """Draw importance on the neutral skeleton, over time, or one above the other.

    Args:
        layout: Skeleton that the model sees.
        weights: Share of each joint, NaN for a body that was not there, (M, V); for layouts of
            hands row 0 is the left, row 1 the right. None: no skeleton.
        frame_weights: The same at each frame, magnitudes sum to 1 over all, (M, T, V). None:
            no matrix.
        span: The time axis, from `joint_time.seconds`.
        phases: Moments to mark on it.
        standing: How far to believe it.
        title: Stands over the figure.

    Raises:
        SkelgraphError: If there is nothing to draw.
    """
    sizes = []
    if weights is not None:
        drawing = heat.plan(layout, weights, named=NAMED)
        sizes.append((drawing.size[0] + shares.BAR_WIDTH, drawing.size[1]))
    if frame_weights is not None:
        width, height = shares.matrix_size(layout, len(frame_weights))
        sizes.append((width, height + 0.2 * bool(phases)))
    if not sizes:
        raise SkelgraphError(
            "importance: expected values of joints or of frames to draw, got none. Give one."
        )
    heights = [height for _, height in sizes]
    figure = paper(max(width for width, _ in sizes), sum(heights), title, standing)
    parts = iter(figure.subfigures(len(sizes), 1, squeeze=False, height_ratios=heights)[:, 0])
    if weights is not None:
        words = words_for(weights)
        shares.draw_skeletons(
            next(parts),
            layout,
            weights,
            drawing=drawing,
            words=words,
            joints=int(np.isfinite(weights).sum()),
        )
    if frame_weights is not None:
        words = words_for(frame_weights)
        shares.draw_times(
            next(parts),
            layout,
            frame_weights,
            span=span,
            words=words,
            phases=phases,
            joints=int(np.isfinite(frame_weights[:, 0]).sum()),
        )
    return figure


def classes_figure(
    layout: Layout,
    weights: np.ndarray,
    class_names: Sequence[str],
    *,
    relative: bool = False,
    standing: Standing | None = None,
    title: str = "",
) -> Figure:
    """Draw the importance for several classes beside one another; see `shares.classes_figure`."""
    figure = shares.classes_figure(
        layout, weights, class_names, words=words_for(weights), relative=relative, title=title
    )
    if standing is not None:
        figure.set_figheight(figure.get_figheight() + LINE * len(_lines(figure, standing)))
        write_standing(figure, standing)
    return figure


def words_for(*weights: np.ndarray) -> Words:
    """Call the scale signed where a value is below zero."""
    if not any(bool((array < 0).any()) for array in weights):
        return WORDS
    return replace(WORDS, share=WORDS.share + AGAINST, times=WORDS.times, signed=True)


def paper(width: float, height: float, title: str, standing: Standing | None) -> Figure:
    """An empty figure with its title, and room for its standing below."""
    figure = style.titled_figure(width, height, title)
    if standing is not None:
        room = LINE * len(_lines(figure, standing)) + 0.05
        figure.set_figheight(figure.get_figheight() + room)
        write_standing(figure, standing)
    return figure


def write_standing(figure: Figure, standing: Standing) -> None:
    """Say below a figure how far to believe it; in colour and bold where it failed."""
    failed = standing.believed is False
    figure.supxlabel(
        "\n".join(_lines(figure, standing)),
        fontsize=style.SMALL_SIZE,
        color=WARNING if failed else style.MUTED,
        fontweight="bold" if failed else "normal",
    )


def _lines(figure: Figure, standing: Standing) -> list[str]:
    return textwrap.wrap(standing.text, int((figure.get_figwidth() - 0.3) / CHARACTER))

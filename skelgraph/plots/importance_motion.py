"""A clip in motion, its joints coloured and sized by importance."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from skelgraph.data.clip import HOUSE_AXES
from skelgraph.errors import SkelgraphError
from skelgraph.graphs import Layout
from skelgraph.plots import shares, style
from skelgraph.plots.clip import Moments, corners, name_bodies, placed
from skelgraph.plots.heat import BONE, Scale
from skelgraph.plots.importance import Standing, words_for, write_standing

SIDE = 3.8  # of the drawing, in inches
DOTS_PER_INCH = 100
LARGEST = 70.0  # area of a joint's dot, in square points
CROWDED = 30  # joints above which dots are smaller


def importance_pictures(
    layout: Layout,
    positions: np.ndarray,
    visible: np.ndarray,
    values: np.ndarray,
    *,
    step_ms: float | None = None,
    standing: Standing | None = None,
    title: str = "",
) -> Iterator[np.ndarray]:
    """Yield the pictures of an animation, a picture a frame.

    Args:
        layout: Skeleton.
        positions: House frame, shape (T, M, V, C).
        visible: Which joints were seen, bool, shape (T, M, V); others are not drawn.
        values: Share of importance of each joint in each frame, (T, M, V), or over the whole
            clip, (M, V).
        step_ms: Milliseconds from frame to frame. None: frames are counted.
        standing: How far to believe it.
        title: Stands over each picture.

    Yields:
        RGB, uint8 (H, W, 3), all of one size.

    Raises:
        SkelgraphError: If no joint is seen in any frame.
    """
    if not visible.any():
        raise SkelgraphError(
            f"clip {title or 'to draw'}: expected a joint that was seen, got none in "
            f"{len(visible)} frames. Choose another clip."
        )
    known = np.where(visible[..., None], positions, np.nan)
    moments = placed(known, layout, axes=HOUSE_AXES[: positions.shape[-1]])
    by_frame = np.broadcast_to(values, visible.shape)
    words = words_for(values)
    least = shares.LEAST_END / values.size
    scale = shares.scale_of(values, least=least, signed=words.signed)
    label = words.share if values.ndim == 2 else f"{words.share}, by frame"
    figure, stage = _paper(layout, moments, scale, label=label, title=title, standing=standing)
    for frame in range(len(positions)):
        stage.show(frame, moments, by_frame[frame])
        time = f"frame {frame}" if step_ms is None else f"{frame * step_ms / 1000:.2f} s"
        stage.axes.set_xlabel(time, fontsize=style.SMALL_SIZE, color=style.INK)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


class _Stage:
    """Bones and dots that are moved from picture to picture."""

    def __init__(self, axes: Axes, layout: Layout, scale: Scale) -> None:
        self.axes, self.scale = axes, scale
        self.pairs = np.array([(j, p) for j, p in enumerate(layout.parents) if p >= 0])
        self.largest = LARGEST if layout.num_joints <= CROWDED else LARGEST / 2
        self.bones = LineCollection([], colors=BONE, linewidths=2.0, zorder=1)
        axes.add_collection(self.bones)
        self.dots: PathCollection = axes.scatter(
            [], [], c=[], cmap=scale.colours, norm=Normalize(*scale.limits),
            edgecolors=style.INK, linewidths=0.5, zorder=3,
        )  # fmt: skip

    def show(self, frame: int, moments: Moments, values: np.ndarray) -> None:
        """Move to a frame; values (M, V), the greatest on top."""
        points, seen = moments.points[frame], moments.seen[frame]
        both = seen[:, self.pairs].all(axis=-1)
        self.bones.set_segments(list(points[:, self.pairs][both]))
        places, shown = points[seen], values[seen]
        order = np.argsort(np.abs(shown), kind="stable")
        self.dots.set_offsets(places[order])
        self.dots.set_array(shown[order])
        self.dots.set_sizes(self.scale.sizes(shown[order], largest=self.largest))


def _paper(
    layout: Layout,
    moments: Moments,
    scale: Scale,
    *,
    label: str,
    title: str,
    standing: Standing | None,
) -> tuple[Figure, _Stage]:
    low, high = corners(moments.points)
    margin = 0.06 * max(float((high - low).max()), 1e-6)
    shape = float(np.clip((high - low)[0] / max((high - low)[1], 1e-6), 0.5, 2.5))
    width = SIDE * max(min(shape, 1.5), 1.0)
    figure = style.titled_figure(width + shares.BAR_WIDTH + 0.2, width / max(shape, 1.0) + 1.1, "")
    figure.set_dpi(DOTS_PER_INCH)
    heading = "\n".join(textwrap.wrap(title, int((width + 0.8) / 0.075)))
    figure.suptitle(heading, fontsize=style.TEXT_SIZE, color=style.INK)
    axes = figure.subplots()
    axes.set_aspect("equal")
    axes.set_xlim(low[0] - margin, high[0] + margin)
    axes.set_ylim(low[1] - margin, high[1] + margin * (2.5 if moments.names else 1.0))
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=style.FAINT, linewidth=0.6)
    name_bodies(axes, moments)
    shares.add_bar(figure, [axes], scale, label=label)
    axes.set_anchor("C")  # a bar pulls a drawing that is narrower than its room to its side
    if standing is not None:
        write_standing(figure, standing)
    return figure, _Stage(axes, layout, scale)

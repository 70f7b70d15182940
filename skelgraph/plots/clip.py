"""A recording as a contact sheet: its skeletons at some moments, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from skelgraph.errors import SkelgraphError
from skelgraph.graphs import Layout
from skelgraph.graphs.layout import SLOTS
from skelgraph.plots import style
from skelgraph.plots.parts import part_colours

CELL_HEIGHT = 1.9  # of one moment, in inches
PAGE_WIDTH = 11.0
HANDS_APART = 2.5  # a hand that travels farther than this many sizes is drawn from its wrist
MARKERS = "osD^v<>*"
PALER = 0.45  # share of paper in the colours of the second, third ... body


@dataclass(frozen=True)
class Moments:
    """What a contact sheet shows, on common paper.

    Args:
        frames: Which frames, shape (K,).
        points: Across and up; NaN where never seen, shape (K, M, V, 2).
        seen: Which joints were seen at the moment; others stand where they are
            interpolated, shape (K, M, V).
        note: What was done to the places, for the reader.
        names: What stands over each body that is seen at all; empty: nothing.
    """

    frames: np.ndarray
    points: np.ndarray
    seen: np.ndarray
    note: str = ""
    names: tuple[str, ...] = ()


def clip_figure(
    keypoints: np.ndarray,
    layout: Layout,
    *,
    axes: Sequence[str] = ("right", "up", "away"),
    fps: float | None = None,
    moments: int = 8,
    title: str = "",
) -> Figure:
    """Draw a recording as a strip of skeletons over time, as the camera sees them.

    Bones have the colours of their body parts. A joint that was not seen is a hollow ring
    where it is interpolated in time, with dashed bones, and is absent where it was not seen
    before or not after.

    Args:
        keypoints: Positions, NaN where a joint was not seen, (T, M, V, C).
        layout: Skeleton of axis V. Of 'hands' the bodies are drawn side by side.
        axes: Where the coordinates point, seen by the person, as in a clip.
        fps: Frames per second. None: moments are named by their frames.
        moments: How many are shown, evenly spread from first to last frame.
        title: Stands over the figure.

    Raises:
        SkelgraphError: If no joint was seen in the whole recording.
    """
    if not np.isfinite(keypoints).all(axis=-1).any():
        raise SkelgraphError(
            f"clip {title or 'to draw'}: expected a joint that was seen, got none in "
            f"{len(keypoints)} frames. Choose another clip."
        )
    shown = choose_moments(keypoints, layout, axes=axes, count=moments)
    low, high = _box(shown)
    width = CELL_HEIGHT * float(np.clip((high - low)[0] / (high - low)[1], 0.45, 3.0))
    columns = min(len(shown.frames), max(1, int(PAGE_WIDTH // width)))
    rows = -(-len(shown.frames) // columns)
    columns = -(-len(shown.frames) // rows)
    size = (max(columns * (width + 0.1), 4.5), rows * (CELL_HEIGHT + 0.4) + 0.7)
    figure = style.titled_figure(*size, title)
    grid = figure.subplots(rows, columns, squeeze=False)
    for cell in grid.flat[len(shown.frames) :]:
        cell.set_axis_off()
    for place, cell in zip(range(len(shown.frames)), grid.flat, strict=False):
        _frame(cell, low, high)
        _draw_bodies(cell, shown, layout, place)
        name_bodies(cell, shown)
        _caption(cell, shown, place, fps=fps)
    _legend(figure, shown, layout)
    return figure


def choose_moments(
    keypoints: np.ndarray, layout: Layout, *, axes: Sequence[str], count: int
) -> Moments:
    """Pick frames evenly and place their joints on paper.

    Args:
        keypoints: Positions, NaN where a joint was not seen, (T, M, V, C); left unchanged.
        layout: Skeleton of axis V.
        axes: Where the coordinates point, seen by the person.
        count: How many frames.
    """
    frames = np.unique(np.linspace(0, len(keypoints) - 1, count).round().astype(int))
    whole = placed(keypoints, layout, axes=axes)
    return replace(whole, frames=frames, points=whole.points[frames], seen=whole.seen[frames])


def placed(keypoints: np.ndarray, layout: Layout, *, axes: Sequence[str]) -> Moments:
    """Place the joints of every frame on common paper; see `choose_moments`."""
    frames = np.arange(len(keypoints))
    points = picture(keypoints, axes)
    seen = np.isfinite(points).all(axis=-1)
    points = between(points, seen)
    if layout.instances != "hands":
        return Moments(frames, points, seen)
    points, note = _side_by_side(points, layout)
    return Moments(frames, points, seen, note, tuple(f"{slot} hand" for slot in SLOTS))


def picture(positions: np.ndarray, axes: Sequence[str]) -> np.ndarray:
    """Turn positions into what the camera sees: a person's right at the left, up above.

    Args:
        positions: In any axes, shape (..., C).
        axes: Where each coordinate points, seen by the person who faces the camera.

    Returns:
        Across to the right and up, in the same unit, shape (..., 2).

    Example:
        >>> picture(np.array([1.0, 2.0]), ("left", "down")).tolist()
        [1.0, -2.0]
    """
    signs = {"left": (0, 1.0), "right": (0, -1.0), "up": (1, 1.0), "down": (1, -1.0)}
    paper = np.full((*positions.shape[:-1], 2), np.nan)
    for column, axis in enumerate(axes):
        if axis in signs:
            place, sign = signs[axis]
            paper[..., place] = sign * positions[..., column]
    return paper


def between(points: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Place joints that were not seen on the line from the last to the next seen place.

    Args:
        points: Places, shape (T, M, V, 2); left unchanged.
        seen: Which of them are known, shape (T, M, V).

    Returns:
        Places, NaN where a joint was not seen before or not after, shape (T, M, V, 2).
    """
    filled = np.array(points)
    times = np.arange(len(points))
    for body, joint in np.argwhere(~seen.all(axis=0) & seen.any(axis=0)):
        known = seen[:, body, joint]
        for axis in range(2):
            filled[:, body, joint, axis] = np.interp(
                times, times[known], points[known, body, joint, axis], left=np.nan, right=np.nan
            )
    return filled


def _side_by_side(points: np.ndarray, layout: Layout) -> tuple[np.ndarray, str]:
    """Shift the hands apart, the right one to the left, as one sees another person's hands."""
    note = ""
    if any(_travels(points[:, body]) for body in range(points.shape[1])):
        points = points - points[:, :, layout.root][:, :, None]
        note = "each hand is drawn from its wrist"
    boxes = [corners(points[:, body]) for body in range(points.shape[1])]
    gap = 0.15 * max(float(high[0] - low[0]) for low, high in boxes)
    placed, cursor = np.array(points), 0.0
    for body, (low, high) in reversed(list(enumerate(boxes))):
        placed[:, body] -= [low[0] - cursor, (low + high)[1] / 2]
        cursor += float(high[0] - low[0]) + gap
    return placed, note


def corners(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower left and upper right corner of the places that are known, (..., 2)."""
    known = points[np.isfinite(points).all(axis=-1)]
    return (known.min(axis=0), known.max(axis=0)) if len(known) else (np.zeros(2), np.zeros(2))


def _travels(points: np.ndarray) -> bool:
    known = points[np.isfinite(points).all(axis=(1, 2))]
    if not len(known):
        return False
    size = np.median(np.ptp(known, axis=1).max(axis=-1))
    return bool(np.ptp(known, axis=(0, 1)).max() > HANDS_APART * size)


def _box(shown: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Lower left and upper right corner of all places, with a margin and room for names."""
    low, high = corners(shown.points)
    margin = 0.06 * max(float((high - low).max()), 1e-6)
    return low - margin, high + margin * (1.0 if not shown.names else np.array([1.0, 2.5]))


def _frame(axes: Axes, low: np.ndarray, high: np.ndarray) -> None:
    axes.set_aspect("equal")
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=style.FAINT, linewidth=0.6)


def _draw_bodies(axes: Axes, shown: Moments, layout: Layout, place: int) -> None:
    colours, _ = part_colours(layout)
    for body in range(shown.points.shape[1]):
        hands = layout.instances == "hands"
        paler = PALER if body and not hands else 0.0
        marker = "o" if hands else MARKERS[body % len(MARKERS)]
        _draw_body(
            axes, layout, shown.points[place, body], shown.seen[place, body],
            colours=[style.mix(colour, paler) for colour in colours], marker=marker,
        )  # fmt: skip


def _draw_body(
    axes: Axes,
    layout: Layout,
    points: np.ndarray,
    seen: np.ndarray,
    *,
    colours: Sequence[str],
    marker: str,
) -> None:
    bones = np.array([(j, p) for j, p in enumerate(layout.parents) if p >= 0])
    placed = np.isfinite(points).all(axis=-1)
    whole = seen[bones].all(axis=1)
    guessed = placed[bones].all(axis=1) & ~whole
    axes.add_collection(
        LineCollection(
            list(points[bones[whole]]), colors=[colours[j] for j in bones[whole, 0]],
            linewidths=[0.8 if j in layout.virtual else 1.6 for j in bones[whole, 0]],
            capstyle="round",
        )
    )  # fmt: skip
    axes.add_collection(
        LineCollection(
            list(points[bones[guessed]]), colors=style.MUTED, linewidths=0.7, linestyles="--"
        )
    )
    size = 9 if layout.num_joints <= 30 else 5
    axes.scatter(
        points[seen, 0], points[seen, 1], s=size, marker=marker,
        c=[colours[j] for j in np.flatnonzero(seen).tolist()],
        linewidths=0, zorder=3,
    )  # fmt: skip
    hollow = points[placed & ~seen]
    axes.scatter(
        hollow[:, 0], hollow[:, 1], s=size + 5, facecolors=style.PAPER, edgecolors=style.MUTED,
        marker=marker, linewidths=0.7, zorder=3,
    )  # fmt: skip


def name_bodies(axes: Axes, shown: Moments) -> None:
    """Name the hands, each over the middle of its places."""
    for body, name in enumerate(shown.names[: shown.points.shape[1]]):
        if not np.isfinite(shown.points[:, body]).any():
            continue
        low, high = corners(shown.points[:, body])
        axes.text(
            (low + high)[0] / 2, axes.get_ylim()[1], name, ha="center", va="top",
            fontsize=style.TINY_SIZE, color=style.MUTED,
        )  # fmt: skip


def _caption(axes: Axes, shown: Moments, place: int, *, fps: float | None) -> None:
    frame = shown.frames[place]
    time = f"{frame / fps:.2f} s" if fps else f"frame {frame}"
    seen = shown.seen[place]
    present = seen.any(axis=-1)
    missing = int((~seen[present]).sum())
    if not present.any():
        time += "\nno one seen"
    elif missing:
        time += f"\n{missing} not seen"
    axes.set_xlabel(time, fontsize=style.SMALL_SIZE, color=style.INK)


def _legend(figure: Figure, shown: Moments, layout: Layout) -> None:
    """Explain colours, hollow joints and bodies below the strip."""
    _, meaning = part_colours(layout)
    entries = [
        Line2D([], [], color=colour, linewidth=2.5, label=name) for name, colour in meaning.items()
    ]
    if (np.isfinite(shown.points).all(axis=-1) & ~shown.seen).any():
        entries.append(_mark("o", "not seen, interpolated", hollow=True))
    bodies = np.flatnonzero(np.isfinite(shown.points).all(axis=-1).any(axis=(0, 2)))
    if layout.instances != "hands" and len(bodies) > 1:
        entries += [_mark(MARKERS[b % len(MARKERS)], f"body {b + 1}") for b in bodies]
    if shown.note:
        entries.append(Line2D([], [], linestyle="none", label=shown.note))
    letters = sum(len(str(entry.get_label())) + 6 for entry in entries)
    lines = -(-letters // int(figure.get_figwidth() / 0.068))
    figure.legend(
        handles=entries, loc="outside lower center", ncols=-(-len(entries) // lines),
        frameon=False, fontsize=style.SMALL_SIZE, labelcolor=style.INK, handlelength=1.2,
        columnspacing=1.2,
    )  # fmt: skip


def _mark(marker: str, label: str, *, hollow: bool = False) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker=marker, color=style.MUTED, markersize=4.5,
        markerfacecolor=style.PAPER if hollow else style.MUTED, label=label,
    )  # fmt: skip

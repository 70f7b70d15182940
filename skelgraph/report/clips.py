"""Recordings that the page plays: places on paper for each frame, packed, within a size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skelgraph.graphs import Layout
from skelgraph.plots.clip import choose_moments
from skelgraph.report.packing import pack, pack_flags

MOST_FRAMES = 300  # of a clip; longer ones are thinned evenly
SIZE = 8_000_000  # characters that all clips together may take


@dataclass(frozen=True, eq=False)
class PlayedClip:
    """A recording, and what a model says about it.

    Args:
        name: Of the clip or window.
        keypoints: Positions, NaN where a joint was not seen, (T, M, V, C).
        axes: Where the coordinates point, seen by the person.
        fps: Frames per second; None: unknown.
        label: True class, -1 where unknown.
        predicted: Predicted class.
        likeliest: The likeliest classes with their probabilities.
        importance: Of joints, (M, V), or of joints and frames, (T', M, V); None: not asked.
    """

    name: str
    keypoints: np.ndarray
    axes: Sequence[str]
    fps: float | None
    label: int
    predicted: int
    likeliest: Sequence[tuple[int, float]]
    importance: np.ndarray | None = None


def describe_clips(
    clips: Iterable[PlayedClip], layout: Layout, *, size: int = SIZE
) -> tuple[list[dict[str, Any]], int]:
    """Pack clips, the first ones first, until the size is reached.

    Returns:
        The clips, and how many had no room.
    """
    packed: list[dict[str, Any]] = []
    left_out, room = 0, size
    for clip in clips:
        found = describe_clip(clip, layout)
        needed = sum(len(part["data"]) for part in found.values() if isinstance(part, dict))
        if needed > room:
            left_out += 1
            continue
        room -= needed
        packed.append(found)
    return packed, left_out


def describe_clip(clip: PlayedClip, layout: Layout) -> dict[str, Any]:
    """Pack one clip.

    Returns:
        `points` (T, M, V, 2) across and up, missing where a joint was never seen; `seen`, of
        them (T, M, V), None for all; `frames` recorded and `shown` evenly among them; and what
        the model says.
    """
    frames = len(clip.keypoints)
    shown = choose_moments(clip.keypoints, layout, axes=clip.axes, count=min(frames, MOST_FRAMES))
    return {
        "name": clip.name,
        "label": clip.label,
        "predicted": clip.predicted,
        "likeliest": [[place, round(value, 4)] for place, value in clip.likeliest],
        "frames": frames,
        "shown": len(shown.frames),
        "fps": clip.fps,
        "note": shown.note,
        "points": pack(shown.points),
        "seen": pack_flags(shown.seen),
        "importance": None if clip.importance is None else pack(clip.importance),
    }

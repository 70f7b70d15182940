"""What a store holds that a format may not: counted in one pass over its frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.reading import Track
from skelgraph.data.store import Store


@dataclass(frozen=True, eq=False)
class Content:
    """Counts over the frames of a store, joints in single frames; slots and lengths by clip.

    Args:
        at_origin: Seen joints whose position is all zeros.
        central: Those of them that are joints of the centre.
        unsure: Seen joints with score 0.
        unscored: Seen joints without a score, in a store that has scores.
        ghosts: Joints that were not seen but have a score above 0.
        beyond: Scores outside 0 to 1.
        rootless: Joints of the centre that were not seen, in frames in which others were.
        slots: Slots up to the last one that a body is seen in, int64 (N,).
        lengths: Frames up to the last one that a body is seen in, int64 (N,).
    """

    at_origin: int
    central: int
    unsure: int
    unscored: int
    ghosts: int
    beyond: int
    rootless: int
    slots: np.ndarray
    lengths: np.ndarray


def count_content(store: Store) -> Content:
    """Read all frames of a store, a clip at a time, and count."""
    counts = dict.fromkeys(
        ("at_origin", "central", "unsure", "unscored", "ghosts", "beyond", "rootless"), 0
    )
    slots, lengths = [], []
    centre = sorted({store.layout.root, *store.layout.centre})
    for clip in all_clips(store):
        points, score = places_and_score(clip)
        seen = ~np.isnan(points).any(axis=-1)
        present = seen.any(axis=-1)
        zero = seen & ~points.any(axis=-1)
        counts["at_origin"] += int(zero.sum())
        counts["central"] += int(zero[..., centre].sum())
        counts["rootless"] += int((present[..., None] & ~seen[..., centre]).sum())
        if score is not None:
            empty = np.isnan(score)
            counts["unsure"] += int((seen & (score <= 0)).sum())
            counts["unscored"] += int((seen & empty).sum())
            counts["ghosts"] += int((~seen & (score > 0)).sum())
            counts["beyond"] += int((seen & ((score < 0) | (score > 1))).sum())
        slots.append(_last(present.any(axis=0)))
        lengths.append(_last(present.any(axis=1)))
    return Content(**counts, slots=np.array(slots), lengths=np.array(lengths))


def _last(there: np.ndarray) -> int:
    places = np.flatnonzero(there)
    return int(places[-1]) + 1 if len(places) else 0


def all_clips(store: Store, track: Track | None = None) -> Iterator[Clip]:
    """Give the clips of a store in its order, mapped from disk."""
    clips: Iterable[Clip] = (store.clip(row) for row in range(store.num_clips))
    yield from clips if track is None else track(clips, store.num_clips)


def places_and_score(clip: Clip) -> tuple[np.ndarray, np.ndarray | None]:
    """Split the coordinates that are places from the scores.

    Returns:
        Positions (T, M, V, 2 or 3), and scores (T, M, V): the clip's confidence, or the third
        coordinate if that is one.
    """
    if clip.num_spatial == clip.keypoints.shape[-1]:
        return clip.keypoints, clip.confidence
    third = clip.keypoints[..., 2]
    points = np.where(clip.seen[..., None], clip.keypoints[..., :2], np.float32(np.nan))
    return points, third if clip.confidence is None else clip.confidence


def filled(points: np.ndarray, score: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Make missing joints zeros with score 0, and seen ones without a score sure.

    Args:
        points: NaN where a joint was not seen, (..., V, C).
        score: (..., V); None: no joint has one.

    Returns:
        New float32 arrays: positions without NaN, scores from 0 to 1.
    """
    missing = np.isnan(points).any(axis=-1)
    positions = np.where(missing[..., None], np.float32(0), points).astype(np.float32)
    given = np.ones(missing.shape, np.float32) if score is None else score
    sure = np.clip(np.nan_to_num(given, nan=1.0), 0.0, 1.0)
    return positions, np.where(missing, np.float32(0), sure).astype(np.float32)


def used_slots(points: np.ndarray) -> int:
    """Count the slots of (T, M, V, C) up to the last one that a body is seen in, at least 1."""
    return max(1, _last((~np.isnan(points)).any(axis=(0, 2, 3))))

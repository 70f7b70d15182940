"""Gaps of recordings filled where a user asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from skelgraph.data.clip import Clip, seen_joints
from skelgraph.data.gaps import nearest_known
from skelgraph.data.report import ConversionReport

LINEAR, HOLD = "linear", "hold"
FILLS = (LINEAR, HOLD)


def fill_gaps(
    clips: Iterator[Clip], report: ConversionReport, *, how: str, longest: int
) -> Iterator[Clip]:
    """Fill the short gaps of every joint; a longer gap stays a gap as a whole.

    `linear` fills between two seen frames, on the straight line from one to the other. `hold`
    repeats the last seen position, also up to the end of the clip. What comes before a joint is
    first seen stays missing. A filled joint has confidence 0, where there are scores.

    The report's `steps` counts what was filled: joints in single frames, the longest gap filled
    and the longest one left.

    Args:
        clips: Recordings.
        report: Notes and `steps` are added.
        how: One of `FILLS`.
        longest: Longest gap to fill, in frames.
    """
    counts: Counter[str] = Counter()
    for clip in clips:
        positions, gap = filled(clip.keypoints, how=how, longest=longest)
        new = ~clip.seen & seen_joints(positions)
        _count(counts, clip, new, gap)
        yield replace(clip, keypoints=positions, confidence=_scores(clip, new))
    report.steps["fill"] = {
        "how": how,
        "longest_gap": longest,
        "filled": counts["filled"],
        "longest_filled": counts["longest filled"],
        "left": counts["left"],
        "longest_left": counts["longest left"],
    }
    report.note(
        f"filled ({how}, gaps of up to {longest} frames): {counts['filled']:,} joints, longest gap "
        f"{counts['longest filled']}; left missing: {counts['left']:,}, longest gap "
        f"{counts['longest left']}"
    )


def filled(keypoints: np.ndarray, *, how: str, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Fill one recording.

    Args:
        keypoints: NaN where missing, float32 (T, M, V, C).
        how: One of `FILLS`.
        longest: Longest gap to fill, in frames.

    Returns:
        A new array, and the length of the gap that each missing joint lies in, 0 where it is
        seen, int64 (T, M, V).

    Example:
        >>> x = np.array([1, np.nan, 3], dtype=np.float32).reshape(3, 1, 1, 1)
        >>> filled(x, how="linear", longest=1)[0].ravel().tolist()
        [1.0, 2.0, 3.0]
    """
    frames = len(keypoints)
    known = seen_joints(keypoints)
    before, after = nearest_known(known)
    gap = np.where(known, 0, after - before - 1)
    fits = ~known & (gap <= longest) & (before >= 0)
    if how == LINEAR:
        fits &= after < frames
    result = keypoints.copy()
    place = np.nonzero(fits)
    first, rest = before[place], place[1:]
    start = keypoints[(first, *rest)]
    if how == LINEAR:
        last = after[place]
        share = ((place[0] - first) / (last - first)).astype(keypoints.dtype)[:, None]
        start = start + (keypoints[(last, *rest)] - start) * share
    result[place] = start
    return result, gap


def _scores(clip: Clip, new: np.ndarray) -> np.ndarray | None:
    if clip.confidence is None or not new.any():
        return clip.confidence
    return np.where(new, np.float32(0), clip.confidence).astype(np.float32)


def _count(counts: Counter[str], clip: Clip, new: np.ndarray, gap: np.ndarray) -> None:
    """Count over the bodies that the clip has; an empty slot is no gap."""
    present = np.asarray(clip.seen.any(axis=(0, 2)))
    left = (gap > 0) & ~new & present[:, None]
    counts["filled"] += int(new.sum())
    counts["left"] += int(left.sum())
    for what, chosen in (("longest filled", new), ("longest left", left)):
        counts[what] = max(counts[what], int(gap[chosen].max(initial=0)))

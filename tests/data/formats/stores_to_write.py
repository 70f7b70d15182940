"""Small stores to write in other formats, and what differs once they were read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import IMAGE_AXES, Clip
from skelgraph.data.formats import ReadOptions, convert
from skelgraph.data.formats.writing.content import places_and_score
from skelgraph.data.store import Store, write_store
from skelgraph.graphs import load_layout
from tests.data.made_up import walk

NAMES = ("push", "pull", "wave")


def in_picture(
    clip: Clip, *, coordinates: int = 2, units: str = "pixel", scored: bool = True
) -> Clip:
    """Put a clip in metres into a picture of 1280 x 720."""
    points = clip.keypoints * np.array([-200, -200, 50], np.float32) + 400
    points = points + 150 * np.arange(points.shape[1], dtype=np.float32)[:, None, None]
    if units == "image fraction":
        points = points / np.array([1280, 720, 1280], np.float32)
    draw = np.random.default_rng(len(clip.name))
    score = draw.uniform(0.2, 1, points.shape[:3]).astype(np.float32)
    return replace(
        clip,
        keypoints=points[..., :coordinates].astype(np.float32),
        units=units,
        axes=IMAGE_AXES[:coordinates],
        confidence=score if scored else None,
        width=1280,
        height=720,
    )


def with_gaps(clip: Clip, seed: int = 0) -> Clip:
    """Make a tenth of the joints missing, and what a whole body does in one frame."""
    draw = np.random.default_rng(seed)
    points = clip.keypoints.copy()
    points[draw.random(points.shape[:3]) < 0.1] = np.nan
    points[clip.num_frames // 2, -1] = np.nan
    score = clip.confidence
    if score is not None:
        score = np.where(np.isnan(points).any(-1), 0, score).astype(np.float32)
    return replace(clip, keypoints=points, confidence=score)


def sample(layout: str, *, bodies: int = 2, seeds: int = 4, **facts: Any) -> list[Clip]:
    """Clips of one and two bodies, with gaps, one of them unlabelled, two of one recording."""
    found = []
    for seed in range(seeds):
        one = bodies if seed % 2 else 1
        if load_layout(layout).instances == "hands":
            one = 2
        clip = walk(load_layout(layout), frames=6 + seed, bodies=one, seed=seed)
        named = {"name": f"day/clip{seed}", "subject": seed, "camera": seed % 2, "repetition": 1}
        found.append(replace(with_gaps(clip, seed), **{**named, "setup": 2, **facts}))
    return found


def store_of(path: Path, clips: list[Clip], classes: tuple[str, ...] = NAMES) -> Store:
    """Write clips to a store."""
    return write_store(path, clips, class_names=classes, provenance={"source": "made up"})


def read_again(source: Path, target: Path, format: str, **options: Any) -> Store:
    """Read what was written with the format's own reader."""
    return convert(source, target, format=format, options=ReadOptions(**options))


def differences(before: Store, after: Store, *, numbered: bool = False) -> set[str]:
    """Name what differs between a store and what was read of its export.

    Positions and scores are compared where the numbers themselves are kept: units and axes are
    told apart from them by `units` and `axes`. Bodies may stand in other slots.

    Args:
        before: What was written.
        after: What was read.
        numbered: Clips have other names; they are compared in their order.
    """
    names = before.clips.name.tolist()
    rows = {name: row for row, name in enumerate(after.clips.name.tolist())}
    found = _store_differences(before, after)
    if set(rows) != set(names):
        found.add("name")
    for row, name in enumerate(names):
        other = row if numbered else rows.get(name)
        if other is not None and other < after.num_clips:
            found |= _clip_differences(before.clip(row), after.clip(other))
    return found


def _store_differences(before: Store, after: Store) -> set[str]:
    found = {
        key
        for key in ("units", "axes", "class_names", "fps")
        if getattr(before, key) != getattr(after, key)
    }
    columns = set(after.clips.extra)
    tests = {
        "clips": before.num_clips != after.num_clips,
        "picture": (before.width, before.height) != (after.width, after.height),
        "layout": before.layout.name != after.layout.name,
        "source": len(_groups(before)) != len(_groups(after)),
        "extra": not set(before.clips.extra) <= columns,
    }
    return found | {key for key, differs in tests.items() if differs}


def _groups(store: Store) -> set[str]:
    return set(store.clips.recording.tolist())


def _clip_differences(one: Clip, two: Clip) -> set[str]:
    found = {
        key
        for key in ("label", "subject", "camera", "setup", "repetition")
        if getattr(one, key) != getattr(two, key)
    }
    if one.num_frames != two.num_frames:
        found.add("frames")
        return found
    (first, sure), (second, score) = places_and_score(one), places_and_score(two)
    scale = np.ones(3, np.float32)
    if one.units == "image fraction" and two.units == "pixel":
        assert one.width and one.height
        scale = np.array([one.width, one.height, one.width], np.float32)
    size = min(first.shape[-1], second.shape[-1])
    first, second = first[..., :size] * scale[:size], second[..., :size]
    bodies = max(first.shape[1], second.shape[1])
    first, second = _padded(first, bodies), _padded(second, bodies)
    if not np.allclose(first, second, rtol=1e-5, atol=0, equal_nan=True):
        found.add("positions")
    if (sure is None) != (score is None):
        found.add("confidence")
    elif sure is not None and score is not None:
        sure = np.nan_to_num(_padded(sure, bodies))
        score = np.nan_to_num(_padded(score, bodies))
        if not np.allclose(sure, score):
            found.add("confidence")
    return found


def _padded(values: np.ndarray, bodies: int) -> np.ndarray:
    shape = (len(values), bodies - values.shape[1], *values.shape[2:])
    return np.concatenate([values, np.full(shape, np.nan, np.float32)], axis=1)

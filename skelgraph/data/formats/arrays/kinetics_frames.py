"""The frames of one file of Kinetics-skeleton, as arrays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.formats.raw.safe_json import load_json
from skelgraph.errors import Faults, FormatError, list_faults

LAYOUT = "openpose_coco18"
NUM_JOINTS = 18
MAX_BODIES = 2
SPARE_FRAMES = 1000


@dataclass(frozen=True, eq=False)
class Poses:
    """The bodies of a file.

    Args:
        position: Fractions of the picture, NaN where missing, float32 (T, M, 18, 2).
        score: 0 where missing, float32 (T, M, 18).
        counts: What was dropped or made missing -> how many.
    """

    position: np.ndarray
    score: np.ndarray
    counts: dict[str, int] = field(default_factory=dict)


def load(file: Path) -> Poses:
    """Load a file; runs in a process of its own where there are many.

    Raises:
        FormatError: Lists what is wrong with it, with the frame.
    """
    content = load_json(file)
    frames = content.get("data") if isinstance(content, dict) else content
    if not isinstance(content, dict) or not isinstance(frames, list) or not frames:
        raise FormatError(
            f"{file}: expected 'data', a list of frames, got "
            f"{'an empty list' if frames == [] else type(frames).__name__}. Leave the file out."
        )
    faults = list_faults(
        f"{file}, entry {number} of data: {fault}"
        for number, frame in enumerate(frames)
        for fault in _faults(frame)
    ) or _order_faults(file, frames)
    if faults:
        raise FormatError(faults)
    if not any(frame["skeleton"] for frame in frames):
        raise FormatError(
            f"{file}: expected a body in at least one of {len(frames)} frames, got none. "
            "Leave the recording out."
        )
    try:
        return _poses(frames)
    except OverflowError:
        raise FormatError(
            f"{file}: expected coordinates, got a number too large for one. Correct it."
        ) from None


def _faults(frame: Any) -> list[str]:
    if not isinstance(frame, dict):
        return [f"expected an object, got {type(frame).__name__}. Correct it."]
    faults = Faults()
    index, bodies = frame.get("frame_index"), frame.get("skeleton")
    if type(index) is not int or index < 0:
        faults.append(f"expected frame_index from 0, got {str(index)[:20]!r}. Correct it.")
    if not isinstance(bodies, list):
        return [*faults, f"expected skeleton as a list, got {type(bodies).__name__}. Correct it."]
    for body in bodies:
        for key, count in (("pose", 2 * NUM_JOINTS), ("score", NUM_JOINTS)):
            values = body.get(key) if isinstance(body, dict) else None
            if not isinstance(values, list) or len(values) != count:
                got = len(values) if isinstance(values, list) else type(values).__name__
                faults.append(f"expected {count} numbers as {key}, got {got}. Correct it.")
            elif not all(type(value) in (int, float) for value in values):
                faults.append(f"expected numbers as {key}, got something else. Correct it.")
    return faults


def _order_faults(file: Path, frames: list[dict[str, Any]]) -> str:
    indices = [frame["frame_index"] for frame in frames]
    faults = list_faults(
        f"{file}: expected frame_index to grow, got {after} after {before}. Sort the frames."
        for before, after in pairwise(indices)
        if after <= before
    )
    span = indices[-1] - indices[0] + 1
    if not faults and span > 10 * len(frames) + SPARE_FRAMES:
        return (
            f"{file}: expected frames without large gaps, got {len(frames)} between "
            f"frame_index {indices[0]} and {indices[-1]}. Correct the indices."
        )
    return faults


def _poses(frames: list[dict[str, Any]]) -> Poses:
    first = frames[0]["frame_index"]
    num_frames = frames[-1]["frame_index"] - first + 1
    values = np.full((num_frames, MAX_BODIES, NUM_JOINTS, 3), np.nan, dtype=np.float32)
    last = values[0].copy()
    dropped = 0
    for frame in frames:
        bodies = _best([_body(body) for body in frame["skeleton"]])
        dropped += len(frame["skeleton"]) - len(bodies)
        for slot, body in zip(_slots(bodies, last), bodies, strict=True):
            values[frame["frame_index"] - first, slot] = last[slot] = body
    counts = Counter({f"bodies beyond the {MAX_BODIES} with the best score -> dropped": dropped})
    used = [slot for slot in range(MAX_BODIES) if not np.isnan(values[:, slot]).all()]
    return _separated(values[:, : max(used, default=0) + 1], counts)


def _body(body: dict[str, Any]) -> np.ndarray:
    with np.errstate(over="ignore"):
        points = np.array(body["pose"], dtype=np.float64).reshape(NUM_JOINTS, 2)
        score = np.array(body["score"], dtype=np.float64)[:, None]
        return np.concatenate([points, score], axis=1).astype(np.float32)


def _best(bodies: list[np.ndarray]) -> list[np.ndarray]:
    if len(bodies) <= MAX_BODIES:
        return bodies
    total = np.array([np.nan_to_num(body[:, 2]).sum() for body in bodies])
    return [bodies[place] for place in np.argsort(-total, kind="stable")[:MAX_BODIES]]


def _slots(bodies: list[np.ndarray], last: np.ndarray) -> list[int]:
    """Choose the slots of a frame's bodies so that they lie nearest to those last seen there."""
    if not bodies:
        return []
    cost = [[_distance(body, before) for before in last] for body in bodies]
    if len(bodies) == 1:
        return [1 if cost[0][1] < cost[0][0] else 0]
    return [1, 0] if cost[0][1] + cost[1][0] < cost[0][0] + cost[1][1] else [0, 1]


def _distance(body: np.ndarray, before: np.ndarray) -> float:
    """Median distance of the joints that both have; a whole picture where there is none."""
    both = (body[:, 2] > 0) & (before[:, 2] > 0)
    if not both.any():
        return 1.0
    return float(np.median(np.hypot(*(body[both, :2] - before[both, :2]).T)))


def _separated(values: np.ndarray, counts: Counter[str]) -> Poses:
    position, score = values[..., :2].copy(), values[..., 2].copy()
    absent = np.isnan(values).all(axis=(2, 3))[..., None]
    score = np.clip(np.nan_to_num(score, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    lost = (score == 0) & ~absent
    counts["joints with score 0 -> missing"] = int(lost.sum())
    position[lost] = np.nan
    return Poses(position, score, {key: count for key, count in counts.items() if count})

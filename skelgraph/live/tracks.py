"""Which finds of neighbouring frames are one hand or one body."""

from __future__ import annotations

import numpy as np

from skelgraph.live.detections import LEFT, RIGHT, Group

MAX_GAP = 0.5
"""Seconds for which something may be lost and still be the same thing when it comes back."""

REACH = 0.6
"""How far joints may move between finds, in sizes (see `size_of`)."""

TWIN = 0.3
"""Two finds of one frame whose joints lie closer than this, in sizes, are one thing found twice."""

SURE = 0.999


def without_twins(group: Group, *, aspect: float) -> tuple[Group, int]:
    """Drop what was found twice in a frame, the less certain find of the two.

    Args:
        group: Hands or bodies.
        aspect: Picture width / height.

    Returns:
        The rest, and how many were dropped.
    """
    places = flat(group, aspect)
    keep = np.ones(len(group), dtype=bool)
    certainty = np.nan_to_num(group.score.mean(axis=1), nan=1.0)
    for first in range(len(group)):
        for second in range(first + 1, len(group)):
            if group.frame[second] != group.frame[first]:
                break
            if not (keep[first] and keep[second]):
                continue
            if _apart(places[first], places[second]) < TWIN:
                keep[first if certainty[first] < certainty[second] else second] = False
    return group.take(keep), int((~keep).sum())


def link(group: Group, times: np.ndarray, *, aspect: float) -> np.ndarray:
    """Number the tracks: finds that follow each other closely in place and time are one.

    Args:
        group: Hands or bodies without twins.
        times: Time of each frame in seconds, (T,).
        aspect: Picture width / height.

    Returns:
        Track of each find, from 0 in the order of their first frames, int64 (N,).
    """
    places = flat(group, aspect)
    track = np.full(len(group), -1, dtype=np.int64)
    last: dict[int, int] = {}
    for frame in np.unique(group.frame).tolist():
        here = np.flatnonzero(group.frame == frame)
        alive = {
            name: place
            for name, place in last.items()
            if times[frame] - times[group.frame[place]] <= MAX_GAP
        }
        for distance, name, place in _nearest_first(alive, here, places):
            if distance < REACH and track[place] < 0 and name in alive:
                track[place] = name
                del alive[name]
        for place in here.tolist():
            if track[place] < 0:
                track[place] = int(track.max()) + 1
            last[int(track[place])] = place
    return track


def vote_sides(group: Group, track: np.ndarray) -> np.ndarray:
    """Give every track the side that its finds name with the greater certainty together.

    Each find weighs by the log-odds of its score, so that one sure find outweighs doubtful ones.

    Args:
        group: Hands.
        track: As `link` gives it, (N,).

    Returns:
        `LEFT` or `RIGHT` for each find, int64 (N,).
    """
    score = np.clip(np.nan_to_num(group.score[:, 0], nan=SURE), 0.5, SURE).astype(np.float64)
    weight = np.log(score / (1 - score)) * np.where(group.side == RIGHT, 1.0, -1.0)
    total = np.bincount(track, weights=weight, minlength=int(track.max(initial=-1)) + 1)
    return np.where(total[track] > 0, RIGHT, LEFT).astype(np.int64)


def slots_in_turn(group: Group, track: np.ndarray, *, num_slots: int) -> np.ndarray:
    """Give tracks the lowest slot that no other track holds at that time; -1: none is free.

    Args:
        group: Bodies.
        track: As `link` gives it, (N,).
        num_slots: How many there are.
    """
    end = {name: int(group.frame[track == name].max()) for name in np.unique(track)}
    slot_of: dict[int, int] = {}
    held_until = [-1] * num_slots
    for name, frame in zip(track.tolist(), group.frame.tolist(), strict=True):
        if name in slot_of:
            continue
        free = [slot for slot in range(num_slots) if held_until[slot] < frame]
        slot_of[name] = free[0] if free else -1
        if free:
            held_until[free[0]] = end[name]
    return np.array([slot_of[name] for name in track.tolist()], dtype=np.int64)


def flat(group: Group, aspect: float) -> np.ndarray:
    """Give positions in heights of the picture, (N, V, 2)."""
    return group.points[..., :2] * np.array([aspect, 1.0], dtype=np.float32)


def size_of(points: np.ndarray) -> float:
    """Measure a hand or body by the diagonal of the box around its joints, (V, 2)."""
    return float(np.linalg.norm(points.max(axis=0) - points.min(axis=0)))


def _apart(first: np.ndarray, second: np.ndarray) -> float:
    """Mean distance of like joints, in sizes of the greater one."""
    size = max(size_of(first), size_of(second), 1e-6)
    return float(np.linalg.norm(first - second, axis=1).mean()) / size


def _nearest_first(
    alive: dict[int, int], here: np.ndarray, places: np.ndarray
) -> list[tuple[float, int, int]]:
    pairs = [
        (_apart(places[place], places[there]), name, int(there))
        for name, place in alive.items()
        for there in here
    ]
    return sorted(pairs)

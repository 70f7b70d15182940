"""People found frame by frame, joined over time and put into a few stable slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

REACH = 0.5
"""How far a body may move in a frame, in diagonals of its bounding box."""

PATIENCE = 15
"""Frames for which a body that is not seen is waited for."""

FAR = 1e9


@dataclass
class _Track:
    """A body followed over time.

    Args:
        points: Where each joint was seen last, NaN where never, (V, C).
        last: The frame in which the body was seen last.
        frames: The frames in which it was seen.
        people: Its place among the people of each of those frames.
    """

    points: np.ndarray
    last: int
    frames: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)

    def extend(self, frame: int, person: int, points: np.ndarray) -> None:
        seen = ~np.isnan(points[:, 0])
        self.points[seen] = points[seen]
        self.last = frame
        self.frames.append(frame)
        self.people.append(person)


def into_slots(
    positions: Sequence[np.ndarray], scores: Sequence[np.ndarray], *, num_slots: int
) -> tuple[np.ndarray, int]:
    """Follow people over frames and give each a slot of its own.

    People of neighbouring frames are joined so that the mean distance of the joints seen in
    both is least (Hungarian method); a body that jumps by more than half its bounding box or
    is lost for more than `PATIENCE` frames begins anew. Bodies that are seen best (sum of
    their scores, up to doubled for bodies that move) take the slots first; one that comes
    after another has left may take its slot.

    Args:
        positions: Of each frame, NaN where a joint is not seen, (people, V, C).
        scores: Of each frame, the detector's, (people, V).
        num_slots: Bodies that fit, M.

    Returns:
        The person in each slot, -1 where none, int64 (T, M); and how many people of single
        frames found no slot.
    """
    tracks = _follow(positions)
    worth = [_worth(track, positions, scores) for track in tracks]
    people = np.full((len(positions), num_slots), -1, dtype=np.int64)
    dropped = 0
    for place in np.argsort(-np.array(worth, dtype=float), kind="stable"):
        track = tracks[place]
        taken = (people[track.frames] >= 0).any(axis=0)
        if taken.all():
            dropped += len(track.frames)
            continue
        people[track.frames, int(np.argmin(taken))] = track.people
    return people, dropped


def _follow(positions: Sequence[np.ndarray]) -> list[_Track]:
    """Join people over frames."""
    done: list[_Track] = []
    live: list[_Track] = []
    for frame, people in enumerate(positions):
        done += [track for track in live if frame - track.last > PATIENCE]
        live = [track for track in live if frame - track.last <= PATIENCE]
        left = set(range(len(people)))
        for track, person in _match(live, people, frame):
            track.extend(frame, person, people[person])
            left.discard(person)
        for person in sorted(left):
            track = _Track(points=np.full_like(people[person], np.nan), last=frame)
            track.extend(frame, person, people[person])
            live.append(track)
    return done + live


def _match(live: list[_Track], people: np.ndarray, frame: int) -> list[tuple[_Track, int]]:
    """Pair bodies that are followed with the people of a frame."""
    if not live or not len(people):
        return []
    known = np.stack([track.points for track in live])
    waited = np.array([frame - track.last for track in live])
    reach = REACH * np.minimum(waited, 4)[:, None] * np.maximum.outer(_size(known), _size(people))
    cost = _distance(known, people)
    cost[~(cost <= reach)] = FAR
    if cost.shape == (1, 1):
        rows, columns = np.array([0]), np.array([0])
    else:
        from scipy.optimize import linear_sum_assignment

        rows, columns = linear_sum_assignment(cost)
    return [
        (live[row], int(column))
        for row, column in zip(rows, columns, strict=True)
        if cost[row, column] < FAR
    ]


def _distance(known: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Mean distance of the joints that both have, infinite where there are none, (K, P)."""
    apart = np.linalg.norm(known[:, None] - people[None], axis=-1)
    both = ~np.isnan(apart)
    shared = both.sum(axis=-1)
    total = np.where(both, apart, 0).sum(axis=-1)
    return np.where(shared > 0, total / np.maximum(shared, 1), np.inf)


def _size(bodies: np.ndarray) -> np.ndarray:
    """Diagonal of the box around each body's joints, (bodies,)."""
    missing = np.isnan(bodies)
    high = np.where(missing, -np.inf, bodies).max(axis=1)
    low = np.where(missing, np.inf, bodies).min(axis=1)
    return np.maximum(np.linalg.norm(high - low, axis=-1), 1e-6)


def _worth(track: _Track, positions: Sequence[np.ndarray], scores: Sequence[np.ndarray]) -> float:
    """Sum of a body's scores, up to doubled by how far its joints move about."""
    where = list(zip(track.frames, track.people, strict=True))
    points = np.stack([positions[frame][person] for frame, person in where])
    visible = float(sum(np.nansum(scores[frame][person]) for frame, person in where))
    seen = ~np.isnan(points)
    count = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, points, 0).sum(axis=0) / count
    spread = np.sqrt((np.where(seen, points - mean, 0) ** 2).sum(axis=0) / count)
    often = seen[..., 0].sum(axis=0) > 0
    moves = float(np.linalg.norm(spread[often], axis=-1).mean() / _size(points).mean())
    return visible * (1 + min(1.0, moves))

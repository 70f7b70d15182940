"""Who of the bodies that a Kinect reported is a person who acts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from skelgraph.data.formats.ntu.ntu_text import BodyRows

SHORT_TRACK = 11
SPREAD = 0.8
NOISY_SHARE = 0.69754
MAX_BODIES = 2


@dataclass(frozen=True, eq=False)
class MainBodies:
    """The bodies kept, on common frames.

    Args:
        position: Metres, NaN where missing, float32 (T, M, 25, 3).
        state: Tracking state, 0 where missing, uint8 (T, M, 25).
        counts: What was dropped or made missing -> how many.
    """

    position: np.ndarray
    state: np.ndarray
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Track:
    """One id of the sensor: its frames (N,), positions (N, 25, 3) and states (N, 25)."""

    frame: np.ndarray
    position: np.ndarray
    state: np.ndarray

    @property
    def noisy(self) -> bool:
        """Whether it is too wide for a person in too many frames: furniture, often."""
        with np.errstate(invalid="ignore", over="ignore"):
            extent = np.ptp(self.position, axis=1)
        wide = extent[:, 0] > SPREAD * extent[:, 1]
        return bool(wide.mean() >= NOISY_SHARE)

    @property
    def motion(self) -> float:
        """Variance of x, y and z over all joints and frames, summed."""
        with np.errstate(invalid="ignore", over="ignore"):
            spread = self.position.reshape(-1, 3).var(axis=0, dtype=np.float64)
        return float(np.where(np.isfinite(spread), spread, 0.0).sum())


def main_bodies(rows: BodyRows) -> MainBodies:
    """Choose at most two bodies of a recording.

    A single body is kept as it is. Of several, those are dropped that

    - were seen in at most 11 frames;
    - are wider than 0.8 of their height in 0.69754 of their frames or more (the spread test:
      the sensor takes tables and seats for bodies),

    unless that would drop them all. The rest are ranked by motion. The first takes slot 0;
    each next one takes the first slot whose frames it leaves alone, so a person whom the
    sensor lost and met again under another id stays in one slot. Who finds no slot is dropped.

    Joints with tracking state 0, at the origin or without a number are missing.

    Source:
        Advice of the data set's authors (rank by motion, test the spread) with the numbers
        that the released code of CTR-GCN uses. That code also drops bodies by bounds of
        their motion, and frames without a body; here both stay.
    """
    counts: dict[str, int] = {}
    tracks = _tracks(rows, counts)
    kept = _persons(tracks, counts)
    slots = _slots(kept, rows.num_frames, counts)
    if len(kept) == 1 and len(kept[0].frame) == rows.num_frames:
        position, state = kept[0].position[:, None], kept[0].state[:, None]
    else:
        position, state = _placed(slots, rows.num_frames)
    _mark_missing(position, state, counts)
    return MainBodies(position, state, {key: count for key, count in counts.items() if count})


def _placed(slots: list[list[_Track]], num_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Put tracks on common frames, NaN and state 0 where a slot is empty."""
    position = np.full((num_frames, len(slots), 25, 3), np.nan, dtype=np.float32)
    state = np.zeros((num_frames, len(slots), 25), dtype=np.uint8)
    for slot, members in enumerate(slots):
        for track in members:
            position[track.frame, slot] = track.position
            state[track.frame, slot] = track.state
    return position, state


def _tracks(rows: BodyRows, counts: dict[str, int]) -> list[_Track]:
    if len(set(rows.body)) == 1 and (np.diff(rows.frame) > 0).all():
        return [_Track(rows.frame, rows.position, rows.state)]
    places: dict[bytes, list[int]] = {}
    for row, body in enumerate(rows.body):
        places.setdefault(body, []).append(row)
    tracks = []
    for members in places.values():
        frame, first = np.unique(rows.frame[members], return_index=True)
        chosen = np.array(members)[first]
        tracks.append(_Track(frame, rows.position[chosen], rows.state[chosen]))
    again = len(rows.body) - sum(len(track.frame) for track in tracks)
    counts["bodies whose id stands twice in a frame -> dropped there"] = again
    return tracks


def _persons(tracks: list[_Track], counts: dict[str, int]) -> list[_Track]:
    """Leave out what is no person, most motion first."""
    if len(tracks) == 1:
        return tracks
    ranked = sorted(tracks, key=lambda track: -track.motion)
    long = [track for track in ranked if len(track.frame) > SHORT_TRACK] or ranked
    narrow = [track for track in long if not track.noisy] or long
    counts[f"bodies seen in {SHORT_TRACK} frames or fewer -> dropped"] = len(ranked) - len(long)
    counts["bodies wider than a person -> dropped"] = len(long) - len(narrow)
    return narrow


def _slots(tracks: list[_Track], num_frames: int, counts: dict[str, int]) -> list[list[_Track]]:
    slots: list[list[_Track]] = []
    taken = np.zeros((MAX_BODIES, num_frames), dtype=bool)
    dropped = 0
    for track in tracks:
        free = [slot for slot in range(MAX_BODIES) if not taken[slot, track.frame].any()]
        if not free:
            dropped += 1
            continue
        if free[0] == len(slots):
            slots.append([])
        slots[free[0]].append(track)
        taken[free[0], track.frame] = True
    counts[f"bodies beyond the {MAX_BODIES} that move most -> dropped"] = dropped
    return slots


def _mark_missing(position: np.ndarray, state: np.ndarray, counts: dict[str, int]) -> None:
    seen = state > 0
    finite = np.isfinite(position).all(axis=-1)
    zero = ~position.any(axis=-1)
    if finite.all() and seen.all() and not zero.any():
        return
    absent = np.isnan(position).all(axis=-1) & ~seen
    odd = ~(finite | absent)
    lost = ~(seen | absent | odd | zero)
    counts["joints without a number -> missing"] = int(odd.sum())
    counts["joints at the origin -> missing"] = int(zero.sum())
    counts["joints with tracking state 0 -> missing"] = int(lost.sum())
    position[odd | zero | lost] = np.nan
    state[odd | zero] = 0

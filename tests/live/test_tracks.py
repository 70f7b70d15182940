"""Twins, tracks, sides and slots."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.live.detections import gather
from skelgraph.live.tracks import link, slots_in_turn, vote_sides, without_twins
from tests.live.made_up import LEFT, RIGHT, body, hand


def group(*found: tuple[int, float, int, float]):
    """Hands as (frame, x, side, score)."""
    return gather([(f, hand(x, 0.5, side, score)) for f, x, side, score in found], num_joints=21)


def times(count: int) -> np.ndarray:
    return np.arange(count) / 25


def test_a_hand_found_twice_counts_once() -> None:
    hands = group((0, 0.3, LEFT, 0.6), (0, 0.31, RIGHT, 0.9), (0, 0.8, LEFT, 0.7))
    rest, dropped = without_twins(hands, aspect=1.0)
    assert dropped == 1 and rest.side.tolist() == [RIGHT, LEFT]
    assert rest.score[:, 0].tolist() == pytest.approx([0.9, 0.7])
    again, none = without_twins(rest, aspect=1.0)
    assert none == 0 and len(again) == 2


def test_twins_are_of_one_frame() -> None:
    assert without_twins(group((0, 0.3, LEFT, 0.9), (1, 0.3, LEFT, 0.9)), aspect=1.0)[1] == 0


def test_tracks_follow_place_and_time() -> None:
    hands = group(
        *((0, 0.2, LEFT, 0.9), (0, 0.8, RIGHT, 0.9)),
        *((1, 0.78, RIGHT, 0.9), (1, 0.22, LEFT, 0.9)),  # the order in a frame means nothing
        (2, 0.5, LEFT, 0.9),  # too far from both
    )
    assert link(hands, times(3), aspect=1.0).tolist() == [0, 1, 1, 0, 2]


def test_tracks_end_after_half_a_second() -> None:
    near, far = (
        group((0, 0.2, LEFT, 0.9), (12, 0.2, LEFT, 0.9)),
        group((0, 0.2, LEFT, 0.9), (13, 0.2, LEFT, 0.9)),
    )
    assert link(near, times(20), aspect=1.0).tolist() == [0, 0]
    assert link(far, times(20), aspect=1.0).tolist() == [0, 1]


def test_a_track_votes_by_certainty() -> None:
    hands = group(
        *((0, 0.2, RIGHT, 0.95), (1, 0.2, LEFT, 0.98), (2, 0.2, RIGHT, 0.95)),
        *((3, 0.8, LEFT, 0.55), (4, 0.8, LEFT, 0.55), (5, 0.8, RIGHT, 0.99)),
    )
    sides = vote_sides(hands, np.array([0, 0, 0, 1, 1, 1]))
    assert sides.tolist() == [RIGHT] * 6


def test_nothing_found() -> None:
    none = group()
    assert without_twins(none, aspect=1.0)[1] == 0
    track = link(none, times(3), aspect=1.0)
    assert len(track) == 0 and len(vote_sides(none, track)) == 0
    assert len(slots_in_turn(none, track, num_slots=2)) == 0


def test_bodies_keep_their_slots() -> None:
    found = [(0, body(0.3)), (0, body(0.7)), (1, body(0.72)), (1, body(0.32)), (2, body(0.7))]
    bodies = gather(found, num_joints=33)
    track = link(bodies, times(3), aspect=1.0)
    assert slots_in_turn(bodies, track, num_slots=2).tolist() == [0, 1, 1, 0, 1]
    assert slots_in_turn(bodies, track, num_slots=1).tolist() == [0, -1, -1, 0, -1]
    # Track 0 ends in frame 1; who comes in frame 2 may have its slot.
    later = gather([*found, (2, body(0.1))], num_joints=33)
    slots = slots_in_turn(later, link(later, times(3), aspect=1.0), num_slots=2)
    assert slots.tolist()[-2:] == [1, 0]

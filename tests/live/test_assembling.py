"""What was found goes to the right joints of the right side."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from skelgraph.graphs import load_layout
from skelgraph.live import assembling
from skelgraph.live.assembling import assemble
from skelgraph.live.wrists import CROWDED, DECIDED, FAR, HandPlace, hang_on_wrists
from tests.live.made_up import LEFT, RIGHT, body, detections, hand

HOLISTIC = load_layout("mediapipe_holistic")
POSE = load_layout("mediapipe_pose")


def wrists_of(found) -> dict[int, np.ndarray]:
    return {
        side: found.points[POSE.index(f"{word}_wrist")]
        for side, word in ((LEFT, "left"), (RIGHT, "right"))
    }


def hand_at(found, wrist: int, side: int, score: float = 0.9):
    x, y, _ = wrists_of(found)[wrist]
    return hand(float(x), float(y), side, score)


def test_left_is_slot_0_and_missing_is_nan() -> None:
    found = detections([(0, hand(0.8, 0.5, LEFT, 0.7)), (2, hand(0.2, 0.5, RIGHT))], num_frames=3)
    made = assemble(found, "hands")
    assert made.layout.name == "mediapipe_hands" and made.keypoints.shape == (3, 2, 21, 3)
    assert made.keypoints[0, 0, 0].tolist() == pytest.approx([0.8, 0.5, 0.0])
    assert made.keypoints[2, 1, 0].tolist() == pytest.approx([0.2, 0.5, 0.0])
    seen = ~np.isnan(made.keypoints).all(axis=(2, 3))
    assert seen.tolist() == [[True, False], [False, False], [False, True]]
    assert made.confidence[0, 0, 3] == pytest.approx(0.7) and np.isnan(made.confidence[1]).all()


def test_a_frame_against_its_track_is_outvoted_and_counted() -> None:
    sides = [RIGHT, RIGHT, LEFT, RIGHT]
    found = detections([(f, hand(0.3, 0.5, s)) for f, s in enumerate(sides)], num_frames=4)
    made = assemble(found, "hands")
    assert not np.isnan(made.keypoints[:, 1]).any() and np.isnan(made.keypoints[:, 0]).all()
    assert made.counts[assembling.OUTVOTED] == 1


def test_two_hands_of_one_side_are_not_guessed_apart() -> None:
    found = detections([(0, hand(0.2, 0.5, RIGHT, 0.7)), (0, hand(0.8, 0.5, RIGHT, 0.9))])
    made = assemble(found, "hands")
    assert made.keypoints[0, 1, 0, 0] == pytest.approx(0.8) and np.isnan(made.keypoints[0, 0]).all()
    assert made.counts[assembling.ONE_SIDE] == 1


def test_world_metres() -> None:
    made = assemble(detections([(0, hand(0.8, 0.5, LEFT))]), "hands", world=True)
    assert np.abs(made.keypoints[0, 0]).max() < 0.25


def test_bodies_fill_slots_and_the_rest_is_counted() -> None:
    found = detections(bodies=[(0, body(0.3)), (0, body(0.7)), (1, body(0.7))], num_frames=2)
    two = assemble(found, "pose", max_bodies=2)
    assert two.keypoints.shape == (2, 2, 33, 3) and np.isnan(two.keypoints[1, 0]).all()
    nose = two.layout.index("nose")
    assert two.keypoints[:, 1, nose, 0].tolist() == pytest.approx([0.7, 0.7])
    one = assemble(found, "pose", max_bodies=1)
    assert one.counts[assembling.NO_SLOT] == 2 and np.isnan(one.keypoints[1]).all()


@pytest.mark.parametrize("world", [False, True])
def test_hands_hang_on_the_wrists(world: bool) -> None:
    person = body()
    hands = [(0, hand_at(person, RIGHT, RIGHT)), (0, hand_at(person, LEFT, LEFT))]
    made = assemble(detections(hands, [(0, person)]), "holistic", world=world)
    points = made.keypoints[0, 0]
    assert points.shape == (75, 3) and not np.isnan(points).any()
    for side in ("left", "right"):
        own, carrier = HOLISTIC.indices([f"{side}_hand_wrist", f"{side}_wrist"])
        assert points[own].tolist() == pytest.approx(points[carrier].tolist(), abs=1e-6)
    left, right = HOLISTIC.indices(["left_hand_index_tip", "right_hand_index_tip"])
    assert points[left, 0] > points[right, 0]
    assert made.counts[DECIDED] == 0


def test_the_nearer_wrist_goes_before_the_hand_s_own_word() -> None:
    person = body()
    found = detections([(0, hand_at(person, LEFT, RIGHT))], [(0, person)])
    made = assemble(found, "holistic")
    assert not np.isnan(made.keypoints[0, 0, HOLISTIC.index("left_hand_wrist")]).any()
    assert np.isnan(made.keypoints[0, 0, HOLISTIC.index("right_hand_wrist")]).all()
    assert made.counts[DECIDED] == 1


def test_a_hand_of_somebody_else_is_dropped() -> None:
    found = detections([(0, hand(0.95, 0.05, LEFT, size=0.05))], [(0, body())])
    made = assemble(found, "holistic")
    assert made.counts[FAR] == 1
    assert np.isnan(made.keypoints[0, 0, HOLISTIC.index("left_hand_wrist")]).all()


def test_hands_without_a_body() -> None:
    found = detections([(0, hand(0.5, 0.5, LEFT))])
    kept = assemble(found, "holistic")
    assert not np.isnan(kept.keypoints[0, 0, HOLISTIC.index("left_hand_wrist")]).any()
    assert kept.counts[assembling.NO_BODY] == 1
    metres = assemble(found, "holistic", world=True)
    assert np.isnan(metres.keypoints).all()
    assert metres.counts[assembling.NO_BODY_WORLD] == 1


def places(*hands: tuple[float, int]) -> list[HandPlace]:
    return [HandPlace(np.array([x, 0.0]), 1.0, side) for x, side in hands]


def test_wrists_by_hand() -> None:
    wrists = np.array([[0.0, 0.0], [1.0, 0.0]])  # left at 0, right at 1
    counts: Counter[str] = Counter()
    assert hang_on_wrists(places((0.9, RIGHT), (0.2, LEFT)), wrists, counts) == [RIGHT, LEFT]
    # About equally near: the hand's own side decides.
    assert hang_on_wrists(places((0.45, RIGHT)), wrists, counts) == [RIGHT]
    assert counts[DECIDED] == 0
    # Both nearer to the left one: together they fit crosswise best.
    assert hang_on_wrists(places((0.1, RIGHT), (0.4, RIGHT)), wrists, counts) == [LEFT, RIGHT]
    assert counts[DECIDED] == 1
    near = places((-0.1, LEFT), (-0.5, LEFT))
    assert hang_on_wrists(near, wrists, counts) == [LEFT, None] and counts[CROWDED] == 1
    assert hang_on_wrists(places((5.0, LEFT)), wrists, counts) == [None] and counts[FAR] == 1
    assert hang_on_wrists([], wrists, counts) == []

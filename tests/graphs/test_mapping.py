"""Joints of one layout taken as those of another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.errors import LayoutError
from skelgraph.graphs import Layout, available_layouts, load_layout, map_joints
from tests.graphs.made_up import random_layouts, relabelled


def keypoints(layout: Layout, *, bodies: int = 2, frames: int = 3) -> np.ndarray:
    """Every value tells its own place: 10000 frame + 1000 body + 10 joint + channel."""
    places = np.indices((frames, bodies, layout.num_joints, 2))
    return np.tensordot([10000, 1000, 10, 1], places, axes=1).astype(np.float32)


@pytest.mark.parametrize("name", available_layouts())
def test_same_layout_is_the_identity_for_any_number_of_bodies(name: str) -> None:
    layout = load_layout(name)
    joints = map_joints(layout, layout)
    assert joints.is_identity
    for bodies in (1, 2, 5):
        recorded = keypoints(layout, bodies=bodies)
        np.testing.assert_array_equal(joints.apply(recorded), recorded)
        assert joints.num_bodies(bodies) == bodies
    assert joints.describe() == f"all {layout.num_joints} joints of '{name}' as they are"


@given(random_layouts(), st.randoms(use_true_random=False))
def test_another_order_of_joints_is_undone(layout: Layout, random: object) -> None:
    order = np.arange(layout.num_joints)
    random.shuffle(order)  # type: ignore[attr-defined]
    other = relabelled(layout, order)
    recorded = keypoints(layout)
    np.testing.assert_array_equal(map_joints(layout, other).apply(recorded), recorded[:, :, order])
    back = map_joints(other, layout).apply(map_joints(layout, other).apply(recorded))
    np.testing.assert_array_equal(back, recorded)


def test_both_hands_of_a_composite_fill_their_slots() -> None:
    arms, hands = load_layout("openpose_upper8_hands"), load_layout("mediapipe_hands")
    joints = map_joints(arms, hands)
    assert joints.slots.tolist() == [list(range(8, 29)), list(range(29, 50))]
    assert joints.source_body == (0, 0)
    recorded = keypoints(arms, bodies=1)
    taken = joints.apply(recorded)
    assert taken.shape == (3, 2, 21, 2)
    np.testing.assert_array_equal(taken[:, 0], recorded[:, 0, 8:29])
    np.testing.assert_array_equal(taken[:, 1], recorded[:, 0, 29:50])
    assert joints.describe() == (
        "of the first body of 'openpose_upper8_hands': 'left_hand_*' as the left hand (slot 0) "
        "and 'right_hand_*' as the right hand (slot 1), as 'mediapipe_hands'"
    )


@pytest.mark.parametrize(("slot", "kept"), [("left", 0), ("right", 1)])
def test_one_hand_of_a_composite(slot: str, kept: int) -> None:
    arms, hands = load_layout("mediapipe_holistic"), load_layout("mediapipe_hands")
    joints = map_joints(arms, hands, slot=slot)
    taken = joints.apply(keypoints(arms))
    assert np.isnan(taken[:, 1 - kept]).all()
    np.testing.assert_array_equal(
        taken[:, kept], map_joints(arms, hands).apply(keypoints(arms))[:, kept]
    )
    assert f"the {slot} hand" in joints.describe()
    assert joints.source_body[1 - kept] == -1  # type: ignore[index]


@pytest.mark.parametrize(("slot", "kept"), [("left", 0), ("right", 1)])
def test_one_hand_of_two(slot: str, kept: int) -> None:
    hands = load_layout("mediapipe_hands")
    recorded = keypoints(hands)
    joints = map_joints(hands, hands, slot=slot)
    taken = joints.apply(recorded)
    assert not joints.is_identity
    assert np.isnan(taken[:, 1 - kept]).all()
    np.testing.assert_array_equal(taken[:, kept], recorded[:, kept])


def test_a_recording_with_fewer_bodies_leaves_slots_absent() -> None:
    hands = load_layout("mediapipe_hands")
    taken = map_joints(hands, hands, slot="right").apply(keypoints(hands, bodies=1))
    assert np.isnan(taken).all()


def test_confidence_is_mapped_without_a_channel_axis() -> None:
    arms, hands = load_layout("openpose_upper8_hands"), load_layout("mediapipe_hands")
    confidence = np.linspace(0, 1, 100, dtype=np.float32).reshape(1, 2, 50)
    taken = map_joints(arms, hands).apply(confidence)
    assert taken.shape == (1, 2, 21)
    np.testing.assert_array_equal(taken[0, 1], confidence[0, 0, 29:])


def test_by_name_takes_each_body_alike() -> None:
    whole, upper = load_layout("openpose_body25_hands"), load_layout("openpose_upper8_hands")
    recorded = keypoints(whole, bodies=3)
    taken = map_joints(whole, upper).apply(recorded)
    assert taken.shape == (3, 3, 50, 2)
    place = whole.index("mid_hip")
    np.testing.assert_array_equal(taken[:, :, upper.index("mid_hip")], recorded[:, :, place])
    assert (
        "50 of the 67 joints of 'openpose_body25_hands' by name"
        in map_joints(whole, upper).describe()
    )


def test_a_body_with_a_prefix_is_taken_as_a_part() -> None:
    full = load_layout("mediapipe_holistic")
    pose = load_layout("mediapipe_pose")
    named = full.to_dict()
    names = {joint: f"body_{joint}" for joint in pose.joints}

    def renamed(value: object) -> object:
        if isinstance(value, list):
            return [renamed(item) for item in value]
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        return names.get(value, value) if isinstance(value, str) else value

    other = renamed(named)
    assert isinstance(other, dict)
    other["components"][0]["prefix"] = "body_"
    joints = map_joints(Layout.from_dict(other), pose)
    assert joints.slots.tolist() == [list(range(33))]
    assert "its part 'body_*', as 'mediapipe_pose'" in joints.describe()


def test_the_pose_of_holistic_is_taken_by_name() -> None:
    full, pose = load_layout("mediapipe_holistic"), load_layout("mediapipe_pose")
    joints = map_joints(full, pose)
    assert joints.slots.tolist() == [list(range(33))]
    assert joints.source_body is None
    assert joints.describe() == (
        "33 of the 75 joints of 'mediapipe_holistic' by name, as 'mediapipe_pose'"
    )


def test_hands_that_name_no_slot_cannot_fill_one() -> None:
    description = load_layout("openpose_upper8_hands").to_dict()
    for component in description["components"]:
        component["slot"] = None
    with pytest.raises(LayoutError, match="which lack wrist, thumb_cmc"):
        map_joints(Layout.from_dict(description), load_layout("mediapipe_hands"))


def test_shrec_gives_the_joints_of_mediapipe_by_name() -> None:
    shrec, hands = load_layout("shrec_hand"), load_layout("mediapipe_hands")
    assert map_joints(shrec, hands).slots.tolist() == [[0, *range(2, 22)]]


def test_input_is_left_unchanged_and_output_is_new() -> None:
    layout = load_layout("mads")
    recorded = keypoints(layout)
    before = recorded.copy()
    taken = map_joints(layout, layout).apply(recorded)
    taken[:] = 0
    np.testing.assert_array_equal(recorded, before)


def test_lacking_joints_are_listed() -> None:
    with pytest.raises(LayoutError, match=r"'coco17', which lack .*neck, .*mid_hip, .*heel") as e:
        map_joints(load_layout("coco17"), load_layout("openpose_body25"))
    assert "left_wrist" not in str(e.value)
    assert "--layout coco17" in str(e.value)


def test_slot_that_does_not_fit() -> None:
    body, hands = load_layout("mads"), load_layout("mediapipe_hands")
    with pytest.raises(LayoutError, match=r"--slot: .* got 'rihgt'. Did you mean 'right'\?"):
        map_joints(hands, hands, slot="rihgt")
    with pytest.raises(LayoutError, match="expected a layout of hands, got 'mads'"):
        map_joints(body, body, slot="left")


def test_slot_that_the_source_lacks() -> None:
    hands = load_layout("mediapipe_hands")
    description = load_layout("openpose_upper8_hands").to_dict()
    one_hand = Layout.from_dict({**description, "components": description["components"][:2]})
    with pytest.raises(LayoutError, match=r"--slot: expected a hand that layout .* got 'right'"):
        map_joints(one_hand, hands, slot="right")
    assert map_joints(one_hand, hands).source_body == (0, -1)

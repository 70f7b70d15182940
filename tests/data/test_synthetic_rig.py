"""Rigs by hand: rotations, a chain that bends, and sides that mirror each other."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.data.synthetic.body_rig import body_rig, has_arms, has_legs
from skelgraph.data.synthetic.hand_rig import find_hands, hand_rig
from skelgraph.data.synthetic.rig import Hinge, Rig, Y, Z, place
from skelgraph.data.synthetic.rotation import (
    frame_of,
    mirrored_axis,
    rotation_about,
    rotation_between,
    unit,
)
from skelgraph.data.synthetic.tree_rig import branches, tree_rig
from skelgraph.graphs import available_layouts, load_layout
from tests.graphs.made_up import chain

BODIES = [name for name in available_layouts() if has_arms(load_layout(name))]


def test_rotations_are_rotations() -> None:
    rng = np.random.default_rng(0)
    turns = rotation_about(unit(rng.standard_normal((4, 3))), rng.uniform(-4, 4, (6, 4)))
    assert turns.shape == (6, 4, 3, 3)
    np.testing.assert_allclose(
        turns @ np.swapaxes(turns, -1, -2), np.eye(3) + 0 * turns, atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(turns), 1.0)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_direction_turns_into_another(axis: int, sign: float) -> None:
    start, stop = np.eye(3)[axis], sign * np.eye(3)[0]
    turn = rotation_between(3.0 * start, 2.0 * stop)
    np.testing.assert_allclose(turn @ start, stop, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turn), 1.0)


def test_a_zero_direction_turns_nothing() -> None:
    np.testing.assert_array_equal(rotation_between(np.zeros(3), Y), np.eye(3))


def test_a_frame_has_its_axes_as_columns() -> None:
    frame = frame_of(2.0 * Y, Y + Z)
    np.testing.assert_allclose(frame[:, 0], Y)
    np.testing.assert_allclose(frame[:, 1], Z)
    np.testing.assert_allclose(np.linalg.det(frame), 1.0)


def test_a_mirrored_axis_turns_the_mirror_image_alike() -> None:
    axis, point = unit(np.array([0.3, -0.5, 0.8])), np.array([1.0, 2.0, 3.0])
    flip = np.array([-1.0, 1.0, 1.0])
    angle = np.array([[0.7]])
    turned = rotation_about(axis[None], angle)[0, 0] @ point
    mirrored = rotation_about(mirrored_axis(axis)[None], angle)[0, 0] @ (flip * point)
    np.testing.assert_allclose(mirrored, flip * turned)


def test_a_chain_bends_at_its_hinge() -> None:
    bones = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    rig = Rig(
        segments={"lower": None, "upper": "lower"},
        hinges=(Hinge("lower", "turn", Z), Hinge("upper", "bend", Z)),
        joint_parents=np.array([0, 0, 1]),
        joint_order=(0, 1, 2),
        bones=bones,
        carrier=("lower", "lower", "upper"),
        anchor=(0,),
    )
    quarter = np.array([0.0, np.pi / 2])
    path = np.array([[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
    bent = place(rig, {"bend": quarter, "unknown": quarter}, path=path)
    np.testing.assert_allclose(bent[0], [[0, 0, 0], [0, 1, 0], [0, 2, 0]], atol=1e-12)
    np.testing.assert_allclose(bent[1], [[5, 0, 0], [5, 1, 0], [4, 1, 0]], atol=1e-12)
    turned = place(rig, {"turn": quarter}, path=0 * path)
    np.testing.assert_allclose(turned[1], [[0, 0, 0], [-1, 0, 0], [-2, 0, 0]], atol=1e-12)


@pytest.mark.parametrize("name", BODIES)
def test_equal_angles_move_both_sides_of_a_body_alike(name: str) -> None:
    layout = load_layout(name)
    rig = body_rig(layout)
    rng = np.random.default_rng(1)
    sides = {angle.removeprefix("left_") for angle in rig.angles if angle.startswith("left_")}
    angles = {}
    for angle in sorted(sides):
        bent = rng.uniform(-1.0, 1.0, 4)
        angles |= {f"left_{angle}": bent, f"right_{angle}": bent}
    angles["bend"] = rng.uniform(0.0, 1.0, 4)
    points = place(rig, angles, path=np.zeros((4, 3)))
    mirrored = points[:, layout.mirror_permutation] * np.array([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(mirrored, points, atol=5e-3)


@pytest.mark.parametrize("name", BODIES)
def test_a_body_at_rest_stands_with_its_arms_down(name: str) -> None:
    layout = load_layout(name)
    points = place(body_rig(layout), {}, path=np.zeros((1, 3)))[0]
    for side in ("left", "right"):
        shoulder, elbow, wrist = (
            points[layout.index(f"{side}_{joint}")] for joint in ("shoulder", "elbow", "wrist")
        )
        np.testing.assert_allclose(unit(elbow - shoulder), -Y, atol=1e-6)
        np.testing.assert_allclose(unit(wrist - elbow), -Y, atol=1e-6)
    if has_legs(layout):
        assert points[:, 1].min() >= -0.2
        assert points[:, 1].max() > 1.2


def test_hands_are_found_by_their_fingers() -> None:
    assert [hand.side for hand in find_hands(load_layout("openpose_upper8_hands"))] == [
        "left",
        "right",
    ]
    assert [hand.side for hand in find_hands(load_layout("shrec_hand"))] == [""]
    assert find_hands(load_layout("mediapipe_pose")) == ()
    assert find_hands(chain(3)) == ()


@pytest.mark.parametrize("name", ["mediapipe_hands", "shrec_hand"])
def test_a_hand_at_rest_hangs_with_its_thumb_to_the_front(name: str) -> None:
    layout = load_layout(name)
    rig = hand_rig(layout)
    (hand,) = find_hands(layout)
    points = place(rig, {}, path=np.zeros((1, 3)))[0]
    knuckle = points[hand.chains["middle"][0]] - points[hand.wrist]
    across = points[hand.chains["little"][0]] - points[hand.chains["index"][0]]
    assert unit(knuckle) @ -Y > 0.9
    assert unit(across) @ Z > 0.9
    bent = {f"{f}_{j}": np.array([1.2]) for f in hand.chains for j in ("mcp", "pip", "dip")}
    fist = place(rig, bent, path=np.zeros((1, 3)))[0]
    tip = hand.chains["middle"][-1]
    assert fist[tip, 0] < points[tip, 0] - 0.02  # fingers bend towards the palm, at -x


def test_branches_cover_a_skeleton_that_has_no_parts() -> None:
    assert branches(chain(3)) == {"j1": ("j1", "j2")}
    rig = tree_rig(chain(3))
    assert rig.angles == ("j0_swing", "j0_side", "j1_swing", "j1_side", "j2_swing", "j2_side")

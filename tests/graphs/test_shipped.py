"""Each shipped layout against counts made by hand on its drawn tree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from skelgraph.graphs import available_layouts, load_layout


@dataclass(frozen=True)
class Count:
    """What was counted on paper.

    `at_hop` is the number of joints 0, 1, 2, ... hops from the centre, `level` the number of
    edges whose ends are equally far from it, `farthest` the longest shortest path.
    """

    joints: int
    edges: int
    at_hop: tuple[int, ...]
    level: int
    farthest: int
    pairs: int


COUNTS = {
    "coco17": Count(17, 18, (2, 5, 6, 4), 2, 6, 8),
    "florence3d": Count(15, 14, (1, 3, 5, 4, 2), 0, 7, 6),
    "kinect_v1": Count(20, 19, (1, 2, 5, 4, 4, 4), 0, 10, 8),
    "kinect_v2": Count(25, 24, (1, 2, 5, 5, 4, 6, 2), 0, 11, 10),
    "mads": Count(19, 18, (1, 4, 4, 4, 4, 2), 0, 9, 8),
    "mediapipe_hands": Count(21, 23, (1, 5, 5, 5, 5), 3, 8, 0),
    "mediapipe_holistic": Count(75, 87, (2, 5, 8, 12, 16, 12, 10, 10), 13, 15, 37),
    "mediapipe_pose": Count(33, 39, (2, 5, 8, 10, 6, 2), 7, 9, 16),
    "msr_action3d": Count(20, 19, (1, 2, 5, 4, 4, 4), 0, 10, 8),
    "openpose_body25": Count(25, 24, (1, 4, 6, 6, 2, 4, 2), 0, 10, 11),
    "openpose_body25_hands": Count(67, 72, (1, 4, 6, 6, 4, 14, 12, 10, 10), 6, 16, 32),
    "openpose_coco18": Count(18, 17, (1, 5, 6, 6), 0, 6, 8),
    "openpose_upper8_hands": Count(50, 55, (1, 3, 2, 2, 2, 10, 10, 10, 10), 6, 16, 24),
    "shrec_hand": Count(22, 21, (1, 5, 5, 5, 5, 1), 0, 9, 0),
}
NAMES = list(COUNTS)
BODIES = [name for name in NAMES if name not in ("mediapipe_hands", "shrec_hand")]


def test_every_shipped_layout_is_counted() -> None:
    assert available_layouts() == tuple(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_joints_and_edges(name: str) -> None:
    layout, count = load_layout(name), COUNTS[name]
    assert layout.name == name
    assert (layout.num_joints, layout.num_edges) == (count.joints, count.edges)
    assert layout.adjacency(self_loops=False).sum() == 2 * count.edges
    assert (layout.hops == 1).sum() == 2 * count.edges


@pytest.mark.parametrize("name", NAMES)
def test_hops(name: str) -> None:
    layout, count = load_layout(name), COUNTS[name]
    assert tuple(np.bincount(layout.centre_hops.astype(int))) == count.at_hop
    assert layout.hops.max() == count.farthest


@pytest.mark.parametrize("name", NAMES)
def test_partition_sizes(name: str) -> None:
    count = COUNTS[name]
    sizes = tuple((load_layout(name).partition("spatial") > 0).sum(axis=(1, 2)))
    slanted = count.edges - count.level
    assert sizes == (count.joints + 2 * count.level, slanted, slanted)


@pytest.mark.parametrize(("name", "slanted"), [("openpose_coco18", 17), ("kinect_v2", 24)])
def test_distances_to_the_centre_are_compared_over_the_whole_tree(name: str, slanted: int) -> None:
    # ST-GCN's code truncates first and gets 25/9 on BODY_18 and 40/8 on Kinect v2.
    _, centripetal, centrifugal = load_layout(name).partition("spatial")
    assert (centripetal > 0).sum() == slanted
    assert (centrifugal > 0).sum() == slanted


def test_pairs_of_kinect_v2_two_hops_apart() -> None:
    # Sum over joints of neighbours x (neighbours - 1): spine base 6, spine mid 2, neck 2,
    # shoulders 4, elbows 4, wrists 12, hands 4, hips 4, knees 4, ankles 4, spine shoulder 12.
    assert (load_layout("kinect_v2").hops == 2).sum() == 58


@pytest.mark.parametrize("name", NAMES)
def test_mirror_pairs(name: str) -> None:
    layout = load_layout(name)
    assert len(layout.mirror_pairs) == COUNTS[name].pairs
    for left, right in layout.mirror_pairs:
        assert layout.joints[left].replace("left", "right") == layout.joints[right]


@pytest.mark.parametrize("name", NAMES)
def test_mirror_keeps_the_graph(name: str) -> None:
    layout = load_layout(name)
    twin = layout.mirror_permutation
    assert (twin[twin] == np.arange(layout.num_joints)).all()
    assert (layout.hops[np.ix_(twin, twin)] == layout.hops).all()
    assert (layout.bones[twin] == twin[layout.bones]).all()


@pytest.mark.parametrize("name", BODIES)
def test_neutral_pose_is_symmetric(name: str) -> None:
    layout = load_layout(name)
    mirrored = layout.neutral[layout.mirror_permutation] * np.array([-1, 1, 1])
    np.testing.assert_allclose(mirrored, layout.neutral, atol=2e-6)


@pytest.mark.parametrize("name", BODIES)
def test_right_is_to_the_right_and_the_head_is_up(name: str) -> None:
    layout = load_layout(name)
    for joint, (x, _, _) in zip(layout.joints, layout.neutral, strict=True):
        assert not joint.startswith("right_") or x > 0
        assert not joint.startswith("left_") or x < 0
    head = layout.index("head" if "head" in layout.joints else layout.joints[0])
    assert layout.neutral[head, 1] > layout.neutral[layout.index("left_wrist"), 1]


@pytest.mark.parametrize("name", NAMES)
def test_bones_have_lengths_of_a_person(name: str) -> None:
    layout = load_layout(name)
    bones = np.delete(layout.bone_lengths, layout.root)
    assert bones.min() > 0.01
    assert bones.max() < 0.55
    low, high = (0.08, 0.12) if layout.instances == "hands" else (0.4, 0.55)
    assert low < layout.reference_length < high


@pytest.mark.parametrize("name", NAMES)
def test_parts_hold_every_joint_once(name: str) -> None:
    layout = load_layout(name)
    listed = [joint for joints in layout.parts.values() for joint in joints]
    assert sorted(listed) == list(range(layout.num_joints))


@pytest.mark.parametrize("name", NAMES)
def test_source_is_named(name: str) -> None:
    assert len(load_layout(name).source) > 40


def test_the_right_hand_shows_its_palm() -> None:
    hand = load_layout("mediapipe_hands")
    thumb, little = hand.neutral[list(hand.indices(("thumb_tip", "little_tip")))]
    assert thumb[0] < 0 < little[0]  # the thumb points to the middle of the body
    np.testing.assert_array_equal(hand.neutral_of(0)[:, 0], -hand.neutral_of(1)[:, 0])


@pytest.mark.parametrize("name", ["openpose_upper8_hands", "mediapipe_holistic"])
def test_hands_of_a_body_hang_with_the_thumb_outside(name: str) -> None:
    layout = load_layout(name)
    names = ("right_hand_wrist", "right_hand_thumb_tip", "right_hand_middle_tip")
    wrist, thumb, tip = layout.neutral[list(layout.indices(names))]
    assert tip[1] < wrist[1] - 0.15
    assert thumb[0] > wrist[0]

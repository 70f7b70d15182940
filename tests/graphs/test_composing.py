"""Layouts joined from others, and parts taken out of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from skelgraph.errors import LayoutError
from skelgraph.graphs import Layout, load_layout

BODY = {"layout": "mads"}
RIGHT = {
    "layout": "mediapipe_hands",
    "prefix": "right_hand_",
    "slot": "right",
    "attach": "right_wrist",
}
LEFT = {"layout": "mediapipe_hands", "prefix": "left_hand_", "slot": "left", "attach": "left_wrist"}
GOOD: dict[str, Any] = {"name": "mine", "compose": [BODY, {**LEFT, "offset": [0, -0.02, 0]}]}


def load(folder: Path, description: Any, *, name: str = "mine.yaml") -> Layout:
    path = folder / name
    path.write_text(yaml.safe_dump(description), encoding="utf-8")
    return load_layout(path)


@pytest.mark.parametrize(
    ("name", "body", "joints"),
    [
        ("openpose_body25_hands", "openpose_body25", 25),
        ("mediapipe_holistic", "mediapipe_pose", 33),
        ("openpose_upper8_hands", "openpose_body25", 8),
    ],
)
def test_components_of_shipped_composites(name: str, body: str, joints: int) -> None:
    layout = load_layout(name)
    parts = [(part.layout, part.prefix, part.slot, len(part.joints)) for part in layout.components]
    assert parts == [
        (body, "", None, joints),
        ("mediapipe_hands", "left_hand_", "left", 21),
        ("mediapipe_hands", "right_hand_", "right", 21),
    ]
    covered = [joint for part in layout.components for joint in part.joints]
    assert covered == list(range(layout.num_joints))


def test_hands_hang_on_the_wrists_by_virtual_bones() -> None:
    layout = load_layout("openpose_body25_hands")
    for side in ("left", "right"):
        wrist = layout.index(f"{side}_hand_wrist")
        assert wrist in layout.virtual
        assert layout.joints[layout.parents[wrist]] == f"{side}_wrist"
    assert len(layout.virtual) == 2
    hand = load_layout("mediapipe_hands")
    for part in layout.components[1:]:
        np.testing.assert_allclose(
            layout.bone_lengths[list(part.joints)][1:], hand.bone_lengths[1:], atol=2e-6
        )


def test_hands_mirror_each_other() -> None:
    layout = load_layout("openpose_upper8_hands")
    twin = layout.mirror_permutation
    assert layout.joints[twin[layout.index("left_hand_ring_tip")]] == "right_hand_ring_tip"
    assert layout.joints[twin[layout.index("right_elbow")]] == "left_elbow"
    assert layout.joints[twin[layout.index("neck")]] == "neck"


def test_upper_body_keeps_the_bones_of_the_whole() -> None:
    upper, whole = load_layout("openpose_upper8_hands"), load_layout("openpose_body25_hands")
    for joint in upper.joints:
        mine, theirs = upper.index(joint), whole.index(joint)
        assert upper.joints[upper.bones[mine]] == whole.joints[whole.bones[theirs]]
        np.testing.assert_allclose(upper.neutral[mine], whole.neutral[theirs], atol=1e-6)


def test_parts_and_extra_edges_get_the_prefix() -> None:
    layout = load_layout("mediapipe_holistic")
    assert "left_hand_thumb" in layout.parts and "left_arm" in layout.parts
    named = {(layout.joints[u], layout.joints[v]) for u, v in layout.extra_edges}
    assert ("right_hand_index_mcp", "right_hand_middle_mcp") in named
    assert ("left_shoulder", "right_shoulder") in named


def test_a_composite_of_ones_own(tmp_path: Path) -> None:
    layout = load(tmp_path, {**GOOD, "title": "one hand", "max_bodies": 4, "centre": ["pelvis"]})
    assert layout.num_joints == 19 + 21
    assert (layout.title, layout.max_bodies, layout.instances) == ("one hand", 4, "people")
    assert [layout.joints[joint] for joint in layout.centre] == ["pelvis"]
    wrist = layout.neutral[layout.index("left_hand_wrist")]
    np.testing.assert_allclose(
        wrist - layout.neutral[layout.index("left_wrist")], [0, -0.02, 0], atol=1e-6
    )


def test_turn_is_from_x_towards_y(tmp_path: Path) -> None:
    hand = {**RIGHT, "offset": [0.01, 0, 0], "turn": 90}
    layout = load(tmp_path, {"name": "mine", "compose": [BODY, hand]})
    wrist, tip = layout.neutral[
        [layout.index("right_hand_wrist"), layout.index("right_hand_middle_tip")]
    ]
    plain = load_layout("mediapipe_hands").neutral[12]
    np.testing.assert_allclose(tip - wrist, [-plain[1], plain[0], plain[2]], atol=2e-6)


def test_a_composite_of_a_file_beside_it(tmp_path: Path) -> None:
    body = {**load_layout("mads").to_dict(), "name": "own_body"}
    (tmp_path / "body.yaml").write_text(yaml.safe_dump(body), encoding="utf-8")
    layout = load(tmp_path, {**GOOD, "compose": [{"layout": "body.yaml"}, GOOD["compose"][1]]})
    assert layout.components[0].layout == "own_body"


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"compose": [BODY]}, "name: expected this key, got none"),
        ({**GOOD, "compos": 1}, "got 'compos'. Did you mean 'compose'?"),
        ({**GOOD, "joints": []}, "keys: expected one of .* got 'joints'"),
        ({**GOOD, "compose": []}, r"compose: expected a list of layouts, got \[\]"),
        ({**GOOD, "compose": "mads"}, "compose: expected a list of layouts, got 'mads'"),
        ({**GOOD, "compose": ["mads"]}, r"compose\[0\]: expected keys layout, prefix"),
        ({**GOOD, "compose": [{"prefix": "a"}]}, r"compose\[0\]: layout: expected this key"),
        ({**GOOD, "compose": [{**BODY, "slott": "left"}]}, "got 'slott'. Did you mean 'slot'?"),
        ({**GOOD, "compose": [{"layout": 5}]}, "layout: expected text, got 5"),
        ({**GOOD, "compose": [{"layout": "madz"}]}, r"compose\[0\]: .* Did you mean 'mads'"),
        ({**GOOD, "compose": [{"layout": "none.yaml"}]}, r"compose\[0\]: .*none.yaml: expected"),
        ({**GOOD, "compose": [{**BODY, "joints": []}]}, r"joints: expected a list of joint names"),
        ({**GOOD, "compose": [{**BODY, "joints": ["nek"]}]}, "got 'nek'. Did you mean 'neck'"),
        ({**GOOD, "compose": [{**BODY, "attach": "x"}]}, "expected none at the first layout"),
        ({**GOOD, "compose": [BODY, {"layout": "coco17"}]}, "expected a joint .* to hang on"),
        ({**GOOD, "compose": [BODY, {**LEFT, "slot": "lefft"}]}, "Did you mean 'left'"),
        ({**GOOD, "compose": [BODY, {**LEFT, "attach": "left_wris"}]}, "Did you mean 'left_wrist'"),
        ({**GOOD, "compose": [BODY, {**LEFT, "offset": [0, 1]}]}, "offset: expected three numbers"),
        ({**GOOD, "compose": [BODY, {**LEFT, "turn": "up"}]}, "turn: expected degrees, got 'up'"),
        ({**GOOD, "compose": [BODY, LEFT]}, "expected a bone longer than 0"),
        (
            {**GOOD, "compose": [BODY, LEFT, {**LEFT, "prefix": "other_"}]},
            "expected each slot once, got two of 'mediapipe_hands' with slot 'left'",
        ),
        (
            {**GOOD, "compose": [BODY, {**BODY, "attach": "neck", "offset": [0, 1, 0]}]},
            "expected each name once, got 'neck' 2 times",
        ),
        ({**GOOD, "mirror": "x"}, "mirror: expected a list, got 'x'"),
        ({**GOOD, "parts": [1]}, "parts: expected names with lists of joints"),
        ({**GOOD, "centre": ["nek"]}, "centre: .* Did you mean 'neck'"),
        (
            {**GOOD, "compose": [{"layout": "mediapipe_holistic"}]},
            "expected one that is not composed itself, got 'mediapipe_holistic'",
        ),
        ({**GOOD, "compose": [{"layout": "mine.yaml"}]}, "not composed itself, got 'mine.yaml'"),
    ],
)
def test_each_fault(tmp_path: Path, description: Any, message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        load(tmp_path, description)


def test_all_faults_of_the_entries_in_one_message(tmp_path: Path) -> None:
    wrong = [{**BODY, "turn": 3}, {**LEFT, "slot": "up", "offset": 3}, 5]
    with pytest.raises(LayoutError, match="got 4 faults"):
        load(tmp_path, {**GOOD, "compose": wrong})


def test_subset_hangs_joints_on_their_nearest_ancestor() -> None:
    body = load_layout("kinect_v2")
    small = body.subset(["spine_shoulder", "head", "left_wrist", "spine_base"], name="small")
    assert small.joints == ("spine_shoulder", "head", "left_wrist", "spine_base")
    assert small.parents == (3, 0, 0, -1)
    assert [small.joints[joint] for joint in small.virtual] == [
        "spine_shoulder", "head", "left_wrist",
    ]  # fmt: skip
    assert small.centre == (3,)  # spine_mid is gone, so the root takes its place
    assert small.name == "small"
    assert small.parts == {"head": (1,), "torso": (3, 0), "left_arm": (2,)}
    assert body == load_layout("kinect_v2")


def test_subset_of_everything_is_the_layout_itself() -> None:
    for name in ("mediapipe_pose", "mads"):
        layout = load_layout(name)
        assert layout.subset(layout.joints) == layout


def test_subset_keeps_pairs_and_edges_that_are_whole() -> None:
    pose = load_layout("coco17").subset(
        ["nose", "left_shoulder", "right_shoulder", "left_hip", "right_elbow"]
    )
    assert len(pose.extra_edges) == 1
    assert pose.mirror_pairs == ((1, 2),)


@pytest.mark.parametrize(
    ("joints", "message"),
    [
        (["neck", "nosse"], "got 'nosse'. Did you mean 'nose'"),
        (["neck", "neck"], "each once, got 2 names of 1 joints"),
        ([], "each once, got 0 names"),
        (["left_elbow", "right_elbow"], "hang together in one tree, got 2 loose parts"),
        (["neck", "nose"], "expected a joint of each reference group"),
    ],
)
def test_bad_subset(joints: list[str], message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        load_layout("openpose_body25").subset(joints)

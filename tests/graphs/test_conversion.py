"""Recordings of one layout turned into another: names, rules, means worked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.errors import LayoutError
from skelgraph.graphs import Layout, available_layouts, convert_joints, load_layout, map_joints
from skelgraph.graphs.writing import layout_text, write_layout
from tests.graphs.made_up import random_layouts, relabelled

BODIES = [name for name in available_layouts() if load_layout(name).instances == "people"]
RULES = [
    (target, source, joint, names)
    for target in available_layouts()
    for source, own in load_layout(target).rules.items()
    for joint, names in own.items()
]


def recording(layout: Layout, *, bodies: int = 1, frames: int = 3) -> np.ndarray:
    """Every value tells its own place: 1000 frame + 500 body + 2 joint + channel."""
    places = np.indices((frames, bodies, layout.num_joints, 2))
    return np.tensordot([1000, 500, 2, 1], places, axes=1).astype(np.float32)


def with_rules(layout: Layout, **rules: dict[str, tuple[str, ...]]) -> Layout:
    return replace(layout, rules=rules)


@pytest.mark.parametrize("name", available_layouts())
def test_same_layout_is_the_identity(name: str) -> None:
    layout = load_layout(name)
    found = convert_joints(layout, layout)
    recorded = recording(layout, bodies=2)
    np.testing.assert_array_equal(found.apply(recorded), recorded)
    np.testing.assert_array_equal(found.apply_to_scores(recorded[..., 0]), recorded[..., 0])
    assert (found.missing, found.dropped, found.invented, found.taken) == ((), (), {}, {})


@settings(max_examples=10)
@given(random_layouts(), st.randoms(use_true_random=False))
def test_names_alone_do_what_map_joints_does(layout: Layout, random: Any) -> None:
    order = np.arange(layout.num_joints)
    random.shuffle(order)
    other = relabelled(layout, order)
    recorded = recording(layout, bodies=2)
    expected = map_joints(layout, other).apply(recorded)
    np.testing.assert_array_equal(convert_joints(layout, other).apply(recorded), expected)


@settings(max_examples=10)
@given(random_layouts(), st.data())
def test_every_joint_is_a_mean_of_known_joints_or_missing(layout: Layout, data: Any) -> None:
    source = replace(layout, name="source", joints=(*layout.joints[:-1], "other"))
    names = st.lists(st.sampled_from(source.joints), max_size=3, unique=True).map(tuple)
    drawn = data.draw(st.dictionaries(st.sampled_from(layout.joints[1:]), names))
    found = convert_joints(source, with_rules(layout, source=drawn))
    recorded = recording(source)
    made = found.apply(recorded)
    for place, joint in enumerate(layout.joints):
        own = drawn.get(joint, (joint,) if joint in source.joints else ())
        if own:
            expected = recorded[:, :, source.indices(own)].mean(axis=2)
            np.testing.assert_allclose(made[:, :, place], expected, rtol=1e-6)
        else:
            assert np.isnan(made[:, :, place]).all() and joint in found.missing


def test_kinect_v2_becomes_body25() -> None:
    kinect, openpose = load_layout("kinect_v2"), load_layout("openpose_body25")
    recorded = recording(kinect, bodies=2)
    found = convert_joints(kinect, openpose)
    made = found.apply(recorded)
    assert made.shape == (3, 2, 25, 2)
    # left_hip is joint 12, right_hip 16 in the SDK's order: the middle is that of joint 14.
    np.testing.assert_array_equal(made[:, :, openpose.index("mid_hip")], recorded[:, :, 14])
    np.testing.assert_array_equal(made[:, :, openpose.index("neck")], recorded[:, :, 20])
    np.testing.assert_array_equal(made[:, :, openpose.index("right_wrist")], recorded[:, :, 10])
    assert np.isnan(made[:, :, openpose.index("nose")]).all()
    assert found.invented == {"mid_hip": ("left_hip", "right_hip")}
    assert found.taken["neck"] == "spine_shoulder" and "neck" in found.dropped
    assert "nose" in found.missing and len(found.by_name) == 12
    assert found.notes()[:3] == [
        "kinect_v2 -> openpose_body25: 12 of 25 joints by name",
        "kinect_v2 -> openpose_body25: taken from another joint: neck = spine_shoulder; "
        "left_big_toe = left_foot; right_big_toe = right_foot",
        "kinect_v2 -> openpose_body25: invented: mid_hip = mean of left_hip, right_hip",
    ]


def test_a_mean_is_missing_with_one_of_its_joints_and_has_the_lowest_score() -> None:
    coco, openpose = load_layout("coco17"), load_layout("openpose_coco18")
    recorded = recording(coco)
    recorded[1, 0, coco.index("left_shoulder")] = np.nan
    scores = np.linspace(0, 1, 3 * 17, dtype=np.float32).reshape(3, 1, 17)
    found = convert_joints(coco, openpose)
    neck = openpose.index("neck")
    made = found.apply(recorded)
    assert np.isnan(made[1, 0, neck]).all() and not np.isnan(made[[0, 2], 0, neck]).any()
    # Shoulders are joints 5 and 6: places 10 and 12 on the first channel.
    assert made[0, 0, neck, 0] == 11
    np.testing.assert_array_equal(found.apply_to_scores(scores)[..., neck], scores[..., 5])


def test_openpose_with_hands_becomes_holistic() -> None:
    openpose, holistic = load_layout("openpose_body25_hands"), load_layout("mediapipe_holistic")
    found = convert_joints(openpose, holistic)
    assert found.taken == {
        "left_index": "left_hand_index_mcp",
        "right_index": "right_hand_index_mcp",
        "left_pinky": "left_hand_little_mcp",
        "right_pinky": "right_hand_little_mcp",
        "left_foot_index": "left_big_toe",  # a rule of mediapipe_pose for openpose_body25
        "right_foot_index": "right_big_toe",
    }
    assert len(found.by_name) == 61 and found.invented == {}
    back = convert_joints(holistic, openpose)
    assert set(back.invented) == {"neck", "mid_hip"}
    assert back.missing == ("left_small_toe", "right_small_toe")


def test_a_part_of_a_composite_gives_what_it_has() -> None:
    upper, kinect = load_layout("openpose_upper8_hands"), load_layout("kinect_v2")
    found = convert_joints(upper, kinect)
    assert found.taken["spine_base"] == "mid_hip"
    assert found.taken["left_hand"] == "left_hand_middle_mcp"
    assert "head" in found.missing and "left_foot" in found.missing  # no ears, no toes there


def test_hands_of_a_composite_fill_their_slots_and_get_a_palm() -> None:
    upper, shrec = load_layout("openpose_upper8_hands"), load_layout("shrec_hand")
    recorded = recording(upper, bodies=2)
    found = convert_joints(upper, shrec)
    made = found.apply(recorded)
    assert made.shape == (3, 2, 22, 2)
    for slot, first in ((0, 8), (1, 29)):
        np.testing.assert_array_equal(made[:, slot, 0], recorded[:, 0, first])
        palm = recorded[:, 0, [first, first + 9]].mean(axis=1)
        np.testing.assert_array_equal(made[:, slot, 1], palm)
    assert set(found.invented) == {"palm"} and len(found.by_name) == 21
    assert "hands of the first body only" in found.notes()[0]
    assert found.dropped[0] == "neck"


@pytest.mark.parametrize("target", sorted({rule[0] for rule in RULES}))
def test_rules_name_joints_near_the_one_they_stand_for(target: str) -> None:
    for _, source, joint, names in (rule for rule in RULES if rule[0] == target):
        check_rule(load_layout(target), load_layout(source), joint, names)


def check_rule(ours: Layout, theirs: Layout, joint: str, names: tuple[str, ...]) -> None:
    # The neutral poses are of one person: a rule that crosses sides or limbs is far off. The
    # thumbs of a composite's hands spread outwards, those of Kinect hang.
    if not names:
        assert joint in theirs.joints  # a name to be kept from meaning the same
        return
    if joint.endswith("thumb"):
        assert names == (joint.replace("thumb", "hand_thumb_tip"),)
        return
    body = 1 if ours.instances == "hands" else 0
    made = theirs.neutral_of(body)[list(theirs.indices(names))].mean(axis=0)
    wanted = ours.neutral_of(body)[ours.index(joint)]
    assert np.linalg.norm(made - wanted) < 0.065


@pytest.mark.parametrize("source", BODIES)
def test_bodies_become_each_other_with_left_and_right_alike(source: str) -> None:
    for target in BODIES:
        found = convert_joints(load_layout(source), load_layout(target))
        assert {"left_elbow", "right_wrist"} <= set(found.by_name)
        text = f"{found.taken}{found.invented}{found.missing}"
        assert text.count("left_") == text.count("right_")


def test_layouts_without_a_common_joint() -> None:
    with pytest.raises(LayoutError, match="expected recordings that have some of its joints"):
        convert_joints(load_layout("coco17"), load_layout("mediapipe_hands"))


def test_rules_that_the_recordings_do_not_fit() -> None:
    coco = load_layout("coco17")
    odd = with_rules(load_layout("mads"), coco17={"neck": ("left_shoulder", "breast")})
    with pytest.raises(LayoutError, match=r"'mads', from, coco17: .* got breast, which they"):
        convert_joints(coco, odd)


def test_training_picks_joints_without_rules() -> None:
    with pytest.raises(LayoutError, match="which lack"):
        map_joints(load_layout("kinect_v2"), load_layout("openpose_body25"))


def test_rules_are_no_part_of_the_skeleton() -> None:
    layout = load_layout("mads")
    bare = Layout.from_dict(layout.to_dict())
    assert layout.rules and bare.rules == {} and bare == layout
    assert "from" not in layout.to_dict()


@pytest.mark.parametrize("name", available_layouts())
def test_rules_survive_a_file(name: str, tmp_path: Path) -> None:
    layout = load_layout(name)
    write_layout(layout, tmp_path / "copy.yaml")
    assert load_layout(tmp_path / "copy.yaml").rules == layout.rules
    assert ("from:" in layout_text(layout)) == bool(layout.rules)


def written(tmp_path: Path, rules: str) -> Path:
    path = tmp_path / "mine.yaml"
    bare = Layout.from_dict(load_layout("mads").to_dict())
    path.write_text(layout_text(bare) + rules, encoding="utf-8")
    return path


def test_faults_of_rules_come_in_one_message(tmp_path: Path) -> None:
    rules = (
        "from:\n"
        "  kinect_v2: {nek: neck, neck: nose, pelvis: [left_hip], head: [neck, neck]}\n"
        "  kinect_v3: {neck: neck}\n"
        "  coco17: {neck: 3}\n"
        "  mediapipe_pose: [neck]\n"
        "  1: {neck: neck}\n"
    )
    with pytest.raises(LayoutError) as caught:
        load_layout(written(tmp_path, rules))
    text = str(caught.value)
    assert "mine.yaml: expected a layout without faults, got 7 faults" in text
    for part in (
        "from, kinect_v2: expected a joint of the layout, got 'nek'. Did you mean 'neck'?",
        "from, kinect_v2, pelvis: expected a joint, a list of at least two",
        "from, kinect_v2, head: expected each joint once, got 'neck' 2 times",
        "Did you mean 'kinect_v2'?",
        "from, coco17, neck: expected a joint, a list",
        "from, mediapipe_pose: expected joints with rules, got ['neck']",
        "from: expected a layout's name, got 1",
    ):
        assert part in text, part


def test_joints_that_the_other_layout_lacks_are_faults(tmp_path: Path) -> None:
    path = written(tmp_path, "from: {kinect_v2: {neck: [spine_sholder, head], head: nose}}\n")
    with pytest.raises(LayoutError, match="got 2 faults") as caught:
        load_layout(path)
    assert (
        "from, kinect_v2, neck: expected a joint of 'kinect_v2', got 'spine_sholder'. "
        "Did you mean 'spine_shoulder'?"
    ) in str(caught.value)


@pytest.mark.parametrize("rules", ["from: 3\n", "from: [a]\n", "from: {coco17: 3}\n"])
def test_rules_of_a_composite_that_are_none(tmp_path: Path, rules: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: mine\ncompose: [{{layout: coco17}}]\n{rules}", encoding="utf-8")
    with pytest.raises(LayoutError, match="Write kinect_v2: "):
        load_layout(path)


def test_a_layout_of_ones_own_may_be_the_source(tmp_path: Path) -> None:
    sensor = {**load_layout("coco17").to_dict(), "name": "sensor"}
    sensor = Layout.from_dict(sensor)
    write_layout(sensor, tmp_path / "my_sensor.yaml")
    path = written(tmp_path, "from: {my_sensor.yaml: {head: [left_ear, right_ear]}}\n")
    found = convert_joints(sensor, load_layout(path))
    assert found.invented == {"head": ("left_ear", "right_ear")}


def test_a_composites_rules_go_before_those_of_its_body(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\ncompose: [{layout: openpose_coco18}]\nfrom: {coco17: {neck: nose}}\n",
        encoding="utf-8",
    )
    mine = load_layout(path)
    assert mine.rules["coco17"] == {"neck": ("nose",)}
    assert mine.rules["kinect_v1"] == load_layout("openpose_coco18").rules["kinect_v1"]


def test_a_subset_keeps_the_rules_of_its_joints() -> None:
    upper = load_layout("openpose_upper8_hands")
    assert upper.rules["kinect_v2"] == {
        "neck": ("spine_shoulder",),
        "mid_hip": ("left_hip", "right_hip"),
    }

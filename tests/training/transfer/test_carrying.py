"""Weights carried over into models of other classes, layouts, coordinates and streams."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor, nn

from skelgraph.errors import RunError
from skelgraph.graphs import load_layout
from skelgraph.models import MODELS
from skelgraph.training.transfer.carrying import Carried, carry_nothing, carry_over, part_of
from skelgraph.training.transfer.start import shared_joints
from tests.training.transfer.starts import (
    CLASSES,
    SMALL,
    make_batch,
    make_model,
    make_start,
    scramble,
)

ALL = pytest.mark.parametrize("name", MODELS)
LAYOUTS = pytest.mark.parametrize("layout", ["kinect_v2", "mediapipe_hands"])


def logits(model: nn.Module, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    with torch.no_grad():
        return model.eval()(*batch).logits


def fates(carried: Carried) -> dict[str, str]:
    return {entry.name: entry.fate for entry in carried.entries}


def test_every_model_is_tried() -> None:
    assert set(SMALL) == set(MODELS)


@ALL
@LAYOUTS
def test_all_but_the_classifier_goes_into_an_equal_model(name: str, layout: str) -> None:
    skeleton = load_layout(layout)
    start, old = make_start(name, skeleton)
    model, _ = make_model(name, skeleton, num_classes=7)
    fresh = {k: v.clone() for k, v in model.state_dict().items()}
    carried = carry_over(model, skeleton, start, class_names=tuple("abcdefg"))
    for key, value in model.state_dict().items():
        is_classifier = "classifier" in key.split(".")
        assert fates(carried)[key] == ("new" if is_classifier else "whole")
        assert torch.equal(value, fresh[key] if is_classifier else old.state_dict()[key])
    assert carried.lacking == () and carried.shared == skeleton.joints


@ALL
@LAYOUTS
def test_joints_in_another_order_give_the_same_logits(name: str, layout: str) -> None:
    skeleton = load_layout(layout)
    start, old = make_start(name, skeleton)
    order = torch.randperm(skeleton.num_joints, generator=torch.Generator().manual_seed(3))
    shuffled = skeleton.subset([skeleton.joints[i] for i in order])
    model, _ = make_model(name, shuffled)
    scramble(model, seed=9)
    carried = carry_over(model, shuffled, start, class_names=CLASSES, keep_classifier=True)
    assert carried.names("whole") == set(model.state_dict())
    positions, visible, frames = make_batch(skeleton)
    mine = logits(model, (positions[:, :, :, order], visible[:, :, order], frames))
    torch.testing.assert_close(
        mine, logits(old, (positions, visible, frames)), rtol=1e-4, atol=1e-5
    )


@ALL
def test_classes_in_another_order_keep_their_rows(name: str) -> None:
    layout = load_layout("kinect_v2")
    start, old = make_start(name, layout)
    model, _ = make_model(name, layout, num_classes=4)
    carried = carry_over(
        model, layout, start, class_names=("bow", "jump", "wave", "clap"), keep_classifier=True
    )
    batch = make_batch(layout)
    mine, theirs = logits(model, batch), logits(old, batch)
    torch.testing.assert_close(mine[:, [2, 3, 0]], theirs)
    parts = {entry.name: entry for entry in carried.entries if entry.fate == "part"}
    assert [entry.why for entry in parts.values()] == ["3 of 4 classes"] * 2


@ALL
def test_streams_in_another_order_give_the_same_logits(name: str) -> None:
    layout = load_layout("kinect_v2")
    start, old = make_start(name, layout, streams=("joint", "bone", "joint_motion"))
    model, _ = make_model(name, layout, streams=("joint_motion", "joint", "bone"))
    carry_over(model, layout, start, class_names=CLASSES, keep_classifier=True)
    batch = make_batch(layout)
    torch.testing.assert_close(logits(model, batch), logits(old, batch), rtol=1e-4, atol=1e-5)


@ALL
@pytest.mark.parametrize("target", ["kinect_v1", "openpose_body25"])
def test_another_layout_takes_the_shared_joints(name: str, target: str) -> None:
    old_layout, layout = load_layout("kinect_v2"), load_layout(target)
    start, old = make_start(name, old_layout)
    model, _ = make_model(name, layout)
    fresh = {k: v.clone() for k, v in model.state_dict().items()}
    carried = carry_over(model, layout, start)
    same = shared_joints(old_layout, layout)
    assert len(same) >= 15 and set(carried.shared) == set(same)
    assert set(carried.shared) | set(carried.lacking) == set(layout.joints)
    joints = {"as_gcn": "head.joint_tower.identity", "ctr_gcn": "head.joint_tower.identity"}
    if name in joints:
        rows, theirs = model.state_dict()[joints[name]], old.state_dict()[joints[name]]
        for i, joint in enumerate(layout.joints):
            known = joint in same
            expected = theirs[old_layout.index(same[joint])] if known else fresh[joints[name]][i]
            assert torch.equal(rows[i], expected)
    assert logits(model, make_batch(layout)).isfinite().all()
    in_part = {part_of(key) for key in carried.names("part")}
    assert in_part and not any("encoder" in key for key in in_part)


@ALL
def test_links_follow_the_names_of_both_ends(name: str) -> None:
    kinect, openpose = load_layout("kinect_v2"), load_layout("openpose_body25")
    start, old = make_start(name, kinect)
    model, _ = make_model(name, openpose)
    carry_over(model, openpose, start)
    for key, value in model.state_dict().items():
        if key.endswith(("s_mask", "free", "links")):
            ends = [("left_elbow", "left_wrist"), ("right_knee", "left_hip")]
            for u, v in ends:
                mine = value[:, openpose.index(u), openpose.index(v)]
                theirs = old.state_dict()[key][:, kinect.index(u), kinect.index(v)]
                assert torch.equal(mine, theirs), key


@ALL
def test_two_coordinates_drop_the_third(name: str) -> None:
    layout = load_layout("kinect_v2")
    start, old = make_start(name, layout)
    model, _ = make_model(name, layout, num_coords=2)
    carried = carry_over(model, layout, start, class_names=CLASSES, keep_classifier=True)
    assert carried.names("whole") == set(model.state_dict())
    # The old model with its third coordinate silenced is the new one.
    state, width = old.state_dict(), 3
    norm = "gtn.input_norm" if "gtn.input_norm.weight" in state else "input_norm"
    flat = state[f"{norm}.weight"].clone(), state[f"{norm}.bias"].clone()
    for values in flat:
        if norm == "gtn.input_norm":
            values.view(-1, width, layout.num_joints)[:, 2] = 0
        else:
            values.view(layout.num_joints, -1, width)[:, :, 2] = 0
    old.load_state_dict({**state, f"{norm}.weight": flat[0], f"{norm}.bias": flat[1]})
    if name in ("gtn", "conv_gtn", "as_gcn"):
        return  # their channel tower and their A-links see the third coordinate elsewhere too
    positions, visible, frames = make_batch(layout)
    mine = logits(model, (positions[:, :2], visible, frames))
    torch.testing.assert_close(mine, logits(old, (positions, visible, frames)))


def test_a_confidence_is_no_third_place() -> None:
    layout = load_layout("openpose_body25")
    start, _ = make_start("st_gcn", layout)
    model, _ = make_model("st_gcn", layout)
    carried = carry_over(model, layout, start, num_spatial=2)
    why = {entry.name: entry.why for entry in carried.entries}
    assert why["backbone.blocks.0.graph.weight"] == "3 of 4 inputs"


def test_hands_go_into_both_hands_of_a_composite() -> None:
    hands, whole = load_layout("mediapipe_hands"), load_layout("openpose_body25_hands")
    same = shared_joints(hands, whole)
    assert len(same) == 2 * hands.num_joints
    start, old = make_start("as_gcn", hands)
    model, _ = make_model("as_gcn", whole)
    carry_over(model, whole, start)
    key = "head.joint_tower.identity"
    both = [joint for joint, own in same.items() if own == "thumb_tip"]
    assert len(both) == 2
    for joint in both:
        mine = model.state_dict()[key][whole.index(joint)]
        assert torch.equal(mine, old.state_dict()[key][hands.index("thumb_tip")])


def test_a_flattened_series_model_fits_itself_and_another_class_count() -> None:
    layout = load_layout("kinect_v2")
    start, old = make_start("gtn", layout, flatten=True)
    model, _ = make_model("gtn", layout, num_classes=4, flatten=True)
    carried = carry_over(model, layout, start, class_names=(*CLASSES, "jump"), keep_classifier=True)
    assert fates(carried)["gtn.gate.score.weight"] == "whole"
    batch = make_batch(layout)
    torch.testing.assert_close(logits(model, batch)[:, :3], logits(old, batch))


def test_fewer_frames_of_a_series_model_make_new_embeddings() -> None:
    layout = load_layout("kinect_v2")
    start, _ = make_start("gtn", layout)
    model, _ = make_model("gtn", layout, frames=6)
    assert fates(carry_over(model, layout, start))["gtn.channel_tower.embed.weight"] == "new"


def test_weights_that_are_not_in_the_source_are_new() -> None:
    layout = load_layout("kinect_v2")
    start, _ = make_start("as_gcn", layout, forecast=0)
    model, _ = make_model("as_gcn", layout)
    carried = carry_over(model, layout, start)
    new = [e for e in carried.entries if e.fate == "new" and "classifier" not in e.name]
    assert new and {e.why for e in new} == {"not in the source"}
    assert all(e.name.startswith("forecaster.") for e in new)


@pytest.mark.parametrize(
    ("source", "target", "changes"),
    [
        ("as_gcn", "gtn", {}),
        ("gtn", "as_gcn", {}),
        ("st_gcn", "st_gcn", {"channels": (12, 12, 20)}),
    ],
)
def test_a_model_that_does_not_fit_is_refused(
    source: str, target: str, changes: dict[str, object]
) -> None:
    layout = load_layout("kinect_v2")
    start, _ = make_start(source, layout)
    model, _ = make_model(target, layout, **changes)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(RunError, match=re.escape("--mode architecture")):
        carry_over(model, layout, start)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


def test_the_table_counts_every_weight_once() -> None:
    layout = load_layout("kinect_v1")
    start, _ = make_start("as_gcn", load_layout("kinect_v2"))
    model, _ = make_model("as_gcn", layout)
    carried = carry_over(model, layout, start)
    counted = sum(whole + part + new for _, whole, part, new, _ in carried.rows())
    assert counted == len(model.state_dict())
    row = {row[0]: row for row in carried.rows()}["backbone.blocks.0"]
    assert row[1:] == (12, 2, 0, "19 of 20 joints")
    assert "19 of 20 joints shared (new: spine)" in carried.describe()
    document = carried.to_dict()
    assert document["joints_new"] == ["spine"]
    assert document["numbers"] == sum(value.numel() for value in model.state_dict().values())


def test_of_the_architecture_alone_all_is_new() -> None:
    model, _ = make_model("st_gcn", load_layout("kinect_v2"))
    assert carry_nothing(model).names("new") == set(model.state_dict())

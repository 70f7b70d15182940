"""Poses through their bones: lengths that stay, angles and factors within their bounds."""

from __future__ import annotations

from dataclasses import replace
from math import pi, radians

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from skelgraph.graphs import Layout, load_layout
from skelgraph.transforms.augment import augment
from skelgraph.transforms.bones import (
    down_the_tree,
    from_bones,
    rotate_plane,
    rotate_space,
    to_bones,
)
from skelgraph.transforms.parts import paired_parts, part_members
from skelgraph.transforms.presets import OFF
from tests.graphs.made_up import chain, random_layouts
from tests.transforms.batches import bone_lengths, make_batch, seeded

BENT = replace(OFF, bend=20.0, sway=10.0)


@given(random_layouts(), st.sampled_from([2, 3]), st.integers(0, 5))
def test_bones_add_up_to_the_places_they_came_from(
    layout: Layout, channels: int, seed: int
) -> None:
    rows = torch.randn(2, channels, 4, 2, layout.num_joints, generator=seeded(seed))
    torch.testing.assert_close(from_bones(to_bones(rows, layout), layout), rows)


@given(random_layouts(), st.sampled_from([2, 3]), st.integers(0, 5))
def test_bending_keeps_bone_lengths_and_the_root(layout: Layout, channels: int, seed: int) -> None:
    batch = make_batch(layout, channels=channels, lengths=[8, 8, 8, 5, 2, 1])
    bent = augment(batch, layout, options=BENT, generator=seeded(seed))
    torch.testing.assert_close(
        bone_lengths(bent, layout), bone_lengths(batch, layout), atol=1e-5, rtol=1e-5
    )
    assert torch.equal(bent.positions[..., layout.root, :], batch.positions[..., layout.root, :])
    assert not torch.equal(bent.positions, batch.positions)
    assert torch.equal(bent.visible, batch.visible)


def test_a_turned_joint_takes_along_what_hangs_on_it() -> None:
    layout = chain(3)
    rows = torch.tensor([[1.0, 2.0], [2.0, 2.0], [3.0, 2.0]]).T.view(1, 2, 1, 1, 3)
    angle = down_the_tree(torch.tensor([0.0, pi / 2, 0.0]).view(1, 1, 1, 1, 3), layout)
    turned = from_bones(rotate_plane(to_bones(rows, layout), angle), layout)
    expected = torch.tensor([[1.0, 2.0], [1.0, 3.0], [1.0, 4.0]]).T
    torch.testing.assert_close(turned.view(2, 3), expected)


def test_the_last_joint_turns_alone() -> None:
    layout = chain(3)
    rows = torch.zeros(1, 3, 1, 1, 3)
    rows[0, 0, 0, 0] = torch.tensor([0.0, 1.0, 2.0])
    vectors = torch.zeros(1, 3, 1, 1, 3)
    vectors[0, 1, 0, 0, 2] = pi / 2  # about y: x goes to -z
    turned = from_bones(
        rotate_space(to_bones(rows, layout), down_the_tree(vectors, layout)), layout
    )
    expected = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, -1.0]]).T
    torch.testing.assert_close(turned.view(3, 3), expected, atol=1e-6, rtol=0)


def test_rotation_vectors_agree_with_the_matrix_exponential() -> None:
    vectors = torch.randn(50, 3, generator=seeded(), dtype=torch.float64)
    rotation = torch.randn(50, 3, generator=seeded(2), dtype=torch.float64) * 2
    rotation[0] = 0.0
    expected = torch.linalg.matrix_exp(_skew(rotation)) @ vectors.unsqueeze(-1)
    torch.testing.assert_close(rotate_space(vectors, rotation), expected.squeeze(-1))


def test_a_bone_turns_against_its_parent_by_no_more_than_the_bound() -> None:
    layout = chain(6)
    vectors = torch.nn.functional.normalize(torch.randn(200, 3, 6, generator=seeded()), dim=1)
    vectors = vectors * radians(25) * torch.rand(200, 1, 6, generator=seeded(2))
    whole = torch.linalg.matrix_exp(
        _skew(down_the_tree(vectors, layout).transpose(1, 2).double())
    )  # (200, 6, 3, 3)
    between = whole[:, :-1].transpose(-1, -2) @ whole[:, 1:]
    trace = between.diagonal(dim1=-2, dim2=-1).sum(-1)
    angle = ((trace - 1) / 2).clamp(-1, 1).acos()
    assert (angle <= vectors[..., 1:].norm(dim=1) + 1e-6).all()
    assert angle.max() > radians(20)


def test_what_bends_is_still_and_what_sways_is_smooth() -> None:
    layout = chain(2)
    batch = make_batch(layout, channels=2, count=300, bodies=1, frames=60)
    batch.positions[:, :, :, 1] = batch.positions[:, :, :, 0]
    batch.positions[:, 0, :, 1] += 1.0
    still = _angles(augment(batch, layout, options=replace(OFF, bend=20.0), generator=seeded()))
    torch.testing.assert_close(still, still[:, :1].expand_as(still), atol=1e-5, rtol=0)
    assert radians(19) < still.max() <= radians(20) + 1e-5
    assert -radians(20) - 1e-5 <= still.min() < -radians(19)
    course = _angles(augment(batch, layout, options=replace(OFF, sway=20.0), generator=seeded()))
    assert radians(17) < course.abs().max() <= radians(20) + 1e-5
    assert course.diff(dim=1).abs().max() < radians(6)
    assert (course.amax(1) - course.amin(1)).mean() > radians(10)


@pytest.mark.parametrize("name", ["mediapipe_hands", "kinect_v2", "openpose_upper8_hands"])
@pytest.mark.parametrize("channels", [2, 3])
def test_parts_change_their_lengths_alike_in_all_frames(name: str, channels: int) -> None:
    layout = load_layout(name)
    batch = make_batch(layout, channels=channels, count=40)
    longer = augment(batch, layout, options=replace(OFF, limbs=0.5), generator=seeded())
    factor = bone_lengths(longer, layout) / bone_lengths(batch, layout)
    bones = [joint for joint in range(layout.num_joints) if joint != layout.root]
    factor = factor[:, :, bones]
    torch.testing.assert_close(factor, factor[:, :1].expand_as(factor), atol=0, rtol=1e-3)
    assert 1.4 < factor.max() <= 1.501
    assert 1 / 1.501 <= factor.min() < 1 / 1.4
    group = paired_parts(layout)[bones]
    for number in group.unique():
        same = factor[:, 0, group == number]
        torch.testing.assert_close(same, same[:, :1].expand_as(same), atol=0, rtol=1e-3)
    one_person = layout.instances == "hands"
    assert torch.allclose(factor[..., 0], factor[..., 1], rtol=1e-3) is one_person


def test_arms_are_paired_and_fingers_are_not() -> None:
    body, hand = load_layout("kinect_v2"), load_layout("mediapipe_hands")
    numbers = paired_parts(body)
    assert numbers[body.index("left_wrist")] == numbers[body.index("right_elbow")]
    assert numbers[body.index("left_wrist")] != numbers[body.index("left_foot")]
    fingers = paired_parts(hand)
    assert fingers[hand.index("thumb_tip")] != fingers[hand.index("index_tip")]


def test_a_layout_without_parts_has_the_branches_of_its_root() -> None:
    layout = Layout.from_dict(
        {
            "name": "fork",
            "joints": [
                ["a", None, [0.0, 0.0, 0.0]],
                ["b", "a", [1.0, 0.0, 0.0]],
                ["c", "b", [2.0, 0.0, 0.0]],
                ["d", "a", [0.0, 1.0, 0.0]],
            ],
            "centre": ["a"],
            "reference": [["a"], ["b"]],
        }
    )
    expected = [[False, True, True, False], [False, False, False, True]]
    assert part_members(layout).tolist() == expected


def _angles(batch: object) -> Tensor:
    places = batch.positions[..., 0]  # type: ignore[attr-defined]
    bone = places[:, :, :, 1] - places[:, :, :, 0]
    return torch.atan2(bone[:, 1], bone[:, 0])


def _skew(vectors: Tensor) -> Tensor:
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))

"""Augmentations: bounds, invariances, and nothing changed in place."""

from __future__ import annotations

from dataclasses import replace
from math import radians

import pytest
import torch

from skelgraph.data.dataset import Batch
from skelgraph.graphs import Layout, load_layout
from skelgraph.transforms.affine import rotation
from skelgraph.transforms.augment import augment
from skelgraph.transforms.mirroring import mirror
from skelgraph.transforms.missing import hide
from skelgraph.transforms.options import AugmentOptions

ALL = AugmentOptions(turn=90, tilt=30, roll=20, scale=0.3, mirror=0.5, drop_joint=0.2, drop_span=1)


def make_batch(layout: Layout, *, channels: int = 3, count: int = 6, bodies: int = 2) -> Batch:
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, 8, layout.num_joints, bodies)
    return Batch(
        positions=torch.randn(shape, generator=generator),
        visible=torch.rand(count, 8, layout.num_joints, bodies, generator=generator) < 0.9,
        frames=torch.ones(count, 8, dtype=torch.bool),
        label=torch.zeros(count, dtype=torch.long),
        index=torch.arange(count),
    )


def bone_lengths(batch: Batch, layout: Layout) -> torch.Tensor:
    parents = torch.as_tensor(layout.bones.copy())
    return (batch.positions - batch.positions[..., parents, :]).norm(dim=1)


@pytest.mark.parametrize("channels", [2, 3])
@pytest.mark.parametrize("name", ["mediapipe_hands", "kinect_v2"])
def test_turning_keeps_bone_lengths(name: str, channels: int) -> None:
    layout = load_layout(name)
    batch = make_batch(layout, channels=channels)
    options = AugmentOptions(turn=180, tilt=90, roll=180, scale=0.0)
    turned = augment(batch, layout, options=options, generator=torch.Generator().manual_seed(1))
    assert not torch.allclose(turned.positions, batch.positions)
    torch.testing.assert_close(bone_lengths(turned, layout), bone_lengths(batch, layout))


def test_scaling_is_common_to_a_clip_and_bounded() -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout, count=64)
    options = AugmentOptions(turn=0, tilt=0, roll=0, scale=0.5)
    scaled = augment(batch, layout, options=options, generator=torch.Generator().manual_seed(1))
    factor = (scaled.positions / batch.positions).flatten(1)
    assert torch.allclose(factor, factor[:, :1].expand_as(factor), rtol=1e-4)
    assert factor.min() >= 1 / 1.5 - 1e-4
    assert factor.max() <= 1.5 + 1e-4
    assert factor[:, 0].std() > 0.1


def test_a_turn_in_the_picture_takes_both_signs_and_keeps_its_bounds() -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout, channels=2, count=400, bodies=1)
    options = AugmentOptions(turn=170, tilt=170, roll=20, scale=0.0)
    turned = augment(batch, layout, options=options, generator=torch.Generator().manual_seed(1))
    before, after = batch.positions[:, :, 0, 0, 0], turned.positions[:, :, 0, 0, 0]
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    angle = torch.atan2(cross, (before * after).sum(1))
    assert radians(-20) - 1e-4 <= angle.min() < radians(-15)
    assert radians(15) < angle.max() <= radians(20) + 1e-4


def test_rotation_by_hand() -> None:
    quarter = torch.tensor([[torch.pi / 2, 0.0, 0.0], [0.0, 0.0, torch.pi / 2]])
    turned = rotation(quarter) @ torch.tensor([1.0, 0.0, 0.0])
    expected = torch.tensor([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    torch.testing.assert_close(turned, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", ["mediapipe_hands", "kinect_v2", "openpose_upper8_hands"])
def test_mirroring_twice_is_the_identity(name: str) -> None:
    layout = load_layout(name)
    batch = make_batch(layout)
    chosen = torch.tensor([True, False] * 3)
    once = mirror(batch, layout, chosen=chosen)
    twice = mirror(once, layout, chosen=chosen)
    assert torch.equal(twice.positions, batch.positions)
    assert torch.equal(twice.visible, batch.visible)
    assert torch.equal(once.positions[1::2], batch.positions[1::2])
    assert not torch.equal(once.positions[::2], batch.positions[::2])


def test_a_mirrored_left_wrist_is_the_right_one_across() -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout)
    mirrored = mirror(batch, layout, chosen=torch.ones(6, dtype=torch.bool))
    left, right = layout.index("left_wrist"), layout.index("right_wrist")
    expected = batch.positions[..., left, :] * torch.tensor([-1.0, 1.0, 1.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(mirrored.positions[..., right, :], expected)


def test_hidden_joints_stand_at_the_neutral_pose_of_their_body() -> None:
    layout = load_layout("kinect_v2")
    batch = replace(make_batch(layout), visible=torch.ones(6, 8, 25, 2, dtype=torch.bool))
    joint = layout.index("left_wrist")
    lost = torch.zeros_like(batch.visible)
    lost[:, :, joint] = True
    hidden = hide(batch, layout, lost=lost)
    assert not hidden.visible[:, :, joint].any()
    centre = list(layout.centre)
    middle = batch.positions[..., centre, :].mean(3)
    neutral = torch.as_tensor(layout.neutral.copy())
    expected = middle + (neutral[joint] - neutral[centre].mean(0)).view(1, 3, 1, 1)
    torch.testing.assert_close(hidden.positions[..., joint, :], expected)


def test_a_hidden_joint_of_a_left_hand_stands_where_a_left_hand_has_it() -> None:
    layout = load_layout("mediapipe_hands")
    batch = make_batch(layout)
    batch = replace(batch, visible=torch.ones_like(batch.visible))
    thumb = layout.index("thumb_tip")
    lost = torch.zeros_like(batch.visible)
    lost[:, :, thumb] = True
    hidden = hide(batch, layout, lost=lost)
    across = (
        hidden.positions - batch.positions[..., list(layout.centre), :].mean(3, keepdim=True)
    )[:, 0, :, thumb]
    torch.testing.assert_close(across[..., 0], -across[..., 1])


def test_a_body_is_never_hidden_whole() -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout)
    hidden = hide(batch, layout, lost=torch.ones_like(batch.visible))
    assert torch.equal(hidden.visible, batch.visible)


def test_same_generator_same_result_and_the_batch_stays() -> None:
    layout = load_layout("mediapipe_hands")
    batch = make_batch(layout)
    positions, visible = batch.positions.clone(), batch.visible.clone()
    first, second = (
        augment(batch, layout, options=ALL, generator=torch.Generator().manual_seed(3))
        for _ in range(2)
    )
    assert torch.equal(first.positions, second.positions)
    assert torch.equal(first.visible, second.visible)
    assert torch.equal(batch.positions, positions)
    assert torch.equal(batch.visible, visible)

"""Augmentations: bounds, invariances, and nothing changed in place."""

from __future__ import annotations

from dataclasses import fields, replace
from math import radians

import pytest
import torch

from skelgraph.data.symmetry import Symmetry
from skelgraph.graphs import load_layout
from skelgraph.transforms.affine import draw_matrices, rotation
from skelgraph.transforms.augment import augment
from skelgraph.transforms.mirroring import mirror
from skelgraph.transforms.missing import hide
from skelgraph.transforms.options import AMOUNTS, SHARES, AugmentOptions
from skelgraph.transforms.presets import OFF
from tests.graphs.made_up import chain
from tests.transforms.batches import bone_lengths, make_batch, seeded

ALL = AugmentOptions(
    turn=90,
    tilt=30,
    roll=20,
    scale=0.3,
    mirror=0.5,
    drop_joint=0.2,
    drop_span=1,
    drop_time=0.5,
    bend=15,
    sway=10,
    limbs=0.3,
    warp=0.5,
    cut=0.4,
    mix=0.7,
    mix_unlabelled=True,
    reverse=0.5,
    shear=0.3,
    jitter=0.01,
    drop_axis=0.2,
)


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


@pytest.mark.parametrize("name", ["mediapipe_hands", "kinect_v2"])
@pytest.mark.parametrize("channels", [2, 3])
def test_same_generator_same_result_and_the_batch_stays(name: str, channels: int) -> None:
    layout = load_layout(name)
    batch = make_batch(layout, channels=channels, lengths=[8, 8, 8, 5, 2, 1])
    kept = {key: value.clone() for key, value in vars(batch).items()}
    first, second = (augment(batch, layout, options=ALL, generator=seeded(3)) for _ in range(2))
    for key, value in kept.items():
        assert torch.equal(getattr(first, key), getattr(second, key)), key
        assert torch.equal(getattr(batch, key), value), key
    other = augment(batch, layout, options=ALL, generator=seeded(4))
    assert not torch.equal(other.positions, first.positions)


def test_every_field_is_an_amount_a_share_or_known_apart() -> None:
    apart = {"cut", "mix_unlabelled"}
    assert {*AMOUNTS, *SHARES} | apart == {field.name for field in fields(AugmentOptions)}


@pytest.mark.parametrize("name", [field.name for field in fields(AugmentOptions)])
def test_every_field_changes_something_and_nothing_at_zero(name: str) -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout)
    off = augment(batch, layout, options=OFF, generator=seeded())
    torch.testing.assert_close(off.positions, batch.positions, atol=1e-6, rtol=1e-6)
    assert torch.equal(off.visible, batch.visible)
    if name == "mix_unlabelled":
        batch = replace(batch, label=torch.full_like(batch.label, -1))
        options = replace(OFF, mix=1.0, mix_unlabelled=True)
    else:
        options = replace(OFF, **{name: 0.9})
    changed = augment(batch, layout, options=options, generator=seeded())
    assert not torch.allclose(changed.positions, batch.positions, atol=1e-3)


@pytest.mark.parametrize("name", ["mediapipe_hands", "kinect_v2", "openpose_upper8_hands"])
@pytest.mark.parametrize("channels", [2, 3])
def test_padding_and_absent_bodies_stay(name: str, channels: int) -> None:
    layout = load_layout(name)
    batch = make_batch(layout, channels=channels, lengths=[8, 8, 6, 5, 2, 1])
    seen = batch.visible.clone()
    seen[::2, :, :, 1] = False
    batch = replace(batch, visible=seen)
    options = replace(ALL, mirror=0.0)
    changed = augment(batch, layout, options=options, generator=seeded())
    padding = ~batch.frames[:, None, :, None, None].expand_as(batch.positions)
    assert torch.equal(changed.positions[padding], batch.positions[padding])
    assert torch.equal(changed.positions[::2, ..., 1], batch.positions[::2, ..., 1])
    assert torch.equal(changed.frames, batch.frames)
    assert torch.equal(changed.bodies, batch.bodies)
    assert not changed.visible[~batch.frames].any()
    assert torch.isfinite(changed.positions).all()


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("count", [1, 3])
def test_the_smallest_batches_go_through(frames: int, count: int) -> None:
    layout = chain(2)
    batch = make_batch(layout, count=count, frames=frames, bodies=1)
    changed = augment(batch, layout, options=ALL, generator=seeded())
    assert changed.positions.shape == batch.positions.shape
    assert torch.isfinite(changed.positions).all()


def test_double_precision_stays() -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout, lengths=[8, 8, 8, 5, 2, 1])
    batch = replace(batch, positions=batch.positions.double())
    changed = augment(batch, layout, options=ALL, generator=seeded())
    assert changed.positions.dtype == torch.float64


def test_an_absent_hand_stays_absent_in_the_other_slot() -> None:
    layout = load_layout("mediapipe_hands")
    batch = make_batch(layout)
    seen = batch.visible.clone()
    seen[..., 0] = False
    batch = replace(batch, visible=seen)
    options = replace(ALL, mirror=1.0)
    changed = augment(batch, layout, options=options, generator=seeded())
    assert changed.bodies.tolist() == [[True, False]] * 6
    across = batch.positions[..., 0] * torch.tensor([-1.0, 1.0, 1.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(changed.positions[..., 1], across)


def test_a_score_is_neither_turned_nor_scaled() -> None:
    layout = load_layout("openpose_body25")
    batch = make_batch(layout)
    options = replace(ALL, warp=0, cut=0, mix=0, reverse=0, mirror=0)
    options = replace(options, drop_joint=0, drop_span=0, drop_time=0)
    changed = augment(batch, layout, options=options, generator=seeded(), num_spatial=2)
    assert torch.equal(changed.positions[:, 2], batch.positions[:, 2])
    assert not torch.allclose(changed.positions[:, :2], batch.positions[:, :2], atol=0.1)


def test_a_mirrored_clip_has_the_label_of_what_it_shows() -> None:
    layout = load_layout("kinect_v2")
    labels = [0, 1, 2, 3, -1, 0]
    batch = make_batch(layout, labels=labels)
    told = Symmetry(mirror=(1, 0, 2, -1))
    changed = augment(
        batch, layout, options=replace(OFF, mirror=1.0), generator=seeded(), symmetry=told
    )
    assert changed.label.tolist() == [1, 0, 2, 3, -1, 1]
    across = mirror(batch, layout, chosen=torch.tensor([True, True, True, False, False, True]))
    torch.testing.assert_close(changed.positions, across.positions)
    keeps = Symmetry(mirror=(0, 1, 2, 3))
    changed = augment(
        batch, layout, options=replace(OFF, mirror=1.0), generator=seeded(), symmetry=keeps
    )
    assert changed.label.tolist() == labels
    whole = mirror(batch, layout, chosen=torch.ones(6, dtype=torch.bool))
    torch.testing.assert_close(changed.positions, whole.positions)


@pytest.mark.parametrize("told", [None, Symmetry(), Symmetry(time_reversal=(-1,) * 4)])
def test_what_is_asked_for_is_done_where_nothing_is_said(told: Symmetry | None) -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout, labels=[0, 1, 2, 3, -1, 0])
    changed = augment(
        batch, layout, options=replace(OFF, mirror=1.0), generator=seeded(), symmetry=told
    )
    assert torch.equal(changed.label, batch.label)
    whole = mirror(batch, layout, chosen=torch.ones(6, dtype=torch.bool))
    torch.testing.assert_close(changed.positions, whole.positions)


def test_a_reversed_clip_has_the_label_of_what_it_shows() -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout, labels=[0, 1, 2, 2, 1, 0])
    told = Symmetry(mirror=(-1,) * 3, time_reversal=(1, 0, -1))
    changed = augment(
        batch, layout, options=replace(OFF, reverse=1.0), generator=seeded(), symmetry=told
    )
    assert changed.label.tolist() == [1, 0, 2, 2, 0, 1]
    torch.testing.assert_close(changed.positions[0], batch.positions[0].flip(1))
    torch.testing.assert_close(changed.positions[2], batch.positions[2])


def test_a_clip_that_is_not_reversed_after_all_keeps_its_label() -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout, count=60, bodies=1, labels=[0] * 60)
    seen = torch.zeros_like(batch.visible)
    seen[:, 0] = True
    batch = replace(batch, visible=seen)
    options = replace(OFF, reverse=1.0, cut=0.9)
    told = Symmetry(time_reversal=(1, 0))
    changed = augment(batch, layout, options=options, generator=seeded(), symmetry=told)
    reversed_ = changed.visible[:, -1].flatten(1).any(1)
    assert changed.bodies.all()
    assert not reversed_.all()
    same = (changed.positions == batch.positions).flatten(1).all(1)
    assert torch.equal(changed.label == 0, same)


def test_shears_and_lost_axes_keep_their_bounds() -> None:
    layout = load_layout("kinect_v2")
    sheared = draw_matrices(500, num_spatial=3, options=replace(OFF, shear=0.4), generator=seeded())
    slopes = sheared - torch.eye(3)
    assert torch.equal(slopes.diagonal(dim1=1, dim2=2), torch.zeros(500, 3))
    assert 0.39 < slopes.abs().max() <= 0.4
    batch = make_batch(layout, count=500, bodies=1, frames=2)
    lost = augment(batch, layout, options=replace(OFF, drop_axis=0.3), generator=seeded())
    gone = (lost.positions == 0).flatten(2).all(2)  # (N, C)
    assert gone.sum(1).max() == 1
    assert 0.22 < gone.any(1).float().mean() < 0.38
    assert gone.any(0).all()


def test_noise_on_joints_has_the_size_asked_for() -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout)
    noisy = augment(batch, layout, options=replace(OFF, jitter=0.02), generator=seeded())
    noise = noisy.positions - batch.positions
    assert noise.std().item() == pytest.approx(0.02, rel=0.05)
    assert abs(noise.mean().item()) < 0.001


def test_spans_of_missing_joints_keep_their_bounds() -> None:
    layout = load_layout("kinect_v2")
    batch = make_batch(layout, count=400, bodies=1, frames=40)
    batch = replace(batch, visible=torch.ones_like(batch.visible))
    blank = augment(batch, layout, options=replace(OFF, drop_time=0.5), generator=seeded())
    length = (~blank.visible).all(2).sum((1, 2))
    assert length.max() == 10
    assert 0.4 < (length > 0).float().mean() < 0.6
    assert ((~blank.visible).all(2) == (~blank.visible).any(2)).all()
    part = augment(batch, layout, options=replace(OFF, drop_span=1.0), generator=seeded())
    lost = ~part.visible[..., 0]
    assert 18 <= lost.any(2).sum(1).max() <= 20
    assert lost.any(1).sum(1).max() == max(len(joints) for joints in layout.parts.values())

"""SkeleMix: whose parts a clip takes, and that they stay joined."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from skelgraph.graphs import load_layout
from skelgraph.transforms.affine import apply_matrices, rotation
from skelgraph.transforms.augment import augment
from skelgraph.transforms.mixing import draw_partners, draw_parts, mix_parts, turn_alike
from skelgraph.transforms.parts import part_members
from skelgraph.transforms.presets import OFF
from tests.transforms.batches import bone_lengths, make_batch, seeded

MIXED = replace(OFF, mix=1.0)
BODY = load_layout("kinect_v2")


def test_partners_are_others_of_the_class() -> None:
    label = torch.tensor([0, 0, 1, 2, 2, 2, -1, -1])
    for seed in range(20):
        partner, found = draw_partners(label, MIXED, seeded(seed))
        assert found.tolist() == [True, True, False, True, True, True, False, False]
        assert torch.equal(label[partner[found]], label[found])
        assert (partner[found] != torch.arange(8)[found]).all()


def test_unlabelled_clips_take_from_each_other_where_asked() -> None:
    label = torch.tensor([0, -1, -1, -1])
    partner, found = draw_partners(label, replace(MIXED, mix_unlabelled=True), seeded())
    assert found.tolist() == [False, True, True, True]
    assert (label[partner[1:]] == -1).all()
    assert (partner[1:] != torch.arange(1, 4)).all()


def test_the_share_of_mixed_clips_is_the_one_asked_for() -> None:
    _, found = draw_partners(torch.zeros(800).long(), replace(OFF, mix=0.3), seeded())
    assert 0.25 < found.float().mean() < 0.35


def test_some_parts_are_taken_and_never_most() -> None:
    member = part_members(BODY)
    joints = draw_parts(BODY, 300, seeded())
    whole = (joints[:, None] & member).sum(2) == member.sum(1)
    assert torch.equal((whole.float() @ member.float()) > 0, joints)
    assert set(whole.sum(1).tolist()) == {1, 2, 3}
    assert whole.any(0).all()


def test_every_bone_is_that_of_one_of_the_two() -> None:
    batch = make_batch(BODY, count=2)
    batch = replace(batch, visible=torch.ones_like(batch.visible))
    mixed = augment(batch, BODY, options=MIXED, generator=seeded())
    own, other = bone_lengths(batch, BODY), bone_lengths(batch.select(torch.tensor([1, 0])), BODY)
    got = bone_lengths(mixed, BODY)
    from_own = (got - own).abs() < 1e-4
    from_other = (got - other).abs() < 1e-4
    assert (from_own | from_other).all()
    assert (~from_own).any(2).all()
    assert from_own.sum(2).min() > 1
    root = mixed.positions[..., BODY.root, :]
    assert torch.equal(root, batch.positions[..., BODY.root, :])


def test_confidence_and_visibility_come_with_the_part() -> None:
    batch = make_batch(BODY, count=2, bodies=1)
    seen = torch.ones_like(batch.visible)
    seen[1] = False
    seen[1, :, BODY.root] = True
    positions = batch.positions.clone()
    positions[:, 2] = torch.tensor([0.25, 0.75]).view(2, 1, 1, 1)
    batch = replace(batch, positions=positions, visible=seen)
    mixed = mix_parts(batch, BODY, num_spatial=2, options=MIXED, generator=seeded())
    taken = mixed.positions[0, 2, 0, :, 0] == 0.75
    assert 0 < taken.sum() < BODY.num_joints
    expected = ~taken
    expected[BODY.root] = True
    assert torch.equal(mixed.visible[0, 0, :, 0], expected)


def test_absent_bodies_and_clips_of_other_lengths() -> None:
    batch = make_batch(BODY, count=3, lengths=[8, 5, 2])
    seen = batch.visible.clone()
    seen[0, :, :, 1] = False
    batch = replace(batch, visible=seen)
    mixed = augment(batch, BODY, options=MIXED, generator=seeded(3))
    assert torch.equal(mixed.bodies, batch.bodies)
    assert torch.equal(mixed.positions[0, ..., 1], batch.positions[0, ..., 1])
    padding = ~batch.frames[:, None, :, None, None].expand_as(batch.positions)
    assert torch.equal(mixed.positions[padding], batch.positions[padding])
    assert not mixed.visible[~batch.frames].any()
    assert not torch.equal(mixed.positions, batch.positions)


@pytest.mark.parametrize("channels", [2, 3])
def test_a_clip_that_differs_by_a_turn_alone_lends_what_was_there(channels: int) -> None:
    layout = load_layout("mediapipe_hands")
    batch = make_batch(layout, channels=channels, count=2)
    batch = replace(batch, visible=torch.ones_like(batch.visible))
    turn = rotation(torch.tensor([[0.0 if channels == 2 else 2.0, 0.0, 1.0]]))
    turn = turn[:, :channels, :channels]
    positions = torch.cat([batch.positions[:1], apply_matrices(turn, batch.positions[:1])])
    batch = replace(batch, positions=positions)
    mixed = augment(batch, layout, options=MIXED, generator=seeded())
    torch.testing.assert_close(mixed.positions, batch.positions, atol=1e-4, rtol=1e-4)


def test_bones_are_turned_and_never_mirrored() -> None:
    bones = torch.randn(4, 3, 5, 2, 7, generator=seeded())
    across = bones * torch.tensor([-1.0, 1.0, 1.0]).view(1, 3, 1, 1, 1)
    turned = turn_alike(bones, across, torch.ones(4, 5, 2, 7, dtype=torch.bool))
    volume = torch.linalg.det(bones[:, :, 0, :, :3].permute(0, 2, 1, 3))
    kept = torch.linalg.det(turned[:, :, 0, :, :3].permute(0, 2, 1, 3))
    torch.testing.assert_close(kept, volume, atol=1e-4, rtol=1e-4)
    none = torch.zeros(4, 5, 2, 7, dtype=torch.bool)
    torch.testing.assert_close(turn_alike(bones, across, none), bones)

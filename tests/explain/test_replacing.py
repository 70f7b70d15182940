"""What stands where joints are taken away: worked by hand, moved with the body, never zero."""

from __future__ import annotations

import pytest
import torch

from skelgraph.data.dataset import Batch
from skelgraph.explain.replacing import neutral_batch, neutral_poses, remove_joints
from skelgraph.graphs import load_layout
from tests.explain.questions import make_batch
from tests.graphs.made_up import chain

LAYOUT = load_layout("coco17")


def walking(frames: int = 5) -> Batch:
    """A chain of three joints that goes right by 1 a frame; joint 2 also goes up by 1 a frame."""
    layout = chain(3)
    pose = neutral_poses(layout, bodies=1, channels=3).permute(1, 2, 0)[None, :, None]
    positions = pose.repeat(1, 1, frames, 1, 1).clone()
    step = torch.arange(frames, dtype=torch.float32)
    positions[0, 0] += step[:, None, None]
    positions[0, 1, :, 2, 0] += step
    visible = torch.ones(1, frames, 3, 1, dtype=torch.bool)
    whole = torch.ones(1, frames, dtype=torch.bool)
    return Batch(positions, visible, whole, torch.zeros(1).long(), torch.zeros(1).long())


def joint_two(batch: Batch, frames: slice = slice(None)) -> torch.Tensor:
    removed = torch.zeros_like(batch.visible)
    removed[:, frames, 2] = True
    return removed


def test_neutral_goes_with_the_joints_that_stay() -> None:
    batch = walking()
    changed = remove_joints(batch, joint_two(batch), layout=chain(3), how="neutral")
    expected = batch.positions.clone()
    expected[0, 1, :, 2, 0] -= torch.arange(5.0)
    torch.testing.assert_close(changed.positions, expected)
    assert changed.visible.all()


def test_interpolation_bridges_a_span_about_the_body() -> None:
    batch = walking()
    bent = batch.positions.clone()
    bent[0, 1, 2, 2, 0] += 9.0
    jump = Batch(bent, batch.visible, batch.frames, batch.label, batch.index)
    changed = remove_joints(jump, joint_two(jump, slice(1, 4)), layout=chain(3))
    own = changed.positions[0, :, :, 2, 0] - changed.positions[0, :, :, 0, 0]
    assert changed.positions[0, 0, :, 2, 0].diff().gt(0).all()  # it goes on with the body
    assert float(own[1, 2]) < 9.0
    torch.testing.assert_close(changed.positions[0, :, [0, 4]], jump.positions[0, :, [0, 4]])


def test_interpolation_of_a_whole_clip_keeps_the_mean_place() -> None:
    batch = walking()
    changed = remove_joints(batch, joint_two(batch), layout=chain(3))
    about = changed.positions[0, :, :, 2, 0] - changed.positions[0, :, :, 0, 0]
    assert float(about.std(1).max()) < 1e-5
    kept = batch.positions[0, 1, :, 2, 0].mean() - batch.positions[0, 1, :, 0, 0].mean()
    assert 0 < float(about[1, 0]) <= float(kept) + 1e-5


@pytest.mark.parametrize("how", ["neutral", "interpolation"])
def test_the_rest_stays_and_padding_too(how: str) -> None:
    batch = make_batch(LAYOUT)
    removed = torch.zeros_like(batch.visible)
    removed[:, :, 3:6, 1] = True
    changed = remove_joints(batch, removed, layout=LAYOUT, how=how)
    same = ~(removed & batch.frames[:, :, None, None])[:, None].expand_as(batch.positions)
    torch.testing.assert_close(changed.positions[same], batch.positions[same], rtol=0, atol=0)
    assert not torch.equal(changed.positions, batch.positions)
    assert torch.isfinite(changed.positions).all()


@pytest.mark.parametrize("how", ["neutral", "interpolation"])
def test_replacing_moves_with_the_clip(how: str) -> None:
    batch = make_batch(LAYOUT, absent=False)
    removed = torch.zeros_like(batch.visible)
    removed[:, 2:5, :, 1] = True
    removed[:, :, 7, 0] = True
    way = torch.tensor([0.3, -2.0, 0.1]).view(1, 3, 1, 1, 1)
    there = Batch(batch.positions + way, batch.visible, batch.frames, batch.label, batch.index)
    here = remove_joints(batch, removed, layout=LAYOUT, how=how).positions
    moved = remove_joints(there, removed, layout=LAYOUT, how=how).positions
    torch.testing.assert_close(moved, here + way, rtol=1e-4, atol=1e-5)


def test_hidden_joints_are_not_seen_but_their_body_is() -> None:
    batch = make_batch(LAYOUT)
    removed = torch.zeros_like(batch.visible)
    removed[:, :, 3, 0] = True
    removed[:, :, :, 1] = True
    changed = remove_joints(batch, removed, layout=LAYOUT, hide=True)
    assert not changed.visible[:, :, 3, 0].any()
    torch.testing.assert_close(changed.visible[..., 1], batch.visible[..., 1])
    assert changed.bodies.equal(batch.bodies)


def test_removing_nothing_changes_nothing() -> None:
    batch = make_batch(LAYOUT)
    same = remove_joints(batch, torch.zeros_like(batch.visible), layout=LAYOUT, hide=True)
    assert same.positions.equal(batch.positions) and same.visible.equal(batch.visible)


def test_the_neutral_batch_holds_the_pose_and_follows_the_body() -> None:
    batch = make_batch(LAYOUT)
    still = neutral_batch(batch, layout=LAYOUT)
    poses = neutral_poses(LAYOUT, bodies=2, channels=3)
    bones = still.positions[0, :, 4, 5, 1] - still.positions[0, :, 4, 9, 1]
    torch.testing.assert_close(bones, poses[1, :, 5] - poses[1, :, 9])
    seen = batch.visible[0, 4, :, 1]
    torch.testing.assert_close(
        still.positions[0, :, 4, seen, 1].mean(1), batch.positions[0, :, 4, seen, 1].mean(1)
    )

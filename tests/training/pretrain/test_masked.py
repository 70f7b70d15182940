"""What is hidden, that nothing of it is left, and what is asked about it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from skelgraph.data.dataset import Batch
from skelgraph.data.store import Store
from skelgraph.graphs import load_layout
from skelgraph.training.pretrain.decoder import MotionDecoder
from skelgraph.training.pretrain.masking import conceal, draw_mask, joint_parts
from skelgraph.training.pretrain.motion import motion_error, motion_of, steps
from tests.training.pretrain.steps import make_draw, make_learner, make_objective

HANDS = load_layout("mediapipe_hands")


def mask(
    visible: torch.Tensor, *, share: float = 0.5, span: int = 4, seed: int = 0
) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return draw_mask(visible, HANDS, share=share, span=span, generator=generator)


def hands(seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    return Batch(
        positions=torch.randn(3, 3, 12, 21, 2, generator=generator),
        visible=torch.rand(3, 12, 21, 2, generator=generator) < 0.9,
        frames=torch.ones(3, 12, dtype=torch.bool),
        label=torch.full((3,), -1),
        index=torch.arange(3),
    )


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_about_the_share_asked_for_is_hidden(share: float) -> None:
    lost = mask(torch.ones(200, 24, 21, 2, dtype=torch.bool), share=share)
    assert float(lost.float().mean()) == pytest.approx(share, abs=0.03)


def test_whole_parts_are_hidden_for_whole_spans() -> None:
    lost = mask(torch.ones(5, 24, 21, 2, dtype=torch.bool))
    for joints in HANDS.parts.values():
        part = lost[:, :, list(joints)]
        assert torch.equal(part.all(2), part.any(2))
    changes = lost[:, 1:] != lost[:, :-1]  # only where a span begins: every fourth frame
    for clip in range(5):
        for slot in range(2):
            when = changes[clip, ..., slot].any(1).nonzero().flatten()
            assert len(when) and len({int(frame) % 4 for frame in when}) == 1


def test_the_same_generator_hides_the_same() -> None:
    visible = torch.ones(4, 12, 21, 1, dtype=torch.bool)
    assert torch.equal(mask(visible, seed=3), mask(visible, seed=3))
    assert not torch.equal(mask(visible, seed=3), mask(visible, seed=4))


def test_a_body_of_which_nothing_would_be_left_stays() -> None:
    visible = torch.zeros(50, 12, 21, 1, dtype=torch.bool)
    visible[:, 3, 0] = True  # one sighting: hiding it would leave none
    assert not mask(visible, share=0.9)[visible].any()


def test_joints_of_no_part_count_as_a_part_each() -> None:
    part = joint_parts(replace(HANDS, parts={"thumb": HANDS.parts["thumb"]}))
    assert len(part.unique()) == 21 - 4 + 1
    assert len(part[list(HANDS.parts["thumb"])].unique()) == 1


def test_nothing_of_what_is_hidden_is_left() -> None:
    batch = hands()
    lost = mask(batch.visible, share=0.7)
    gone = (lost | ~batch.visible)[:, None]
    other = replace(
        batch, positions=torch.where(gone, 1e3 * torch.randn(3, 3, 12, 21, 2), batch.positions)
    )
    first, second = (conceal(b, HANDS, lost=lost, num_spatial=3) for b in (batch, other))
    assert torch.equal(first.positions, second.positions)
    assert torch.equal(first.visible, batch.visible & ~lost)
    kept = first.visible[:, None].expand_as(batch.positions)
    assert torch.equal(first.positions[kept], batch.positions[kept])


def test_a_hidden_confidence_is_zero() -> None:
    batch = hands()
    lost = mask(batch.visible)
    hidden = conceal(batch, HANDS, lost=lost, num_spatial=2)
    assert not hidden.positions[:, 2][~hidden.visible].any()
    assert hidden.positions[:, :2][~hidden.visible[:, None].expand(-1, 2, -1, -1, -1)].any()


def test_hidden_joints_stand_in_the_neutral_pose_about_the_joints_that_stay() -> None:
    pose = torch.tensor(HANDS.neutral_of(0)).float().t()[None, :, None, :, None]
    place = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1, 1)
    batch = replace(
        hands(),
        positions=(pose + place).expand(3, 3, 12, 21, 1),
        visible=torch.ones(3, 12, 21, 1, dtype=torch.bool),
    )
    hidden = conceal(batch, HANDS, lost=mask(batch.visible), num_spatial=3)
    torch.testing.assert_close(hidden.positions, batch.positions)


def test_the_model_cannot_tell_what_was_hidden(store: Store) -> None:
    objective = make_objective(store).eval()
    whole = make_draw(store).view(objective.augmentation, crop=1.0)
    lost = mask(whole.visible, share=0.6)
    other = replace(
        whole, positions=torch.where(lost[:, None], whole.positions + 5, whole.positions)
    )
    found = []
    for batch in (whole, other):
        seen = conceal(batch, store.layout, lost=lost, num_spatial=3)
        found.append(objective(seen.positions, seen.visible, seen.frames)[0])
    assert torch.equal(*found)


def test_motion_by_hand() -> None:
    """A joint at 0, 0, 3 and 7 and one that stays: steps of 0, 3, 4 and 0, 0, 0."""
    places = torch.zeros(1, 1, 4, 2, 1)
    places[0, 0, :, 0, 0] = torch.tensor([0.0, 0.0, 3.0, 7.0])
    seen = torch.ones(1, 4, 2, 1, dtype=torch.bool)
    motion = motion_of(places, seen, stride=1)
    unit = (25 / 6) ** 0.5
    assert float(motion.unit) == pytest.approx(unit)
    assert motion.values.flatten(1)[0, ::2].tolist() == pytest.approx([0, 0, 3 / unit, 4 / unit])
    assert motion.known[0, :, 0, 0].tolist() == [False, True, True, True]
    only = torch.zeros_like(seen)
    only[0, 2:, 0] = True
    error = motion_error(torch.ones_like(places) / unit, motion, only)
    assert float(error) == pytest.approx((4 + 9) / 2 / unit**2)
    two, known = steps(places, seen, stride=2)
    assert two[0, 0, :, 0, 0].tolist() == [0, 0, 3, 7]
    assert known[0, :, 0, 0].tolist() == [False, False, True, True]


def test_the_loss_ignores_joints_that_were_not_seen() -> None:
    batch = hands()
    lost = mask(batch.visible)
    predicted = torch.randn(3, 3, 12, 21, 2)
    other = torch.where(batch.visible[:, None], batch.positions, torch.tensor(1e4))
    errors = [
        motion_error(predicted, motion_of(places, batch.visible, stride=1), lost)
        for places in (batch.positions, other)
    ]
    assert torch.equal(*errors)
    assert (
        float(motion_error(predicted, motion_of(other, batch.visible & False, stride=1), lost)) == 0
    )


def test_a_still_clip_is_not_blown_up() -> None:
    places = torch.zeros(1, 3, 5, 2, 1) + 1e-6 * torch.randn(1, 3, 5, 2, 1)
    motion = motion_of(places, torch.ones(1, 5, 2, 1, dtype=torch.bool), stride=1)
    assert float(motion.values.abs().max()) < 0.1


@pytest.mark.parametrize(("size", "stride"), [(8, 1), (8, 4), (7, 4)])
def test_the_decoder_gives_as_many_frames_as_went_in(size: int, stride: int) -> None:
    decoder = MotionDecoder(6, 3, stride=stride)
    assert decoder(torch.randn(2, 6, -(-size // stride), 5), size).shape == (2, 3, size, 5)


def test_a_strided_frame_tells_of_the_frames_it_stands_for() -> None:
    decoder = MotionDecoder(6, 3, stride=4)
    features = torch.randn(1, 6, 5, 2)
    changed = features.clone()
    changed[:, :, 2] += 1
    moved = (decoder(changed, 20) != decoder(features, 20)).any(1).any(2)[0]
    assert moved.nonzero().flatten().tolist() == list(range(4, 16))  # it and both neighbours


def test_terms_stand_beside_the_loss_of_knowing_nothing(store: Store) -> None:
    objective = make_objective(store)
    learner = make_learner(objective)
    objective.eval()
    with torch.no_grad():
        terms = objective.terms(learner, make_draw(store))
    assert {"loss", "trivial", "straight", "aim_nll", "aim_kl"} == set(terms)
    assert float(terms["trivial"]) == pytest.approx(1, abs=0.5)

"""Likeness of two joints' movements."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from skelgraph.nn.pair_likeness import about_mean, num_likenesses, pair_likeness
from tests.nn.checks import draw


def by_loops(series: Tensor, mask: Tensor, max_lag: int) -> Tensor:
    """The definition, a pair and a lag at a time."""
    bodies, size, joints, coords = series.shape
    rows = []
    for p in range(bodies):
        places = torch.zeros(size, joints, coords, dtype=series.dtype)
        steps = torch.zeros(size - 1, joints, coords, dtype=series.dtype)
        for v in range(joints):
            known = [t for t in range(size) if mask[p, t, v]]
            mean = sum(series[p, t, v] for t in known) / max(len(known), 1)
            for t in known:
                places[t, v] = series[p, t, v] - mean
            for t in range(size - 1):
                if mask[p, t, v] and mask[p, t + 1, v]:
                    steps[t, v] = series[p, t + 1, v] - series[p, t, v]
        for receiver in range(joints):
            for sender in range(joints):
                for moves in (places, steps):
                    rows.extend(
                        _product(moves[:, receiver], moves[:, sender], lag)
                        for lag in range(-max_lag, max_lag + 1)
                    )
    return torch.stack(rows).view(bodies, joints, joints, -1)


def _product(receiver: Tensor, sender: Tensor, lag: int) -> Tensor:
    total = torch.zeros((), dtype=receiver.dtype)
    for t in range(len(receiver)):
        if 0 <= t - lag < len(sender):
            total = total + receiver[t] @ sender[t - lag]
    length = receiver.norm() * sender.norm()
    return total / length * math.sqrt(receiver.numel()) if length > 0 else total * 0


def test_agrees_with_loops() -> None:
    series, mask = draw(2, 6, 4, 2), draw(2, 6, 4) > -0.5
    mask[0, :, 1] = False
    values = pair_likeness(series, mask, max_lag=2)
    assert values.shape == (2, 4, 4, num_likenesses(2))
    torch.testing.assert_close(values, by_loops(series, mask, 2))
    torch.testing.assert_close(pair_likeness(series, mask, max_lag=0), by_loops(series, mask, 0))


def test_a_follower_is_alike_at_its_lag_and_in_its_direction_only() -> None:
    """Joint 2 does what joint 0 did two frames before; the course is rough."""
    series = draw(1, 60, 3, 3)
    series[0, 2:, 2] = series[0, :-2, 0]
    values = pair_likeness(series, torch.ones(1, 60, 3, dtype=torch.bool), max_lag=3)
    received, sent = values[0, 2, 0], values[0, 0, 2]
    assert received[:7].argmax() == 5
    assert received[7:].argmax() == 5
    assert sent[:7].argmax() == 1
    assert received[5] > 0.9 * math.sqrt(180)
    others = values[0, 1].abs()
    assert others[[0, 2]].max() < 4


def test_joints_that_do_not_follow_each_other_spread_about_one() -> None:
    """White noise: the unit is the spread under chance."""
    series = torch.randn(40, 50, 4, 3, generator=torch.Generator().manual_seed(0))
    values = pair_likeness(series, torch.ones(40, 50, 4, dtype=torch.bool), max_lag=1)
    apart = ~torch.eye(4, dtype=torch.bool)
    assert values[:, apart][..., :3].std().item() == pytest.approx(1, abs=0.1)


def test_place_size_and_view_do_not_matter() -> None:
    series, mask = draw(2, 8, 3, 3), torch.ones(2, 8, 3, dtype=torch.bool)
    turn = torch.linalg.qr(draw(3, 3)).Q
    moved = 7 * series @ turn + draw(2, 1, 3, 3)
    torch.testing.assert_close(
        pair_likeness(moved, mask, max_lag=2), pair_likeness(series, mask, max_lag=2)
    )


def test_a_joint_that_stands_still_is_like_none() -> None:
    series, mask = draw(1, 8, 3, 3).float(), torch.ones(1, 8, 3, dtype=torch.bool)
    series[:, :, 1] = 0.123
    values = pair_likeness(series, mask, max_lag=2)
    assert values.isfinite().all()
    assert values[0, 1].abs().max() < 0.2
    assert values[0, 0, 0].abs().max() > 1


def test_gradcheck() -> None:
    mask = torch.ones(1, 5, 3, dtype=torch.bool)
    mask[0, 2, 1] = False
    series = draw(1, 5, 3, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: pair_likeness(x, mask, max_lag=1), (series,))


def test_mean_is_of_the_frames_seen() -> None:
    series = torch.tensor([[[[1.0]], [[3.0]], [[50.0]]]])
    mask = torch.tensor([[[True], [True], [False]]])
    assert about_mean(series, mask).flatten().tolist() == [-1, 1, 0]

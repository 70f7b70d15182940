from __future__ import annotations

import torch
from torch import nn

from skelgraph.nn.masked_norm import MaskedBatchNorm, masked_moments
from tests.nn.checks import draw, randomise


def pair(channels: int) -> tuple[MaskedBatchNorm, nn.BatchNorm2d]:
    ours = randomise(MaskedBatchNorm(channels))
    theirs = nn.BatchNorm2d(channels).double()
    theirs.load_state_dict(ours.state_dict(), strict=False)
    return ours, theirs


def test_nothing_masked_is_batch_norm_with_and_without_a_mask() -> None:
    x = draw(3, 4, 5, 6)
    for mask in (None, torch.ones(3, 1, 5, 1, dtype=torch.bool)):
        ours, theirs = pair(4)
        torch.testing.assert_close(ours(x, mask), theirs(x))
        torch.testing.assert_close(ours.running_mean, theirs.running_mean)
        torch.testing.assert_close(ours.running_var, theirs.running_var)
        torch.testing.assert_close(ours.eval()(x, mask), theirs.eval()(x))


def test_masked_values_do_not_reach_the_statistics() -> None:
    x, mask = draw(2, 3, 6, 4), torch.ones(2, 1, 6, 1, dtype=torch.bool)
    mask[:, :, 4:] = False
    short, long = pair(3)[0], pair(3)[0]
    wild = torch.where(mask, x, 1e6 * torch.ones_like(x))
    torch.testing.assert_close(long(wild, mask)[:, :, :4], short(x[:, :, :4]))
    torch.testing.assert_close(long.running_var, short.running_var)


def test_each_channel_has_a_mask_of_its_own() -> None:
    x = torch.tensor([[[1.0, 3.0, 100.0], [5.0, 100.0, 100.0]]])
    mask = torch.tensor([[[True, True, False], [True, False, False]]])
    count, mean, variance = masked_moments(x, mask)
    assert count.tolist() == [2, 1]
    assert mean.tolist() == [2, 5]
    assert variance.tolist() == [1, 0]


def test_a_channel_with_one_value_is_left_to_the_running_statistics() -> None:
    norm = MaskedBatchNorm(2)
    x = torch.tensor([[[4.0], [2.0]]])
    torch.testing.assert_close(norm(x), x / torch.sqrt(torch.tensor(1 + norm.eps)))
    assert norm.running_mean.tolist() == [0, 0]


def test_an_empty_batch_is_allowed() -> None:
    norm = MaskedBatchNorm(3)
    assert norm(torch.zeros(0, 3, 4, 5)).shape == (0, 3, 4, 5)
    assert norm.running_mean.tolist() == [0, 0, 0]


def test_gradcheck_with_a_mask() -> None:
    norm, x = randomise(MaskedBatchNorm(2)), draw(2, 2, 3).requires_grad_()
    mask = torch.tensor([[[True, True, False]], [[True, False, False]]])

    def run(values: torch.Tensor) -> torch.Tensor:
        return norm(values, mask) * mask

    assert torch.autograd.gradcheck(run, (x,))

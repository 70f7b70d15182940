from __future__ import annotations

import torch
from torch import nn

from skelgraph.nn.masked_norm import MaskedBatchNorm, masked_moments
from tests.nn.checks import draw, randomise


def pair(channels: int) -> tuple[MaskedBatchNorm, nn.BatchNorm2d]:
    ours = randomise(MaskedBatchNorm(channels))
    theirs = nn.BatchNorm2d(channels).double()
    theirs.load_state_dict(ours.state_dict(), strict=False)
    ours.num_batches.fill_(10)  # its running statistics have settled
    return ours, theirs


def test_nothing_masked_is_batch_norm_with_and_without_a_mask() -> None:
    x = draw(3, 4, 5, 6)
    for mask in (None, torch.ones(3, 1, 5, 1, dtype=torch.bool)):
        ours, theirs = pair(4)
        torch.testing.assert_close(ours(x, mask), theirs(x))
        torch.testing.assert_close(ours.running_mean, theirs.running_mean)
        torch.testing.assert_close(ours.running_var, theirs.running_var)
        torch.testing.assert_close(ours.eval()(x, mask), theirs.eval()(x))


def test_a_short_training_evaluates_with_what_it_has_seen() -> None:
    norm, plain = MaskedBatchNorm(2).double(), nn.BatchNorm2d(2, momentum=None).double()
    for seed in range(9):
        x = 5 + 3 * draw(4, 2, 6, 5, seed=seed)
        torch.testing.assert_close(norm(x), plain(x))
    torch.testing.assert_close(norm.running_mean, plain.running_mean)
    torch.testing.assert_close(norm.running_var, plain.running_var)


def test_the_share_of_a_batch_settles_also_after_loading() -> None:
    whole, halves = MaskedBatchNorm(2).double(), MaskedBatchNorm(2).double()
    for seed in range(25):
        if seed in (4, 17):
            loaded = MaskedBatchNorm(2).double()
            loaded.load_state_dict(halves.state_dict())
            halves = loaded
        for norm in (whole, halves):
            norm(draw(4, 2, 6, 5, seed=seed))
    assert whole.state_dict().keys() == halves.state_dict().keys()
    assert all(torch.equal(v, halves.state_dict()[k]) for k, v in whole.state_dict().items())
    last = whole.running_mean.clone()
    whole(torch.ones(1, 2, 3, 4, dtype=torch.float64))
    torch.testing.assert_close(whole.running_mean, 0.9 * last + 0.1)


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


def test_a_channel_seen_late_keeps_nothing_of_its_start() -> None:
    norm, mask = MaskedBatchNorm(2).double(), torch.ones(1, 2, 1, 1, dtype=torch.bool)
    mask[:, 1] = False
    for seed in range(5):
        norm(7 + draw(4, 2, 6, 5, seed=seed), mask)
    assert norm.running_mean[1] == 0 and norm.running_var[1] == 1
    late = MaskedBatchNorm(2).double()
    for seed in (5, 6):
        x = 7 + draw(4, 2, 6, 5, seed=seed)
        norm(x), late(x)
    torch.testing.assert_close(norm.running_mean[1], late.running_mean[1])
    torch.testing.assert_close(norm.running_var[1], late.running_var[1])
    assert norm.num_batches.tolist() == [7, 2]


def test_one_count_for_all_channels_is_loaded_as_well() -> None:
    state = MaskedBatchNorm(3).state_dict() | {"num_batches": torch.tensor(4)}
    norm = MaskedBatchNorm(3)
    norm.load_state_dict(state)
    assert norm.num_batches.tolist() == [4, 4, 4]
    assert state["num_batches"].dim() == 0

"""The moving average of weights and statistics."""

from __future__ import annotations

import pytest
import torch

from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.training.average import WeightAverage


def test_statistics_count_from_the_first_batch_that_sees_a_channel() -> None:
    norm = MaskedBatchNorm(2)
    average = WeightAverage(norm, decay=0.99)
    mask = torch.tensor([[True], [False]]).view(1, 2, 1)
    x = torch.tensor([[[4.0, 6.0], [1.0, 3.0]]])
    for _ in range(4):
        norm(x, mask)
        average.update(norm)
    assert average.shadow["running_mean"].tolist() == [5, 0]
    norm(x)
    average.update(norm)
    assert average.shadow["running_mean"].tolist() == [5, 2]
    assert average.shadow["running_var"].tolist() == [2, 2]


def test_weights_move_by_their_share() -> None:
    norm = MaskedBatchNorm(1)
    average = WeightAverage(norm, decay=0.99)
    with torch.no_grad():
        norm.weight.fill_(11)
    average.update(norm)
    assert average.shadow["weight"].item() == pytest.approx(0.1 * 1 + 0.9 * 11)

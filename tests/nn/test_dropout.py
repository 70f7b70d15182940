from __future__ import annotations

import pytest
import torch

from skelgraph.errors import ConfigError
from skelgraph.nn.dropout import Dropout


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_share_and_mean(share: float) -> None:
    torch.manual_seed(0)
    out = Dropout(share)(torch.ones(200_001))
    assert (out == 0).float().mean().item() == pytest.approx(share, abs=0.005)
    assert out.mean().item() == pytest.approx(1, abs=0.02)
    assert out.unique().numel() == 2


def test_same_seed_same_output_in_any_memory_order() -> None:
    x = torch.randn(2, 3, 5, 7)
    for values in (x, x.contiguous(memory_format=torch.channels_last), x.transpose(1, 2)):
        outs = []
        for _ in range(2):
            torch.manual_seed(1)
            outs.append(Dropout(0.5)(values))
        assert torch.equal(*outs)
        assert outs[0].shape == values.shape


def test_neighbours_are_independent() -> None:
    torch.manual_seed(0)
    kept = Dropout(0.5)(torch.ones(10_000, 8)) > 0
    correlation = torch.corrcoef(kept.T.float()) - torch.eye(8)
    assert correlation.abs().max() < 0.05


def test_evaluation_and_share_zero_change_nothing() -> None:
    x = torch.randn(4, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_gradient_is_that_of_the_kept() -> None:
    torch.manual_seed(0)
    x = torch.ones(1000, requires_grad=True)
    out = Dropout(0.25)(x)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_outside_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="share from 0 up to 1"):
        Dropout(share)

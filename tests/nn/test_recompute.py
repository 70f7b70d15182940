"""Computing again what was not kept."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from skelgraph.graphs import load_layout
from skelgraph.nn.recompute import is_second_call, recomputed, set_recompute
from tests.models.clips import damaged_clips, tiny, tiny_ctr


@pytest.mark.parametrize("make", [tiny, tiny_ctr])
def test_same_gradients_and_statistics_with_less_kept(make) -> None:
    layout = load_layout("kinect_v1")
    clips = damaged_clips(layout, frames=12)
    results = []
    for again in (False, True):
        model = make(layout, dropout=0.3)
        assert not again or set_recompute(model)
        kept = 0

        def pack(value: torch.Tensor) -> torch.Tensor:
            nonlocal kept
            kept += value.numel()
            return value

        torch.manual_seed(5)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
            out = model(*clips, returns=("losses",))
        (out.logits.square().sum() + sum(out.losses.values())).backward()
        state = [value.clone() for value in model.state_dict().values()]
        results.append((kept, state, [p.grad for p in model.parameters()]))
    assert results[1][0] < 0.6 * results[0][0]
    for one, other in zip(results[0][1], results[1][1], strict=True):
        assert torch.equal(one, other)
    for one, other in zip(results[0][2], results[1][2], strict=True):
        torch.testing.assert_close(one, other)


def test_the_second_call_is_told_and_only_it() -> None:
    told: list[bool] = []

    def function(x: torch.Tensor) -> torch.Tensor:
        told.append(is_second_call())
        return x.sin().cos()

    recomputed(function, torch.ones(2, requires_grad=True)).sum().backward()
    with torch.no_grad():
        recomputed(function, torch.ones(2))
    assert told == [False, True, False] and not is_second_call()


def test_a_model_without_such_parts() -> None:
    assert not set_recompute(nn.Linear(2, 2))

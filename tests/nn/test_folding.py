from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from skelgraph.errors import ConfigError
from skelgraph.models import CtrGcn, CtrGcnConfig
from skelgraph.nn.folding import fold
from tests.models.clips import damaged_clips, random_clips, tiny
from tests.models.test_models import made_up
from tests.nn.checks import randomise, settled

CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"causal": True},
    {"separable": False},
    {"a_links": False},
    {"free_links": 0, "head": "pooled"},
    {"channels": (20, 12, 24)},  # channels that shrink, and more than a narrow matrix has
    {"forecast": 3},
)


def trained(**changes: Any) -> nn.Module:
    return settled(randomise(tiny(made_up(), **changes))).eval()


def in_doubles(clips: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    positions, visible, frames = clips
    return positions.double(), visible, frames


@pytest.mark.parametrize("changes", CHANGES)
def test_a_folded_model_predicts_the_same(changes: dict[str, Any]) -> None:
    model = trained(**changes)
    folded = fold(model)
    for clips in (random_clips(made_up(), frames=13), damaged_clips(made_up())):
        given = in_doubles(clips)
        returns = ("joint_attention",) if changes.get("head") != "pooled" else ()
        one, other = model(*given, returns=returns), folded(*given, returns=returns)
        torch.testing.assert_close(other.logits, one.logits, rtol=1e-10, atol=1e-10)
        if returns:
            torch.testing.assert_close(other.joint_attention, one.joint_attention)
        if "forecast" in changes:
            ahead = model(*given, returns=("forecast",)), folded(*given, returns=("forecast",))
            torch.testing.assert_close(ahead[0].forecast, ahead[1].forecast)


def test_the_model_stays_as_it_is() -> None:
    model = trained().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    folded = fold(model)
    assert model.training
    assert not folded.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(parameter.requires_grad for parameter in folded.parameters())


def test_halves_are_near() -> None:
    model = trained().float()
    clips = random_clips(made_up(), frames=13)
    folded = fold(model, dtype=torch.bfloat16)
    one, other = model(*clips).logits, folded(*clips).logits
    assert other.dtype == torch.float32
    assert 0 < (one - other).abs().max() < 0.05 * one.abs().max()


def test_other_blocks_are_refused() -> None:
    config = CtrGcnConfig(channels=(8, 8), strides=(1, 2))
    model = CtrGcn(made_up(), 3, config=config)
    with pytest.raises(ConfigError, match="expected a model of AS-GCN's blocks, got CtrGcn"):
        fold(model)


def test_a_folded_model_is_not_folded_again() -> None:
    with pytest.raises(ConfigError, match="AS-GCN's blocks, got folded AsGcn"):
        fold(fold(trained()))

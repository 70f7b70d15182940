"""What of a model is in training while parts of it rest."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.training.config import TrainOptions
from skelgraph.training.learner import Learner, Tuning

LOW = ("0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias")


def make_learner(*, frozen: frozenset[str] = frozenset(), thaw: Mapping[str, float]) -> Learner:
    """Make a norm that has seen batches, a linear layer and dropout in a block, and one above."""
    torch.manual_seed(0)
    block = nn.Sequential(MaskedBatchNorm(3), nn.Linear(3, 3), nn.Dropout())
    block[0].num_batches.fill_(5)
    model = nn.Sequential(block, nn.Linear(3, 2))
    fabric = Fabric(accelerator="cpu", devices=1, precision="32-true")
    tuning = Tuning(frozen=frozen, thaw=thaw)
    return Learner(model, options=TrainOptions(), fabric=fabric, tuning=tuning)


def step(learner: Learner, *, share: float) -> dict[str, Tensor]:
    """Take a step as a loop does, and give the state after it."""
    learner.set_training()
    learner.set_lr(0.1, share=share)
    learner.step(learner.model(1 + torch.randn(8, 3)).square().mean())
    return {name: value.clone() for name, value in learner.bare.state_dict().items()}


def test_what_has_not_thawed_stays_with_its_statistics_and_without_dropout() -> None:
    learner = make_learner(thaw=dict.fromkeys(LOW, 0.5))
    before = {name: value.clone() for name, value in learner.bare.state_dict().items()}
    block = learner.bare[0]
    after = step(learner, share=0.25)
    assert not any(module.training for module in block[:2]) and not block.training
    assert {n for n in before if not torch.equal(before[n], after[n])} == {"1.weight", "1.bias"}
    learner.set_lr(0.1, share=0.5)  # in the middle of an epoch, whose beginning set the modes
    assert all(module.training for module in block.modules())
    thawed = step(learner, share=0.5)
    assert {n for n in after if not torch.equal(after[n], thawed[n])} == set(before)


def test_what_is_frozen_rests_on_when_the_rest_of_its_block_thaws() -> None:
    learner = make_learner(frozen=frozenset(LOW[:2]), thaw=dict.fromkeys(LOW[2:], 0.5))
    learner.set_training()
    assert not learner.bare[0].training
    learner.set_lr(0.1, share=0.75)
    assert learner.bare[0].training and not learner.bare[0][0].training


@pytest.mark.parametrize("channel", [0, 2])
def test_a_norm_that_has_statistics_to_find_is_not_held(channel: int) -> None:
    block = nn.Sequential(MaskedBatchNorm(3), nn.Linear(3, 3))
    block[0].num_batches.fill_(5)
    block[0].num_batches[channel] = 0  # a new joint's
    fabric = Fabric(accelerator="cpu", devices=1, precision="32-true")
    thaw = {name: 0.5 for name, _ in block.named_parameters() if name != "1.bias"}
    learner = Learner(block, options=TrainOptions(), fabric=fabric, tuning=Tuning(thaw=thaw))
    learner.set_training()
    assert learner.bare[0].training

"""Entropy minimisation."""

from __future__ import annotations

import math

import pytest
import torch

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.semi.method import WEAK
from skelgraph.training.semi.methods.entropy import (
    EntropyMinimisation,
    EntropyOptions,
    mean_entropy,
)
from skelgraph.training.semi.passes import logits_of
from tests.training.semi.simulated import calibrated
from tests.training.semi.steps import gradients_of, make_batch, make_learner, make_setting


def test_the_entropy_is_that_of_the_formula() -> None:
    probabilities, _ = calibrated(20)
    slow = -sum(p * math.log(p) for row in probabilities.tolist() for p in row) / 20
    assert float(mean_entropy(probabilities.log())) == pytest.approx(slow)


def test_certain_predictions_have_no_entropy_and_no_nan() -> None:
    logits = torch.tensor([[1000.0, 0.0, -1000.0]], requires_grad=True)
    value = mean_entropy(logits)
    value.backward()
    assert value == 0
    assert logits.grad is not None and not logits.grad.any()


def test_the_entropy_has_the_gradient_of_its_values() -> None:
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(mean_entropy, logits.requires_grad_(True))


def test_the_loss_by_hand(store: Store) -> None:
    batch, learner, pupil = make_batch(store), make_learner(store), make_learner(store)
    method = EntropyMinimisation(EntropyOptions(weight=0.5, full=0.4), make_setting())
    torch.manual_seed(0)
    result = method.losses([learner], batch, share=0.3)
    torch.manual_seed(0)
    (given, weak), extra = logits_of(pupil, batch.labelled, batch.views[WEAK])
    total = method.supervised(given, batch.labelled) + 0.5 * 0.75 * mean_entropy(weak) + extra
    assert torch.isclose(result.losses[0], total)
    found, expected = gradients_of(learner, result.losses[0]), gradients_of(pupil, total)
    assert all(torch.allclose(found[key], expected[key], atol=1e-6) for key in expected)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"entropy, weight: expected a number of at least 0"):
        EntropyOptions(weight=-1.0)

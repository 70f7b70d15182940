"""Pseudo-labels of every clip: the ramp of their weight, and what learns from them."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.semi.method import WEAK
from skelgraph.training.semi.methods.pseudo_label import PseudoLabel, PseudoLabelOptions
from skelgraph.training.semi.methods.ramps import bell_ramp, linear_ramp
from skelgraph.training.semi.passes import logits_of, predict
from tests.training.semi.steps import gradients_of, make_batch, make_learner, make_setting


def alpha(step: int, *, first: int, last: int) -> float:
    """Lee's schedule in steps, as it is written there."""
    if step < first:
        return 0.0
    if step < last:
        return (step - first) / (last - first)
    return 1.0


def test_the_ramp_is_that_of_the_paper() -> None:
    for step in range(100):
        found = linear_ramp(step / 100, begin=0.2, full=0.7)
        assert found == pytest.approx(alpha(step, first=20, last=70))


def test_ramps_without_a_slope_jump() -> None:
    assert [linear_ramp(s, begin=0.5, full=0.5) for s in (0.0, 0.49, 0.5, 1.0)] == [0, 0, 1, 1]
    assert linear_ramp(0.0, begin=0.0, full=0.0) == bell_ramp(0.0, full=0.0) == 1.0


@pytest.mark.parametrize(("share", "factor"), [(0.0, 0.0), (0.35, 0.5), (0.9, 1.0)])
def test_the_loss_by_hand(share: float, factor: float, store: Store) -> None:
    batch, learner = make_batch(store), make_learner(store)
    method = PseudoLabel(PseudoLabelOptions(weight=3.0, begin=0.1, full=0.6), make_setting())
    torch.manual_seed(0)
    found = method.losses([learner], batch, share=share)
    weights = method.select(torch.eye(3)).weights
    assert weights.tolist() == pytest.approx([factor] * 3)
    gradients = gradients_of(learner, found.losses[0])

    pupil = make_learner(store)
    (weak,) = predict(pupil, batch.views[WEAK])
    torch.manual_seed(0)
    (given, taught), extra = logits_of(pupil, batch.labelled, batch.views[WEAK])
    pseudo = functional.cross_entropy(taught, weak.argmax(1))
    total = method.supervised(given, batch.labelled) + 3.0 * factor * pseudo + extra
    assert torch.isclose(found.losses[0], total)
    expected = gradients_of(pupil, total)
    assert all(torch.allclose(gradients[key], expected[key], atol=1e-6) for key in expected)


def test_a_ramp_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"full: expected a share of at least begin \(0.5\)"):
        PseudoLabelOptions(begin=0.5, full=0.4)

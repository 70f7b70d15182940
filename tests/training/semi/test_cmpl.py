"""Cross-model pseudo-labels against the formula, and what teaches whom."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.learner import Learner
from skelgraph.training.semi.method import STRONG, WEAK, StepBatch
from skelgraph.training.semi.methods.cmpl import Cmpl, CmplOptions
from skelgraph.training.semi.passes import logits_of, predict
from tests.training.semi.steps import (
    gradients_of,
    make_batch,
    make_learner,
    make_setting,
    take_steps,
    weights_of,
)

NARROW = {"channels": (4, 4, 8)}
# Without noise or dropout, so that two passes over a batch are one.
STILL = {"a_links": False, "head": "pooled", "dropout": 0.0}


def make_pair(store: Store) -> list[Learner]:
    wide = make_learner(store, overrides=STILL)
    return [wide, make_learner(store, seed=1, overrides={**STILL, **NARROW})]


def by_hand(learner: Learner, weak: Tensor, batch: StepBatch, options: CmplOptions) -> Tensor:
    """One model's loss, clip by clip, from the other's logits."""
    (given, strong), extra = logits_of(learner, batch.labelled, batch.views[STRONG])
    total = torch.zeros(())
    for row, label in zip(given, batch.labelled.label.tolist(), strict=True):
        total = total - row.log_softmax(0)[label] / len(given)
    for row, taught in zip(strong, weak.softmax(1).tolist(), strict=True):
        if max(taught) >= options.threshold:
            label = taught.index(max(taught))
            total = total - options.weight * row.log_softmax(0)[label] / len(strong)
    return total + extra


def test_both_losses_are_the_formula(store: Store) -> None:
    learners, batch = make_pair(store), make_batch(store)
    # First, since statistics of normalisation move with every pass in training.
    weak = [predict(learner, batch.views[WEAK])[0] for learner in learners]
    # A threshold that divides the clips of both.
    sure = torch.stack([logits.softmax(1).amax(1) for logits in weak]).median()
    options = CmplOptions(threshold=float(sure), weight=2.0)
    result = Cmpl(options, make_setting()).losses(learners, batch, share=0.0)
    for place in (0, 1):
        expected = by_hand(learners[place], weak[1 - place], batch, options)
        torch.testing.assert_close(result.losses[place], expected)
    assert 0 < float(result.terms["taken"] + result.terms["second_taken"]) < 2


def test_no_gradient_reaches_the_model_that_teaches(store: Store) -> None:
    options = CmplOptions(threshold=0.0)
    method, learners, batch = Cmpl(options, make_setting()), make_pair(store), make_batch(store)
    losses = method.losses(learners, batch, share=0.0).losses
    for place in (0, 1):
        assert gradients_of(learners[place], losses[place])
    losses = method.losses(learners, batch, share=0.0).losses
    for place in (0, 1):
        other = list(learners[1 - place].bare.parameters())
        found = torch.autograd.grad(losses[place], other, allow_unused=True)
        assert all(gradient is None for gradient in found)


def test_gradients_are_those_with_labels_from_outside(store: Store) -> None:
    options = CmplOptions(threshold=0.0)
    method, learners, batch = Cmpl(options, make_setting()), make_pair(store), make_batch(store)
    (weak,) = predict(learners[1], batch.views[WEAK])
    (given, strong), extra = logits_of(learners[0], batch.labelled, batch.views[STRONG])
    alone = method.supervised(given, batch.labelled) + extra
    alone = alone + torch.nn.functional.cross_entropy(strong, weak.argmax(1))
    expected = gradients_of(learners[0], alone)
    found = gradients_of(learners[0], method.losses(learners, batch, share=0.0).losses[0])
    for name in expected:
        torch.testing.assert_close(found[name], expected[name])


def test_without_weight_both_learn_the_given_labels_alone(store: Store) -> None:
    learners, batch = make_pair(store), make_batch(store)
    method = Cmpl(CmplOptions(weight=0.0), make_setting())
    result = method.losses(learners, batch, share=0.0)
    for learner, loss in zip(learners, result.losses, strict=True):
        (given, _), extra = logits_of(learner, batch.labelled, batch.views[STRONG])
        torch.testing.assert_close(loss, method.supervised(given, batch.labelled) + extra)


def test_both_models_move_and_fall_in_loss(store: Store) -> None:
    learners = [make_learner(store), make_learner(store, seed=1, overrides=NARROW)]
    before = [weights_of(learner) for learner in learners]
    method = Cmpl(CmplOptions(threshold=0.5), make_setting())
    terms = list(take_steps(method, learners, store))
    for name in ("supervised", "second_supervised"):
        course = [float(term[name]) for term in terms]
        assert sum(course[-5:]) < sum(course[:5])
    for learner, start in zip(learners, before, strict=True):
        now = weights_of(learner)
        assert any(not torch.equal(now[name], start[name]) for name in start)


def test_the_threshold_decides_what_is_selected() -> None:
    method = Cmpl(CmplOptions(threshold=0.75), make_setting(num_classes=2))
    chosen = method.select(torch.tensor([[0.25, 0.75], [0.5, 0.5], [0.9, 0.1]]))
    assert chosen.labels.tolist() == [1, 0, 0]
    assert chosen.weights.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"threshold": 1.5}, r"cmpl, threshold: expected a probability in \[0, 1\], got 1.5"),
        ({"weight": -1.0}, "cmpl, weight: expected a number of at least 0"),
        ({"weight": math.nan}, "cmpl, weight"),
    ],
)
def test_bad_options_are_refused(change: dict[str, float], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        CmplOptions(**change)

"""FixMatch: what is taken, and what learns from it."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.semi.method import STRONG, WEAK
from skelgraph.training.semi.methods.fixmatch import FixMatch, FixMatchOptions
from skelgraph.training.semi.methods.matching import taught_loss
from skelgraph.training.semi.passes import logits_of, predict
from tests.training.semi.simulated import calibrated
from tests.training.semi.steps import gradients_of, make_batch, make_learner, make_setting


def test_the_rule_takes_what_its_formula_says() -> None:
    probabilities, _ = calibrated(200, classes=3)
    method = FixMatch(FixMatchOptions(threshold=0.8), make_setting())
    selection = method.select(probabilities)
    for row, label, weight in zip(
        probabilities.tolist(), selection.labels.tolist(), selection.weights.tolist(), strict=True
    ):
        assert row[label] == max(row)
        assert weight == (1.0 if max(row) >= 0.8 else 0.0)
    assert 0 < selection.weights.mean() < 1


def test_the_loss_counts_the_clips_left_out() -> None:
    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0]])
    method = FixMatch(FixMatchOptions(threshold=0.7), make_setting())
    selection = method.select(logits.softmax(1))
    assert selection.weights.tolist() == [1, 0, 1]  # confidences 0.787, 0.576, 0.909
    log = logits.log_softmax(1)
    by_hand = -(log[0, 0] + log[2, 2]) / 3
    assert torch.isclose(taught_loss(logits, selection), by_hand)


def test_gradients_are_those_of_labels_made_elsewhere(store: Store) -> None:
    batch, learner = make_batch(store), make_learner(store)
    (weak,) = predict(make_learner(store), batch.views[WEAK])
    confidence, labels = weak.softmax(1).max(1)
    threshold = float(confidence.median())  # of a model that is sure of nothing
    method = FixMatch(FixMatchOptions(threshold=threshold, weight=2.0), make_setting())
    torch.manual_seed(0)
    found = gradients_of(learner, method.losses([learner], batch, share=0.0).losses[0])

    taken = confidence >= threshold
    assert 0 < taken.sum() < len(taken)
    pupil = make_learner(store)
    torch.manual_seed(0)
    (given, strong), extra = logits_of(pupil, batch.labelled, batch.views[STRONG])
    each = functional.cross_entropy(strong, labels, reduction="none")
    total = method.supervised(given, batch.labelled) + 2.0 * (each * taken).mean() + extra
    expected = gradients_of(pupil, total)
    assert found.keys() == expected.keys()
    assert all(torch.allclose(found[key], expected[key], atol=1e-7) for key in expected)


def test_options_out_of_range_come_all_at_once() -> None:
    with pytest.raises(ConfigError, match=r"threshold: expected a probability(.|\n)*weight: "):
        FixMatchOptions(threshold=1.5, weight=-1.0)

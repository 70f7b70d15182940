"""Calibration: values by hand, other libraries, and what a temperature does."""

from __future__ import annotations

import json
from math import isnan

import numpy as np
import pytest
import torch
from sklearn.metrics import brier_score_loss
from torchmetrics.functional.classification import (
    binary_calibration_error,
    multiclass_calibration_error,
)

from skelgraph.evaluation.calibration import calibrate, reliability, untempered
from skelgraph.evaluation.metrics import fit_temperature, score
from skelgraph.training.results import prediction_rows

NAMES = ("nod", "wave", "fall")


def drawn(*, sharper: float = 1.0, clips: int = 4000) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and the truth that was drawn from them; `sharper` makes them over-confident."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(clips, 3, generator=generator) * 1.5
    truth = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    return logits * sharper, truth


def test_values_by_hand() -> None:
    probabilities = torch.tensor([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.2, 0.8, 0.0]])
    found = calibrate(probabilities, torch.tensor([0, 1, 1]), NAMES)
    assert found.ece == pytest.approx((2 * 0.4 + 0.2) / 3, abs=1e-6)
    assert found.brier == pytest.approx((0.02 + 1.62 + 0.08) / 3, abs=1e-6)
    assert (found.accuracy, found.confidence) == pytest.approx((2 / 3, 2.6 / 3))
    nod, wave, fall = found.classes
    assert (nod.clips, nod.predicted, nod.precision) == (1, 2, 0.5)
    assert wave.probability == pytest.approx(1 / 3)
    assert nod.ece == pytest.approx((2 * 0.4 + 0.2) / 3, abs=1e-6)
    assert (fall.clips, fall.ece) == (0, 0.0) and isnan(fall.precision)
    assert sum(each.count for each in found.bins) == 3
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("sharper", [0.5, 1.0, 3.0])
def test_errors_agree_with_another_library(sharper: float) -> None:
    logits, truth = drawn(sharper=sharper)
    probabilities = logits.softmax(1)
    found = calibrate(probabilities, truth, NAMES)
    expected = multiclass_calibration_error(probabilities, truth, 3, n_bins=15)
    assert found.ece == pytest.approx(float(expected), abs=1e-6)
    assert found.ece == pytest.approx(score(probabilities, truth)["ece"], abs=1e-6)
    assert found.nll == pytest.approx(score(probabilities, truth)["nll"], rel=1e-5)
    for k, each in enumerate(found.classes):
        column = probabilities[:, k].contiguous()
        own = binary_calibration_error(column, (truth == k).long(), n_bins=15)
        assert each.ece == pytest.approx(float(own), abs=1e-6)
    assert found.class_ece == pytest.approx(np.mean([each.ece for each in found.classes]))
    exact = probabilities.double() / probabilities.double().sum(1, keepdim=True)
    brier = brier_score_loss(truth, exact, labels=[0, 1, 2], scale_by_half=False)
    assert found.brier == pytest.approx(brier, abs=1e-6)


def test_a_drawn_truth_is_calibrated_and_a_sharper_one_is_not() -> None:
    logits, truth = drawn()
    right, sharp = (calibrate((logits * by).softmax(1), truth, NAMES) for by in (1.0, 4.0))
    assert right.ece < 0.02 < 0.1 < sharp.ece
    assert sharp.confidence > sharp.accuracy + 0.1
    inside = [b.accuracy_low <= b.confidence <= b.accuracy_high for b in right.bins if b.count]
    assert np.mean(inside) > 0.8
    fitted = fit_temperature(logits * 4, truth)
    cooled = calibrate((logits * 4 / fitted).softmax(1), truth, NAMES)
    assert cooled.ece < 0.02
    assert cooled.accuracy == sharp.accuracy


def test_bins_hold_their_lower_end_and_the_last_one_both() -> None:
    found = reliability(np.array([0.0, 0.5, 1.0]), np.array([False, True, True]), bins=2)
    assert [(each.count, each.accuracy) for each in found] == [(1, 0.0), (2, 1.0)]
    assert found[1].accuracy_low < 1 <= found[1].accuracy_high
    empty = reliability(np.array([0.9]), np.array([True]), bins=2)[0]
    assert empty.count == 0 and isnan(empty.accuracy)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_temperature_is_undone(temperature: float) -> None:
    logits, _ = drawn(clips=50)
    written = torch.tensor(np.round((logits / temperature).softmax(1).numpy(), 6))
    back = untempered(written, temperature)
    torch.testing.assert_close(back, logits.double().softmax(1), atol=2e-4, rtol=0)
    assert written.equal(torch.tensor(np.round((logits / temperature).softmax(1).numpy(), 6)))


def test_a_low_temperature_is_undone_from_what_tables_hold() -> None:
    logits, _ = drawn(clips=50)
    rows = prediction_rows((logits / 0.2).softmax(1), [""] * len(logits), NAMES)
    written = torch.tensor([[float(value) for value in row[2:]] for row in rows])
    back = untempered(written, 0.2)
    torch.testing.assert_close(back, logits.double().softmax(1), atol=1e-5, rtol=0)

"""Scores of classes against scikit-learn, and what their intervals promise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from skelgraph.evaluation.class_intervals import f1_of, score_classes
from skelgraph.evaluation.intervals import wilson_interval


def confusion_of(label: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (label, predicted), 1)
    return counts


def test_scores_are_scikit_learns() -> None:
    draw = np.random.default_rng(0)
    label = draw.integers(4, size=80)
    predicted = np.where(draw.random(80) < 0.6, label, draw.integers(4, size=80))
    found = score_classes(confusion_of(label, predicted, 4), draws=10)
    precision, recall, f1, clips = precision_recall_fscore_support(label, predicted)
    assert [one.precision for one in found.classes] == pytest.approx(precision)
    assert [one.recall for one in found.classes] == pytest.approx(recall)
    assert [one.f1 for one in found.classes] == pytest.approx(f1)
    assert [one.clips for one in found.classes] == clips.tolist()
    assert found.macro_f1 == pytest.approx(f1.mean())


def test_a_class_without_clips_is_unknown_and_does_not_count() -> None:
    found = score_classes(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))
    last = found.classes[2]
    assert last.clips == 0
    assert np.isnan([last.precision, last.recall, last.f1, *last.f1_interval]).all()
    assert found.macro_f1 == pytest.approx(np.mean([one.f1 for one in found.classes[:2]]))


def test_a_class_that_is_only_predicted_has_f1_zero() -> None:
    assert f1_of(np.array([[1, 1], [0, 0]])).tolist() == [pytest.approx(2 / 3), 0.0]


def test_intervals_hold_the_score_and_narrow_with_clips() -> None:
    counts = np.array([[30, 10], [6, 34]])
    few, many = score_classes(counts), score_classes(20 * counts)
    for one, more in zip(few.classes, many.classes, strict=True):
        assert one.f1_interval[0] < one.f1 < one.f1_interval[1]
        width, narrower = np.ptp(one.f1_interval), np.ptp(more.f1_interval)
        assert narrower == pytest.approx(width / np.sqrt(20), rel=0.25)
    assert few.classes[0].recall_interval == wilson_interval(30, 40)
    assert few.macro_f1_interval[0] < few.macro_f1 < few.macro_f1_interval[1]


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(3)
    share = np.array([[0.4, 0.1], [0.15, 0.35]])
    truth = f1_of(share)[0]
    hits = []
    for seed in range(150):
        counts = draw.multinomial(120, share.reshape(-1)).reshape(2, 2)
        low, high = score_classes(counts, draws=200, seed=seed).classes[0].f1_interval
        hits.append(low <= truth <= high)
    assert 0.88 <= np.mean(hits) <= 0.99


def test_same_seed_same_intervals() -> None:
    counts = np.array([[5, 2], [1, 6]])
    assert score_classes(counts, seed=1) == score_classes(counts, seed=1)
    assert score_classes(counts, seed=1) != score_classes(counts, seed=2)


def test_no_clips_at_all() -> None:
    found = score_classes(np.zeros((2, 2), dtype=int))
    assert np.isnan([found.macro_f1, *found.macro_f1_interval]).all()


def test_a_class_that_is_always_right_or_wrong_has_no_bootstrap_interval() -> None:
    right = score_classes(np.array([[9, 0], [0, 5]]))
    assert np.isnan([*right.classes[0].f1_interval, *right.macro_f1_interval]).all()
    assert right.classes[0].recall_interval == wilson_interval(9, 9)

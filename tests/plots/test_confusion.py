"""Confusion matrices from 2 to 200 classes."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.plots.confusion import (
    confusion_figure,
    count_confusions,
    row_shares,
    top_confusions,
)
from tests.plots.texts import bars_of, faults_of, words_of


def counts(classes: int, *, scale: int = 30) -> np.ndarray:
    draw = np.random.default_rng(classes)
    label = draw.integers(0, classes, classes * 20)
    wrong = (label + draw.integers(1, 3, len(label))) % classes
    predicted = np.where(draw.random(len(label)) < 0.8, label, wrong)
    return count_confusions(label, predicted, num_classes=classes) * scale


def names(classes: int) -> list[str]:
    return [
        ("open", "standing_hip_abduction_on_the_left_side", "clap")[i % 3] + f" {i}"
        for i in range(classes)
    ]


@pytest.mark.parametrize("classes", [2, 3, 12, 13, 40, 41, 200])
def test_texts_stand_clear(classes: int) -> None:
    figure = confusion_figure(counts(classes), names(classes), title="A run, test clips")
    assert faults_of(figure) == []
    assert bars_of(figure) == ["share of the true class"]


def test_large_counts_stay_in_their_cells() -> None:
    assert faults_of(confusion_figure(counts(40, scale=2500), names(40))) == []


def test_few_classes_show_count_and_share() -> None:
    words = words_of(confusion_figure(np.array([[3, 1], [0, 6]]), ["open", "close"]))
    assert {"3\n75 %", "1\n25 %", "6\n100 %", "open", "close"} <= set(words)


def test_many_classes_list_the_most_frequent_mistakes() -> None:
    matrix = np.diag(np.full(60, 9))
    matrix[7, 8] = 5
    words = words_of(confusion_figure(matrix, [f"c{i}" for i in range(60)]))
    assert "5 (36 %)" in words
    assert "c7 → c8" in words


def test_counting_by_hand() -> None:
    label, predicted = np.array([0, 0, 1, -1, 2]), np.array([0, 1, 1, 0, 0])
    matrix = count_confusions(label, predicted, num_classes=3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    np.testing.assert_allclose(row_shares(matrix)[0], [0.5, 0.5, 0])
    assert [(c.label, c.predicted, c.count) for c in top_confusions(matrix)] == [
        (2, 0, 1),
        (0, 1, 1),
    ]


def test_a_class_without_clips_stays_empty() -> None:
    matrix = np.array([[2, 0], [0, 0]])
    assert row_shares(matrix)[1].tolist() == [0, 0]
    assert faults_of(confusion_figure(matrix, ["a", "b"])) == []


def test_input_is_left_unchanged() -> None:
    matrix = counts(3)
    before = matrix.copy()
    confusion_figure(matrix, names(3))
    np.testing.assert_array_equal(matrix, before)

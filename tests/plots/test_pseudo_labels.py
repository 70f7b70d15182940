"""The history of pseudo-labels as a figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skelgraph.plots.pseudo_labels import class_rows, pseudo_labels_figure
from tests.plots.texts import faults_of, words_of


def history(classes: int, *, cycles: int, points: int, truth: bool = True) -> dict[str, Any]:
    draw = np.random.default_rng(classes)
    kinds = ("open", "standing_hip_abduction_on_the_left_side", "clap")
    records = []
    for time in range(cycles * points):
        counts = draw.integers(0, 60, 20)
        records.append(
            {
                "cycle": time // points,
                "epoch": time % points,
                "taken": 800 * time // (cycles * points),
                "taken_classes": draw.integers(0, 9, classes).tolist(),
                "changed": 0.2 if time else None,
                "accuracy": 0.6 if truth else None,
                "taken_accuracy": 0.9 if truth and time else None,
                "confidence": counts.tolist(),
                "taken_confidence": (counts // 2).tolist(),
            }
        )
    return {
        "clips": 800,
        "classes": [f"{kinds[i % 3]} {i}" for i in range(classes)],
        "given_classes": draw.integers(1, 5, classes).tolist(),
        "truth_classes": draw.integers(5, 20, classes).tolist() if truth else None,
        "records": records,
    }


@pytest.mark.parametrize(
    ("classes", "cycles", "points", "truth"),
    [(2, 1, 1, True), (12, 5, 6, True), (12, 1, 30, False), (200, 20, 6, True), (200, 1, 2, False)],
)
def test_texts_stand_clear(classes: int, cycles: int, points: int, truth: bool) -> None:
    found = history(classes, cycles=cycles, points=points, truth=truth)
    figure = pseudo_labels_figure(found, title="hands_fixmatch, 800 unlabelled clips")
    assert faults_of(figure) == []


def test_without_truth_nothing_is_said_of_it() -> None:
    words = words_of(pseudo_labels_figure(history(4, cycles=1, points=3, truth=False)))
    assert "truth" not in words and not any(word.startswith("right") for word in words)
    words = words_of(pseudo_labels_figure(history(4, cycles=1, points=3)))
    assert {"truth", "given", "right, of the taken", "right, of all"} <= set(words)


def test_numbers_are_kept() -> None:
    found = history(4, cycles=2, points=3)
    axes = pseudo_labels_figure(found).axes[0]
    expected = [record["taken"] for record in found["records"]]
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), expected)


def test_a_single_record_is_a_whole_number() -> None:
    axes = pseudo_labels_figure(history(4, cycles=1, points=1)).axes[1]
    assert [tick for tick in axes.get_xticks() if 0.5 <= tick <= 1.5] == [1]


def test_of_many_classes_the_most_skewed_are_shown() -> None:
    found = history(60, cycles=1, points=1)
    found["truth_classes"] = [10] * 60
    found["records"][-1]["taken_classes"] = [10] * 58 + [40, 0]
    rows = class_rows(found)
    assert len(rows) == 40
    assert (rows[0][0], rows[-1][0]) == (found["classes"][58], found["classes"][59])


def test_nothing_was_taken() -> None:
    found = history(3, cycles=1, points=2)
    found["records"][-1] |= {"taken": 0, "taken_classes": [0, 0, 0], "taken_confidence": [0] * 20}
    assert faults_of(pseudo_labels_figure(found)) == []

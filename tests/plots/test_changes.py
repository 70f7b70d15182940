"""Scores before and after from 1 to 200 classes."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.plots.changes import Dumbbell, changes_figure
from tests.plots.texts import faults_of, words_of

NAN = float("nan")


def rows(classes: int) -> list[Dumbbell]:
    draw = np.random.default_rng(classes)
    kinds = ("open", "standing_hip_abduction_on_the_left_side", "clap")
    found = []
    for i in range(classes):
        before = float(draw.uniform(0.3, 0.9))
        gap = float(draw.uniform(-0.3, 0.1))
        name = f"{kinds[i % 3]} {i}"
        found.append(Dumbbell(name, before, before + gap, gap - 0.1, gap + 0.1, gap < -0.2))
    return found


@pytest.mark.parametrize("classes", [1, 2, 12, 50, 51, 200])
def test_texts_stand_clear(classes: int) -> None:
    note = "95 % intervals: Student's t over 3 paired draws, each class for itself"
    figure = changes_figure(rows(classes), title="supervised, then curriculum", note=note)
    assert faults_of(figure) == []


def test_the_worst_comes_first_and_what_cannot_be_told_last() -> None:
    given = [
        Dumbbell("rose", 0.5, 0.8, 0.1, 0.5),
        Dumbbell("rare", NAN, NAN, NAN, NAN),
        Dumbbell("fell", 0.8, 0.5, -0.5, -0.1, sure=True),
    ]
    figure = changes_figure(given)
    labels = figure.axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == ["fell", "rose", "rare"]
    assert [label.get_fontweight() for label in labels] == ["bold", "normal", "normal"]
    assert words_of(figure).count("no test clips") == 1


def test_the_numbers_are_drawn() -> None:
    figure = changes_figure([Dumbbell("fell", 0.8, 0.5, -0.4, -0.2)])
    lines = [line.get_xdata() for line in figure.axes[0].get_lines()]
    np.testing.assert_allclose(lines[0], [0.4, 0.6])
    np.testing.assert_allclose(lines[1], [0.8, 0.5])


def test_a_class_without_interval_has_no_bar() -> None:
    one, other = (
        changes_figure([Dumbbell("a", 0.8, 0.5, low, high)])
        for low, high in ((-0.4, -0.2), (NAN,) * 2)
    )
    assert len(one.axes[0].get_lines()) == len(other.axes[0].get_lines()) + 1

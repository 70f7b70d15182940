"""Curves over the label budget."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.plots.budget_curve import Point, budget_figure
from tests.plots.texts import faults_of, words_of

NAN = float("nan")


def curves(methods: int, budgets: list[float]) -> dict[str, list[Point]]:
    return {
        f"meta_pseudo_labels {i}": [
            Point(b, 0.5 + 0.05 * j + 0.01 * i, 0.4, 0.9, 3) for j, b in enumerate(budgets)
        ]
        for i in range(methods)
    }


@pytest.mark.parametrize("methods", [1, 5, 14])
@pytest.mark.parametrize(
    "budgets", [[2.0], [1.0, 2.0, 5.0, 10.0], [0.01, 0.011, 0.012, 0.5], [1.0, 100000.0]]
)
def test_texts_stand_clear(methods: int, budgets: list[float]) -> None:
    figure = budget_figure(
        curves(methods, budgets), reference=Point(1.0, 0.93, 0.9, 0.96, 3),
        title="Test accuracy by label budget", note="mean, 95 % over 3 draws",
    )  # fmt: skip
    assert faults_of(figure) == []


def test_numbers_are_kept_and_methods_stand_apart() -> None:
    axes = budget_figure(curves(2, [1.0, 10.0])).axes[0]
    lines = [line for line in axes.get_lines() if line.get_marker() in ("o", "s")]
    np.testing.assert_allclose(lines[0].get_ydata(), [0.5, 0.55])
    first, second = (np.asarray(line.get_xdata()) for line in lines)
    assert (second > first).all()
    np.testing.assert_allclose(np.sqrt(first * second), [1, 10])


def test_the_reference_is_a_line_with_its_interval() -> None:
    with_line = budget_figure(curves(1, [1.0, 2.0]), reference=Point(1.0, 0.9, 0.8, 1.0, 3))
    assert "all labels" in words_of(with_line)
    assert len(with_line.axes[0].patches) == 1
    without = budget_figure(curves(1, [1.0, 2.0]), reference=Point(1.0, 0.9, NAN, NAN, 1))
    assert len(without.axes[0].patches) == 0


def test_one_draw_has_no_bar() -> None:
    axes = budget_figure({"supervised": [Point(1, 0.5, NAN, NAN, 1), Point(2, 0.6, 0.5, 0.7, 3)]})
    bars = axes.axes[0].collections[0].get_segments()
    assert [bar[1][1] - bar[0][1] for bar in bars] == pytest.approx([0.0, 0.2])


@pytest.mark.parametrize("budgets", [[5.0], [0.1], [2.0, 5.0]])
def test_the_axis_is_as_wide_as_the_panel(budgets: list[float]) -> None:
    figure = budget_figure(curves(2, budgets))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    assert high / low > 1.1
    line = axes.spines["bottom"].get_window_extent()
    assert (line.x0, line.x1) == pytest.approx((axes.bbox.x0, axes.bbox.x1))

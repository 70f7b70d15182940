"""Reliability diagrams: one or two of them, empty bins, the numbers that were given."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.plots.calibration import Reliability, reliability_figure
from tests.plots.texts import faults_of, words_of


def part(name: str, *, empty: int = 4, scale: int = 30) -> Reliability:
    middle = (np.arange(15) + 0.5) / 15
    count = np.full(15, scale)
    count[:empty] = 0
    shown = np.where(count > 0, middle, np.nan)
    return Reliability(name, count, shown, shown * 0.8, shown * 0.7, shown * 0.9, 0.1)


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("scale", [1, 30, 250_000])
def test_texts_stand_clear(parts: int, scale: int) -> None:
    found = [part(f"run {i}, temperature 1.83", scale=scale) for i in range(parts)]
    assert faults_of(reliability_figure(found, title="hands, test clips: calibration")) == []


def test_bins_without_clips_are_left_out_and_others_keep_their_numbers() -> None:
    given = part("before", empty=9)
    axes = reliability_figure([given]).axes[0]
    drawn = next(line for line in axes.get_lines() if line.get_marker() == "o")
    np.testing.assert_allclose(drawn.get_xdata(), given.confidence[9:])
    np.testing.assert_allclose(drawn.get_ydata(), given.accuracy[9:])
    bars = axes.collections[0].get_segments()
    np.testing.assert_allclose([bar[:, 1] for bar in bars], np.c_[given.low, given.high][9:])


def test_the_error_is_written() -> None:
    assert "before: error 10.0 %" in words_of(reliability_figure([part("before")]))


def test_the_highest_bar_of_all_diagrams_fits() -> None:
    parts = [part("before", scale=20), part("after", scale=300)]
    for axes in reliability_figure(parts).axes[2:]:
        assert axes.get_ylim()[0] == 0 and axes.get_ylim()[1] > 300

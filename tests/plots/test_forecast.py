from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from skelgraph.graphs import Layout, load_layout
from skelgraph.plots.forecast import PREDICTED, TRUE, Poses, forecast_figure, forecast_pictures
from tests.plots.texts import faults_of, words_of

ERRORS = {
    "forecast": np.linspace(5, 50, 6),
    "last pose held": np.linspace(10, 70, 6),
    "constant velocity": np.linspace(6, 100, 6),
}


def poses(layout: Layout, *, known: bool = True, coords: int = 3) -> Poses:
    """A body, or two hands, that drift to one side; the forecast goes the other way."""
    bodies = layout.max_bodies if layout.instances == "hands" else 1
    pose = np.stack([layout.neutral_of(body) for body in range(bodies)])[None, ..., :coords]
    drift = 0.01 * np.arange(18)[:, None, None, None] * np.eye(coords)[0]
    observed = (pose + drift)[:12]
    truth = (pose + drift)[12:] if known else None
    return Poses(layout, observed, pose + drift[6:12][::-1], truth, 1000 / 30)


def colours_of(figure: Figure) -> set[str]:
    return {
        to_hex(colour)
        for axes in figure.axes
        for lines in axes.collections
        if isinstance(lines, LineCollection)
        for colour in lines.get_colors()
    }


@pytest.mark.parametrize("name", ["kinect_v2", "mediapipe_hands", "mediapipe_holistic"])
def test_texts_stand_clear(name: str) -> None:
    figure = forecast_figure(
        poses(load_layout(name)), errors=ERRORS, title="Forecast by a run: a_clip@40, wave left"
    )
    assert faults_of(figure) == []
    assert {"last observed", "+33 ms", "+200 ms", "constant velocity"} <= set(words_of(figure))


def test_without_truth_or_errors_neither_is_shown() -> None:
    layout = load_layout("kinect_v2")
    assert {PREDICTED, TRUE} <= colours_of(forecast_figure(poses(layout)))
    figure = forecast_figure(poses(layout, known=False))
    assert TRUE not in colours_of(figure)
    assert "what came" not in words_of(figure)
    assert len(figure.axes) == 6


def test_pictures_run_from_the_observed_tail_to_the_end() -> None:
    shown = poses(load_layout("kinect_v1"), coords=2)
    shown.observed[-3:, :, 4] = np.nan
    pictures = list(forecast_pictures(shown, tail=5, title="a clip"))
    assert len(pictures) == 5 + 6 + 8
    assert len({picture.shape for picture in pictures}) == 1
    assert pictures[0].dtype == np.uint8 and pictures[0].shape[2] == 3
    assert not np.array_equal(pictures[4], pictures[5])
    assert np.array_equal(pictures[-1], pictures[-9])
    orange = np.array([0xD5, 0x5E, 0x00])
    body = slice(0, int(0.85 * len(pictures[0])))  # above the key
    assert not (pictures[4][body] == orange).all(-1).any()
    assert (pictures[5][body] == orange).all(-1).any()

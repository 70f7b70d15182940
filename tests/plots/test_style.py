"""Colours that can be told apart, also by the colour-blind; names; paper."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import Colormap, to_rgb

from skelgraph.plots import style

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "normal": np.eye(3).tolist(),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colours: np.ndarray) -> np.ndarray:
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def lab(colours: np.ndarray, sight: str) -> np.ndarray:
    """CIE L*a*b* of colours as somebody sees them, shape (K, 3)."""
    seen = np.clip(linear(colours[:, :3]) @ np.array(BLINDNESS[sight]).T, 0, 1)
    xyz = seen @ TO_XYZ.T / TO_XYZ.sum(axis=1)
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])],
        axis=1,
    )


@pytest.mark.parametrize("sight", BLINDNESS)
@pytest.mark.parametrize("colours", [style.sequential(), style.from_paper()], ids=lambda c: c.name)
def test_more_is_darker_for_everybody(colours: Colormap, sight: str) -> None:
    lightness = lab(colours(np.linspace(0, 1, 64)), sight)[:, 0]
    assert (np.diff(lightness) < 0.2).all()
    assert lightness[0] > 95
    assert lightness[-1] < 25


@pytest.mark.parametrize("sight", BLINDNESS)
def test_both_ends_of_differences_are_told_apart(sight: str) -> None:
    seen = lab(style.diverging()(np.linspace(0, 1, 65)), sight)
    assert np.linalg.norm(seen[:16] - seen[:-17:-1], axis=1).min() > 20
    assert np.argmax(seen[:, 0]) == 32


@pytest.mark.parametrize("sight", BLINDNESS)
def test_six_parts_are_told_apart(sight: str) -> None:
    seen = lab(np.array([to_rgb(colour) for colour in style.categorical(6)]), sight)
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 11


def test_categories_begin_again() -> None:
    first = style.categorical(len(style.CATEGORICAL))
    assert len(set(first)) == len(first)
    assert style.categorical(len(first) + 1)[-1] == first[0]


def test_ink_reads_on_every_colour() -> None:
    for colour in style.from_paper()(np.linspace(0, 1, 32)):
        ink = np.array(to_rgb(style.ink_on(tuple(colour))))
        light, dark = sorted(
            [float(linear(c) @ TO_XYZ[1]) + 0.05 for c in (colour[:3], ink)], reverse=True
        )
        assert light / dark > 3.3


def test_long_titles_are_broken_and_take_room() -> None:
    plain = style.titled_figure(4, 2, "")
    titled = style.titled_figure(4, 2, "a title that is far too long for one line of the paper")
    assert plain.get_figheight() == 2
    assert titled.get_figheight() > 2.4
    first, second = titled.get_suptitle().split("\n")
    assert abs(len(first) - len(second)) < 10


@pytest.mark.parametrize("name", ["grasp_of_the_left_hand_of_subject_07", "x" * 60])
def test_a_name_that_fits_a_line_is_not_broken_to_make_lines_even(name: str) -> None:
    lines = style.titled_figure(4, 2, f"a clip: {name}").get_suptitle().split("\n")
    assert max(map(len, lines)) <= 42
    assert name in lines or len(name) > 42


def test_settings_of_a_user_do_not_reach_the_paper() -> None:
    import matplotlib

    with matplotlib.rc_context({"figure.facecolor": "black", "axes.facecolor": "black"}):
        figure = style.titled_figure(2, 2, "x")
        axes = style.dress(figure.subplots())
    assert figure.get_facecolor()[:3] == (1, 1, 1)
    assert axes.get_facecolor()[:3] == (1, 1, 1)

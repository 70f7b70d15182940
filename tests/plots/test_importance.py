"""Importance on the skeleton, over time, by part, in pairs and in motion."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure

from skelgraph.errors import SkelgraphError
from skelgraph.graphs import Layout, available_layouts, load_layout
from skelgraph.plots.importance import (
    WARNING,
    Standing,
    classes_figure,
    importance_figure,
)
from skelgraph.plots.importance_motion import importance_pictures
from skelgraph.plots.importance_pair import pair_figure
from skelgraph.plots.importance_parts import PartBar, parts_figure
from skelgraph.plots.joint_time import Phase, seconds
from skelgraph.plots.parts import parts_of
from tests.plots.texts import bars_of, faults_of, texts_of, words_of

FAILED = Standing("NOT better than chance on 64 checked clips of this run: " * 2, believed=False)
TITLE = "Importance by integrated gradients, my_run, test clips, mean of 36 of standing abduction"


def shares(layout: Layout, *, frames: int = 12, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Signed shares by joint (M, V), and by frame (M, T, V)."""
    draw = np.random.default_rng(seed)
    bodies = 2 if layout.instances == "hands" else 1
    times = draw.normal(0.2, 1.0, (bodies, frames, layout.num_joints)) ** 3
    joints = times.sum(axis=1)
    return joints / np.abs(joints).sum(), times / np.abs(times).sum()


def dots_of(figure: Figure) -> list[PathCollection]:
    found = [c for axes in figure.axes for c in axes.collections if isinstance(c, PathCollection)]
    return [one for one in found if one.get_array() is not None]


@pytest.mark.parametrize("name", available_layouts())
def test_texts_stand_clear_on_every_layout(name: str) -> None:
    layout = load_layout(name)
    joints, times = shares(layout)
    near = [Phase("onset", 0.9), Phase("peak", 0.95), Phase("end", 1.99)]
    figure = importance_figure(
        layout, joints, times, span=seconds(60, 30), phases=near, standing=FAILED, title=TITLE
    )
    assert faults_of(figure) == []
    assert len(bars_of(figure)) == 2


def test_dots_have_the_values_on_a_scale_about_zero() -> None:
    layout = load_layout("kinect_v2")
    joints, _ = shares(layout)
    (dots,) = dots_of(importance_figure(layout, joints))
    np.testing.assert_allclose(sorted(dots.get_array()), sorted(joints[0]))
    assert dots.norm.vmin == -dots.norm.vmax
    greatest = np.argmax(np.abs(dots.get_array()))
    assert dots.get_sizes()[greatest] == dots.get_sizes().max()


def test_values_without_sign_have_a_scale_from_zero_and_the_equal_share() -> None:
    layout = load_layout("mediapipe_hands")
    joints = np.abs(shares(layout)[0])
    figure = importance_figure(layout, joints)
    assert all(dots.norm.vmin == 0 for dots in dots_of(figure))
    assert "equal" in words_of(figure)
    (line,) = [
        line for axes in figure.axes if axes.get_label() == "<colorbar>"
        for line in axes.get_lines()
    ]  # fmt: skip
    assert line.get_ydata()[0] == pytest.approx(1 / 42)  # both hands share the whole


def test_the_matrix_has_the_values_in_equal_shares_and_marks_phases() -> None:
    layout = load_layout("openpose_body25")
    _, times = shares(layout, frames=8)
    marks = [Phase("peak", 1.5), Phase("onset", 0.5)]
    figure = importance_figure(layout, None, times, span=seconds(60, 30), phases=marks)
    axes = figure.axes[0]
    mesh = next(c for c in axes.collections if isinstance(c, QuadMesh))
    rows = [joint for _, joints in parts_of(layout) for joint in joints]
    np.testing.assert_allclose(mesh.get_array(), times[0].T[rows] * 8 * 25)
    assert mesh.norm.vmin == -mesh.norm.vmax
    lines = [line.get_xdata()[0] for line in axes.get_lines() if len(set(line.get_xdata())) == 1]
    assert {0.5, 1.5} <= set(lines)
    words = [words for words, _ in texts_of(figure)]
    assert {"onset", "peak"} <= set(words)


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(SkelgraphError, match="expected values of joints or of frames to draw"):
        importance_figure(load_layout("coco17"), None)


@pytest.mark.parametrize("believed", [False, True, None])
def test_the_figure_says_how_the_method_did(believed: bool | None) -> None:
    layout = load_layout("coco17")
    standing = Standing("on 12 clips", believed)
    figure = importance_figure(layout, shares(layout)[0], standing=standing)
    (text,) = [t for t in figure.texts if t.get_text() == "on 12 clips"]
    assert (text.get_color() == WARNING) == (believed is False)
    assert (text.get_fontweight() == "bold") == (believed is False)


@pytest.mark.parametrize("name", ["mediapipe_hands", "kinect_v2", "openpose_body25_hands"])
def test_forty_classes_stand_clear(name: str) -> None:
    layout = load_layout(name)
    maps = np.stack([shares(layout, seed=i)[0] for i in range(40)])
    names = [f"standing_hip_abduction_left_{i}\n12 clips" for i in range(40)]
    figure = classes_figure(layout, maps, names, standing=FAILED, title=TITLE)
    assert faults_of(figure) == []
    values = [dots.get_array() for dots in dots_of(figure)]
    assert sum(len(one) for one in values) == maps.size


@pytest.mark.parametrize("name", ["mediapipe_hands", "kinect_v2", "openpose_body25_hands"])
def test_a_pair_and_its_difference(name: str) -> None:
    layout = load_layout(name)
    first, second = (np.abs(shares(layout, seed=i)[0]) for i in range(2))
    names = ("standing_hip_abduction_left\n9 clips", "open\n3 clips", "one less the other")
    figure = pair_figure(
        layout, first, second, first - second, names=names, standing=FAILED, title=TITLE
    )
    assert faults_of(figure) == []
    dots = dots_of(figure)
    each = len(dots) // 3
    drawn = [np.concatenate([one.get_array() for one in dots[i * each :][:each]]) for i in range(3)]
    for values, expected in zip(drawn, (first, second, first - second), strict=True):
        np.testing.assert_allclose(np.sort(values), np.sort(expected, axis=None))
    assert dots[0].norm.vmax == dots[each].norm.vmax
    assert dots[-1].norm.vmin == -dots[-1].norm.vmax


def test_bars_of_parts_have_their_lengths() -> None:
    bars = [PartBar("left arm", 0.5, 0.4, 0.7), PartBar("trunk", -0.1, -0.2, 0.0)]
    figure = parts_figure([("left hand", bars), ("right hand", bars[:1])], title=TITLE)
    axes = figure.axes[0]
    assert [patch.get_width() for patch in axes.patches] == [0.5, -0.1]
    red, _, blue, _ = zip(*(patch.get_facecolor() for patch in axes.patches), strict=True)
    assert red[0] > blue[0] and blue[1] > red[1]  # as on maps: blue is against the class
    assert axes.get_lines()[0].get_xdata().tolist() == [0.4, 0.7]
    assert "below 0: against the class" in axes.get_xlabel()
    assert faults_of(figure) == []


def test_twenty_five_parts_stand_clear() -> None:
    bars = [PartBar(f"left hand little finger {i}", 0.04, 0.02, 0.05) for i in range(25)]
    assert faults_of(parts_figure([("", bars)], standing=FAILED, title=TITLE)) == []


@pytest.mark.parametrize("name", ["mediapipe_hands", "coco17"])
def test_a_clip_moves_with_its_colours(name: str) -> None:
    layout = load_layout(name)
    _, times = shares(layout, frames=3)
    bodies = len(times)
    positions = np.repeat(layout.neutral[None, None], bodies, axis=1).repeat(3, axis=0)
    positions = positions + np.linspace(0, 0.2, 3)[:, None, None, None]
    visible = np.ones(positions.shape[:-1], dtype=bool)
    kept = positions.copy()
    pictures = list(
        importance_pictures(
            layout, positions, visible, times.swapaxes(0, 1), step_ms=40, standing=FAILED, title="x"
        )
    )
    assert len(pictures) == 3
    assert len({picture.shape for picture in pictures}) == 1
    assert all(picture.dtype == np.uint8 for picture in pictures)
    assert (pictures[0] != pictures[2]).any()
    np.testing.assert_array_equal(positions, kept)


def test_a_clip_without_joints_does_not_move() -> None:
    layout = load_layout("coco17")
    positions = np.zeros((2, 1, 17, 3))
    nothing = np.zeros((2, 1, 17), dtype=bool)
    with pytest.raises(SkelgraphError, match="expected a joint that was seen"):
        next(importance_pictures(layout, positions, nothing, np.zeros((1, 17))))

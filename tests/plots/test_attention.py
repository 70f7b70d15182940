"""Attention on the skeleton, over time, and by class, for every layout."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure

from skelgraph.graphs import Layout, available_layouts, load_layout
from skelgraph.plots import heat
from skelgraph.plots.attention import (
    attention_figure,
    classes_figure,
    skeleton_figure,
    time_figure,
)
from skelgraph.plots.joint_time import seconds
from skelgraph.plots.panels import neutral_panels
from skelgraph.plots.parts import parts_of
from tests.graphs.made_up import chain
from tests.plots.texts import bars_of, faults_of, words_of

TITLE = "Joint attention of a run, mean of 36 test clips of class standing hip abduction left"


def weights(
    layout: Layout, *, frames: int = 12, peaked: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Shares by joint (M, V), and by frame (M, T, V)."""
    draw = np.random.default_rng(7)
    bodies = 2 if layout.instances == "hands" else 1
    joints = draw.dirichlet(np.full(layout.num_joints, peaked), bodies)
    times = draw.dirichlet(np.full(frames, 2.0), (bodies, layout.num_joints))
    return joints, joints[:, None] * times.transpose(0, 2, 1)


@pytest.mark.parametrize("name", available_layouts())
def test_texts_stand_clear_and_bars_are_there(name: str) -> None:
    layout = load_layout(name)
    joints, times = weights(layout)
    figure = attention_figure(layout, joints, times, span=seconds(60, 30), title=TITLE)
    assert faults_of(figure) == []
    assert bars_of(figure) == ["share of attention", "attention (1: an equal share)"]


@pytest.mark.parametrize("name", ["mediapipe_hands", "openpose_body25_hands", "kinect_v2"])
@pytest.mark.parametrize("relative", [False, True])
def test_classes_stand_clear(name: str, relative: bool) -> None:
    layout = load_layout(name)
    joints = np.stack([np.roll(weights(layout)[0], i, axis=1) for i in range(7)])
    names = ["open", "standing_hip_abduction_left", "standing_hip_abduction_right", *"abcd"]
    figure = classes_figure(layout, joints, names, relative=relative, title=TITLE)
    assert faults_of(figure) == []
    assert len(bars_of(figure)) == 1


def test_the_greatest_joints_are_named_with_their_share() -> None:
    layout = load_layout("kinect_v2")
    joints = np.full((1, 25), 0.4 / 24)
    joints[0, layout.index("right_wrist")] = 0.6
    assert "right wrist  60.0 %" in words_of(skeleton_figure(layout, joints))


def test_hands_stand_side_by_side_and_keep_their_values() -> None:
    layout = load_layout("mediapipe_hands")
    joints = np.zeros((2, 21))
    joints[0, 4], joints[1, 8] = 1.0, 1.0
    right, left = heat.plan(layout, joints).panels
    assert (right.title, left.title) == ("right hand, palm", "left hand, palm")
    assert right.box[1] < left.box[0]
    dots = value_dots(skeleton_figure(layout, joints))
    biggest = [offsets[np.argmax(values)] for offsets, values in dots]
    np.testing.assert_allclose(biggest, [right.points[8], left.points[4]])


def test_thumbs_point_to_each_other_with_the_palms_to_the_reader() -> None:
    layout = load_layout("mediapipe_hands")
    thumb, little = layout.indices(("thumb_tip", "little_tip"))
    right, left = neutral_panels(layout)
    assert right.points[thumb, 0] > right.points[little, 0]
    assert left.points[thumb, 0] < left.points[little, 0]


def test_hands_of_a_composite_are_drawn_apart_upright_and_whole() -> None:
    layout = load_layout("openpose_upper8_hands")
    right, body, left = neutral_panels(layout)
    shown = np.concatenate([panel.joints for panel in (right, body, left)])
    assert sorted(shown) == list(range(50))
    for side, panel in (("right", right), ("left", left)):
        wrist, tip, thumb = layout.indices(
            [f"{side}_hand_{j}" for j in ("wrist", "middle_tip", "thumb_tip")]
        )
        assert panel.points[tip, 1] - panel.points[wrist, 1] > 1.0
        assert (panel.points[thumb, 0] > panel.points[wrist, 0]) == (side == "right")


def value_dots(figure: Figure) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places and values of the joints of each panel."""
    found = [c for axes in figure.axes for c in axes.collections if isinstance(c, PathCollection)]
    return [(c.get_offsets(), c.get_array()) for c in found if c.get_array() is not None]


def test_a_body_that_was_not_there_is_hollow_and_said_to_be_missing() -> None:
    layout = load_layout("mediapipe_hands")
    joints, times = weights(layout)
    joints[0], times[0] = np.nan, np.nan
    figure = attention_figure(layout, joints, times)
    words = words_of(figure)
    assert {"left hand, palm (not seen)", "left hand (not seen)", "right hand"} <= set(words)
    assert faults_of(figure) == []


def test_several_people_have_a_panel_each() -> None:
    layout = load_layout("coco17")
    joints = np.random.default_rng(0).dirichlet(np.ones(17), 3)
    figure = skeleton_figure(layout, joints)
    assert {"body 1", "body 2", "body 3"} <= set(words_of(figure))
    assert faults_of(figure) == []


def test_even_attention_looks_even() -> None:
    layout = load_layout("kinect_v2")
    even = np.full((1, 25), 1 / 25)
    even[0, 3] += 1e-6
    figure = attention_figure(layout, even, even[:, None].repeat(4, 1) / 4)
    dots = [c for c in figure.axes[0].collections if isinstance(c, PathCollection)][-1]
    assert dots.norm.vmax == pytest.approx(2 / 25)
    (mesh,) = [c for c in figure.axes[2].collections if isinstance(c, QuadMesh)]
    assert mesh.norm.vmax == pytest.approx(2)
    np.testing.assert_allclose(mesh.get_array(), 1.0, rtol=1e-3)


def test_the_matrix_has_a_row_a_joint_by_part_and_seconds() -> None:
    layout = load_layout("openpose_body25")
    _, times = weights(layout, frames=6)
    figure = time_figure(layout, times, span=seconds(90, 30))
    axes = figure.axes[0]
    rows = [joint for _, joints in parts_of(layout) for joint in joints]
    written = [label.get_text() for label in axes.get_yticklabels()]
    assert written == [layout.joints[joint].replace("_", " ") for joint in rows]
    assert sorted(rows) == list(range(25))
    assert axes.get_xlim() == (0, 3)
    assert axes.get_xlabel() == "time (s)"
    mesh = next(c for c in axes.collections if isinstance(c, QuadMesh))
    np.testing.assert_allclose(mesh.get_array(), times[0].T[rows] * 6 * 25)


def test_time_without_a_rate_counts_frames() -> None:
    assert seconds(12, None).label == "time (frames)"


def test_differences_of_classes_sum_to_nothing() -> None:
    layout = load_layout("kinect_v2")
    joints = np.random.default_rng(1).dirichlet(np.ones(25), (4, 1))
    values = [v for _, v in value_dots(classes_figure(layout, joints, list("abcd"), relative=True))]
    assert abs(sum(v.sum() for v in values)) < 1e-9


def test_crowded_joints_stay_in_sight() -> None:
    points = np.array([[0.0, 0.0], [0.1, 0.0], [2.0, 0.0]])
    near, _, far = heat.room(points)
    assert near == pytest.approx((2 * 72 * 0.1) ** 2)
    assert far > near


@pytest.mark.parametrize("joints", [1, 2, 75])
def test_made_up_layouts_can_be_drawn(joints: int) -> None:
    layout = chain(max(joints, 2))
    shares, times = weights(layout)
    assert faults_of(attention_figure(layout, shares, times)) == []


def test_input_is_left_unchanged() -> None:
    layout = load_layout("mediapipe_hands")
    joints, times = weights(layout)
    kept = joints.copy(), times.copy()
    attention_figure(layout, joints, times)
    classes_figure(layout, joints[None], ["a"], relative=True)
    np.testing.assert_array_equal(joints, kept[0])
    np.testing.assert_array_equal(times, kept[1])

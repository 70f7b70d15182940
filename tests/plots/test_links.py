"""A-links over the skeleton and as matrices; gate and towers."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch

from skelgraph.cli.figure_file import DOTS_PER_INCH
from skelgraph.graphs import Layout, available_layouts, load_layout
from skelgraph.plots.gate import gate_figure
from skelgraph.plots.links import IMPORTANCE, colour_of, links_figure, width_of
from skelgraph.plots.links_matrix import links_matrix_figure
from skelgraph.plots.parts import parts_of
from skelgraph.plots.strongest_links import strongest_links
from skelgraph.plots.towers import towers_figure
from tests.graphs.made_up import chain
from tests.plots.texts import bars_of, faults_of, words_of

TITLE = "A-links, my_run, simulated test clips, mean of 36 of standing hip abduction left"


def links(layout: Layout, *, kinds: int = 2) -> np.ndarray:
    """Probabilities from u to v, the ghost left out, (M, K, V, V)."""
    bodies = 2 if layout.instances == "hands" else 1
    joints = layout.num_joints
    draw = np.random.default_rng(5).dirichlet(np.ones(kinds + 1), (bodies, joints, joints))
    return np.moveaxis(draw[..., 1:], -1, 1)


@pytest.mark.parametrize("name", available_layouts())
def test_texts_stand_clear_on_every_layout(name: str) -> None:
    layout = load_layout(name)
    assert faults_of(links_figure(layout, links(layout), title=TITLE)) == []
    assert faults_of(links_matrix_figure(layout, links(layout), title=TITLE)) == []


@pytest.mark.parametrize("joints", [2, 75])
def test_made_up_layouts_can_be_drawn(joints: int) -> None:
    layout = chain(joints)
    assert faults_of(links_matrix_figure(layout, links(layout, kinds=3))) == []
    assert faults_of(links_figure(layout, links(layout, kinds=3))) == []


def test_the_strongest_of_each_type_and_none_to_itself() -> None:
    values = np.zeros((1, 2, 3, 3))
    values[0, 0] = [[0.9, 0.5, 0.1], [0.2, 0.9, 0.3], [0.0, 0.0, 0.9]]
    values[0, 1, 2, 1] = 0.4
    found = [(x.kind, x.source, x.target, x.value) for x in strongest_links(values, count=2)]
    assert found == [(0, 0, 1, 0.5), (1, 2, 1, 0.4), (0, 1, 2, 0.3)]
    values[0, 0, 1, 2] = -0.6
    found = [(x.kind, x.source, x.target, x.value) for x in strongest_links(values, count=1)]
    assert found == [(0, 1, 2, -0.6), (1, 2, 1, 0.4)]


def test_a_hand_without_strong_links_is_not_called_unseen() -> None:
    layout = load_layout("mediapipe_hands")
    values = np.zeros((2, 1, 21, 21))
    values[1, 0, 4, 8] = 0.5
    words = words_of(links_figure(layout, values))
    assert {"left hand, palm", "right hand, palm"} <= set(words)
    values[0] = np.nan
    assert "left hand, palm (not seen)" in words_of(links_figure(layout, values))


def test_arrows_go_from_sender_to_receiver_as_wide_as_probable() -> None:
    layout = load_layout("kinect_v2")
    values = np.zeros((1, 2, 25, 25))
    source, target = layout.index("left_hand"), layout.index("head")
    values[0, 1, source, target] = 0.8
    figure = links_figure(layout, values)
    (arrow,) = [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]
    start, end = arrow._posA_posB
    assert start[0] > end[0] and start[1] < end[1]  # the left hand is right of and below the head
    assert arrow.get_linewidth() == width_of(0.8) > width_of(0.4)
    assert to_hex(arrow.get_edgecolor()) == colour_of(1)
    assert {"link type 1", "link type 2", "probability 0.80"} <= set(words_of(figure))
    assert {"left hand", "head"} <= set(words_of(figure))


@pytest.mark.parametrize("name", ["kinect_v2", "mediapipe_hands", "openpose_body25_hands"])
def test_importance_has_both_signs(name: str) -> None:
    layout = load_layout(name)
    values = 0.01 * (links(layout) - 0.3)
    figure = links_figure(layout, values, quantity=IMPORTANCE, title=TITLE)
    assert faults_of(figure) == []
    arrows = [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]
    drawn = strongest_links(values)
    assert sum(arrow.get_linestyle() != "-" for arrow in arrows) == sum(x.value < 0 for x in drawn)
    assert max(arrow.get_linewidth() for arrow in arrows) == width_of(1.0)
    most = f"log-odds lost without it {abs(drawn[0].value):.2g}"
    legend = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"link type 1", "link type 2", most} <= legend
    assert ("against the class" in legend) is any(x.value < 0 for x in drawn)
    figure = links_matrix_figure(layout, values, quantity=IMPORTANCE, title=TITLE)
    assert faults_of(figure) == []
    assert bars_of(figure) == ["log-odds lost without it"]
    mesh = next(c for c in figure.axes[0].collections if isinstance(c, QuadMesh))
    assert mesh.norm.vmin == -mesh.norm.vmax


@pytest.mark.parametrize("seen", [1, 2])
@pytest.mark.parametrize("name", ["kinect_v2", "mediapipe_hands"])
def test_the_legend_stays_on_the_page(name: str, seen: int) -> None:
    """Its lines too, as dense as files have them, where letters are widest."""
    layout = load_layout(name)
    values = 0.0068 * (links(layout) - 0.5)
    values[seen:] = np.nan
    figure = links_figure(layout, values, quantity=IMPORTANCE)
    figure.set_dpi(DOTS_PER_INCH)
    figure.canvas.draw()
    legend = figure.legends[0].get_window_extent()
    assert "against the class" in words_of(figure)
    assert legend.x0 >= 0 and legend.x1 <= figure.bbox.width


def test_a_hand_that_was_not_seen_has_no_links() -> None:
    layout = load_layout("mediapipe_hands")
    values = links(layout)
    values[1] = np.nan
    assert {link.body for link in strongest_links(values)} == {0}
    words = words_of(links_matrix_figure(layout, values))
    assert "left hand, link type 1" in words and "right hand, link type 1" not in words


def test_matrices_are_ordered_by_part() -> None:
    layout = load_layout("coco17")
    values = links(layout)
    kept = values.copy()
    figure = links_matrix_figure(layout, values)
    order = [joint for _, joints in parts_of(layout) for joint in joints]
    for kind, axes in enumerate(figure.axes[:2]):
        mesh = next(c for c in axes.collections if isinstance(c, QuadMesh))
        drawn = mesh.get_array()
        assert np.ma.getmaskarray(drawn).diagonal().all()
        expected = values[0, kind][np.ix_(order, order)]
        outside = ~np.eye(17, dtype=bool)
        np.testing.assert_allclose(drawn[outside], expected[outside])
    ends = np.cumsum([len(joints) for _, joints in parts_of(layout)])[:-1] - 0.5
    borders = {line.get_ydata()[0] for line in figure.axes[0].get_lines()}
    assert set(ends) <= borders
    np.testing.assert_array_equal(values, kept)


@pytest.mark.parametrize("classes", [1, 3, 50, 200])
def test_the_gate_stands_clear_and_says_its_means(classes: int) -> None:
    draw = np.random.default_rng(classes)
    given = [
        (f"standing_hip_abduction_left_{i}", draw.uniform(0, 1, 3 + 50 * (i % 2)))
        for i in range(classes)
    ]
    figure = gate_figure(given, title=TITLE)
    assert faults_of(figure) == []
    means = [
        float(line.get_xdata()[0])
        for axes in figure.axes
        for line in axes.get_lines()
        if line.get_marker() == "o"
    ]
    np.testing.assert_allclose(means, [values.mean() for _, values in given])


@pytest.mark.parametrize("name", ["coco17", "mediapipe_hands", "openpose_body25_hands"])
def test_both_towers(name: str) -> None:
    layout = load_layout(name)
    draw = np.random.default_rng(1)
    step = draw.dirichlet(np.full(8, 0.3), 8)
    joint = draw.dirichlet(np.full(layout.num_joints, 0.3), layout.num_joints)
    figure = towers_figure(layout, step, joint, title=TITLE)
    assert faults_of(figure) == []
    first, second = (
        next(c for c in axes.collections if isinstance(c, QuadMesh)) for axes in figure.axes[:2]
    )
    np.testing.assert_allclose(first.get_array(), 8 * step)
    order = [j for _, joints in parts_of(layout) for j in joints]
    np.testing.assert_allclose(second.get_array(), layout.num_joints * joint[np.ix_(order, order)])


def test_even_attention_looks_even() -> None:
    layout = load_layout("coco17")
    figure = towers_figure(layout, np.full((4, 4), 0.25), np.full((17, 17), 1 / 17))
    meshes = [c for axes in figure.axes[:2] for c in axes.collections if isinstance(c, QuadMesh)]
    assert [mesh.norm.vmax for mesh in meshes] == [2.0, 2.0]

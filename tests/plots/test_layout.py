"""Figures of layouts: every joint named, no text on another, colours by part."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from matplotlib.text import Text

from skelgraph.graphs import Layout, available_layouts, load_layout
from skelgraph.plots.layout import layout_figure
from skelgraph.plots.panels import neutral_panels
from skelgraph.plots.skeleton import LOOSE, joint_colours, part_colours
from tests.graphs.made_up import chain
from tests.plots.texts import faults_of, texts_of


@pytest.mark.parametrize("name", available_layouts())
def test_texts_stand_clear_of_each_other_and_inside(name: str) -> None:
    assert faults_of(layout_figure(load_layout(name))) == []


@pytest.mark.parametrize("name", available_layouts())
def test_every_joint_is_numbered_and_named(name: str) -> None:
    layout = load_layout(name)
    written = [text.get_text() for text in layout_figure(layout).findobj(Text)]
    hands = 2 if layout.instances == "hands" else 1
    for number in range(layout.num_joints):
        assert sum(words.startswith(f"{number} ") for words in written) == hands


def test_the_persons_right_is_on_the_left() -> None:
    layout = load_layout("kinect_v2")
    (panel,) = neutral_panels(layout)
    right, left = panel.points[list(layout.indices(("right_hand", "left_hand"))), 0]
    assert right < left


def test_colours_follow_the_parts() -> None:
    layout = load_layout("openpose_upper8_hands")
    for panel in neutral_panels(layout):
        colours, parts = joint_colours(layout, panel), part_colours(layout, panel)
        assert len(set(parts.values())) == len(parts)
        for part, colour in parts.items():
            assert {colours[joint] for joint in layout.parts[part]} == {colour}


def test_joints_in_no_part_are_explained() -> None:
    layout = chain(4)
    (panel,) = neutral_panels(layout)
    assert list(part_colours(layout, panel)) == [LOOSE]
    texts_of(layout_figure(layout))


def test_any_shape_can_be_drawn() -> None:
    flat = {
        "name": "flat",
        "joints": [["a", None, [0, 0, 0]], ["b", "a", [0, 0, 1.0]]],
        "centre": "a",
        "reference": [["a"], ["b"]],
    }
    texts_of(layout_figure(Layout.from_dict(flat)))
    texts_of(layout_figure(Layout.from_dict({**flat, "instances": "hands"})))


def test_the_same_layout_gives_the_same_picture() -> None:
    pictures = []
    for _ in range(2):
        target = BytesIO()
        layout_figure(load_layout("mads")).savefig(target, format="png", dpi=50)
        pictures.append(target.getvalue())
    assert pictures[0] == pictures[1]
    assert np.frombuffer(pictures[0], dtype=np.uint8).size > 1000

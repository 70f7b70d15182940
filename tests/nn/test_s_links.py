"""The S-links that every block is given, against walks over the bones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.graphs import Layout, load_layout
from tests.graphs.made_up import random_layouts
from tests.nn import reference_block


@given(random_layouts(max_joints=9), st.integers(1, 4))
@settings(max_examples=20)
def test_random_trees(layout: Layout, order: int) -> None:
    expected = reference_block.s_links(layout, order)
    np.testing.assert_allclose(layout.s_links(order), expected, atol=1e-6)
    expected = reference_block.s_links_by_hops(layout, order)
    np.testing.assert_allclose(layout.s_links(order, form="hops"), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["kinect_v2", "mediapipe_hands", "mediapipe_pose"])
def test_shipped_layouts(name: str) -> None:
    layout = load_layout(name)
    np.testing.assert_allclose(layout.s_links(4), reference_block.s_links(layout, 4), atol=1e-6)
    expected = reference_block.s_links_by_hops(layout, 4)
    np.testing.assert_allclose(layout.s_links(4, form="hops"), expected, atol=1e-6)

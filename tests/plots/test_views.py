"""Poses beside what became of them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from skelgraph.errors import SkelgraphError
from skelgraph.graphs import load_layout
from skelgraph.plots.views import View, views_figure

BODY = load_layout("kinect_v2")


def view(*, missing: tuple[int, ...] = ()) -> View:
    seen = np.ones(BODY.num_joints, dtype=bool)
    seen[list(missing)] = False
    return View("moved", BODY.neutral, BODY.neutral + 0.1, seen)


def test_every_pose_stands_over_the_one_as_recorded() -> None:
    figure = views_figure([[view(), view(missing=(3,))], [view()]], BODY, title="Changed")
    first, second, third, empty = figure.axes
    bones = BODY.num_joints - 1
    for axes, shown in ((first, bones), (second, bones - 1), (third, bones)):
        before, after = (c for c in axes.collections if isinstance(c, LineCollection))
        assert len(before.get_segments()) == bones
        assert len(after.get_segments()) == shown
        assert axes.get_title() == "moved"
    assert BODY.parents.count(3) == 0
    assert not empty.collections
    # The house frame's x is the person's right, which is left on paper.
    line = first.collections[1].get_segments()[0]
    parent = BODY.parents[1] if BODY.parents[1] >= 0 else BODY.parents[0]
    np.testing.assert_allclose(line[1], (BODY.neutral[parent] + 0.1)[:2] * [-1, 1], atol=1e-6)


def test_missing_places_need_not_be_numbers() -> None:
    after = BODY.neutral.copy()
    after[3] = np.nan
    seen = np.isfinite(after).all(axis=1)
    figure = views_figure([[View("", BODY.neutral, after, seen)]], BODY)
    assert np.isfinite(figure.axes[0].get_xlim()).all()


@pytest.mark.parametrize("rows", [[], [[]], [[view()], []]])
def test_nothing_to_draw_is_refused(rows: list[list[View]]) -> None:
    with pytest.raises(SkelgraphError, match="views: expected rows with a view each"):
        views_figure(rows, BODY)

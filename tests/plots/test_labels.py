"""Names beside drawings keep apart and move as little as they must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from skelgraph.plots.labels import Columns, choose_sides, spread

PLACES = st.lists(st.floats(-3, 13), min_size=1, max_size=12).map(sorted)


@given(PLACES, st.floats(0.01, 3))
def test_places_keep_apart_and_inside(wanted: list[float], gap: float) -> None:
    places = spread(np.array(wanted), gap=gap, low=0, high=10)
    room = min(gap, 10 / max(len(wanted) - 1, 1))
    assert (np.diff(places) >= room - 1e-9).all()
    assert places.min() >= -1e-9
    assert places.max() <= 10 + 1e-9


@given(st.lists(st.floats(3, 7), min_size=2, max_size=5).map(sorted))
def test_nobody_moves_farther_than_needed(wanted: list[float]) -> None:
    places = spread(np.array(wanted), gap=0.5, low=0, high=10)
    best = minimize(
        lambda x: ((x - wanted) ** 2).sum(),
        np.linspace(1, 9, len(wanted)),
        constraints={"type": "ineq", "fun": lambda x: np.diff(x) - 0.5},
        method="SLSQP",
    )
    assert ((places - wanted) ** 2).sum() <= best.fun + 1e-6


def test_what_is_apart_already_stays() -> None:
    wanted = np.array([1.0, 3.0, 6.0])
    np.testing.assert_allclose(spread(wanted, gap=1.0, low=0, high=10), wanted)
    assert spread(np.zeros(0), gap=1.0, low=0, high=10).shape == (0,)


@pytest.mark.parametrize(("left", "right", "expected"), [(None, 9.0, True), (-1.0, None, False)])
def test_one_column_takes_all(left: float | None, right: float | None, expected: bool) -> None:
    columns = Columns(left=left, right=right, low=0, high=1, gap=0.1)
    assert (choose_sides(np.arange(4.0), columns) == expected).all()


def test_two_columns_share_when_one_side_is_too_full() -> None:
    columns = Columns(left=0, right=10, low=0, high=1, gap=0.25)
    few, many = np.array([1.0, 2.0, 9.0]), np.linspace(0.5, 4, 8)
    assert choose_sides(few, columns).tolist() == [False, False, True]
    assert choose_sides(many, columns).sum() == 4

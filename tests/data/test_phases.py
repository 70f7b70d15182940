"""Onset, peak and end of a movement."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.data.phases import find_phases, motion_energy


def test_energy_is_the_mean_squared_step_of_joints_seen_twice() -> None:
    positions = np.zeros((3, 1, 2, 3))
    positions[1, 0, 0] = (1.0, 2.0, 2.0)  # 9, and back: 9
    visible = np.ones((3, 1, 2), dtype=bool)
    assert motion_energy(positions, visible).tolist() == [4.5, 4.5]
    visible[2, 0, 0] = False
    assert motion_energy(positions, visible).tolist() == [4.5, 0.0]


def test_energy_ignores_gaps() -> None:
    positions = np.zeros((4, 1, 1, 2))
    positions[2] = np.nan
    visible = np.isfinite(positions).all(axis=-1)
    assert motion_energy(positions, visible).tolist() == [0.0, 0.0, 0.0]


def test_a_movement_between_rests() -> None:
    energy = np.zeros(40)
    energy[10:21] = 1 - np.linspace(-1, 1, 11) ** 2
    found = find_phases(energy)
    assert list(found) == ["onset", "peak", "end"]
    assert found["peak"] == pytest.approx(15.5)
    assert 9 < found["onset"] < 12 and 19 < found["end"] < 22
    assert found["peak"] - found["onset"] == pytest.approx(found["end"] - found["peak"])


def test_a_movement_cut_off_begins_at_the_first_step() -> None:
    assert find_phases(np.linspace(1, 0, 20))["onset"] == 0.5


@pytest.mark.parametrize("energy", [np.zeros(0), np.zeros(5), np.full(5, 2.0)])
def test_stillness_has_no_phases(energy: np.ndarray) -> None:
    assert find_phases(energy) == {}

"""Windows: what they cover, how they overlap, and that they stay inside their clip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.data.windows import WindowSpec, cut_windows, parse_window
from skelgraph.errors import ConfigError

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=6)


@given(frames=LENGTHS, length=st.integers(1, 30), overlap=st.floats(0, 0.95), data=st.data())
def test_windows_cover_their_clips_and_never_leave_them(
    frames: list[int], length: int, overlap: float, data: st.DataObject
) -> None:
    total = np.array(frames)
    starts = np.cumsum(total) - total
    rows = np.array(data.draw(st.lists(st.sampled_from(range(len(frames))), unique=True)), int)
    spec = WindowSpec(length, overlap)
    cut = cut_windows(starts, total, rows, spec)
    assert set(cut.row.tolist()) == set(rows.tolist())
    for row in rows:
        own = cut.row == row
        first, size = cut.start[own] - starts[row], cut.length[own]
        assert (first >= 0).all() and (first + size <= total[row]).all()
        assert (size == min(length, total[row])).all()
        covered = np.zeros(total[row], dtype=bool)
        for begin, width in zip(first, size, strict=True):
            covered[begin : begin + width] = True
        assert covered.all()
        steps = np.diff(first)
        assert (steps[:-1] == spec.stride).all()
        assert (steps > 0).all() and (steps <= spec.stride).all()


def test_by_hand() -> None:
    starts, frames = np.array([0, 10, 13]), np.array([10, 3, 8])
    cut = cut_windows(starts, frames, np.array([2, 0, 1]), WindowSpec(4, 0.5))
    assert cut.row.tolist() == [2, 2, 2, 0, 0, 0, 0, 1]
    assert cut.start.tolist() == [13, 15, 17, 0, 2, 4, 6, 10]
    assert cut.length.tolist() == [4] * 7 + [3]
    cut = cut_windows(starts, frames, np.array([0]), WindowSpec(4))
    assert cut.start.tolist() == [0, 4, 6]


def test_whole_clips() -> None:
    cut = cut_windows(np.array([0, 5]), np.array([5, 9]), np.array([1]), WindowSpec())
    assert (cut.row.tolist(), cut.start.tolist(), cut.length.tolist()) == ([1], [5], [9])
    assert len(cut_windows(np.array([0]), np.array([5]), np.array([], int), WindowSpec(3))) == 0


def test_a_sweep_has_more_windows_with_more_overlap() -> None:
    counts = [
        len(cut_windows(np.array([0]), np.array([300]), np.array([0]), WindowSpec(90, share)))
        for share in (0, 0.2, 0.4, 0.6, 0.8)
    ]
    assert counts == sorted(counts) and counts[0] == 4 and counts[-1] == 13


@pytest.mark.parametrize(
    ("text", "fps", "expected"),
    [("90", None, 90), (90, None, 90), ("3s", 30, 90), ("2.5s", 29.97, 75), (None, None, None)],
)
def test_lengths_are_read(text: str, fps: float | None, expected: int | None) -> None:
    assert parse_window(text, overlap=0.25, fps=fps) == WindowSpec(expected, 0.25)


@pytest.mark.parametrize("text", ["", "s", "0", "-3", "ten", "2.5", "nan", "infs", "3 m"])
def test_wrong_lengths_are_told(text: str) -> None:
    with pytest.raises(ConfigError, match=r"window: expected frames such as 90"):
        parse_window(text, fps=30)


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(ConfigError, match=r"unknown frame rate.*--fps"):
        parse_window("3s")
    with pytest.raises(ConfigError, match=r"at least one frame"):
        WindowSpec(0)
    for overlap in (1.0, -0.1, 80):
        with pytest.raises(ConfigError, match=r"overlap: expected a share"):
            WindowSpec(10, overlap)

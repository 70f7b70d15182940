"""Sampling in one gather, held against loops."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from skelgraph.data.sampling import gather_frames, sample_times
from skelgraph.errors import ConfigError


def gathered_slowly(
    positions: Tensor, visible: Tensor, start: Tensor, times: Tensor
) -> tuple[Tensor, Tensor]:
    count, frames = times.shape
    _, bodies, joints, channels = positions.shape
    found = torch.zeros(count, frames, bodies, joints, channels)
    seen = torch.zeros(count, frames, bodies, joints, dtype=torch.bool)
    for n in range(count):
        for t in range(frames):
            time = float(times[n, t])
            low, high = int(start[n]) + math.floor(time), int(start[n]) + math.ceil(time)
            share = time - math.floor(time)
            for m in range(bodies):
                for v in range(joints):
                    weight = share
                    if visible[low, m, v] and not visible[high, m, v]:
                        weight = 0.0
                    if visible[high, m, v] and not visible[low, m, v]:
                        weight = 1.0
                    low_point, high_point = positions[low, m, v], positions[high, m, v]
                    found[n, t, m, v] = (1 - weight) * low_point + weight * high_point
                    seen[n, t, m, v] = visible[high if share >= 0.5 else low, m, v]
    return found, seen


@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    num_frames=st.integers(1, 9),
    drawn=st.booleans(),
    seed=st.integers(0, 50),
)
def test_one_gather_equals_loops(
    lengths: list[int], num_frames: int, drawn: bool, seed: int
) -> None:
    chance = torch.Generator().manual_seed(seed)
    length = torch.tensor(lengths)
    start = length.cumsum(0) - length
    shape = (sum(lengths), 2, 3)
    positions = torch.randn(*shape, 2, generator=chance)
    visible = torch.rand(shape, generator=chance) < 0.7
    times = sample_times(length, num_frames, crop=0.5, generator=chance if drawn else None)
    points, shown = gather_frames(
        positions.numpy(), visible.numpy(), start=start.numpy(), times=times.numpy()
    )
    expected = gathered_slowly(positions, visible, start, times)
    torch.testing.assert_close(torch.from_numpy(points), expected[0])
    assert torch.equal(torch.from_numpy(shown), expected[1])


def test_middles_of_segments_by_hand() -> None:
    times = sample_times(torch.tensor([4, 2, 1]), 4)
    assert times.tolist() == [[0, 1, 2, 3], [0, 0.25, 0.75, 1], [0, 0, 0, 0]]
    assert sample_times(torch.tensor([8]), 2).tolist() == [[1.5, 5.5]]


@given(
    length=st.integers(1, 400), num_frames=st.integers(1, 64), crop=st.floats(0.05, 1),
    seed=st.integers(0, 9),
)  # fmt: skip
def test_times_stay_inside_and_in_order(
    length: int, num_frames: int, crop: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    for chance in (None, generator):
        times = sample_times(torch.tensor([length]), num_frames, crop=crop, generator=chance)
        assert times.min() >= 0 and times.max() <= length - 1
        assert (times.diff() >= 0).all()


def test_drawn_times_fill_their_segments_and_crops_their_range() -> None:
    generator = torch.Generator().manual_seed(0)
    length = torch.full((4000,), 100)
    times = sample_times(length, 10, generator=generator)
    segment = ((times + 0.5) / 10).floor().clamp(0, 9)
    assert (segment == torch.arange(10)).all()
    steps = times.diff(dim=1)
    torch.testing.assert_close(steps[:, 2:-1], steps[:, 1:-2])
    cropped = sample_times(length, 10, crop=0.5, generator=generator)
    span = cropped[:, -1] - cropped[:, 0]
    assert 44 < span.min() < 50 and 85 < span.max() < 91
    assert cropped.min() < 5 and cropped.max() > 95


def test_same_generator_same_times() -> None:
    length = torch.tensor([30, 50])
    draws = [
        sample_times(length, 8, crop=0.7, generator=torch.Generator().manual_seed(3))
        for _ in range(2)
    ]
    assert torch.equal(*draws)


@pytest.mark.parametrize("crop", [0.0, 1.1, -1.0])
def test_what_cannot_be_is_told(crop: float) -> None:
    with pytest.raises(ConfigError, match=r"num_frames: expected at least 1"):
        sample_times(torch.tensor([3]), 0)
    with pytest.raises(ConfigError, match=r"crop: expected a share"):
        sample_times(torch.tensor([3]), 2, crop=crop)

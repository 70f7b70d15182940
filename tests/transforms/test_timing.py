"""Time warp, cut and reversal: where frames are taken from, and what is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from skelgraph.data.sampling import gather_frames
from skelgraph.graphs import load_layout
from skelgraph.transforms.augment import augment
from skelgraph.transforms.knots import knot_weights, relative_times
from skelgraph.transforms.options import AugmentOptions
from skelgraph.transforms.presets import OFF
from skelgraph.transforms.timing import draw_times, resample
from tests.graphs.made_up import chain
from tests.transforms.batches import make_batch, seeded

LENGTHS = [1, 2, 3, 7, 12, 12]


def times_of(options: AugmentOptions, *, count: int = 500, length: int = 12) -> torch.Tensor:
    frames = torch.ones(count, length, dtype=torch.bool)
    none = torch.zeros(count, dtype=torch.bool)
    return draw_times(frames, options=options, reversed_=none, generator=seeded())


def test_a_warp_keeps_both_ends_and_the_order() -> None:
    times = times_of(replace(OFF, warp=0.5))
    assert (times[:, 0] == 0).all()
    torch.testing.assert_close(times[:, -1], torch.full((500,), 11.0))
    speed = times.diff(dim=1)
    assert (speed > 0).all()
    ratio = speed.amax(1) / speed.amin(1)
    assert 1.8 < ratio.max() <= 1.5**2 + 1e-4


def test_a_cut_takes_away_at_most_its_share_at_either_end() -> None:
    times = times_of(replace(OFF, cut=0.5))
    share = (times[:, -1] - times[:, 0]) / 11
    assert 0.5 - 1e-5 <= share.min() < 0.52
    assert share.max() > 0.98
    assert times[:, 0].max() > 4
    assert times[:, -1].min() < 7
    step = times.diff(dim=1)
    torch.testing.assert_close(step, step[:, :1].expand_as(step), atol=1e-4, rtol=0)


def test_clips_of_any_length_stay_inside_themselves() -> None:
    frames = torch.arange(12) < torch.tensor(LENGTHS)[:, None]
    for backwards in (False, True):
        chosen = torch.full((6,), backwards)
        options = replace(OFF, warp=3.0, cut=0.9)
        times = draw_times(frames, options=options, reversed_=chosen, generator=seeded())
        last = torch.tensor(LENGTHS)[:, None] - 1
        assert torch.isfinite(times).all()
        assert ((times >= 0) & (times <= last))[frames].all()
        assert torch.equal(times[~frames], torch.arange(12.0).expand(6, 12)[~frames])


def test_resampling_agrees_with_that_of_recordings() -> None:
    batch = make_batch(load_layout("mads"), frames=12, lengths=LENGTHS)
    options = replace(OFF, warp=1.0, cut=0.5)
    none = torch.zeros(6, dtype=torch.bool)
    times = draw_times(batch.frames, options=options, reversed_=none, generator=seeded())
    sampled = resample(batch, times)
    for clip, length in enumerate(LENGTHS):
        places, seen = gather_frames(
            batch.positions[clip].permute(1, 3, 2, 0).numpy(),  # (T, M, V, C)
            batch.visible[clip].transpose(1, 2).numpy(),
            start=np.array([0]),
            times=times[clip : clip + 1, :length].double().numpy(),
        )
        got = sampled.positions[clip, :, :length].permute(1, 3, 2, 0)
        torch.testing.assert_close(got, torch.from_numpy(places[0]), atol=1e-5, rtol=1e-5)
        assert np.array_equal(sampled.visible[clip, :length].transpose(1, 2).numpy(), seen[0])
    assert not sampled.visible[~batch.frames].any()


def test_a_reversal_by_hand_and_twice() -> None:
    layout = chain(2)
    batch = make_batch(layout, count=2, bodies=1, frames=4, lengths=[4, 3])
    every = replace(OFF, reverse=1.0)
    once = augment(batch, layout, options=every, generator=seeded())
    torch.testing.assert_close(once.positions[0], batch.positions[0].flip(1))
    torch.testing.assert_close(once.positions[1, :, :3], batch.positions[1, :, :3].flip(1))
    assert torch.equal(once.positions[1, :, 3], batch.positions[1, :, 3])
    assert torch.equal(once.visible[1, :3], batch.visible[1, :3].flip(0))
    twice = augment(once, layout, options=every, generator=seeded())
    assert torch.equal(twice.positions, batch.positions)
    assert torch.equal(twice.visible, batch.visible)


def test_no_body_is_cut_away() -> None:
    layout = chain(2)
    batch = make_batch(layout, count=40, bodies=1, frames=8)
    seen = torch.zeros_like(batch.visible)
    seen[:, -1] = True
    batch = replace(batch, visible=seen)
    cut = augment(batch, layout, options=replace(OFF, cut=0.8), generator=seeded())
    assert cut.bodies.all()


@pytest.mark.parametrize("knots", [2, 5])
def test_weights_of_knots_are_shares(knots: int) -> None:
    weights = knot_weights(torch.rand(3, 50, generator=seeded()), knots=knots)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 50))


def test_places_in_time_by_hand() -> None:
    frames = torch.tensor([[True] * 5, [True, True, True, False, False], [True] + [False] * 4])
    expected = [[0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 0.5, 1.0, 1.0, 1.0], [0.0, 1.0, 1.0, 1.0, 1.0]]
    assert relative_times(frames).tolist() == expected

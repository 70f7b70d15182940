"""Changed series keep their lengths, their padding and what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.examples.scripts import RESULTS, load

series_augment, series_inputs = load(RESULTS, "series_augment"), load(RESULTS, "series_inputs")
OFF = series_augment.SeriesAugment()
ALL = series_augment.SeriesAugment(cut=0.2, warp=0.5, scale=0.2, shift=0.2, jitter=0.05)
PADDING = 77.0
LENGTHS = torch.tensor([20, 9, 1])


def batch() -> tuple[Tensor, Tensor]:
    """Three series of two channels: long with a gap, short, of one frame; padding is 77."""
    values = torch.randn(3, 2, 20, generator=torch.Generator().manual_seed(1))
    frames = torch.arange(20)[None] < LENGTHS[:, None]
    values = torch.where(frames[:, None], values, PADDING)
    values[0, 1, 5:13] = torch.nan
    return values, frames


def changed(options: Any, *, seed: int = 0) -> Tensor:
    values, frames = batch()
    generator = torch.Generator().manual_seed(seed)
    result: Tensor = series_augment.augment(values, frames, options=options, generator=generator)
    return result


def test_nothing_changes_where_all_is_off() -> None:
    torch.testing.assert_close(changed(OFF), batch()[0], equal_nan=True, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["cut", "warp", "scale", "shift", "jitter"])
def test_each_change_changes_values_and_spares_padding_and_input(name: str) -> None:
    values, frames = batch()
    result = changed(replace(OFF, **{name: getattr(ALL, name)}))
    assert result.shape == values.shape
    assert not torch.allclose(result[1, :, :9], values[1, :, :9])
    assert bool((result.transpose(1, 2)[~frames] == PADDING).all())
    torch.testing.assert_close(values, batch()[0], equal_nan=True, rtol=0, atol=0)


def test_one_seed_gives_one_result() -> None:
    torch.testing.assert_close(changed(ALL), changed(ALL), equal_nan=True, rtol=0, atol=0)
    assert not torch.allclose(changed(ALL)[1], changed(ALL, seed=1)[1])


def test_missing_stays_missing_without_a_change_in_time() -> None:
    result = changed(replace(ALL, cut=0.0, warp=0.0))
    torch.testing.assert_close(result.isnan(), batch()[0].isnan())


def test_in_time_a_gap_moves_with_its_frames_and_grows_no_other() -> None:
    result = changed(replace(OFF, cut=0.2, warp=0.5))
    gap = result[0, 1].isnan().nonzero().flatten()
    assert 4 <= len(gap) <= 16 and int(gap.diff().max()) == 1  # one gap of 8 frames, warped
    assert not result[0, 0].isnan().any() and not result[1:].isnan().any()


def test_scale_and_shift_keep_their_bounds() -> None:
    values, _ = batch()
    for seed in range(20):
        scaled = changed(replace(OFF, scale=0.25), seed=seed)[1, :, :9] / values[1, :, :9]
        assert float(scaled.min()) >= 0.8 - 1e-6 and float(scaled.max()) <= 1.25 + 1e-6
        torch.testing.assert_close(scaled, scaled[:, :1].expand_as(scaled))
        moved = changed(replace(OFF, shift=0.3), seed=seed)[1, :, :9] - values[1, :, :9]
        assert float(moved.abs().max()) <= 0.3 + 1e-6


def test_retime_reads_between_frames_and_a_seen_neighbour_counts_alone() -> None:
    nan = torch.nan
    values = torch.tensor([[[0.0, 2.0, nan, 6.0, PADDING]]])
    frames = torch.tensor([[True, True, True, True, False]])
    times = torch.tensor([[0.25, 1.25, 1.75, 2.75, 4.0]])
    result = series_augment.retime(values, frames, times)
    expected = torch.tensor([[[0.5, 2.0, nan, 6.0, PADDING]]])
    torch.testing.assert_close(result, expected, equal_nan=True)


def test_mix_plays_the_partner_over_the_own_length() -> None:
    long, short = torch.arange(5.0), torch.tensor([10.0, 30.0, PADDING, PADDING, PADDING])
    values = torch.stack((long, short))[:, None]
    frames = torch.tensor([[True] * 5, [True, True, False, False, False]])
    share = torch.tensor([0.5, 0.25])
    mixed = series_augment.mix(values, frames, torch.tensor([1, 0]), share)
    partner = torch.tensor([10.0, 15.0, 20.0, 25.0, 30.0])
    torch.testing.assert_close(mixed[0, 0], (long + partner) / 2)
    torch.testing.assert_close(mixed[1, 0, :2], torch.tensor([7.5, 0.75 * 30 + 0.25 * 4]))
    assert mixed[1, 0, 2:].tolist() == [PADDING] * 3


def test_mix_leaves_what_is_missing_missing_and_takes_nothing_missing() -> None:
    nan = torch.nan
    values = torch.tensor([[[1.0, nan]], [[nan, 4.0]]])
    frames = torch.ones(2, 2, dtype=torch.bool)
    mixed = series_augment.mix(values, frames, torch.tensor([1, 0]), torch.full((2,), 0.5))
    torch.testing.assert_close(mixed, values, equal_nan=True)


def test_shares_of_partners_keep_their_bound() -> None:
    generator = torch.Generator().manual_seed(0)
    partner, share = series_augment.draw_mix(50, options=replace(OFF, mix=0.4), generator=generator)
    assert sorted(partner.tolist()) == list(range(50))
    assert 0.3 < float(share.max()) <= 0.4 and float(share.min()) >= 0


def test_inputs_by_hand() -> None:
    nan = torch.nan
    values = torch.tensor([[[1.0, 3.0, 8.0, PADDING]], [[nan, 2.0, 4.0, 6.0]]])
    frames = torch.tensor([[True, True, True, False], [True] * 4])
    result = series_inputs.add_inputs(values, frames, inputs=series_inputs.INPUTS, longest=4)
    assert result.shape[1] == series_inputs.count_inputs(1, series_inputs.INPUTS)
    expected = torch.tensor(
        [
            [[1, 3, 8, PADDING], [-3, -1, 4, 0], [0, 2, 5, 0], [0, 0.25, 0.5, 0]],
            [[nan, 2, 4, 6], [nan, -2, 0, 2], [nan, nan, 2, 2], [0, 0.25, 0.5, 0.75]],
        ]
    )
    torch.testing.assert_close(result, expected, equal_nan=True)


@pytest.mark.parametrize("inputs", [(), ("motion",), ("centred", "clock")])
def test_inputs_do_not_depend_on_padding(inputs: tuple[str, ...]) -> None:
    values, frames = batch()
    cut = series_inputs.add_inputs(values[1:, :, :9], frames[1:, :9], inputs=inputs, longest=20)
    full = series_inputs.add_inputs(values[1:], frames[1:], inputs=inputs, longest=20)
    assert full.shape[1] == series_inputs.count_inputs(2, inputs)
    torch.testing.assert_close(full[..., :9], cut)


def test_each_channel_of_each_series_is_standardised_alone() -> None:
    values, frames = batch()
    result = series_inputs.standardise(values, frames)
    assert torch.equal(result.isnan(), values.isnan())
    assert bool((result.transpose(1, 2)[~frames] == 0).all())
    seen = result[0, 1][~result[0, 1].isnan()]
    assert float(seen.mean()) == pytest.approx(0, abs=1e-6)
    assert float(seen.square().mean()) == pytest.approx(1, abs=1e-5)
    assert result[2, :, 0].tolist() == [0, 0]  # one frame does not change
    other = series_inputs.standardise(3 * values[1:] - 5, frames[1:])
    torch.testing.assert_close(other, result[1:])

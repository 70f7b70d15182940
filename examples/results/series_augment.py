"""Random changes of a batch of plain series: in time, in size, noise, and mixing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from skelgraph.transforms.knots import relative_times
from skelgraph.transforms.options import AugmentOptions
from skelgraph.transforms.timing import draw_times, take


@dataclass(frozen=True)
class SeriesAugment:
    """What training changes at random in every series of a batch; at 0 a change is off.

    Args:
        cut: Largest share left out at the ends, below 1; the rest fills the series' frames.
        warp: Largest relative change of speed, smooth in time.
        scale: Largest relative change of a channel's size; the factor lies in
            [1 / (1 + scale), 1 + scale].
        shift: Largest constant added to a channel.
        jitter: Standard deviation of noise on every value.
        mix: Largest share of another series that is mixed in, below 1.
    """

    cut: float = 0.0
    warp: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    jitter: float = 0.0
    mix: float = 0.0


def augment(
    values: Tensor, frames: Tensor, *, options: SeriesAugment, generator: torch.Generator
) -> Tensor:
    """Return changed series of the same lengths; missing values stay missing, padding as it is.

    Args:
        values: Shape (N, C, T); missing ones are NaN.
        frames: Valid frames, from frame 0 on, bool, shape (N, T).
        options: All but `mix`, for which see `draw_mix`.
        generator: Source of chance.
    """
    changed = values
    if options.cut or options.warp:
        times = draw_times(
            frames,
            options=AugmentOptions(cut=options.cut, warp=options.warp),
            reversed_=torch.zeros(len(frames), dtype=torch.bool),
            generator=generator,
        )
        changed = retime(values, frames, times)
    size, place = torch.rand(2, *values.shape[:2], 1, generator=generator) * 2 - 1
    changed = changed * (1 + options.scale) ** size + options.shift * place
    changed = changed + options.jitter * torch.randn(values.shape, generator=generator)
    return torch.where(frames[:, None], changed, values)


def retime(values: Tensor, frames: Tensor, times: Tensor) -> Tensor:
    """Read series at other times.

    Between a seen and a missing value the seen one counts alone, and a value is missing if it
    is in the nearest frame: so about as many are missing as before.

    Args:
        values: Shape (N, C, T).
        frames: Frames to read, bool, shape (N, T); others stay as they are.
        times: Times in frames, shape (N, T).
    """
    rows = values.transpose(1, 2)  # (N, T, C)
    share = (times - times.floor())[..., None]
    start, end = take(rows, times.floor().long()), take(rows, times.ceil().long())
    nearest = torch.where(share < 0.5, start, end)
    low = torch.where(start.isnan(), end, start)
    high = torch.where(end.isnan(), start, end)
    read = torch.where(nearest.isnan(), nearest, torch.lerp(low, high, share))
    return torch.where(frames[..., None], read, rows).transpose(1, 2)


def draw_mix(
    count: int, *, options: SeriesAugment, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw each series' partner, int64 (N,), and the partner's share, (N,)."""
    partner = torch.randperm(count, generator=generator)
    return partner, options.mix * torch.rand(count, generator=generator)


def mix(values: Tensor, frames: Tensor, partner: Tensor, share: Tensor) -> Tensor:
    """Mix each series with its partner, which is played over as many frames.

    Where the partner's value is missing the own one counts alone.

    Args:
        values: Shape (N, C, T).
        frames: Valid frames, from frame 0 on, bool, shape (N, T).
        partner: Rows of the partners, int64, shape (N,).
        share: Share of the partner, shape (N,).

    Source:
        Zhang et al. 2018, "mixup", arXiv:1710.09412. There the share has a beta distribution;
        here it is uniform up to a largest one.
    """
    last = (frames[partner].sum(1, keepdim=True) - 1).float()
    other = retime(values[partner], frames, relative_times(frames) * last)
    other = torch.where(other.isnan(), values, other)
    mixed = torch.lerp(values, other, share.view(-1, 1, 1))
    return torch.where(frames[:, None], mixed, values)

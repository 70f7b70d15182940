"""Time warp, cut and reversal: one new place in time for every frame, and one resampling."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skelgraph.transforms.knots import KNOTS, knot_weights, relative_times

if TYPE_CHECKING:
    from skelgraph.data.dataset import Batch
    from skelgraph.transforms.options import AugmentOptions


def draw_times(
    frames: Tensor, *, options: AugmentOptions, reversed_: Tensor, generator: torch.Generator
) -> Tensor:
    """Draw where in the clip each frame is taken from.

    Args:
        frames: Valid frames, the first ones of each clip, bool, shape (N, T).
        options: `warp` and `cut`.
        reversed_: Clips to play backwards, bool, shape (N,).
        generator: Source of chance, on the CPU.

    Returns:
        Times in frames, in [0, length - 1], rising (falling where reversed), in padding the
        frame's own number; float32, shape (N, T), on the device of `frames`.
    """
    count, total = frames.shape
    own = torch.arange(total, dtype=torch.float32, device=frames.device).expand(count, total)
    last = (frames.sum(1, keepdim=True) - 1).float()
    times = own
    if options.warp > 0:
        exponents = torch.rand(count, KNOTS, 1, generator=generator) * 2 - 1
        knots = (exponents * log(1 + options.warp)).exp().to(frames.device)
        times = last * _warped(frames, knots)
    if options.cut > 0:
        share, place = torch.rand(2, count, 1, generator=generator).to(frames.device)
        cut = options.cut * share
        times = last * cut * place + (1 - cut) * times
    times = torch.where(reversed_.to(frames.device)[:, None], last - times, times)
    # Rounding may lead past an end, and there is nothing there.
    times = times.clamp_min(0).minimum(last)
    return torch.where(frames, times, own)


def resample(batch: Batch, times: Tensor) -> Batch:
    """Interpolate positions at the given times.

    Between a seen and an unseen frame the seen one counts alone, and a joint is seen if it is
    in the nearest frame, as in `skelgraph.data.sampling.gather_frames`.

    Args:
        batch: Positions (N, C, T, V, M).
        times: Times in frames, shape (N, T).
    """
    first = times.floor()
    share = (times - first)[:, :, None, None]  # (N, T, 1, 1)
    first = first.long()
    second = times.ceil().long()
    seen_first, seen_second = take(batch.visible, first), take(batch.visible, second)
    weight = torch.where(seen_first == seen_second, share, seen_second.to(share.dtype))
    places = batch.positions.transpose(1, 2)  # (N, T, C, V, M)
    start, end = take(places, first), take(places, second)
    sampled = torch.lerp(start, end, weight.unsqueeze(2).to(start.dtype))
    visible = torch.where(share >= 0.5, seen_second, seen_first)
    return replace(
        batch,
        positions=sampled.transpose(1, 2).contiguous(),
        visible=visible & batch.frames[:, :, None, None],
    )


def take(values: Tensor, index: Tensor) -> Tensor:
    """Take frames of each clip: (N, T, ...) at (N, T') gives (N, T', ...)."""
    return values[torch.arange(len(values), device=values.device)[:, None], index]


def _warped(frames: Tensor, knots: Tensor) -> Tensor:
    """Places in [0, 1] that rise from 0 to 1 at the speeds of the knots, (N, T)."""
    places = relative_times(frames)
    between = (places[:, 1:] + places[:, :-1]) / 2
    speed = (knot_weights(between) @ knots).squeeze(-1) * frames[:, 1:]
    way = torch.nn.functional.pad(speed.cumsum(1), (1, 0))
    return way / way[:, -1:].clamp_min(torch.finfo(way.dtype).tiny)

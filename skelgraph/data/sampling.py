"""Which frames of a window a batch takes, and taking them in one gather."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from skelgraph.errors import ConfigError


def sample_times(
    length: Tensor,
    num_frames: int,
    *,
    crop: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Spread sampling times evenly over windows.

    Each window is divided into `num_frames` equal segments. Without a generator a time is the
    middle of its segment; with one all times of a window lie at one drawn place in their
    segments, so that speeds keep their proportions, and the segments cover a random range, at
    least the share `crop` of the window.

    Args:
        length: Frames of each window, (N,).
        num_frames: Times a window.
        crop: Shortest share of the window to sample from, in (0, 1]; needs a generator.
        generator: Source of chance.

    Returns:
        Times in frames from the window's start, in [0, length - 1], float64 (N, T).

    Raises:
        ConfigError: If num_frames or crop is out of range.
    """
    if num_frames < 1:
        raise ConfigError(f"num_frames: expected at least 1, got {num_frames}. Give more.")
    if not 0 < crop <= 1:
        raise ConfigError(f"crop: expected a share in (0, 1], got {crop}. Write 70 % as 0.7.")
    count = len(length)
    if generator is None:
        within = torch.full((count, num_frames), 0.5, dtype=torch.float64)
        share = torch.ones(count, 1, dtype=torch.float64)
        start = torch.zeros(count, 1, dtype=torch.float64)
    else:
        # A row a window, so that the draws of one do not depend on how many come after it.
        drawn = torch.rand(count, 3, generator=generator, dtype=torch.float64)
        within = drawn[:, 2:].expand(count, num_frames)
        share = crop + (1 - crop) * drawn[:, :1]
        start = (1 - share) * drawn[:, 1:2]
    segment = torch.arange(num_frames, dtype=torch.float64)
    relative = start + share * (segment + within) / num_frames
    frames = length.to(torch.float64)[:, None]
    return (relative * frames - 0.5).clamp_min(0).minimum(frames - 1)


def gather_frames(
    positions: np.ndarray, visible: np.ndarray, *, start: np.ndarray, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate positions at the given times, all windows in one gather.

    Between a seen and an unseen frame the seen one counts alone: a made-up position never
    moves a measured one. Both neighbours lie inside the window that the times lie in.

    In numpy, on one thread: the arrays are small, and threads that wait for each other on a
    busy machine cost a hundred times the work.

    Args:
        positions: All frames, float32 (F, M, V, C).
        visible: Joints seen, bool (F, M, V).
        start: First frame of each window, (N,).
        times: Times from there, in [0, length - 1], (N, T).

    Returns:
        Positions float32 (N, T, M, V, C) and visibility in the nearest frame, bool
        (N, T, M, V).
    """
    floor = np.floor(times)
    share = (times - floor).astype(np.float32)[..., None, None]  # (N, T, 1, 1)
    index = np.stack([floor, np.ceil(times)]).astype(np.int64) + start[:, None]  # (2, N, T)
    first, second = positions[index]  # (N, T, M, V, C) each
    seen_first, seen_second = visible[index]
    weight = np.where(seen_first == seen_second, share, seen_second.astype(np.float32))[..., None]
    sampled = first * (1 - weight) + second * weight
    return sampled, np.where(share >= 0.5, seen_second, seen_first)

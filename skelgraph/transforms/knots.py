"""Smooth courses over a clip: values at a few knots, and weights of the knots in each frame."""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor

KNOTS = 5


def relative_times(frames: Tensor) -> Tensor:
    """Place of each frame in its clip.

    Args:
        frames: Valid frames, the first ones of each clip, bool, shape (N, T).

    Returns:
        Float32, 0 in the first valid frame, 1 in the last and in those after it, shape (N, T).
    """
    last = (frames.sum(1, keepdim=True) - 1).clamp_min(1)
    return (torch.arange(frames.shape[1], device=frames.device) / last).clamp_max(1.0)


def knot_weights(times: Tensor, *, knots: int = KNOTS) -> Tensor:
    """Weigh knots that lie evenly over a clip: none below 0, sum 1, smooth in time.

    A mean with these weights stays within any bound that the knots' values keep.

    Args:
        times: Places in [0, 1], shape (N, T).
        knots: How many, at least 2.

    Returns:
        Shape (N, T, knots).

    Example:
        >>> knot_weights(torch.tensor([[0.0, 0.5]]), knots=2).round(decimals=2).tolist()
        [[[1.0, 0.0], [0.5, 0.5]]]
    """
    distance = times.unsqueeze(-1) * (knots - 1) - torch.arange(knots, device=times.device)
    return torch.where(distance.abs() < 1, (distance * (pi / 2)).cos().square(), 0.0)

"""How alike two joints move, at several lags."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

STILL = 1e-6  # in units of the series; a joint that moves less is like no other


def num_likenesses(max_lag: int) -> int:
    """Count the values a pair: each lag, once of places and once of steps."""
    return 2 * (2 * max_lag + 1)


def pair_likeness(series: Tensor, mask: Tensor, *, max_lag: int) -> Tensor:
    """Correlate the movements of every two joints, in place and from frame to frame.

    A value at lag l compares what the receiver does with what the sender did l frames before: 1
    where both do the same all the time, about 0 where they have nothing to do with each other.
    The first values are of places about the joint's mean, the others of steps between frames;
    lags run from -`max_lag` to `max_lag`.

    Args:
        series: Coordinates, shape (P, F, V, C).
        mask: Joints seen, bool, shape (P, F, V); the others count nowhere.
        max_lag: Largest lag, in frames.

    Returns:
        Values from -1 to 1, [receiver, sender], shape (P, V, V, 2 * (2 * max_lag + 1)).
    """
    places = about_mean(series, mask)
    steps = (series[:, 1:] - series[:, :-1]) * (mask[:, 1:] & mask[:, :-1])[..., None]
    return torch.cat((_correlate(places, max_lag), _correlate(steps, max_lag)), dim=-1)


def about_mean(series: Tensor, mask: Tensor) -> Tensor:
    """Take each joint's mean over the frames seen away; zero where it is not seen.

    Args:
        series: Coordinates, shape (P, F, V, C).
        mask: Joints seen, bool, shape (P, F, V).
    """
    weight = mask.to(series.dtype)[..., None]
    mean = (series * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1)
    return (series - mean) * weight


def _correlate(moves: Tensor, max_lag: int) -> Tensor:
    """Normalised products at each lag: (P, F, V, C) to (P, V, V, lags)."""
    size = moves.shape[1]
    length = moves.square().sum((1, 3)).sqrt().clamp(min=STILL)  # (P, V)
    moves = moves / length[:, None, :, None]
    receiver = moves.permute(0, 2, 1, 3).flatten(2)  # (P, V, F * C)
    padded = functional.pad(moves, (0, 0, 0, 0, max_lag, max_lag))
    values = []
    for lag in range(-max_lag, max_lag + 1):
        start = max_lag - lag
        sender = padded[:, start : start + size].permute(0, 1, 3, 2).flatten(1, 2)
        values.append(receiver @ sender)
    return torch.stack(values, dim=-1) * (size * moves.shape[-1]) ** 0.5

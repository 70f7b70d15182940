"""Sensor noise: how strong it is in clips, and clips with as much of it once more."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import torch
from torch import Tensor

from skelgraph.data.dataset import Batch

MAD = 0.6745  # of a normal distribution: median of |x| over its spread


def noise_of(batch: Batch, *, num_spatial: int = 3) -> float:
    """Estimate the spread of a joint's noise, a coordinate, in the batch's unit.

    From second differences over three frames in a row in which a joint is seen: of white noise
    they have sqrt(6) times its spread, and movement adds little. Their median absolute value
    does not mind jumps. Clips that were sampled between recorded frames show less noise.

    Returns:
        The spread, 0 where no joint is seen in three frames in a row.
    """
    places = batch.positions[:, :num_spatial]
    bent = places[:, :, 2:] - 2 * places[:, :, 1:-1] + places[:, :, :-2]
    seen = batch.visible[:, 2:] & batch.visible[:, 1:-1] & batch.visible[:, :-2]
    values = bent.abs()[seen[:, None].expand_as(bent)]
    if not len(values):
        return 0.0
    return float(values.median()) / (MAD * sqrt(6))


def with_noise(batch: Batch, spread: float, *, seed: int, num_spatial: int = 3) -> Batch:
    """Return a copy with white noise on every joint that is seen."""
    generator = torch.Generator().manual_seed(seed)
    places = batch.positions[:, :num_spatial]
    drawn = torch.randn(places.shape, generator=generator).to(places) * spread
    positions: Tensor = batch.positions.clone()
    positions[:, :num_spatial] = places + drawn * batch.visible[:, None]
    return replace(batch, positions=positions)

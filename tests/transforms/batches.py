"""Batches made up for tests of augmentations."""

from __future__ import annotations

import torch
from torch import Tensor

from skelgraph.data.dataset import Batch
from skelgraph.graphs import Layout


def make_batch(
    layout: Layout,
    *,
    channels: int = 3,
    count: int = 6,
    bodies: int = 2,
    frames: int = 8,
    lengths: list[int] | None = None,
    labels: list[int] | None = None,
) -> Batch:
    """Clips of random joints, one in ten not seen.

    Args:
        layout: Skeleton.
        channels: Coordinates a joint.
        count: Clips.
        bodies: Bodies a clip.
        frames: Frames a clip.
        lengths: Valid frames of each clip; the rest is padding. None: all are valid.
        labels: None: all of class 0.
    """
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, frames, layout.num_joints, bodies)
    valid = torch.arange(frames) < torch.tensor(lengths or [frames] * count)[:, None]
    seen = torch.rand(count, frames, layout.num_joints, bodies, generator=generator) < 0.9
    return Batch(
        positions=torch.randn(shape, generator=generator),
        visible=seen & valid[:, :, None, None],
        frames=valid,
        label=torch.tensor(labels or [0] * count),
        index=torch.arange(count),
    )


def bone_lengths(batch: Batch, layout: Layout, *, channels: int = 3) -> Tensor:
    """Distance of each joint from its parent, (N, T, V, M)."""
    parents = torch.as_tensor(layout.bones.copy())
    places = batch.positions[:, :channels]
    return (places - places[..., parents, :]).norm(dim=1)


def seeded(seed: int = 1) -> torch.Generator:
    """A source of chance that says the same every time."""
    return torch.Generator().manual_seed(seed)

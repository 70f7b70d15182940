"""Batches and tiny models for tests."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from skelgraph.graphs import Layout
from skelgraph.models import AsGcn, AsGcnConfig, CtrGcn, CtrGcnConfig
from skelgraph.nn.a_links import AimConfig
from skelgraph.nn.attention import TowerConfig

TINY = AsGcnConfig(
    channels=(4, 6, 6),
    strides=(1, 2, 2),
    kernel=3,
    separable=True,
    s_order=1,
    aim=AimConfig(width=4, frames=5, block=4),
    tower=TowerConfig(width=8, heads=2, layers=1, hidden=8, dropout=0.0),
    dropout=0.0,
)
TINY_CTR = CtrGcnConfig(
    channels=(4, 8, 8), strides=(1, 2, 2), kernel=3, head="gated", tower=TINY.tower
)

Clips = tuple[Tensor, Tensor, Tensor]


def tiny(layout: Layout, *, num_classes: int = 3, **changes: object) -> AsGcn:
    """A model of a few thousand parameters, always the same."""
    torch.manual_seed(0)
    return AsGcn(layout, num_classes, config=replace(TINY, **changes))


def tiny_ctr(layout: Layout, *, num_classes: int = 3, **changes: object) -> CtrGcn:
    """The same for the refined topology."""
    torch.manual_seed(0)
    return CtrGcn(layout, num_classes, config=replace(TINY_CTR, **changes))


def random_clips(
    layout: Layout, *, clips: int = 3, frames: int = 9, bodies: int = 2, coords: int = 3
) -> Clips:
    """Random walks of all joints: positions, visible, frames; nothing is missing."""
    generator = torch.Generator().manual_seed(0)
    shape = (clips, coords, frames, layout.num_joints, bodies)
    steps = torch.randn(shape, generator=generator) / 10
    visible = torch.ones(clips, frames, layout.num_joints, bodies, dtype=torch.bool)
    return steps.cumsum(2), visible, torch.ones(clips, frames, dtype=torch.bool)


def damaged_clips(layout: Layout, **sizes: int) -> Clips:
    """Random clips with missing joints, padded frames and, in the first, an absent body."""
    positions, visible, frames = random_clips(layout, **sizes)
    generator = torch.Generator().manual_seed(1)
    visible &= torch.rand(visible.shape, generator=generator) > 0.2
    if visible.shape[-1] > 1:
        visible[0, ..., -1] = False
    frames[-1, frames.shape[1] // 2 + 1 :] = False
    return positions, visible & frames[:, :, None, None], frames

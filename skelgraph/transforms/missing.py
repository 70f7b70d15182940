"""Joints, parts and times that go missing: masks, with the neutral pose in place of what was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from skelgraph.transforms.parts import part_members

if TYPE_CHECKING:
    from skelgraph.data.dataset import Batch
    from skelgraph.graphs import Layout
    from skelgraph.transforms.options import AugmentOptions

LONGEST_SPAN, LONGEST_TIME = 1 / 2, 1 / 4
"""Largest share of a clip's frames for which a part, or everything, goes missing."""


def hide(batch: Batch, layout: Layout, *, lost: Tensor, num_spatial: int | None = None) -> Batch:
    """Make joints missing: not visible, and put at the neutral pose about the body's centre.

    Args:
        batch: Positions (N, C, T, V, M).
        layout: Gives the neutral pose and the centre.
        lost: Joints to hide, bool, shape (N, T, V, M).
        num_spatial: Channels that are places; further ones become 0. None: all.
    """
    channels = num_spatial or batch.positions.shape[1]
    centre = list(layout.centre)
    bodies = range(batch.positions.shape[-1])
    poses = np.stack([layout.neutral_of(body)[:, :channels] for body in bodies], axis=-1)
    neutral = torch.as_tensor(poses - poses[centre].mean(0)).to(batch.positions)  # (V, C, M)
    middle = batch.positions[:, :channels, :, centre].mean(3, keepdim=True)
    filled = middle + neutral.transpose(0, 1)[None, :, None]
    # A body keeps at least what it had if everything would be lost: absence is no augmentation.
    gone = lost & batch.visible
    keeps = (batch.visible & ~lost).flatten(1, 2).any(1)
    gone = gone & keeps[:, None, None]
    mask = gone.unsqueeze(1)
    places, rest = batch.positions.tensor_split([channels], dim=1)
    positions = torch.where(mask, filled, places)
    if rest.shape[1] > 0:
        positions = torch.cat([positions, rest * ~mask], dim=1)
    return replace(batch, positions=positions, visible=batch.visible & ~gone)


def draw_lost(
    batch: Batch, layout: Layout, *, options: AugmentOptions, generator: torch.Generator
) -> Tensor:
    """Draw joints missing for whole clips, parts and everything missing for spans of frames.

    Args:
        batch: Its shapes and frames.
        layout: Gives the parts.
        options: Probabilities.
        generator: Source of chance, on the CPU.

    Returns:
        Bool, shape (N, T, V, M), on the batch's device.
    """
    count, frames, joints, bodies = batch.visible.shape
    lost = torch.rand(count, 1, joints, bodies, generator=generator) < options.drop_joint
    if options.drop_span > 0:
        member = part_members(layout)
        chosen = member[torch.randint(len(member), (count,), generator=generator)]  # (N, V)
        span = _spans(batch.frames, options.drop_span, LONGEST_SPAN, generator)
        lost = lost | (span[:, :, None] & chosen[:, None, :]).unsqueeze(-1)
    if options.drop_time > 0:
        span = _spans(batch.frames, options.drop_time, LONGEST_TIME, generator)
        lost = lost | span[:, :, None, None]
    return lost.expand(count, frames, joints, bodies).to(batch.visible.device)


def _spans(frames: Tensor, share: float, longest: float, generator: torch.Generator) -> Tensor:
    """Draw a span of frames for the share of the clips, bool, shape (N, T), on the CPU."""
    count, total = frames.shape
    length = frames.sum(1, keepdim=True).cpu()
    start = torch.rand(count, 1, generator=generator) * length
    span = torch.rand(count, 1, generator=generator) * length * longest
    hit = torch.rand(count, 1, generator=generator) < share
    time = torch.arange(total).unsqueeze(0)
    return (time >= start) & (time < start + span) & hit

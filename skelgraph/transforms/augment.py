"""Augmentations of whole batches that keep the bone lengths of the person they show."""

from __future__ import annotations

from dataclasses import replace
from math import radians
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from skelgraph.transforms.options import AugmentOptions

if TYPE_CHECKING:
    from skelgraph.data.dataset import Batch
    from skelgraph.graphs import Layout


def augment(
    batch: Batch,
    layout: Layout,
    *,
    options: AugmentOptions,
    generator: torch.Generator,
    num_spatial: int | None = None,
) -> Batch:
    """Return a changed copy of a centred batch; the batch itself stays as it is.

    Args:
        batch: Positions (N, C, T, V, M) about their centre, C is 2 or 3.
        layout: Skeleton of the batch.
        options: What may change, and how far.
        generator: Source of chance, on the CPU.
        num_spatial: Channels that are places; further ones are neither turned nor scaled.
            None: all.
    """
    places, rest = batch.positions.tensor_split([num_spatial or batch.positions.shape[1]], dim=1)
    positions = torch.cat([_turn_and_scale(places, options, generator), rest], dim=1)
    changed = replace(batch, positions=positions)
    if options.mirror > 0:
        chosen = torch.rand(len(positions), generator=generator) < options.mirror
        changed = mirror(changed, layout, chosen=chosen)
    if options.drop_joint > 0 or options.drop_span > 0:
        lost = _lost_joints(changed, layout, options, generator)
        changed = hide(changed, layout, lost=lost, num_spatial=num_spatial)
    return changed


def rotation(angles: Tensor) -> Tensor:
    """Build rotation matrices about y (turn), then x (tilt), then z (roll).

    Args:
        angles: Turn, tilt and roll in radians, shape (N, 3).

    Returns:
        Shape (N, 3, 3); multiply column vectors from the left.
    """
    (ct, cx, cz), (st, sx, sz) = angles.cos().unbind(1), angles.sin().unbind(1)
    zero, one = torch.zeros_like(ct), torch.ones_like(ct)
    turn = torch.stack([ct, zero, st, zero, one, zero, -st, zero, ct], 1).view(-1, 3, 3)
    tilt = torch.stack([one, zero, zero, zero, cx, -sx, zero, sx, cx], 1).view(-1, 3, 3)
    roll = torch.stack([cz, -sz, zero, sz, cz, zero, zero, zero, one], 1).view(-1, 3, 3)
    return roll @ tilt @ turn


def mirror(batch: Batch, layout: Layout, *, chosen: Tensor) -> Batch:
    """Mirror the chosen clips: negate x, swap left and right joints, and hands their slots.

    Args:
        batch: Positions (N, C, T, V, M).
        layout: Gives the mirror pairs; with `hands`, the two slots swap too.
        chosen: Which clips, bool, shape (N,).
    """
    order = torch.tensor(layout.mirror_permutation, device=batch.positions.device)
    positions = batch.positions[..., order, :].clone()
    positions[:, 0] = -positions[:, 0]
    visible = batch.visible[:, :, order, :]
    if layout.instances == "hands" and positions.shape[-1] == 2:
        positions, visible = positions.flip(-1), visible.flip(-1)
    pick = chosen.to(positions.device)
    return replace(
        batch,
        positions=torch.where(pick.view(-1, 1, 1, 1, 1), positions, batch.positions),
        visible=torch.where(pick.view(-1, 1, 1, 1), visible, batch.visible),
    )


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
    filled = torch.zeros_like(batch.positions)
    filled[:, :channels] = middle + neutral.transpose(0, 1)[None, :, None]
    # A body keeps at least what it had if everything would be lost: absence is no augmentation.
    gone = lost & batch.visible
    keeps = (batch.visible & ~lost).any(2, keepdim=True).any(1, keepdim=True)
    gone = gone & keeps
    return replace(
        batch,
        positions=torch.where(gone.unsqueeze(1), filled, batch.positions),
        visible=batch.visible & ~gone,
    )


def _turn_and_scale(
    positions: Tensor, options: AugmentOptions, generator: torch.Generator
) -> Tensor:
    count, channels = positions.shape[:2]
    bounds = torch.tensor([options.turn, options.tilt, options.roll]) * radians(1.0)
    if channels == 2:
        bounds[:2] = 0.0
    angles = (torch.rand(count, 3, generator=generator) * 2 - 1) * bounds
    exponent = torch.rand(count, generator=generator) * 2 - 1
    factor = (1.0 + options.scale) ** exponent
    matrix = rotation(angles)[:, :channels, :channels] * factor.view(-1, 1, 1)
    matrix = matrix.to(positions.device, positions.dtype)
    return torch.bmm(matrix, positions.flatten(2)).view_as(positions)


def _lost_joints(
    batch: Batch, layout: Layout, options: AugmentOptions, generator: torch.Generator
) -> Tensor:
    """Draw joints missing for whole clips and parts missing for spans, (N, T, V, M) on device."""
    count, frames, joints, bodies = batch.visible.shape
    lost = torch.rand(count, 1, joints, bodies, generator=generator) < options.drop_joint
    lost = lost.expand(count, frames, joints, bodies)
    parts = list(layout.parts.values())
    if options.drop_span > 0 and parts:
        member = torch.zeros(len(parts), joints, dtype=torch.bool)
        for row, part in enumerate(parts):
            member[row, list(part)] = True
        chosen = member[torch.randint(len(parts), (count,), generator=generator)]
        start = torch.rand(count, 1, generator=generator) * frames
        length = torch.rand(count, 1, generator=generator) * frames / 2
        time = torch.arange(frames).unsqueeze(0)
        span = (time >= start) & (time < start + length)
        hit = torch.rand(count, 1, generator=generator) < options.drop_span
        lost = lost | ((span & hit)[:, :, None] & chosen[:, None, :]).unsqueeze(-1)
    return lost.to(batch.visible.device)

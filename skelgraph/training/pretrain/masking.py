"""Which joints are hidden when, and a batch in which nothing of them is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from skelgraph.data.dataset import Batch
from skelgraph.graphs import Layout
from skelgraph.transforms.parts import part_members


def draw_mask(
    visible: Tensor, layout: Layout, *, share: float, span: int, generator: torch.Generator
) -> Tensor:
    """Choose what to hide: parts of the body for spans of frames.

    Frames are cut into spans, from a place drawn for each body; a cell is one part in one span,
    and the same number of cells is hidden in every body. Single joints in single frames would
    follow from their neighbours by interpolation.

    Args:
        visible: Joints seen, bool, shape (N, T, V, M).
        layout: Gives the parts; joints of no part count as a part each.
        share: Share of the cells.
        span: Frames of a span.
        generator: Source of chance, on the CPU.

    Returns:
        Joints to hide, bool, shape (N, T, V, M), on the CPU. None in a body of which nothing would
        be left.

    Source:
        Tube masks of SkeletonMAE (Wu et al. 2023, arXiv:2209.02399) hide joints for all frames;
        those of MAMP (Mao et al. 2023, arXiv:2308.07092) draw by motion, joint by joint in short
        segments. Here whole parts are hidden, evenly.
    """
    count, size, _, bodies = visible.shape
    part = joint_parts(layout)
    num_parts, num_spans = int(part.max()) + 1, 1 + (size - 1 + span - 1) // span
    cells = num_parts * num_spans
    hidden = min(max(round(share * cells), 1), cells - 1)
    order = torch.rand(count, bodies, cells, generator=generator).argsort(-1).argsort(-1)
    chosen = (order < hidden).view(count, bodies, num_spans, num_parts)
    start = torch.randint(span, (count, bodies, 1), generator=generator)
    place = (torch.arange(size) + start) // span  # (N, M, T)
    by_frame = chosen.gather(2, place[..., None].expand(-1, -1, -1, num_parts))
    lost = by_frame[..., part].permute(0, 2, 3, 1)
    seen = visible.cpu()
    keeps = (seen & ~lost).any(2, keepdim=True).any(1, keepdim=True)
    return lost & keeps


def joint_parts(layout: Layout) -> Tensor:
    """Number the part of each joint, int64, shape (V,); joints of no part get one each."""
    part = torch.full((layout.num_joints,), -1)
    for number, joints in enumerate(part_members(layout)):
        part[joints] = number
    alone = part < 0
    part[alone] = int(part.max()) + 1 + torch.arange(int(alone.sum()))
    return part.unique(return_inverse=True)[1]


def conceal(batch: Batch, layout: Layout, *, lost: Tensor, num_spatial: int) -> Batch:
    """Make joints missing so that nothing of where they were is left in the batch.

    They stand, as missing joints do, in the neutral pose about the body's centre, which is found
    from the joints that stay. So do joints that were missing before: a gap may have been filled
    from frames that are hidden now.

    Args:
        batch: Positions (N, C, T, V, M).
        layout: Gives the neutral pose and the centre.
        lost: Joints to hide, bool, shape (N, T, V, M).
        num_spatial: Channels that are places; further ones become 0.
    """
    known = batch.visible & ~lost
    offsets = _neutral_offsets(batch, layout, num_spatial)
    places, rest = batch.positions.tensor_split([num_spatial], dim=1)
    seen = known[:, None]
    apart = (places - offsets).masked_fill(~seen, 0)
    total, count = apart.sum(3, keepdim=True), seen.sum(3, keepdim=True)
    whole = total.sum(2, keepdim=True) / count.sum(2, keepdim=True).clamp(min=1)
    centre = torch.where(count > 0, total / count.clamp(min=1), whole)  # (N, C, T, 1, M)
    moved = torch.where(seen, places, centre + offsets)
    positions = torch.cat([moved, rest.masked_fill(~seen, 0)], dim=1)
    return replace(batch, positions=positions, visible=known)


def _neutral_offsets(batch: Batch, layout: Layout, num_spatial: int) -> Tensor:
    """Neutral pose of each slot about its centre, shape (C, 1, V, M)."""
    slots = range(batch.positions.shape[-1])
    poses = np.stack([layout.neutral_of(slot)[:, :num_spatial] for slot in slots], axis=-1)
    poses = poses - poses[list(layout.centre)].mean(axis=0)  # (V, C, M)
    return torch.as_tensor(poses).to(batch.positions).transpose(0, 1)[:, None]

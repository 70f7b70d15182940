"""SkeleMix: parts of the body from another clip of the same class."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skelgraph.transforms.bones import from_bones, to_bones
from skelgraph.transforms.knots import relative_times
from skelgraph.transforms.parts import part_members
from skelgraph.transforms.timing import resample

if TYPE_CHECKING:
    from skelgraph.data.dataset import Batch
    from skelgraph.graphs import Layout
    from skelgraph.transforms.options import AugmentOptions


def mix_parts(
    batch: Batch,
    layout: Layout,
    *,
    num_spatial: int,
    options: AugmentOptions,
    generator: torch.Generator,
) -> Batch:
    """Give clips parts of the body of another clip of their class.

    Bones are taken, not places: a part stays joined where it was. The other clip is played over
    the length of this one, and turned as a whole so that the parts that stay fit best: who looks
    elsewhere lends an arm all the same. A body takes from the one in its slot, if both are seen.

    Args:
        batch: Positions (N, C, T, V, M).
        layout: Gives parts and tree.
        num_spatial: Channels that are places.
        options: `mix` and `mix_unlabelled`.
        generator: Source of chance, on the CPU.

    Source:
        Chen et al. 2022, "Contrastive learning from spatio-temporal mixed skeleton sequences".
        There any two clips mix, and joints' places are put in another's for a span of frames;
        here the class is one, bones keep joined and are turned, and the span is the clip.
    """
    partner, found = draw_partners(batch.label.cpu(), options, generator)
    joints = draw_parts(layout, len(batch), generator) & found[:, None]  # (N, V)
    device = batch.positions.device
    other = _at_length(batch, batch.select(partner.to(device)))
    both = (batch.bodies & other.bodies)[:, None, None, :]  # (N, 1, 1, M)
    taken = joints.to(device)[:, None, :, None] & both & batch.frames[:, :, None, None]
    own, its = (clip.positions.transpose(3, 4) for clip in (batch, other))
    rows = taken.transpose(2, 3).unsqueeze(1)  # (N, 1, T, M, V)
    bones, lent = (to_bones(rest[:, :num_spatial], layout) for rest in (own, its))
    fits = (batch.visible & other.visible & ~taken).transpose(2, 3)  # (N, T, M, V)
    fits[..., layout.root] = False  # its row is a place, no bone
    bones = torch.where(rows, turn_alike(lent, bones, fits), bones)
    bones[..., layout.root] = own[:, :num_spatial, ..., layout.root]
    rest = torch.where(rows, its[:, num_spatial:], own[:, num_spatial:])
    mixed = torch.cat([from_bones(bones, layout), rest], dim=1).transpose(3, 4)
    hit = found.to(device).view(-1, 1, 1, 1, 1) & both.unsqueeze(1)
    return replace(
        batch,
        positions=torch.where(hit, mixed, batch.positions),
        visible=torch.where(taken, other.visible, batch.visible),
    )


def turn_alike(bones: Tensor, model: Tensor, fits: Tensor) -> Tensor:
    """Turn the bones of each body, one rotation a clip, so that they lie closest to others.

    Args:
        bones: Shape (N, C, T, M, V).
        model: What they are to be like, the same shape.
        fits: Which of them count, bool, shape (N, T, M, V).

    Source:
        Kabsch 1976: the rotation that maximises the sum of products, by singular values.
    """
    weighted = bones * fits.unsqueeze(1)
    product = torch.einsum("nctmv,ndtmv->nmcd", weighted, model)
    left, _, right = torch.linalg.svd(product)
    sign = torch.linalg.det(left @ right).sign()
    left = torch.cat([left[..., :-1], left[..., -1:] * sign[..., None, None]], dim=-1)
    return torch.einsum("nmcd,nctmv->ndtmv", left @ right, bones)


def draw_partners(
    label: Tensor, options: AugmentOptions, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw another clip of the same class for clips that are to be mixed.

    Args:
        label: Classes, -1 where unlabelled, shape (N,).
        options: `mix` and `mix_unlabelled`.
        generator: Source of chance, on the CPU.

    Returns:
        Its place for each clip, int64 (N,), and whether there is one to take from, bool (N,).
    """
    count = len(label)
    same = (label[:, None] == label[None]) & ~torch.eye(count, dtype=torch.bool)
    if not options.mix_unlabelled:
        same &= (label >= 0)[:, None]
    score = torch.rand(count, count, generator=generator).masked_fill(~same, -1.0)
    best, partner = score.max(1)
    hit = torch.rand(count, generator=generator) < options.mix
    return partner, hit & (best >= 0)


def draw_parts(layout: Layout, count: int, generator: torch.Generator) -> Tensor:
    """Draw some parts for each clip, at least one and at most half of them.

    Returns:
        Their joints, bool, shape (N, V).
    """
    member = part_members(layout)
    most = max(len(member) // 2, 1)
    wanted = torch.randint(1, most + 1, (count, 1), generator=generator)
    rank = torch.rand(count, len(member), generator=generator).argsort(1).argsort(1)
    return ((rank < wanted).float() @ member.float()) > 0


def _at_length(batch: Batch, other: Batch) -> Batch:
    """Play the other clips over as many frames as those of the batch have."""
    if bool(batch.frames.all()):
        return other
    last = (other.frames.sum(1, keepdim=True) - 1).float()
    return resample(replace(other, frames=batch.frames), relative_times(batch.frames) * last)

"""Augmentations of whole batches that keep the bone lengths of the person they show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skelgraph.transforms.affine import apply_matrices, draw_matrices
from skelgraph.transforms.bones import bend, from_bones, stretch, to_bones
from skelgraph.transforms.mirroring import choose, mirror
from skelgraph.transforms.missing import draw_lost, hide
from skelgraph.transforms.mixing import mix_parts
from skelgraph.transforms.options import AugmentOptions
from skelgraph.transforms.timing import draw_times, resample

if TYPE_CHECKING:
    from skelgraph.data.dataset import Batch
    from skelgraph.data.symmetry import Symmetry
    from skelgraph.graphs import Layout


@torch.no_grad()
def augment(
    batch: Batch,
    layout: Layout,
    *,
    options: AugmentOptions,
    generator: torch.Generator,
    num_spatial: int | None = None,
    symmetry: Symmetry | None = None,
) -> Batch:
    """Return a changed copy of a centred batch; the batch itself stays as it is.

    In this order: mirror, reversal, cut and time warp, parts of other clips, limb lengths, bones
    turned in their joints, the whole turned and scaled, joints gone missing. Padding and bodies
    that are not seen stay as they are, but for the mirror, which moves hands to the other slot.

    Args:
        batch: Positions (N, C, T, V, M) about their centre, C is 2 or 3.
        layout: Skeleton of the batch.
        options: What may change, and how far.
        generator: Source of chance, on the CPU.
        num_spatial: Channels that are places; further ones are neither turned nor scaled.
            None: all.
        symmetry: Which classes mirrored and reversed clips show; labels follow it. None: any
            clip may be mirrored or reversed, and keeps its label.
    """
    places = num_spatial or batch.positions.shape[1]
    # Drawn first, and always, so that one seed turns the same clips alike whatever else is on.
    matrix = draw_matrices(len(batch), num_spatial=places, options=options, generator=generator)
    if options.mirror > 0:
        batch, chosen = choose(
            batch, "mirror", share=options.mirror, symmetry=symmetry, generator=generator
        )
        batch = mirror(batch, layout, chosen=chosen)
    before = batch
    batch = _retimed(batch, options, symmetry, generator)
    if options.mix > 0:
        batch = mix_parts(batch, layout, num_spatial=places, options=options, generator=generator)
    positions = _reposed(batch, layout, places, options, generator)
    positions = apply_matrices(matrix, positions)
    if options.jitter > 0:
        noise = torch.randn(positions.shape, generator=generator).to(positions)
        positions = positions + options.jitter * noise
    positions = torch.cat([positions, batch.positions[:, places:]], dim=1)
    batch = replace(batch, positions=_only_shown(positions, before))
    if options.drop_joint > 0 or options.drop_span > 0 or options.drop_time > 0:
        lost = draw_lost(batch, layout, options=options, generator=generator)
        batch = hide(batch, layout, lost=lost, num_spatial=num_spatial)
    return batch


def _retimed(
    batch: Batch,
    options: AugmentOptions,
    symmetry: Symmetry | None,
    generator: torch.Generator,
) -> Batch:
    before, backwards = batch, torch.zeros(len(batch), dtype=torch.bool)
    if options.reverse > 0:
        batch, backwards = choose(
            batch, "time_reversal", share=options.reverse, symmetry=symmetry, generator=generator
        )
    if options.warp > 0 or options.cut > 0 or bool(backwards.any()):
        times = draw_times(batch.frames, options=options, reversed_=backwards, generator=generator)
        batch = _unless_emptied(before, resample(batch, times))
    return batch


def _unless_emptied(batch: Batch, changed: Batch) -> Batch:
    """Leave clips as they were of which a body is no longer seen: absence is no augmentation."""
    keeps = ~(batch.bodies & ~changed.bodies).any(1)
    if bool(keeps.all()):
        return changed
    return replace(
        changed,
        positions=torch.where(keeps.view(-1, 1, 1, 1, 1), changed.positions, batch.positions),
        visible=torch.where(keeps.view(-1, 1, 1, 1), changed.visible, batch.visible),
        label=torch.where(keeps, changed.label, batch.label),
    )


def _reposed(
    batch: Batch,
    layout: Layout,
    num_spatial: int,
    options: AugmentOptions,
    generator: torch.Generator,
) -> Tensor:
    """Places after limbs and angles were changed, shape (N, num_spatial, T, V, M)."""
    positions = batch.positions[:, :num_spatial]
    if not (options.limbs > 0 or options.bend > 0 or options.sway > 0):
        return positions
    bones = to_bones(positions.transpose(3, 4), layout)
    if options.limbs > 0:
        bones = stretch(bones, layout, options=options, generator=generator)
    if options.bend > 0 or options.sway > 0:
        bones = bend(bones, batch.frames, layout, options=options, generator=generator)
    return from_bones(bones, layout).transpose(3, 4)


def _only_shown(positions: Tensor, before: Batch) -> Tensor:
    """Leave padding, and the neutral pose of bodies that are not seen, as they were."""
    bodies = before.bodies
    if bool(bodies.all()) and bool(before.frames.all()):
        return positions
    shown = before.frames[:, None, :, None, None] & bodies[:, None, None, None, :]
    return torch.where(shown, positions, before.positions)

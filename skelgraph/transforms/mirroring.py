"""True mirrors, and which clips may be changed that way under which label."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from skelgraph.data.dataset import Batch
    from skelgraph.data.symmetry import Symmetry
    from skelgraph.graphs import Layout


def mirror(batch: Batch, layout: Layout, *, chosen: Tensor) -> Batch:
    """Mirror the chosen clips: negate x, swap left and right joints, and hands their slots.

    Labels stay; `choose` draws clips and gives them theirs.

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


def choose(
    batch: Batch,
    change: str,
    *,
    share: float,
    symmetry: Symmetry | None,
    generator: torch.Generator,
) -> tuple[Batch, Tensor]:
    """Draw the clips to mirror or to reverse, and give them the labels that they then have.

    A clip of a class that the data set says does not stay a class is never chosen, and one
    without a label only if every class stays what it is. Where the data set says nothing, any
    clip may be chosen, and keeps its label.

    Args:
        batch: Its clips.
        change: A name of `skelgraph.data.symmetry.CHANGES`.
        share: Probability of a clip.
        symmetry: What the data set says. None: nothing.
        generator: Source of chance, on the CPU.

    Returns:
        The batch with new labels, and which clips were chosen, bool on the CPU, shape (N,).
    """
    chosen = torch.rand(len(batch), generator=generator) < share
    partners = None if symmetry is None else getattr(symmetry, change)
    if symmetry is None or partners is None:
        return batch, chosen
    # The last one is that of clips without a label, -1.
    becomes = torch.tensor([*partners, -1])
    allowed = becomes >= 0
    allowed[-1] = symmetry.keeps_all(change)
    label = batch.label.cpu()
    chosen = chosen & allowed[label]
    label = torch.where(chosen, becomes[label], label)
    return replace(batch, label=label.to(batch.label.device)), chosen

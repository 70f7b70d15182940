"""Several batches as one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from skelgraph.data.dataset import Batch


def join_batches(batches: Sequence[Batch]) -> Batch:
    """Put the clips of batches one after another.

    Args:
        batches: One or more, of one layout and as many bodies; of different lengths, the
            shorter ones are padded: no frame of the padding counts.
    """
    if len(batches) == 1:
        return batches[0]
    frames = max(batch.frames.shape[1] for batch in batches)
    padded = [_pad(batch, frames) for batch in batches]
    return Batch(
        positions=torch.cat([batch.positions for batch in padded]),
        visible=torch.cat([batch.visible for batch in padded]),
        frames=torch.cat([batch.frames for batch in padded]),
        label=torch.cat([batch.label for batch in padded]),
        index=torch.cat([batch.index for batch in padded]),
    )


def _pad(batch: Batch, frames: int) -> Batch:
    """Repeat the last frame, unseen and invalid."""
    lacking = frames - batch.frames.shape[1]
    if lacking == 0:
        return batch
    last = batch.positions[:, :, -1:].expand(-1, -1, lacking, -1, -1)
    return Batch(
        positions=torch.cat([batch.positions, last], dim=2),
        visible=_more(batch.visible, lacking),
        frames=functional.pad(batch.frames, (0, lacking)),
        label=batch.label,
        index=batch.index,
    )


def _more(visible: Tensor, lacking: int) -> Tensor:
    return functional.pad(visible, (0, 0, 0, 0, 0, lacking))

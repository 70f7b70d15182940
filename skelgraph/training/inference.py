"""Run a model over clips, batch by batch, without gradients."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from skelgraph.data.dataset import Batch, ClipSet
from skelgraph.training.config import DataOptions

if TYPE_CHECKING:
    from lightning_fabric import Fabric

BATCH_SIZE = 64


@torch.no_grad()
def outputs(
    model: nn.Module,
    clips: ClipSet,
    data: DataOptions,
    *,
    returns: Collection[str] = (),
    device: torch.device | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Batch, Any]]:
    """Yield each batch with the model's output, in the order of the clips.

    Args:
        model: Takes (positions, visible, frames).
        clips: What to run over.
        data: How clips are sampled; without augmentation and without chance.
        returns: What the output holds beside the logits.
        device: Where the model is; None: where its parameters are.
        tick: Called after each batch.
    """
    model.eval()
    device = device or next(model.parameters()).device
    for chosen in torch.arange(len(clips)).split(BATCH_SIZE):
        batch = clips.batch(chosen, num_frames=data.num_frames or None, centre=data.centre)
        batch = batch.to(device)
        yield batch, model(batch.positions, batch.visible, batch.frames, returns=returns)
        tick()


def predict_logits(
    model: nn.Module, clips: ClipSet, data: DataOptions, *, fabric: Fabric | None = None
) -> Tensor:
    """Return the logits of all clips, float32 on the CPU, shape (N, classes)."""
    device = fabric.device if fabric else None
    batches = outputs(model, clips, data, device=device)
    return torch.cat([output.logits.float().cpu() for _, output in batches])

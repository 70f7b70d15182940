"""Run a model over clips, batch by batch, without gradients."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from skelgraph.data.dataset import Batch, ClipSet
from skelgraph.nn.processes import gather_processes
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
    places: Tensor | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Batch, Any]]:
    """Yield each batch with the model's output, in the order of the clips.

    Args:
        model: Takes (positions, visible, frames).
        clips: What to run over.
        data: How clips are sampled; without augmentation and without chance.
        returns: What the output holds beside the logits.
        device: Where the model is; None: where its parameters are.
        places: Which clips to run over, in this order. None: all.
        tick: Called after each batch.
    """
    model.eval()
    device = device or next(model.parameters()).device
    for chosen in (torch.arange(len(clips)) if places is None else places).split(BATCH_SIZE):
        batch = clips.batch(chosen, num_frames=data.num_frames or None, centre=data.centre)
        batch = batch.to(device)
        yield batch, model(batch.positions, batch.visible, batch.frames, returns=returns)
        tick()


def predict_logits(
    model: nn.Module, clips: ClipSet, data: DataOptions, *, fabric: Fabric | None = None
) -> Tensor:
    """Return the logits of all clips, float32 on the CPU, shape (N, classes).

    Args:
        model: Takes (positions, visible, frames).
        clips: What to run over.
        data: How clips are sampled.
        fabric: Processes that share the work and all get the result; every one of them must
            call this. None: this process does it alone.
    """
    if fabric is None or fabric.world_size == 1:
        device = fabric.device if fabric else None
        batches = outputs(model, clips, data, device=device)
        return torch.cat([output.logits.float().cpu() for _, output in batches])
    rank, world = fabric.global_rank, fabric.world_size
    # The first clips fill an uneven end up: every process must run as many batches.
    size = -(-len(clips) // world)
    places = (torch.arange(size) * world + rank) % len(clips)
    batches = outputs(model, clips, data, device=fabric.device, places=places)
    own = torch.cat([output.logits.float() for _, output in batches])
    return gather_processes(own).transpose(0, 1).flatten(0, 1)[: len(clips)].cpu()

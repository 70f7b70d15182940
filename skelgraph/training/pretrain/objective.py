"""What a method of training without labels is, and where its clips come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from skelgraph.data.dataset import Batch, ClipSet
from skelgraph.errors import ConfigError
from skelgraph.graphs import Layout
from skelgraph.training.config import DataOptions
from skelgraph.training.learner import Learner
from skelgraph.transforms.augment import augment
from skelgraph.transforms.options import AugmentOptions


@dataclass(frozen=True, eq=False)
class Draw:
    """Views of the clips of one step.

    Args:
        clips: The set that they are from.
        chosen: Their places in it, int64 (N,).
        layout: Skeleton.
        data: How clips are sampled.
        generator: Source of chance, on the CPU.
        device: Where views go.
        dtype: Of their positions.
    """

    clips: ClipSet
    chosen: Tensor
    layout: Layout
    data: DataOptions
    generator: torch.Generator
    device: torch.device
    dtype: torch.dtype

    def view(self, options: AugmentOptions, *, crop: float) -> Batch:
        """Sample and augment the clips once more; no view has a label."""
        batch = self.clips.batch(
            self.chosen,
            num_frames=self.data.num_frames or None,
            generator=self.generator,
            centre=self.data.centre,
            crop=crop,
        )
        batch = replace(batch, label=torch.full_like(batch.label, -1))
        return augment(
            batch,
            self.layout,
            options=options,
            generator=self.generator,
            num_spatial=self.clips.num_spatial,
            symmetry=self.clips.symmetry,
        )

    def placed(self, batch: Batch) -> Batch:
        """Move a batch to where the model is."""
        batch = batch.to(self.device)
        return replace(batch, positions=batch.positions.to(self.dtype))


class Objective(nn.Module):
    """A model with the parts that only training without labels needs.

    Args:
        model: Has `encode`; its head learns nothing and is taken off.

    Raises:
        ConfigError: If the model has no such features.
    """

    model: Any

    def __init__(self, model: nn.Module, *, name: str) -> None:
        super().__init__()
        if not hasattr(model, "encode"):
            raise ConfigError(
                f"model: expected one whose blocks give features of joints and frames, got "
                f"'{name}'. Choose as_gcn, st_gcn or ctr_gcn."
            )
        model.head = nn.Identity()
        self.model = model

    def terms(self, learner: Learner, draw: Draw) -> dict[str, Tensor]:
        """Compute `loss`, what it is made of, and `trivial`: the loss of knowing nothing.

        Args:
            learner: Its model is this one, in training or in evaluation.
            draw: The clips.

        Returns:
            Scalars by name; the losses of the A-links among them, where the model has some.
        """
        raise NotImplementedError

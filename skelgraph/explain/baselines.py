"""Maps that know nothing of the model: what a method must beat."""

from __future__ import annotations

import torch
from torch import Tensor

from skelgraph.explain.question import ExplainOptions, Question


def random_map(question: Question, options: ExplainOptions) -> Tensor:
    """Numbers from 0 to 1 by chance for each joint and frame, shape (N, M, T, V).

    A clip's numbers hang on the seed and its place in its set, not on the batch.
    """
    batch = question.batch
    _, size, joints, bodies = batch.visible.shape
    drawn = []
    for place in batch.index.tolist():
        generator = torch.Generator().manual_seed(options.seed * 1_000_003 + place)
        drawn.append(torch.rand(bodies, 1, joints, generator=generator).expand(-1, size, -1))
    return torch.stack(drawn).to(batch.positions)


def motion_energy(question: Question, options: ExplainOptions) -> Tensor:
    """Squared way from frame to frame, shape (N, M, T, V); without any model."""
    del options
    batch = question.batch
    moved = batch.positions[:, : question.num_spatial].diff(
        dim=2, prepend=batch.positions[:, : question.num_spatial, :1]
    )
    return moved.square().sum(1).permute(0, 3, 1, 2)

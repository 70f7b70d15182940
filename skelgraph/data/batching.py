"""Which clips go into a batch together."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

POOL = 16


def group_lengths(
    lengths: np.ndarray, num_batches: int, *, generator: torch.Generator
) -> list[Tensor]:
    """Deal clips into batches of like lengths, so that little is padding.

    Clips are shuffled and cut into pools of some batches; a pool is sorted by length and cut into
    its batches, and the batches are shuffled. So neighbours change from epoch to epoch.

    Args:
        lengths: Frames of each clip, shape (N,).
        num_batches: Batches; each has N / num_batches clips, one more or less.
        generator: Source of chance.

    Returns:
        Places of each batch's clips, int64.
    """
    order = torch.randperm(len(lengths), generator=generator)
    sizes = [len(part) for part in order.tensor_split(num_batches)]
    frames = torch.as_tensor(lengths)[order]
    batches: list[Tensor] = []
    start = 0
    for first in range(0, num_batches, POOL):
        pool = sizes[first : first + POOL]
        places = slice(start, start + sum(pool))
        start += sum(pool)
        batches += order[places][frames[places].argsort(stable=True)].split(pool)
    shuffled = torch.randperm(num_batches, generator=generator)
    return [batches[number] for number in shuffled.tolist()]

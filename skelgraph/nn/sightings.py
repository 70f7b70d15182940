"""When something that is not always seen was seen last, and will be next."""

from __future__ import annotations

import torch
from torch import Tensor


def sightings(visible: Tensor) -> tuple[Tensor, Tensor]:
    """Find the frames of the last sighting so far and of the next one from each frame on.

    Args:
        visible: Joints seen, bool, shape (P, T, V).

    Returns:
        Frame numbers, shape (P, T, V): -1 where there was none, T where there will be none.
    """
    frames = visible.shape[1]
    steps = torch.arange(frames, device=visible.device)[:, None]
    before = torch.where(visible, steps, -1).cummax(1).values
    after = torch.where(visible, steps, frames).flip(1).cummin(1).values.flip(1)
    return before, after

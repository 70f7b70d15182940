"""Bring the valid frames of clips to one length."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Places:
    """Where to read clips: between two frames, B readings of F places each.

    Args:
        lower: Frame before, int64, shape (P, B, F), or (1, B, F) for the same in all clips.
        upper: Frame after, shape as `lower`.
        share: Share of the frame after, from 0 to below 1, float64, shape as `lower`.
    """

    lower: Tensor
    upper: Tensor
    share: Tensor

    def interpolate(self, values: Tensor) -> Tensor:
        """Read values linearly: (P, T, ...) to (P, B, F, ...)."""
        rows = torch.arange(len(values), device=values.device)[:, None, None]
        share = self.share.to(values.dtype).view(*self.share.shape, *[1] * (values.dim() - 2))
        return torch.lerp(values[rows, self.lower], values[rows, self.upper], share)

    def both(self, mask: Tensor) -> Tensor:
        """Say where all frames read are marked: bool (P, T, ...) to (P, B, F, ...)."""
        rows = torch.arange(len(mask), device=mask.device)[:, None, None]
        unused = (self.share == 0).view(*self.share.shape, *[1] * (mask.dim() - 2))
        return mask[rows, self.lower] & (mask[rows, self.upper] | unused)


def equal_places(counts: Tensor, *, size: int, order: Tensor | None = None) -> Places:
    """Choose `size` equally spaced places from the first to the last of the frames to use.

    A single frame is repeated.

    Args:
        counts: Frames to use in each reading, at least 1, int64, shape (P, B).
        size: Places F.
        order: Frame numbers, those to use first, int64, shape (P, T). None: as they come.
    """
    last = (counts - 1)[..., None]
    steps = torch.arange(size, device=counts.device, dtype=torch.float64) / max(size - 1, 1)
    places = steps * last
    lower = places.floor().long()
    upper = torch.minimum(lower + 1, last)
    share = places - lower
    if order is not None:
        rows = torch.arange(len(order), device=order.device)[:, None, None]
        lower, upper = order[rows, lower], order[rows, upper]
    return Places(lower, upper, share)


def valid_order(frames: Tensor) -> Tensor:
    """Frame numbers with the valid frames first, in time's order: (P, T) to int64 (P, T)."""
    return torch.argsort((~frames).to(torch.uint8), dim=1, stable=True)

"""Bring the valid frames of clips to one length."""

from __future__ import annotations

import torch
from torch import Tensor


def resample_frames(values: Tensor, counts: Tensor, order: Tensor | None, *, size: int) -> Tensor:
    """Interpolate linearly at `size` equally spaced places from the first to the last frame.

    A single frame is repeated.

    Args:
        values: Shape (P, T, ...).
        counts: How many frames to use, at least 1, int64, shape (P,).
        order: Frame numbers, those to use first, int64, shape (P, T). None: as they come.
        size: Frames of the result.

    Returns:
        Shape (P, size, ...).
    """
    lower, upper, share = resample_places(counts, order, size=size)
    rows = torch.arange(len(values), device=values.device)[:, None]
    share = share.to(values.dtype).view(*share.shape, *[1] * (values.dim() - 2))
    return torch.lerp(values[rows, lower], values[rows, upper], share)


def resample_places(
    counts: Tensor, order: Tensor | None, *, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Frames to interpolate between and the share of the later one, each shape (P, size)."""
    steps = torch.arange(size, device=counts.device, dtype=torch.float64) / max(size - 1, 1)
    places = steps * (counts - 1).clamp(min=0)[:, None].to(torch.float64)
    lower = places.floor().long()
    upper = torch.minimum(lower + 1, (counts - 1).clamp(min=0)[:, None])
    share = places - lower
    if order is not None:
        lower, upper = order.gather(1, lower), order.gather(1, upper)
    return lower, upper, share


def valid_order(frames: Tensor) -> Tensor:
    """Frame numbers with the valid frames first, in time's order: (P, T) to int64 (P, T)."""
    return torch.argsort(~frames, dim=1, stable=True)

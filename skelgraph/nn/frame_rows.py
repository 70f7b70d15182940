"""The valid frames of a batch side by side, without padding, and back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class FrameRows:
    """Which frames of a batch are valid.

    Args:
        frames: Valid frames, bool, shape (P, T).
    """

    def __init__(self, frames: Tensor) -> None:
        self.shape = frames.shape
        flat = frames.flatten()
        self.valid = flat.nonzero().squeeze(1)  # of each row, its frame
        place = flat.cumsum(0) - 1
        self.place = place.masked_fill(~flat, len(self.valid))  # of each frame, its row or the last

    def take(self, x: Tensor) -> Tensor:
        """Give the valid frames of features: (P, C, T, V) to (valid frames * V, C)."""
        rows: Tensor = _Select.apply(_frames_first(x), self.valid, self.place)
        return rows.view(-1, x.shape[1])

    def put_back(self, rows: Tensor, *, joints: int) -> Tensor:
        """Undo `take`, with zeros in padding; the features are channels last in memory."""
        channels = rows.shape[1]
        flat = rows.view(len(self.valid), joints * channels)
        full: Tensor = _Spread.apply(flat, self.valid, self.place)
        return full.view(*self.shape, joints, channels).permute(0, 3, 1, 2)


def _frames_first(x: Tensor) -> Tensor:
    """Features (P, C, T, V) as one row a frame, (P * T, V * C)."""
    bodies, channels, frames, joints = x.shape
    return x.permute(0, 2, 3, 1).reshape(bodies * frames, joints * channels)


class _Select(torch.autograd.Function):
    """Rows of frames, those of padding left out. Indexing by a mask takes ten times as long."""

    @staticmethod
    def forward(ctx: Any, full: Tensor, valid: Tensor, place: Tensor) -> Tensor:
        ctx.save_for_backward(place)
        return full.index_select(0, valid)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return _spread(grad, *ctx.saved_tensors), None, None


class _Spread(torch.autograd.Function):
    """A row for each frame, of padding zeros."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, valid: Tensor, place: Tensor) -> Tensor:
        ctx.save_for_backward(valid)
        return _spread(rows, place)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return grad.index_select(0, *ctx.saved_tensors), None, None


def _spread(rows: Tensor, place: Tensor) -> Tensor:
    padded = torch.cat((rows, rows.new_zeros(1, rows.shape[1])))
    return padded.index_select(0, place)

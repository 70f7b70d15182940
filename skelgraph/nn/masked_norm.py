"""Batch normalisation whose statistics leave out what is padding."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from skelgraph.nn.frame_rows import FrameRows
from skelgraph.nn.precision import full_precision
from skelgraph.nn.processes import gather_processes, num_processes
from skelgraph.nn.recompute import is_second_call


class MaskedBatchNorm(nn.Module):
    """Normalise each channel by the statistics of its valid values.

    With nothing masked it is `torch.nn.BatchNorm2d`. Where several processes train together, the
    statistics are those of all their valid values, each counted once: a process with a short share
    or with none weighs by what it has. A channel with fewer than two valid values in a training
    batch (one frame, one body, a joint nobody saw) is normalised by the running statistics and
    leaves them as they are.

    Args:
        num_features: Channels C.
        momentum: Share of the new statistics in the running ones. Before the 1 / momentum-th
            batch in which a channel is seen, its running ones are the plain mean over those
            batches, so that a short training does not evaluate with the statistics it started
            from.
        eps: Added to the variance.

    Source:
        Ioffe and Szegedy 2015, arXiv:1502.03167; the mask and the start are ours.
        `torch.nn.SyncBatchNorm` knows no masks and refuses tensors on the CPU.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches: Tensor

    def __init__(self, num_features: int, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches", torch.zeros(num_features, dtype=torch.int64))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Normalise, in training by the batch, in evaluation by the running statistics.

        Args:
            x: Features, shape (P, C, ...).
            mask: Valid values, bool, broadcastable to x. None: all.

        Returns:
            Features of x's shape; what they are where the mask is False means nothing.
        """
        if not self.training:
            return functional.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        if mask is None or x.device.type != "cpu" or not _masks_frames(x, mask):
            return self._by_batch(x, mask)
        frames = FrameRows(mask[:, 0, :, 0])
        rows = self._by_batch(frames.take(x), None)
        return frames.put_back(rows, joints=x.shape[3])

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """Give what evaluation multiplies each channel by and then adds, both of shape (C,)."""
        scale = self.weight * torch.rsqrt(self.running_var + self.eps)
        return scale, self.bias - self.running_mean * scale

    def _by_batch(self, x: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None and x.numel() > x.shape[1] and num_processes() == 1:
            return self._whole(x)
        return self._masked(x, mask)

    def _whole(self, x: Tensor) -> Tensor:
        """Normalise by all values, in torch's own kernel."""
        mean, variance = torch.zeros_like(self.running_mean), torch.ones_like(self.running_var)
        # With momentum 1 the kernel leaves the batch's own statistics in what it is given.
        out = functional.batch_norm(
            x, mean, variance, self.weight, self.bias, training=True, momentum=1.0, eps=self.eps
        )
        self._follow(mean, variance, torch.ones_like(mean, dtype=torch.bool))
        return out

    def _masked(self, x: Tensor, mask: Tensor | None) -> Tensor:
        count, mean, variance = join_moments(*masked_moments(x, mask))
        enough = count > 1
        with torch.no_grad():
            self._follow(mean, variance * count / (count - 1).clamp(min=1), enough)
        mean = torch.where(enough, mean, self.running_mean)
        variance = torch.where(enough, variance, self.running_var)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        shape = (1, -1) + (1,) * (x.dim() - 2)
        return (x * scale.view(shape) + shift.view(shape)).to(x.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, seen: Tensor) -> None:
        """Move the running statistics of the channels seen; no step waits for the device."""
        if is_second_call():
            return
        self.num_batches += seen
        share = self.num_batches.clamp(min=1).to(mean.dtype).reciprocal()
        share = share.clamp(min=self.momentum) * seen
        self.running_mean += share * (mean - self.running_mean)
        self.running_var += share * (variance - self.running_var)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Take one count for all channels too, as weights had it at first."""
        counted = state_dict.get(prefix + "num_batches")
        if counted is not None and counted.dim() == 0:
            spread = counted.expand(len(self.num_batches))
            state_dict = {**state_dict, prefix + "num_batches": spread}
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _masks_frames(x: Tensor, mask: Tensor) -> bool:
    """Tell whether whole frames are masked: x (P, C, T, V) and mask (P, 1, T, 1)."""
    return x.dim() == 4 and mask.shape == (len(x), 1, x.shape[2], 1)


def masked_moments(x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Count, mean and biased variance of each channel's valid values.

    Args:
        x: Features, shape (P, C, ...).
        mask: Valid values, bool, broadcastable to x. None: all.

    Returns:
        Three tensors of shape (C,); mean and variance are 0 where the count is 0.
    """
    moments: tuple[Tensor, Tensor, Tensor] = _Moments.apply(x, mask)
    return moments


class _Moments(torch.autograd.Function):
    """Moments whose way back keeps nothing but x and the mask."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        count, mean, variance = _moments(x, mask)
        ctx.save_for_backward(x, mask, count, mean)
        ctx.mark_non_differentiable(count)
        return count, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: Tensor, by_mean: Tensor, by_variance: Tensor) -> tuple[Tensor, None]:
        x, mask, count, mean = ctx.saved_tensors
        slope = 2 * by_variance / count.clamp(min=1)
        offset = by_mean / count.clamp(min=1) - slope * mean
        shape = (1, -1) + (1,) * (x.dim() - 2)
        by_x = (x * slope.view(shape) + offset.view(shape)).to(x.dtype)
        return by_x if mask is None else by_x * mask, None


def _moments(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    axes = [axis for axis in range(x.dim()) if axis != 1]
    precise = full_precision(x)
    if mask is None and x.numel():
        variance, mean = torch.var_mean(precise, axes, correction=0)
        return torch.full_like(mean, x.numel() // x.shape[1]), mean, variance
    if mask is None:
        mask = x.new_ones((1,) * x.dim(), dtype=torch.bool)
    repeats = math.prod(x.shape[axis] // max(mask.shape[axis], 1) for axis in axes)
    weight = mask.to(precise.dtype)
    count = (weight.sum(axes) * repeats).expand(x.shape[1])
    total = count.clamp(min=1)
    mean = (precise * weight).sum(axes) / total
    shape = (1, -1) + (1,) * (x.dim() - 2)
    centred = (precise - mean.view(shape)) * weight
    return count, mean, centred.square().sum(axes) / total


def join_moments(count: Tensor, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Count, mean and biased variance over the processes, from those of each.

    Args:
        count: Valid values, shape (C,).
        mean: Their mean, shape (C,).
        variance: Their biased variance, shape (C,).

    Returns:
        The same of the values of all processes; one exchange forwards and one backwards.

    Source:
        Chan, Golub and LeVeque 1983, The American Statistician 37(3), formula 2.1: sums of
        squares would cancel.
    """
    if num_processes() == 1:
        return count, mean, variance
    counts, means, variances = gather_processes(torch.stack((count, mean, variance))).unbind(1)
    whole = counts.sum(0)
    total = whole.clamp(min=1)
    middle = (counts * means).sum(0) / total
    spread = counts * (variances + (means - middle).square())
    return whole, middle, spread.sum(0) / total

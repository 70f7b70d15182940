"""Batch normalisation whose statistics leave out what is padding."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.nn.precision import full_precision


class MaskedBatchNorm(nn.Module):
    """Normalise each channel by the statistics of its valid values.

    With nothing masked it is `torch.nn.BatchNorm2d`. A channel with fewer than two valid
    values in a training batch (one frame, one body, a joint nobody saw) is normalised by the
    running statistics and leaves them as they are.

    Args:
        num_features: Channels C.
        momentum: Share of the new statistics in the running ones. Before the 1 / momentum-th
            batch the running ones are the plain mean over the batches so far, so that a short
            training does not evaluate with the statistics it started from.
        eps: Added to the variance.

    Source:
        Ioffe and Szegedy 2015, arXiv:1502.03167; the mask and the start are ours.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches: Tensor

    def __init__(self, num_features: int, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self._settled = False
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Normalise, in training by the batch, in evaluation by the running statistics.

        Args:
            x: Features, shape (P, C, ...).
            mask: Valid values, bool, broadcastable to x. None: all.

        Returns:
            Features of x's shape; what they are where the mask is False means nothing.
        """
        if not self.training:
            return self._native(x, training=False)
        if mask is None and x.numel() > x.shape[1]:
            return self._native(x, training=True)
        if mask is None:
            mask = x.new_ones((1,) * x.dim(), dtype=torch.bool)
        return self._masked(x, mask)

    def _native(self, x: Tensor, *, training: bool) -> Tensor:
        return functional.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training,
            self._share() if training else 0.0,
            self.eps,
        )

    @torch.no_grad()
    def _share(self) -> float:
        """Count the batch and return its share in the running statistics.

        Counting ends where the share has settled: a later step never waits for the device.
        """
        if self._settled:
            return self.momentum
        count = int(self.num_batches) + 1
        if count * self.momentum > 1:
            self._settled = True
            return self.momentum
        self.num_batches.fill_(count)
        return 1 / count

    def _masked(self, x: Tensor, mask: Tensor) -> Tensor:
        count, mean, variance = masked_moments(x, mask)
        enough = count > 1
        with torch.no_grad():
            share = self._share() * enough.to(mean.dtype)
            unbiased = variance * count / (count - 1).clamp(min=1)
            self.running_mean += share * (mean - self.running_mean).to(mean.dtype)
            self.running_var += share * (unbiased - self.running_var).to(mean.dtype)
        mean = torch.where(enough, mean, self.running_mean)
        variance = torch.where(enough, variance, self.running_var)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        shape = (1, -1) + (1,) * (x.dim() - 2)
        return (x * scale.view(shape) + shift.view(shape)).to(x.dtype)


def masked_moments(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Count, mean and biased variance of each channel's valid values.

    Args:
        x: Features, shape (P, C, ...).
        mask: Valid values, bool, broadcastable to x.

    Returns:
        Three tensors of shape (C,); mean and variance are 0 where the count is 0.
    """
    axes = [axis for axis in range(x.dim()) if axis != 1]
    repeats = math.prod(x.shape[axis] // max(mask.shape[axis], 1) for axis in axes)
    precise = full_precision(x)
    weight = mask.to(precise.dtype)
    count = (weight.sum(axes) * repeats).expand(x.shape[1])
    total = count.clamp(min=1)
    mean = (precise * weight).sum(axes) / total
    shape = (1, -1) + (1,) * (x.dim() - 2)
    centred = (precise - mean.view(shape)) * weight
    return count, mean, centred.square().sum(axes) / total

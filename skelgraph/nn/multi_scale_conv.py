"""Convolutions over frames at several scales side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.errors import ConfigError
from skelgraph.nn.channel_mix import ChannelMix
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.temporal_conv import TemporalConv, stride_mask

POOL = 3


class MultiScaleConv(nn.Module):
    """Give each of several branches its share of the channels, and put their results together.

    A branch for each dilation convolves, one takes the largest of three frames, one passes on.

    Args:
        in_channels: Channels in.
        out_channels: Channels out, a multiple of the number of branches, len(dilations) + 2.
        kernel: Frames that a convolution sees, odd.
        stride: Output frame t is centred at input frame t * stride.
        dilations: Frames from one that a convolution sees to the next, a branch each.

    Raises:
        ConfigError: If the kernel is even, or channels cannot be shared out.

    Source:
        Chen et al. 2021, arXiv:2107.12213 (kernel 5, dilations 1 and 2), after Liu et al. 2020,
        arXiv:2003.14111. The mixes of all branches are one matrix product and their norms one
        norm, so the branch that passes on has its statistics before its stride, not after. No
        bias: batch normalisation follows. The mask is ours.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int = 5,
        stride: int = 1,
        dilations: Sequence[int] = (1, 2),
    ) -> None:
        super().__init__()
        branches = len(dilations) + 2
        if out_channels % branches:
            raise ConfigError(
                f"channels: expected a multiple of the {branches} branches (dilations + 2), got "
                f"{out_channels}. Change the configuration."
            )
        self.stride = stride
        self.width = out_channels // branches
        self.mix = ChannelMix(in_channels, out_channels)
        self.mix_norm = MaskedBatchNorm(out_channels)
        self.convolutions = nn.ModuleList(
            TemporalConv(self.width, self.width, kernel=kernel, stride=stride, dilation=dilation)
            for dilation in dilations
        )
        self.norm = MaskedBatchNorm(out_channels - self.width)

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Convolve valid frames; the others count as if the clip ended there.

        Args:
            x: Features, shape (P, C, T, V).
            frames: Valid frames, bool, shape (P, T). None: all.

        Returns:
            Features, shape (P, C_out, ceil(T / stride), V).
        """
        mask = None if frames is None else frames[:, None, :, None]
        mixed = self.mix_norm(self.mix(x), mask)
        *convolved, pooled, passed = mixed.split(self.width, dim=1)
        parts = [
            conv(functional.relu(part), frames)
            for conv, part in zip(self.convolutions, convolved, strict=True)
        ]
        parts.append(self._largest(functional.relu(pooled), mask))
        kept = stride_mask(frames, self.stride)
        mask = None if kept is None else kept[:, None, :, None]
        scaled = self.norm(torch.cat(parts, dim=1), mask)
        return torch.cat((scaled, passed[:, :, :: self.stride]), dim=1)

    def _largest(self, x: Tensor, mask: Tensor | None) -> Tensor:
        if mask is not None:
            x = x * mask  # after a ReLU zero is never above a valid value
        return functional.max_pool2d(x, (POOL, 1), (self.stride, 1), (POOL // 2, 0))

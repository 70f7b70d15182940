"""One block of CTR-GCN: refined links, then several scales of frames, each with a residual."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from skelgraph.nn.channel_mix import ChannelMix
from skelgraph.nn.dropout import Dropout
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.multi_scale_conv import MultiScaleConv
from skelgraph.nn.temporal_conv import stride_mask
from skelgraph.nn.topology_conv import TopologyConv


@dataclass(frozen=True)
class CtrBlockConfig:
    """What the blocks of one network share.

    Args:
        kernel: Frames of the temporal convolutions.
        dilations: Of the temporal convolutions, a branch each.
        reduction: Channels for each one that refines the links.
        dropout: Share of features dropped after the temporal convolutions.
    """

    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2)
    reduction: int = 8
    dropout: float = 0.0


class CtrBlock(nn.Module):
    """Topology convolution and multi-scale convolution.

    Args:
        in_channels: Channels in.
        out_channels: Channels out.
        links: What the learned links start as, shape (K, V, V).
        stride: Temporal stride.
        residual: Whether the block's input is added; that of the first is not.
        config: What the network's blocks share.

    Source:
        Chen et al. 2021, arXiv:2107.12213. The release starts the scale of the norm after the
        links at 1e-6, ours starts at 1; dropout is ours.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        links: Tensor,
        config: CtrBlockConfig,
        stride: int = 1,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.stride, self.residual = stride, residual
        self.graph = TopologyConv(
            in_channels, out_channels, links=links, reduction=config.reduction
        )
        self.graph_norm = MaskedBatchNorm(out_channels)
        self.graph_shortcut = Shortcut(in_channels, out_channels)
        self.temporal = MultiScaleConv(
            out_channels,
            out_channels,
            kernel=config.kernel,
            stride=stride,
            dilations=config.dilations,
        )
        self.dropout = Dropout(config.dropout)
        if residual:
            self.shortcut = Shortcut(in_channels, out_channels, stride=stride)

    def forward(self, x: Tensor, *, frames: Tensor | None, senders: Tensor | None) -> Tensor:
        """Run the block.

        Args:
            x: Features, shape (P, C, T, V).
            frames: Valid frames, bool, shape (P, T). None: all.
            senders: Joints that may send, bool, shape (P, 1, V). None: all.

        Returns:
            Features, shape (P, C_out, ceil(T / stride), V).
        """
        hidden = self.graph_norm(self.graph(x, frames, senders), _as_mask(frames))
        hidden = functional.relu(hidden + self.graph_shortcut(x, frames))
        hidden = self.dropout(self.temporal(hidden, frames))
        if self.residual:
            hidden = hidden + self.shortcut(x, stride_mask(frames, self.stride))
        return functional.relu(hidden)


class Shortcut(nn.Module):
    """The input itself, or mixed and normalised where channels or frames do not fit.

    Args:
        in_channels: Channels in.
        out_channels: Channels out.
        stride: Keep frames 0, stride, 2 * stride, ...
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.mix: ChannelMix | None = None
        if stride != 1 or in_channels != out_channels:
            self.mix = ChannelMix(in_channels, out_channels, stride=stride)
            self.norm = MaskedBatchNorm(out_channels)

    def forward(self, x: Tensor, kept: Tensor | None) -> Tensor:
        """Map (P, C, T, V) to (P, C_out, T', V); `kept` are the valid frames T', None: all."""
        return x if self.mix is None else self.norm(self.mix(x), _as_mask(kept))


def _as_mask(frames: Tensor | None) -> Tensor | None:
    return None if frames is None else frames[:, None, :, None]

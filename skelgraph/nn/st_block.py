"""One block of the backbone: links, then frames, with a residual."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from skelgraph.nn.channel_mix import ChannelMix
from skelgraph.nn.dropout import Dropout
from skelgraph.nn.graph_conv import ActStructConv
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.temporal_conv import TemporalConv, stride_mask


@dataclass(frozen=True)
class BlockConfig:
    """What the blocks of one backbone share.

    Args:
        kernel: Frames of the temporal convolution.
        separable: Temporal convolution a channel, then a mix.
        causal: No output frame sees a later input frame.
        dropout: Share of features dropped after the temporal convolution.
        num_a_links: Link types of the A-links, without the ghost; 0: no A-links.
        a_weight: Lambda of the A-links.
        free_links: Links learned for each layer between any two joints; 0: none.
    """

    kernel: int = 9
    separable: bool = False
    causal: bool = False
    dropout: float = 0.0
    num_a_links: int = 0
    a_weight: float = 0.5
    free_links: int = 0


class StBlock(nn.Module):
    """Actional-structural convolution, batch norm, ReLU, temporal convolution, residual.

    Args:
        in_channels: Channels in.
        out_channels: Channels out.
        s_links: Fixed links, shape (K, V, V).
        stride: Temporal stride.
        residual: Whether the input is added; the first block of a network has none.
        config: What the backbone's blocks share.

    Source:
        Li et al. 2019, section 3.4 and figure 6, arXiv:1904.12659.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        s_links: Tensor,
        config: BlockConfig,
        stride: int = 1,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.graph = ActStructConv(
            in_channels,
            out_channels,
            s_links=s_links,
            num_a_links=config.num_a_links,
            a_weight=config.a_weight,
            free_links=config.free_links,
        )
        self.graph_norm = MaskedBatchNorm(out_channels)
        self.temporal = TemporalConv(
            out_channels,
            out_channels,
            kernel=config.kernel,
            stride=stride,
            separable=config.separable,
            causal=config.causal,
        )
        self.temporal_norm = MaskedBatchNorm(out_channels)
        self.dropout = Dropout(config.dropout)
        self.residual = residual
        self.shortcut: ChannelMix | None = None
        if residual and (stride != 1 or in_channels != out_channels):
            self.shortcut = ChannelMix(in_channels, out_channels, stride=stride)
            self.shortcut_norm = MaskedBatchNorm(out_channels)

    def forward(
        self,
        x: Tensor,
        *,
        a_links: Tensor | None = None,
        frames: Tensor | None = None,
        senders: Tensor | None = None,
    ) -> Tensor:
        """Run the block.

        Args:
            x: Features, shape (P, C, T, V).
            a_links: A-links, shape (P, 1 or T, K, V, V).
            frames: Valid frames, bool, shape (P, T). None: all.
            senders: Joints that may send, bool, shape (P, 1 or T, V). None: all.

        Returns:
            Features, shape (P, C_out, ceil(T / stride), V).
        """
        kept, mask = stride_mask(frames, self.stride), _as_mask(frames)
        hidden = self.graph_norm(self.graph(x, a_links, senders), mask)
        if mask is not None:
            # Before the ReLU: what it and the convolution keep is one tensor.
            hidden = hidden * mask
        hidden = self.temporal(functional.relu(hidden))
        hidden = self.dropout(self.temporal_norm(hidden, _as_mask(kept)))
        if self.residual:
            hidden = hidden + self._shortcut(x, kept)
        return functional.relu(hidden)

    def _shortcut(self, x: Tensor, kept: Tensor | None) -> Tensor:
        if self.shortcut is None:
            return x
        return self.shortcut_norm(self.shortcut(x), _as_mask(kept))


def _as_mask(frames: Tensor | None) -> Tensor | None:
    return None if frames is None else frames[:, None, :, None]

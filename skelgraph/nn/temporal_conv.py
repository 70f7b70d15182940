"""Convolution over frames that neither padding nor, if asked, the future can reach."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.errors import ConfigError
from skelgraph.nn.channel_mix import ChannelMix

ONEDNN_FROM = 20480  # values of one clip, from which on torch chooses oneDNN by itself


class TemporalConv(nn.Module):
    """Convolve each joint's features over frames.

    Args:
        in_channels: Channels in.
        out_channels: Channels out.
        kernel: Frames that one output frame sees; odd unless causal.
        stride: Output frame t is centred at (causal: ends at) input frame t * stride.
        separable: A convolution a channel followed by a mix of channels, in place of a full one.
        causal: Pad in front only, so that an output frame sees no later input frame.
        bias: Whether a bias is learned; useless where batch normalisation follows.
        dilation: Frames from one that a kernel sees to the next; 1: neighbours.

    Raises:
        ConfigError: If the kernel is even and not causal.

    Source:
        Yan et al. 2018, section 3.4, arXiv:1801.07455. Masked and causal forms are ours.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int = 9,
        stride: int = 1,
        separable: bool = False,
        causal: bool = False,
        bias: bool = False,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0 and not causal:
            raise ConfigError(
                f"temporal kernel: expected an odd number of frames, got {kernel}. "
                "Choose an odd kernel, or causal convolutions."
            )
        reach = dilation * (kernel - 1)
        self.front = reach if causal else 0
        groups, width = (in_channels, in_channels) if separable else (1, out_channels)
        self.depthwise = nn.Conv2d(
            in_channels,
            width,
            (kernel, 1),
            stride=(stride, 1),
            padding=(0 if causal else reach // 2, 0),
            dilation=(dilation, 1),
            groups=groups,
            bias=bias and not separable,
        )
        self.mix: nn.Module = nn.Identity()
        if separable:
            self.mix = ChannelMix(in_channels, out_channels, bias=bias)

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Convolve valid frames; the others count as zero, as if the clip ended there.

        Args:
            x: Features, shape (P, C, T, V).
            frames: Valid frames, bool, shape (P, T). None: all.

        Returns:
            Features, shape (P, C_out, ceil(T / stride), V).
        """
        if frames is not None:
            x = x * frames[:, None, :, None]
        if self.front:
            x = functional.pad(x, (0, 0, self.front, 0))
        if _is_small(x):
            return self.mix(self._convolve_small(x))
        return self.mix(self.depthwise(x))

    def _convolve_small(self, x: Tensor) -> Tensor:
        conv = self.depthwise
        out: Tensor = torch.ops.aten.mkldnn_convolution(
            x,
            conv.weight,
            conv.bias,
            list(conv.padding),
            list(conv.stride),
            list(conv.dilation),
            conv.groups,
        )
        return out


def _is_small(x: Tensor) -> bool:
    """Tell whether torch would leave oneDNN for a slower kernel: one short clip in evaluation.

    With one body and few values it does, on the CPU in float32, and takes 1.6 times as long.
    """
    return (
        x.shape[0] == 1
        and x.numel() <= ONEDNN_FROM
        and x.dtype == torch.float32
        and x.device.type == "cpu"
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and torch.backends.mkldnn.is_available()
    )


def stride_mask(mask: Tensor | None, stride: int) -> Tensor | None:
    """Keep the frames that a strided convolution keeps: mask (P, T, ...) to (P, T', ...)."""
    return mask if mask is None or stride == 1 else mask[:, ::stride]


def frames_between(visible: Tensor, stride: int, *, causal: bool) -> Tensor:
    """Say which joints were visible in any of the frames that one strided frame stands for.

    Args:
        visible: Visible joints, bool, shape (P, T, V).
        stride: Frames a strided frame stands for: those from t * stride on (causal: those up
            to t * stride).
        causal: See `stride`.

    Returns:
        Visible joints, bool, shape (P, ceil(T / stride), V).
    """
    if stride == 1:
        return visible
    last = -visible.shape[1] % stride
    pad = (0, 0, stride - 1, 0) if causal else (0, 0, 0, last)
    padded = functional.pad(visible.to(torch.uint8), pad)
    return padded.unfold(1, stride, stride).amax(-1).bool()

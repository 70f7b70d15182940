"""Mix channels at each joint and frame: a convolution of size one, as a matrix product."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class ChannelMix(nn.Linear):
    """Map the channels of every strided frame.

    Written as a matrix product because the backward pass of torch 2.13's strided convolution of
    size one ends the process with a segmentation fault for some sizes on AVX-512 CPUs (float32,
    stride 2, 8 to 16 channels, 300 frames, 21 joints).

    Args:
        in_channels: Channels in.
        out_channels: Channels out.
        stride: Keep frames 0, stride, 2 * stride, ...
        bias: Whether a bias is learned.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int = 1, bias: bool = False
    ) -> None:
        super().__init__(in_channels, out_channels, bias=bias)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (P, C, T, V) to (P, C_out, ceil(T / stride), V), channels last in memory."""
        rows = x[:, :, :: self.stride].permute(0, 2, 3, 1)
        return functional.linear(rows, self.weight, self.bias).permute(0, 3, 1, 2)

"""From a backbone's features back to frames."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class MotionDecoder(nn.Module):
    """Predict motion from features, each strided frame the input frames that it stands for.

    It is light, and mixes no joints: what a hidden joint does must be in its features.

    Args:
        channels: Channels of the features.
        num_values: Values a joint and frame.
        stride: Input frames between two frames of the features.
        width: Channels inside.
    """

    def __init__(self, channels: int, num_values: int, *, stride: int, width: int = 64) -> None:
        super().__init__()
        self.stride, self.num_values = stride, num_values
        self.hidden = nn.Conv2d(channels, width, (3, 1), padding=(1, 0))
        self.out = nn.Conv2d(width, num_values * stride, 1)

    def forward(self, features: Tensor, size: int) -> Tensor:
        """Predict `size` frames: (P, C', T', V) to (P, values, size, V)."""
        x = self.out(functional.gelu(self.hidden(features)))
        rows, _, frames, joints = x.shape
        x = x.view(rows, self.num_values, self.stride, frames, joints).transpose(2, 3)
        return x.flatten(2, 3)[:, :, :size]

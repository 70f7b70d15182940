"""The channel mix against a convolution of size one, at the sizes where that one crashes."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from skelgraph.nn.channel_mix import ChannelMix


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_it_is_a_convolution_of_size_one(stride: int) -> None:
    generator = torch.Generator().manual_seed(0)
    mix = ChannelMix(4, 6, stride=stride, bias=True).double()
    x = torch.randn(3, 4, 10, 5, generator=generator, dtype=torch.float64)
    kernel = mix.weight[:, :, None, None]
    expected = functional.conv2d(x, kernel, mix.bias, stride=(stride, 1))
    torch.testing.assert_close(mix(x), expected)


def test_backward_survives_the_sizes_that_break_the_convolution() -> None:
    mix = ChannelMix(8, 16, stride=2)
    for count in (1, 7, 8, 16):
        x = torch.randn(count, 8, 300, 21).contiguous(memory_format=torch.channels_last)
        mix(x.requires_grad_()).square().sum().backward()
        assert torch.isfinite(mix.weight.grad).all()

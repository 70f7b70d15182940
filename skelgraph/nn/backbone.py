"""The stack of actional-structural blocks."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from skelgraph.nn.clip_graph import ClipGraph
from skelgraph.nn.recompute import recomputed
from skelgraph.nn.st_block import BlockConfig, StBlock


class Backbone(nn.Module):
    """Blocks one after another.

    Args:
        in_channels: Channels in.
        channels: Channels of each block.
        strides: Temporal stride of each block.
        s_links: Fixed links, shape (K, V, V).
        config: What the blocks share.
        first_residual: Whether the first block adds its input; the paper's does not.

    Attributes:
        recompute: Whether training computes each block again in place of keeping its inside.

    Source:
        Li et al. 2019, section 3.4 and figure 7, arXiv:1904.12659.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        strides: Sequence[int],
        *,
        s_links: Tensor,
        config: BlockConfig,
        first_residual: bool = False,
    ) -> None:
        super().__init__()
        widths = (in_channels, *channels)
        self.blocks = nn.ModuleList(
            StBlock(
                widths[i],
                widths[i + 1],
                s_links=s_links,
                config=config,
                stride=stride,
                residual=first_residual or i > 0,
            )
            for i, stride in enumerate(strides)
        )
        self.strides = tuple(strides)
        self.recompute = False

    def forward(self, x: Tensor, graph: ClipGraph, *, stride: int = 1) -> tuple[Tensor, int]:
        """Run all blocks.

        Args:
            x: Features, shape (P, C, T, V).
            graph: Links and masks.
            stride: Input frames between two frames of x.

        Returns:
            Features, shape (P, C_out, T', V), and the input frames between two of their frames.
        """
        for block, step in zip(self.blocks, self.strides, strict=True):
            given = graph.at(stride, x.shape[2])
            x = recomputed(block, x, **given) if self.recompute else block(x, **given)
            stride *= step
        return x, stride

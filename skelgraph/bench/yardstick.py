"""The yardstick: ST-GCN of the paper's size as people write and run it today.

Plain on purpose: an einsum for the graph, torch's own layers, every frame and every body computed.
It measures the machine; nothing else uses it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelgraph.graphs import Layout

# Channels in, channels out, stride.
BLOCKS = (
    (3, 64, 1),
    (64, 64, 1),
    (64, 64, 1),
    (64, 64, 1),
    (64, 128, 2),
    (128, 128, 1),
    (128, 128, 1),
    (128, 256, 2),
    (256, 256, 1),
    (256, 256, 1),
)


class PlainStGcn(nn.Module):
    """ST-GCN with spatial partitions and edge importance.

    Args:
        layout: Skeleton of the clips.
        num_classes: Classes.

    Source:
        Yan et al. 2018, section 4, arXiv:1801.07455: ten layers, kernel 9, dropout 0.5. 3.10
        million parameters at 25 joints and 60 classes.
    """

    adjacency: Tensor

    def __init__(self, layout: Layout, num_classes: int) -> None:
        super().__init__()
        links = torch.tensor(layout.s_links(1), dtype=torch.float32)
        self.register_buffer("adjacency", links)
        self.norm = nn.BatchNorm1d(3 * layout.num_joints)
        self.blocks = nn.ModuleList(
            _Block(*sizes, num_links=len(links), residual=number > 0)
            for number, sizes in enumerate(BLOCKS)
        )
        self.importance = nn.ParameterList(nn.Parameter(torch.ones_like(links)) for _ in BLOCKS)
        self.classifier = nn.Conv2d(BLOCKS[-1][1], num_classes, 1)

    def forward(self, positions: Tensor) -> Tensor:
        """Classify clips: (N, 3, T, V, M) to (N, classes)."""
        clips, channels, frames, joints, bodies = positions.shape
        x = positions.permute(0, 4, 3, 1, 2).reshape(clips * bodies, joints * channels, frames)
        x = self.norm(x).view(clips * bodies, joints, channels, frames).permute(0, 2, 3, 1)
        for block, importance in zip(self.blocks, self.importance, strict=True):
            x = block(x, self.adjacency * importance)
        x = x.mean((2, 3)).view(clips, bodies, -1, 1, 1).mean(1)
        return self.classifier(x).flatten(1)


class _Block(nn.Module):
    def __init__(
        self, channels_in: int, channels: int, stride: int, *, num_links: int, residual: bool
    ) -> None:
        super().__init__()
        self.num_links, self.residual = num_links, residual
        self.mix = nn.Conv2d(channels_in, channels * num_links, 1)
        self.temporal = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, (9, 1), (stride, 1), (4, 0)),
            nn.BatchNorm2d(channels),
            nn.Dropout(0.5, inplace=True),
        )
        self.shortcut: nn.Module = nn.Identity()
        if residual and (channels_in != channels or stride != 1):
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, (stride, 1)), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor, links: Tensor) -> Tensor:
        mixed = self.mix(x)
        mixed = mixed.view(len(x), self.num_links, -1, *mixed.shape[2:])
        out = self.temporal(torch.einsum("nkctv,kvw->nctw", mixed, links).contiguous())
        return torch.relu(out + self.shortcut(x) if self.residual else out)

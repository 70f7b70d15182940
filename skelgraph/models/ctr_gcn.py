"""CTR-GCN with the heads of this package."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from math import prod

import torch
from torch import Tensor, nn

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.graphs import Layout
from skelgraph.models.output import Encoded, Output
from skelgraph.models.recognising import (
    HEADS,
    check_input,
    check_num_classes,
    check_returns,
    make_head,
    recognise,
)
from skelgraph.nn.attention import TowerConfig
from skelgraph.nn.bodies import gather_bodies
from skelgraph.nn.ctr_block import CtrBlock, CtrBlockConfig
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.recompute import recomputed
from skelgraph.nn.stream_input import embed_streams
from skelgraph.nn.temporal_conv import stride_mask
from skelgraph.transforms.streams import check_streams


@dataclass(frozen=True)
class CtrGcnConfig:
    """Options of `CtrGcn`.

    Args:
        num_coords: Coordinates of a joint, 2 or 3.
        streams: Streams put side by side as channels.
        channels: Features of each block, multiples of len(dilations) + 2.
        strides: Temporal stride of each block.
        kernel: Frames of the temporal convolutions.
        dilations: Of the temporal convolutions, a branch of each block for each.
        reduction: Channels for each one that refines the links.
        head: 'gated' or 'pooled'.
        tower: Sizes of the gated head's towers.
        dropout: Share of features dropped in blocks and before the classifier.
    """

    num_coords: int = 3
    streams: tuple[str, ...] = ("joint",)
    channels: tuple[int, ...] = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
    strides: tuple[int, ...] = (1, 1, 1, 1, 2, 1, 1, 2, 1, 1)
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2)
    reduction: int = 8
    head: str = "pooled"
    tower: TowerConfig = field(default_factory=TowerConfig)
    dropout: float = 0.0


PAPER = CtrGcnConfig()

SMALL = CtrGcnConfig(
    streams=("joint", "bone", "joint_motion"),
    channels=(24, 24, 24, 24, 32, 32, 32, 48, 48, 48),
    strides=(2, 1, 1, 1, 2, 1, 1, 1, 1, 1),
    head="gated",
    tower=TowerConfig(width=64, heads=4, layers=1, hidden=128, dropout=0.1),
    dropout=0.05,
)

PRESETS = {"paper": PAPER, "small": SMALL}


class CtrGcn(nn.Module):
    """Recognise gestures and actions over links that every clip and channel refines.

    Args:
        layout: Skeleton of the clips.
        num_classes: Classes.
        config: Options.

    Raises:
        ConfigError: If options do not fit together.

    Source:
        Chen et al. 2021, arXiv:2107.12213. Differs: visibility is one more channel, the input
        norm is the same for all bodies, links start as the spatial partition of one hop (the
        release's as identity, inward and outward edges), and see the layers. Links are those of
        all frames of a clip, so there is no causal form.
    """

    parents: Tensor

    def __init__(self, layout: Layout, num_classes: int, *, config: CtrGcnConfig) -> None:
        super().__init__()
        check_config(config)
        check_num_classes(num_classes)
        self.num_classes, self.num_joints = num_classes, layout.num_joints
        self.config = config
        self.register_buffer("parents", torch.tensor(layout.bones).long(), persistent=False)
        width = config.num_coords * len(config.streams)
        self.input_norm = MaskedBatchNorm(layout.num_joints * width)
        self.blocks = _blocks(width + 1, layout, config)
        self.recompute = False
        self.head = make_head(
            config.head,
            layout,
            channels=config.channels[-1],
            num_classes=num_classes,
            tower=config.tower,
            dropout=config.dropout,
        )

    def forward(
        self,
        positions: Tensor,
        visible: Tensor,
        frames: Tensor,
        *,
        returns: Collection[str] = (),
    ) -> Output:
        """Recognise a batch of clips.

        Args:
            positions: Coordinates in the house frame, missing joints filled, shape
                (N, C, T, V, M).
            visible: Joints seen, bool, shape (N, T, V, M).
            frames: Valid frames, from frame 0 on, bool, shape (N, T).
            returns: Names out of `recognising.RETURNS`; A-links, forecast and losses there are
                none.

        Returns:
            Logits and what was asked for.
        """
        encoded = self.encode(positions, visible, frames, returns=returns)
        return recognise(
            self.head, encoded.features, encoded.bodies, stride=encoded.stride, returns=returns
        )

    def encode(
        self,
        positions: Tensor,
        visible: Tensor,
        frames: Tensor,
        *,
        returns: Collection[str] = (),
    ) -> Encoded:
        """Give the features that the head would see; arguments as those of `forward`."""
        config = self.config
        check_returns(returns)
        check_input(positions, num_coords=config.num_coords, num_joints=self.num_joints)
        bodies = gather_bodies(positions, visible, frames)
        x = embed_streams(
            bodies.positions,
            bodies.visible,
            parents=self.parents,
            streams=config.streams,
            norm=self.input_norm,
        )
        seen = bodies.visible.any(1, keepdim=True)
        senders = None if bool(seen.all()) else seen
        valid = bodies.frames
        for block, stride in zip(self.blocks, config.strides, strict=True):
            given = {"frames": valid, "senders": senders}
            x = recomputed(block, x, **given) if self.recompute else block(x, **given)
            valid = stride_mask(valid, stride)
        return Encoded(x, bodies, prod(config.strides))


def check_config(config: CtrGcnConfig) -> None:
    """Raise ConfigError unless the options fit together."""
    check_streams(config.streams)
    if config.head not in HEADS:
        raise ConfigError(unknown_name("head", config.head, HEADS))
    rules = (
        (config.num_coords in (2, 3), "num_coords", "2 or 3", config.num_coords),
        (0 <= config.dropout < 1, "dropout", "a share from 0 up to 1", config.dropout),
        (
            0 < len(config.channels) == len(config.strides),
            "strides",
            f"one a block, {len(config.channels)} in all",
            len(config.strides),
        ),
        (min(config.dilations, default=1) >= 1, "dilations", "1 or more", config.dilations),
        (min(config.channels, default=0) >= 1, "channels", "1 or more", config.channels),
        (min(config.strides, default=0) >= 1, "strides", "1 or more", config.strides),
        (config.kernel >= 1, "kernel", "1 frame or more", config.kernel),
        (config.reduction >= 1, "reduction", "1 channel or more", config.reduction),
    )
    for holds, name, rule, got in rules:
        if not holds:
            raise ConfigError(f"{name}: expected {rule}, got {got}. Change the configuration.")


def _blocks(in_channels: int, layout: Layout, config: CtrGcnConfig) -> nn.ModuleList:
    links = torch.tensor(layout.s_links(1), dtype=torch.float32)
    shared = CtrBlockConfig(
        kernel=config.kernel,
        dilations=config.dilations,
        reduction=config.reduction,
        dropout=config.dropout,
    )
    widths = (in_channels, *config.channels)
    return nn.ModuleList(
        CtrBlock(
            widths[i], widths[i + 1], links=links, config=shared, stride=stride, residual=i > 0
        )
        for i, stride in enumerate(config.strides)
    )

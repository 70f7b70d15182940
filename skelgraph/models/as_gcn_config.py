"""Options of AS-GCN."""

from __future__ import annotations

from dataclasses import dataclass, field

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.models.recognising import HEADS
from skelgraph.nn.a_links import AimConfig
from skelgraph.nn.attention import TowerConfig
from skelgraph.transforms.streams import check_streams


@dataclass(frozen=True)
class AsGcnConfig:
    """Options of `AsGcn`.

    Args:
        num_coords: Coordinates of a joint, 2 or 3.
        streams: Streams put side by side as channels.
        channels: Features of each block.
        strides: Temporal stride of each block.
        kernel: Frames of the temporal convolutions.
        separable: Temporal convolutions a channel, then a mix of channels.
        s_order: Hops of the S-links; 0: a joint reaches only itself.
        s_form: 'powers' of the partitions, or exact 'hops' as in the release.
        a_links: Whether A-links are inferred and used.
        a_weight: Lambda of the A-links.
        free_links: Links of each layer between any two joints, learned and the same for all
            clips; 0: none, as in the paper.
        aim: Options of A-link inference.
        head: 'gated' or 'pooled'.
        tower: Sizes of the gated head's towers.
        dropout: Share of features dropped in blocks and before the classifier.
        causal: No output frame depends on a later input frame.
        forecast: Frames that the prediction head predicts; 0: no such head.
    """

    num_coords: int = 3
    streams: tuple[str, ...] = ("joint",)
    channels: tuple[int, ...] = (64, 64, 64, 128, 128, 128, 256, 256, 256)
    strides: tuple[int, ...] = (1, 1, 1, 2, 1, 1, 2, 1, 1)
    kernel: int = 9
    separable: bool = False
    s_order: int = 4
    s_form: str = "powers"
    a_links: bool = True
    a_weight: float = 0.5
    free_links: int = 0
    aim: AimConfig = field(default_factory=AimConfig)
    head: str = "gated"
    tower: TowerConfig = field(default_factory=TowerConfig)
    dropout: float = 0.5
    causal: bool = False
    forecast: int = 0


def check_config(config: AsGcnConfig) -> None:
    """Raise ConfigError unless the options fit together."""
    check_streams(config.streams)
    if config.head not in HEADS:
        raise ConfigError(unknown_name("head", config.head, HEADS))
    rules = (
        (config.num_coords in (2, 3), "num_coords", "2 or 3", config.num_coords),
        (config.s_order >= 0, "s_order", "0 or more hops", config.s_order),
        (config.forecast >= 0, "forecast", "0 or more frames", config.forecast),
        (0 <= config.dropout < 1, "dropout", "a share from 0 up to 1", config.dropout),
        (
            0 < len(config.channels) == len(config.strides),
            "strides",
            f"one a block, {len(config.channels)} in all",
            len(config.strides),
        ),
        (min(config.channels, default=0) >= 1, "channels", "1 or more", config.channels),
        (min(config.strides, default=0) >= 1, "strides", "1 or more", config.strides),
        (config.kernel >= 1, "kernel", "1 frame or more", config.kernel),
    )
    for holds, name, rule, got in rules:
        if not holds:
            raise ConfigError(f"{name}: expected {rule}, got {got}. Change the configuration.")

"""Options and ready sizes of the gated transformer networks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from skelgraph.errors import ConfigError
from skelgraph.nn.attention import TowerConfig
from skelgraph.transforms.streams import check_streams


@dataclass(frozen=True)
class GtnConfig:
    """Options of `Gtn` and `SeriesGtn`.

    Args:
        num_coords: Coordinates of a joint, 2 or 3; of skeletons only.
        streams: Streams put side by side as channels; of skeletons only.
        frames: Frames to which a clip is brought where a fixed number is needed: for the channel
            tower's embedding, and for both towers if they are flattened.
        kernel: Frames of the convolution in the step tower's embedding (ConvGTN); 0: none (GTN).
        flatten: Put tokens side by side, as in the papers, rather than pool them by attention.
        flags: Tell the towers which values were seen.
        normalise: Normalise each channel by the statistics of the training batches.
        tower: Sizes of both towers.
        dropout: Share of features dropped before the classifier.
    """

    num_coords: int = 3
    streams: tuple[str, ...] = ("joint",)
    frames: int = 48
    kernel: int = 0
    flatten: bool = False
    flags: bool = True
    normalise: bool = True
    tower: TowerConfig = field(default_factory=TowerConfig)
    dropout: float = 0.1


PAPER = GtnConfig(
    frames=100,
    tower=TowerConfig(
        width=512,
        heads=8,
        layers=8,
        hidden=1024,
        dropout=0.2,
        query_width=8,
        value_width=8,
        norm_first=False,
        activation="relu",
    ),
    dropout=0.0,
)

GTN = {"paper": PAPER, "small": GtnConfig()}

CONV_GTN = {
    "paper": replace(
        PAPER, kernel=5, tower=replace(PAPER.tower, layers=4, query_width=64, value_width=64)
    ),
    "small": GtnConfig(kernel=5),
}


def check_config(config: GtnConfig) -> None:
    """Raise ConfigError unless the options fit together."""
    check_streams(config.streams)
    rules = (
        (config.num_coords in (2, 3), "num_coords", "2 or 3", config.num_coords),
        (config.frames >= 1, "frames", "1 or more", config.frames),
        (
            config.kernel == 0 or (config.kernel > 0 and config.kernel % 2 == 1),
            "kernel",
            "an odd number of frames, or 0",
            config.kernel,
        ),
        (0 <= config.dropout < 1, "dropout", "a share from 0 up to 1", config.dropout),
    )
    for holds, name, rule, got in rules:
        if not holds:
            raise ConfigError(f"{name}: expected {rule}, got {got}. Change the configuration.")

"""AS-GCN with A-link inference and a gated transformer head."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import torch
from torch import Tensor, nn

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.graphs import Layout
from skelgraph.nn.a_links import AimConfig, ALinks, Links
from skelgraph.nn.attention import TowerConfig
from skelgraph.nn.backbone import Backbone
from skelgraph.nn.bodies import Bodies, gather_bodies
from skelgraph.nn.clip_graph import ClipGraph
from skelgraph.nn.forecast_head import (
    ForecastHead,
    at_frame,
    cut_forecast,
    forecast_error,
    last_valid,
)
from skelgraph.nn.gated_head import GatedHead, HeadInput
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.pooled_head import PooledHead
from skelgraph.nn.st_block import BlockConfig
from skelgraph.nn.temporal_conv import frames_between, stride_mask
from skelgraph.transforms.streams import check_streams, compute_streams

HEADS = ("gated", "pooled")
RETURNS = (
    "a_links",
    "step_attention",
    "joint_attention",
    "joint_frame_weights",
    "forecast",
    "losses",
)


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
    aim: AimConfig = field(default_factory=AimConfig)
    head: str = "gated"
    tower: TowerConfig = field(default_factory=TowerConfig)
    dropout: float = 0.5
    causal: bool = False
    forecast: int = 0

    def to_dict(self) -> dict[str, Any]:
        """All options as plain values that JSON and YAML can hold."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> AsGcnConfig:
        """Read what `to_dict` wrote; what is left out keeps its default.

        Raises:
            ConfigError: If a key is unknown.
        """
        nested = {"aim": AimConfig, "tower": TowerConfig}
        known = _known(cls, values)
        for key, kind in nested.items():
            if isinstance(known.get(key), dict):
                known[key] = kind(**_known(kind, known[key]))
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in known.items()})


@dataclass
class Output:
    """What a model says about a batch of N clips with M body slots.

    Fields that were not asked for, or that the model does not have, are None.

    Args:
        logits: Shape (N, classes).
        features: What the classifier sees, shape (N, D).
        gate: Weight of the step and of the joint tower, rows sum to 1, shape (N, 2).
        joint_weights: Weight of each joint in the joint tower's pooling, mean over a clip's
            bodies, rows sum to 1, shape (N, V).
        body_joint_weights: The same a body, zero for absent bodies, shape (N, M, V).
        step_weights: Weight of each strided frame in the step tower's pooling, (N, T').
        a_links: Probability of each link type, the ghost first, from u to v, shape
            (N, M, K, V, V); of a causal model those of the last block.
        step_attention: Mean over bodies, shape (N, layers, heads, T', T').
        joint_attention: Mean over bodies, shape (N, layers, heads, V, V).
        joint_frame_weights: Each joint's weight spread over the input frames, mean over bodies,
            sums to 1, shape (N, T, V).
        body_joint_frame_weights: The same a body, shape (N, M, T, V).
        forecast: Coordinates of the frames that follow, shape (N, C, F, V, M).
        losses: Auxiliary terms by name, scalars: 'aim_nll', 'aim_kl', 'forecast'.
    """

    logits: Tensor
    features: Tensor
    gate: Tensor | None = None
    joint_weights: Tensor | None = None
    body_joint_weights: Tensor | None = None
    step_weights: Tensor | None = None
    a_links: Tensor | None = None
    step_attention: Tensor | None = None
    joint_attention: Tensor | None = None
    joint_frame_weights: Tensor | None = None
    body_joint_frame_weights: Tensor | None = None
    forecast: Tensor | None = None
    losses: dict[str, Tensor] = field(default_factory=dict)


class AsGcn(nn.Module):
    """Recognise gestures and actions from joint positions.

    Args:
        layout: Skeleton of the clips.
        num_classes: Classes.
        config: Options.

    Raises:
        ConfigError: If options do not fit together.

    Source:
        Li et al. 2019, arXiv:1904.12659; the gated head after Liu et al. 2021,
        arXiv:2103.14438. Batch normalisation follows every convolution of a block, so those
        have no bias (the release's have). Visibility is one more channel.
    """

    parents: Tensor

    def __init__(self, layout: Layout, num_classes: int, *, config: AsGcnConfig) -> None:
        super().__init__()
        _check(config, num_classes)
        self.config = config
        self.num_classes = num_classes
        self.num_joints = layout.num_joints
        slots = layout.max_bodies if layout.instances == "hands" else None
        s_links = _s_links(layout, config)
        self.register_buffer("parents", torch.tensor(layout.bones, dtype=torch.long), persistent=False)
        width = config.num_coords * len(config.streams)
        self.input_norm = MaskedBatchNorm(layout.num_joints * width)
        self.aim = (
            ALinks(config.num_coords, config=config.aim, causal=config.causal)
            if config.a_links
            else None
        )
        block = _block_config(config)
        self.backbone = Backbone(
            width + 1, config.channels, config.strides, s_links=s_links, config=block
        )
        self.head = _make_head(config, layout.num_joints, num_classes, slots)
        self.forecaster = (
            ForecastHead(
                config.channels[-1],
                num_coords=config.num_coords,
                num_frames=config.forecast,
                s_links=s_links,
                config=block,
            )
            if config.forecast
            else None
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
            frames: Valid frames, bool, shape (N, T).
            returns: Names out of `RETURNS`: what is wanted beside logits, features, gate and
                pooling weights. With 'losses' a training forward of a forecasting model
                observes each clip without its last frames, which are the target.

        Returns:
            Logits and what was asked for.
        """
        self._check_input(positions, returns)
        bodies = gather_bodies(positions, visible, frames)
        task = None
        if self.forecaster is not None and "losses" in returns:
            known = bodies.visible.new_ones(bodies.visible.shape[:2])
            known = known if bodies.frames is None else bodies.frames
            task = cut_forecast(
                bodies.positions, bodies.visible, known, num_frames=self.config.forecast
            )
            bodies.frames = task.frames
            bodies.visible = bodies.visible & task.frames[..., None]
        links = self.infer_links(bodies)
        graph = self._graph(bodies, links)
        features, stride = self.backbone(self._embed(bodies), graph)
        out = self._recognise(features, bodies, stride=stride, returns=returns)
        if links is not None and self.aim is not None:
            if "losses" in returns:
                out.losses.update(self.aim.losses(links))
            if "a_links" in returns:
                out.a_links = bodies.scatter(self.aim.probabilities(links)[:, -1])
        if self.forecaster is not None and (task is not None or "forecast" in returns):
            last = at_frame(bodies.positions, last_valid(bodies.frames, bodies.positions))
            poses = self.forecaster(features, last, graph=graph, stride=stride)
            if task is not None:
                out.losses["forecast"] = forecast_error(poses, task.target, task.mask)
            if "forecast" in returns:
                out.forecast = bodies.scatter(poses).permute(0, 2, 3, 4, 1)
        return out

    def warm_up_losses(
        self, positions: Tensor, visible: Tensor, frames: Tensor
    ) -> dict[str, Tensor]:
        """Losses of A-link inference alone ('aim_nll', 'aim_kl'); arguments as `forward`."""
        links = self.infer_links(gather_bodies(positions, visible, frames))
        return {} if links is None or self.aim is None else self.aim.losses(links)

    def infer_links(self, bodies: Bodies) -> Links | None:
        """A-links of each body; None for a model without."""
        if self.aim is None:
            return None
        return self.aim(bodies.positions, bodies.visible, bodies.frames)

    def _graph(self, bodies: Bodies, links: Links | None) -> ClipGraph:
        adjacency = None if links is None or self.aim is None else self.aim.adjacency(links)
        if self.config.causal:
            seen = bodies.visible.to(torch.uint8).cummax(1).values.bool()
        else:
            seen = bodies.visible.any(1, keepdim=True)
        senders = None if bool(seen.all()) else seen
        return ClipGraph(adjacency, self.config.aim.block, bodies.frames, senders)

    def _embed(self, bodies: Bodies) -> Tensor:
        """Normalised streams and the visibility channel, (P, C, T, V), channels last."""
        x = compute_streams(bodies.positions, self.parents, self.config.streams)
        rows, channels, size, joints = x.shape
        mask = None if bool(bodies.visible.all()) else bodies.visible
        if mask is not None:
            mask = mask.transpose(1, 2).repeat_interleave(channels, dim=1)
        flat = x.permute(0, 3, 1, 2).reshape(rows, joints * channels, size)
        flat = self.input_norm(flat, mask).view(rows, joints, channels, size)
        x = torch.cat((flat.permute(0, 2, 3, 1), bodies.visible[:, None].to(x.dtype)), dim=1)
        return x.contiguous(memory_format=torch.channels_last)

    def _recognise(
        self, features: Tensor, bodies: Bodies, *, stride: int, returns: Collection[str]
    ) -> Output:
        given = HeadInput(
            features=features,
            visible=frames_between(bodies.visible, stride, causal=self.config.causal),
            frames=stride_mask(bodies.frames, stride),
            bodies=bodies,
        )
        parts = self.head(given, returns=returns)
        out = Output(parts.pop("logits"), parts.pop("features"), gate=parts.pop("gate", None))
        for name in ("step_weights", "step_attention", "joint_attention", "joint_weights"):
            if name in parts:
                setattr(out, name, bodies.mean(parts[name]))
        if "joint_weights" in parts:
            out.body_joint_weights = bodies.scatter(parts["joint_weights"])
        if "joint_frame_weights" in parts:
            spread = spread_frames(parts["joint_frame_weights"], bodies, stride=stride)
            out.joint_frame_weights = bodies.mean(spread)
            out.body_joint_frame_weights = bodies.scatter(spread)
        return out

    def _check_input(self, positions: Tensor, returns: Collection[str]) -> None:
        for name in returns:
            if name not in RETURNS:
                raise ConfigError(unknown_name("returns", name, RETURNS))
        expected = (self.config.num_coords, self.num_joints)
        got = (positions.shape[1], positions.shape[3])
        if got != expected:
            raise ConfigError(
                f"positions: expected {expected[0]} coordinates of {expected[1]} joints, got "
                f"{got[0]} of {got[1]}. Give clips of the layout that the model was made for."
            )


def spread_frames(weights: Tensor, bodies: Bodies, *, stride: int) -> Tensor:
    """Spread strided frames over the valid input frames they stand for.

    Args:
        weights: A body's values sum to 1, shape (P, T', V).
        bodies: The bodies, T input frames.
        stride: Input frames between two strided frames.

    Returns:
        Shape (P, T, V), zero in padded frames; a body's values sum to 1.
    """
    size = bodies.visible.shape[1]
    spread = weights.repeat_interleave(stride, dim=1)[:, :size]
    if bodies.frames is not None:
        spread = spread * bodies.frames[..., None]
    return spread / spread.sum((1, 2), keepdim=True).clamp(min=1e-12)


def _s_links(layout: Layout, config: AsGcnConfig) -> Tensor:
    if config.s_order == 0:
        return torch.eye(layout.num_joints)[None]
    return torch.tensor(layout.s_links(config.s_order, form=config.s_form), dtype=torch.float32)


def _block_config(config: AsGcnConfig) -> BlockConfig:
    return BlockConfig(
        kernel=config.kernel,
        separable=config.separable,
        causal=config.causal,
        dropout=config.dropout,
        num_a_links=config.aim.num_types - 1 if config.a_links else 0,
        a_weight=config.a_weight,
    )


def _make_head(
    config: AsGcnConfig, num_joints: int, num_classes: int, num_slots: int | None
) -> nn.Module:
    width = config.channels[-1]
    if config.head == "pooled":
        return PooledHead(
            width, num_classes=num_classes, num_slots=num_slots, dropout=config.dropout
        )
    return GatedHead(
        width,
        num_joints,
        num_classes=num_classes,
        config=config.tower,
        num_slots=num_slots,
        causal=config.causal,
    )


def _check(config: AsGcnConfig, num_classes: int) -> None:
    check_streams(config.streams)
    if config.head not in HEADS:
        raise ConfigError(unknown_name("head", config.head, HEADS))
    rules = (
        (config.num_coords in (2, 3), "num_coords", "2 or 3", config.num_coords),
        (num_classes >= 1, "num_classes", "at least 1", num_classes),
        (config.s_order >= 0, "s_order", "0 or more hops", config.s_order),
        (config.forecast >= 0, "forecast", "0 or more frames", config.forecast),
        (0 <= config.dropout < 1, "dropout", "a share from 0 up to 1", config.dropout),
        (
            0 < len(config.channels) == len(config.strides),
            "strides",
            f"one a block, {len(config.channels)} in all",
            len(config.strides),
        ),
    )
    for holds, name, rule, got in rules:
        if not holds:
            raise ConfigError(f"{name}: expected {rule}, got {got}. Change the configuration.")


def _known(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    """Values whose keys are all fields of the dataclass `kind`."""
    names = [f.name for f in fields(kind)]
    for key in values:
        if key not in names:
            raise ConfigError(unknown_name(f"{kind.__name__} key", key, names))
    return dict(values)

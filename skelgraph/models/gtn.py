"""GTN and ConvGTN: two transformer towers over raw series, or over the joints of a skeleton."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.errors import ConfigError, LayoutError
from skelgraph.graphs import Layout
from skelgraph.models.gtn_config import GtnConfig, check_config
from skelgraph.models.output import Output
from skelgraph.models.recognising import RETURNS as SHARED_RETURNS
from skelgraph.models.recognising import check_input, check_num_classes, check_returns
from skelgraph.nn.bodies import Bodies, gather_bodies
from skelgraph.nn.dropout import Dropout
from skelgraph.nn.gated_head import Gate
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.series import Series, spread_back
from skelgraph.nn.series_towers import ChannelTower, Encoded, SeriesStepTower
from skelgraph.transforms.streams import compute_streams, stream_validity

RETURNS = (*SHARED_RETURNS, "channel_attention")


@dataclass
class _Towers:
    """Both towers' results; `frame_weights` is (P, T, C), None if not asked for or flattened."""

    step: Encoded
    channel: Encoded
    frame_weights: Tensor | None


class SeriesGtn(nn.Module):
    """Classify multivariate series by a tower over frames, a tower over channels, and a gate.

    Args:
        num_channels: Channels of a series.
        num_classes: Classes.
        config: Options.
        num_flags: How many channels, the first ones, the step tower is told of whether they
            were seen, because they speak for the others. 0: all channels.

    Raises:
        ConfigError: If options do not fit together.

    Source:
        Liu et al. 2021, arXiv:2103.14438; with `kernel` Sturm et al. 2023. Padding and gaps are
        masked, and by default tokens are pooled, not flattened, so that the length of a clip
        does not matter. Unlike in the release no tower masks the future, in training or
        evaluation. New encoder layers start as the identity.
    """

    def __init__(
        self, num_channels: int, num_classes: int, *, config: GtnConfig, num_flags: int = 0
    ) -> None:
        super().__init__()
        check_config(config)
        check_num_classes(num_classes)
        self.config, self.num_channels, self.num_classes = config, num_channels, num_classes
        self.input_norm = MaskedBatchNorm(num_channels) if config.normalise else None
        self.step_tower = SeriesStepTower(
            num_channels,
            config=config.tower,
            num_flags=(num_flags or num_channels) if config.flags else 0,
            kernel=config.kernel,
            num_frames=config.frames if config.flatten else 0,
        )
        self.channel_tower = ChannelTower(
            num_channels,
            config.frames,
            config=config.tower,
            flags=config.flags,
            flatten=config.flatten,
        )
        widths = [t.pool.num_features for t in (self.step_tower, self.channel_tower)]
        self.num_features = sum(widths)
        self.gate = Gate(*widths)
        self.dropout = Dropout(config.dropout)
        self.classifier = nn.Linear(self.num_features, num_classes)

    def forward(
        self,
        values: Tensor,
        frames: Tensor | None = None,
        *,
        seen: Tensor | None = None,
        returns: Collection[str] = (),
    ) -> Output:
        """Classify a batch of series.

        Args:
            values: Shape (N, C, T); missing values may be NaN.
            frames: Valid frames, from frame 0 on, bool, shape (N, T). None: all.
            seen: Values that are there, bool, shape (N, C, T). None: all but NaN.
            returns: Of `RETURNS`, 'step_attention' and 'channel_attention'.

        Returns:
            Logits, features, gate, step_weights, channel_weights, and what was asked for.
        """
        check_returns(returns, RETURNS)
        if values.dim() != 3 or values.shape[1] != self.num_channels:
            raise ConfigError(
                f"values: expected (clips, {self.num_channels} channels, frames), got "
                f"{tuple(values.shape)}. Give series as the model was made for."
            )
        if frames is None:
            frames = values.new_ones((len(values), values.shape[2]), dtype=torch.bool)
        if seen is None:
            seen = ~values.isnan()
        towers = self.encode(Series(values, seen & frames[:, None], frames), returns=returns)
        out = self.classify(towers.step.features, towers.channel.features)
        out.step_weights, out.channel_weights = towers.step.weights, towers.channel.weights
        out.step_attention = towers.step.attention
        out.channel_attention = towers.channel.attention
        return out

    def encode(self, series: Series, *, returns: Collection[str]) -> _Towers:
        """Run both towers over a batch of series."""
        size = series.values.shape[2]
        series = self._normalise(series).filled()
        fixed, places = series.resampled(self.config.frames)
        step = self.step_tower(
            fixed if self.config.flatten else series, explicit="step_attention" in returns
        )
        channel = self.channel_tower(fixed, explicit="channel_attention" in returns)
        weights = None
        if "joint_frame_weights" in returns and channel.weights is not None:
            weights = self.channel_tower.frame_weights(fixed, channel.weights)
            weights = spread_back(weights, places, size)
        return _Towers(step, channel, weights)

    def classify(self, step: Tensor, channel: Tensor) -> Output:
        """Gate both towers' features and classify."""
        features, gate = self.gate(step, channel)
        return Output(self.classifier(self.dropout(features)), features, gate=gate)

    def _normalise(self, series: Series) -> Series:
        values = series.values.masked_fill(~series.seen, 0)  # NaN would spread
        if self.input_norm is not None:
            mask = None if bool(series.seen.all()) else series.seen
            values = self.input_norm(values, mask)
        return Series(values, series.seen, series.frames)


class Gtn(nn.Module):
    """The gated transformer network on a skeleton: joints x coordinates are its channels.

    People are unordered: each body goes through the towers alone, and their mean is gated and
    classified. A pair of hands is ordered: both hands' channels stand side by side in one
    series.

    Args:
        layout: Skeleton of the clips.
        num_classes: Classes.
        config: Options.

    Raises:
        ConfigError: If options do not fit together.

    Source:
        See `SeriesGtn`.
    """

    parents: Tensor

    def __init__(self, layout: Layout, num_classes: int, *, config: GtnConfig) -> None:
        super().__init__()
        self.config, self.num_classes = config, num_classes
        self.num_joints = layout.num_joints
        self.num_slots = layout.max_bodies if layout.instances == "hands" else None
        slots = self.num_slots or 1
        starts = torch.arange(slots)[:, None] * layout.num_joints
        parents = (starts + torch.tensor(layout.bones).long()).flatten()
        self.register_buffer("parents", parents, persistent=False)
        series = config.num_coords * len(config.streams)
        self.gtn = SeriesGtn(
            series * len(parents), num_classes, config=config, num_flags=len(parents)
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
            positions: Coordinates in the house frame, shape (N, C, T, V, M). What stands where
                a joint was not seen means nothing.
            visible: Joints seen, bool, shape (N, T, V, M).
            frames: Valid frames, from frame 0 on, bool, shape (N, T).
            returns: Names out of `RETURNS`; those that other models alone have give nothing.

        Returns:
            Logits, features, gate, and what was asked for; unless tokens are flattened,
            step_weights, channel_weights (channels are streams x coordinates x joints, joints
            of both hands one after the other) and joint_weights.
        """
        self._check_input(positions, visible & frames[:, :, None, None], returns)
        num_bodies = positions.shape[-1]
        if self.num_slots is not None:
            positions, visible = (join_hands(part, self.num_slots) for part in (positions, visible))
        bodies = gather_bodies(positions, visible, frames)
        towers = self.gtn.encode(self._series(bodies), returns=returns)
        out = self.gtn.classify(
            bodies.mean(towers.step.features), bodies.mean(towers.channel.features)
        )
        for name, value in (
            ("step_weights", towers.step.weights),
            ("step_attention", towers.step.attention),
            ("channel_weights", towers.channel.weights),
            ("channel_attention", towers.channel.attention),
        ):
            if value is not None:
                setattr(out, name, bodies.mean(value))
        if towers.channel.weights is not None:
            weights = self._by_body(towers.channel.weights, bodies, num_bodies)
            out.body_joint_weights, out.joint_weights = weights, mean_over_bodies(weights)
        if towers.frame_weights is not None:
            weights = self._by_body(towers.frame_weights, bodies, num_bodies)
            out.body_joint_frame_weights = weights
            out.joint_frame_weights = mean_over_bodies(weights)
        return out

    def _series(self, bodies: Bodies) -> Series:
        """Streams as channels, joints last: (P, streams * C * V, T)."""
        x = compute_streams(bodies.positions, self.parents, self.config.streams)
        seen = stream_validity(bodies.visible, self.parents, self.config.streams)
        seen = seen.repeat_interleave(self.config.num_coords, dim=1)
        frames = bodies.frames
        if frames is None:
            frames = bodies.visible.new_ones(bodies.visible.shape[:2])
        return Series(x.transpose(2, 3).flatten(1, 2), seen.transpose(2, 3).flatten(1, 2), frames)

    def _by_body(self, weights: Tensor, bodies: Bodies, num_bodies: int) -> Tensor:
        """Sum channel weights (P, ..., channels) by joint: (N, M, ..., V), a body's sum is 1."""
        joints = weights.unflatten(-1, (-1, len(self.parents))).sum(-2)
        full = bodies.scatter(joints)
        if self.num_slots is not None:
            full = full.unflatten(-1, (self.num_slots, self.num_joints)).movedim(-2, 1)[:, :, 0]
            missing = max(num_bodies - self.num_slots, 0)
            full = functional.pad(full, (0, 0) * (full.dim() - 2) + (0, missing))[:, :num_bodies]
        total = full.flatten(2).sum(2).clamp(min=1e-12)
        return full / total.view(*total.shape, *[1] * (full.dim() - 2))

    def _check_input(self, positions: Tensor, seen: Tensor, returns: Collection[str]) -> None:
        check_returns(returns, RETURNS)
        check_input(positions, num_coords=self.config.num_coords, num_joints=self.num_joints)
        if self.num_slots is not None and bool(seen[..., self.num_slots :].any()):
            raise LayoutError(
                f"body slots: expected at most {self.num_slots} for this layout, got a body in "
                f"a later one of {positions.shape[-1]}. Keep the first {self.num_slots} slots."
            )


def join_hands(x: Tensor, num_slots: int) -> Tensor:
    """Put ordered bodies side by side as joints of one: (..., V, M) to (..., slots * V, 1)."""
    x = functional.pad(x, (0, max(num_slots - x.shape[-1], 0)))[..., :num_slots]
    return x.transpose(-1, -2).flatten(-2)[..., None]


def mean_over_bodies(weights: Tensor) -> Tensor:
    """Mean over the bodies present of weights whose sum over a body is 1: drops axis 1."""
    present = (weights.flatten(2).sum(2) > 0).sum(1).clamp(min=1)
    return weights.sum(1) / present.view(-1, *[1] * (weights.dim() - 2))

"""AS-GCN with A-link inference and a gated transformer head."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from skelgraph.graphs import Layout
from skelgraph.models.as_gcn_config import AsGcnConfig, check_config
from skelgraph.models.output import Encoded, Output
from skelgraph.models.recognising import (
    check_input,
    check_num_classes,
    check_returns,
    make_head,
    recognise,
)
from skelgraph.nn.a_links import ALinks, Links
from skelgraph.nn.backbone import Backbone
from skelgraph.nn.bodies import Bodies, gather_bodies
from skelgraph.nn.clip_graph import ClipGraph
from skelgraph.nn.forecast_head import ForecastHead, ForecastTask, cut_forecast, forecast_error
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.observed import ObservedBodies
from skelgraph.nn.st_block import BlockConfig
from skelgraph.nn.stream_input import embed_streams


@dataclass
class _Inside:
    """What the blocks give, and what the heads need of how they came to it."""

    features: Tensor
    stride: int
    bodies: Bodies
    origin: Tensor | float
    links: Links | None
    graph: ClipGraph


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
        self.num_classes = num_classes
        check_config(config)
        check_num_classes(num_classes)
        self.config = config
        self.num_joints = layout.num_joints
        self.register_buffer("parents", torch.tensor(layout.bones).long(), persistent=False)
        width = config.num_coords * len(config.streams)
        s_links, blocks = _s_links(layout, config), _block_config(config)
        self.input_norm = MaskedBatchNorm(layout.num_joints * width)
        self.aim: ALinks | None = None
        if config.a_links:
            self.aim = ALinks(config.num_coords, config=config.aim, causal=config.causal)
        self.backbone = Backbone(
            width + 1, config.channels, config.strides, s_links=s_links, config=blocks
        )
        self.head = make_head(
            config.head,
            layout,
            channels=config.channels[-1],
            num_classes=num_classes,
            tower=config.tower,
            dropout=config.dropout,
            causal=config.causal,
        )
        self.forecaster: ForecastHead | None = None
        self.observed: ObservedBodies | None = None
        if config.forecast:
            self.observed = ObservedBodies(
                layout, num_coords=config.num_coords, causal=config.causal
            )
            self.forecaster = ForecastHead(
                config.channels[-1],
                num_coords=config.num_coords,
                num_frames=config.forecast,
                s_links=s_links,
                config=blocks,
            )

    def forward(
        self,
        positions: Tensor,
        visible: Tensor,
        frames: Tensor,
        *,
        returns: Collection[str] = (),
        links: Links | None = None,
    ) -> Output:
        """Recognise a batch of clips.

        Args:
            positions: Coordinates in the house frame, missing joints filled, shape
                (N, C, T, V, M).
            visible: Joints seen, bool, shape (N, T, V, M).
            frames: Valid frames, from frame 0 on, bool, shape (N, T).
            returns: Names out of `recognising.RETURNS`: what is wanted beside logits, features,
                gate and pooling weights. Asked for 'losses', a model with a prediction head
                observes each clip without its last frames, which are the target; what it gives
                frame by frame then ends with the longest clip's last observed frame.
            links: A-links to use, as `find_links` gave them for clips with the same bodies. None:
                those of these clips.

        Returns:
            Logits and what was asked for.
        """
        check_returns(returns)
        check_input(positions, num_coords=self.config.num_coords, num_joints=self.num_joints)
        task: ForecastTask | None = None
        if self.forecaster is not None and "losses" in returns:
            task = cut_forecast(positions, visible, frames, num_frames=self.config.forecast)
            longest = max(int(task.frames.any(0).sum()), 1)  # a batch may have no valid frame
            frames = task.frames[:, :longest]
            positions, visible = positions[:, :, :longest], visible[:, :longest]
        inside = self._run_blocks(positions, visible, frames, links=links)
        bodies, links = inside.bodies, inside.links
        out = recognise(
            self.head,
            inside.features,
            bodies,
            stride=inside.stride,
            returns=returns,
            causal=self.config.causal,
        )
        if links is not None and self.aim is not None:
            if "losses" in returns:
                out.losses.update(self.aim.losses(links))
            if "a_links" in returns:
                out.a_links = bodies.scatter(self.aim.probabilities(links)[:, -1])
        if self.forecaster is not None and (task is not None or "forecast" in returns):
            poses = inside.origin + self.forecaster(
                inside.features, bodies.positions, graph=inside.graph, stride=inside.stride
            )
            out.forecast = bodies.scatter(poses).permute(0, 2, 3, 4, 1)
            if task is not None:
                out.losses["forecast"] = _forecast_loss(poses, task, bodies)
        return out

    def encode(
        self,
        positions: Tensor,
        visible: Tensor,
        frames: Tensor,
        *,
        returns: Collection[str] = (),
    ) -> Encoded:
        """Give the features that the head would see.

        Args:
            positions: As in `forward`, like the two after it.
            visible: Joints seen.
            frames: Valid frames.
            returns: 'losses' for those of the A-links; other names give nothing.
        """
        check_returns(returns)
        check_input(positions, num_coords=self.config.num_coords, num_joints=self.num_joints)
        inside = self._run_blocks(positions, visible, frames)
        losses: dict[str, Tensor] = {}
        if "losses" in returns and inside.links is not None and self.aim is not None:
            losses = self.aim.losses(inside.links)
        return Encoded(inside.features, inside.bodies, inside.stride, losses)

    def warm_up_losses(
        self, positions: Tensor, visible: Tensor, frames: Tensor
    ) -> dict[str, Tensor]:
        """Losses of A-link inference alone ('aim_nll', 'aim_kl'); arguments as `forward`."""
        bodies, _ = self._observe(positions, visible, frames)
        links = self.infer_links(bodies)
        return {} if links is None or self.aim is None else self.aim.losses(links)

    def find_links(self, positions: Tensor, visible: Tensor, frames: Tensor) -> Links | None:
        """A-links of each body of a batch; arguments as `forward`, None for a model without."""
        bodies, _ = self._observe(positions, visible, frames)
        return self.infer_links(bodies)

    def infer_links(self, bodies: Bodies) -> Links | None:
        """A-links of each body; None for a model without."""
        if self.aim is None:
            return None
        return self.aim(bodies.positions, bodies.visible, bodies.frames)

    def _run_blocks(
        self, positions: Tensor, visible: Tensor, frames: Tensor, *, links: Links | None = None
    ) -> _Inside:
        bodies, origin = self._observe(positions, visible, frames)
        links = self.infer_links(bodies) if links is None else links
        graph = self._graph(bodies, links)
        features, stride = self.backbone(self._embed(bodies), graph)
        return _Inside(features, stride, bodies, origin, links, graph)

    def _observe(
        self, positions: Tensor, visible: Tensor, frames: Tensor
    ) -> tuple[Bodies, Tensor | float]:
        """Bodies seen in the frames given, and where their origin lies in the clip's coordinates.

        A model with a prediction head always sees what those frames alone tell.
        """
        bodies = gather_bodies(positions, visible, frames)
        return (bodies, 0.0) if self.observed is None else self.observed(bodies)

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
        return embed_streams(
            bodies.positions,
            bodies.visible,
            parents=self.parents,
            streams=self.config.streams,
            norm=self.input_norm,
        )


def _forecast_loss(poses: Tensor, task: ForecastTask, bodies: Bodies) -> Tensor:
    """Error in the frames cut off, of the joints that were seen before and in them."""
    target = task.target.permute(0, 4, 1, 2, 3)[bodies.clip, bodies.slot]
    mask = task.mask.permute(0, 3, 1, 2)[bodies.clip, bodies.slot]
    return forecast_error(poses, target, mask & bodies.visible.any(1, keepdim=True))


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
        free_links=config.free_links,
    )

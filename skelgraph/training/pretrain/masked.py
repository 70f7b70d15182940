"""Masked skeleton modelling: predict how hidden joints move."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn

from skelgraph.data.dataset import Batch
from skelgraph.graphs import Layout
from skelgraph.nn.bodies import gather_bodies
from skelgraph.nn.observed import ObservedBodies
from skelgraph.training.config import PretrainOptions
from skelgraph.training.learner import Learner
from skelgraph.training.pretrain.decoder import MotionDecoder
from skelgraph.training.pretrain.masking import conceal, draw_mask
from skelgraph.training.pretrain.motion import motion_error, motion_of, steps
from skelgraph.training.pretrain.objective import Draw, Objective
from skelgraph.transforms.options import AugmentOptions


class MaskedMotion(Objective):
    """Predict the motion of hidden joints from those that stay.

    Args:
        model: Has `encode`.
        layout: Skeleton.
        num_spatial: Channels that are places.
        options: What is hidden, and what motion is.
        augmentation: Of the clips before anything is hidden.

    Source:
        Mao et al. 2023 (MAMP), arXiv:2308.07092; Wu et al. 2023 (SkeletonMAE),
        arXiv:2209.02399. Both leave hidden tokens out of a transformer; a graph network has every
        joint, so hidden ones go in as missing.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        name: str,
        layout: Layout,
        num_spatial: int,
        options: PretrainOptions,
        augmentation: AugmentOptions,
    ) -> None:
        super().__init__(model, name=name)
        self.layout, self.num_spatial = layout, num_spatial
        self.options, self.augmentation = options, augmentation
        config = self.model.config
        self.decoder = MotionDecoder(config.channels[-1], num_spatial, stride=prod(config.strides))
        self.straight = ObservedBodies(layout, num_coords=num_spatial, causal=False)

    def forward(
        self, positions: Tensor, visible: Tensor, frames: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Predict motion, shape (N, C, T, V, M), and give the model's own losses."""
        encoded = self.model.encode(positions, visible, frames, returns=("losses",))
        motion = self.decoder(encoded.features, positions.shape[2])
        return encoded.bodies.scatter(motion).permute(0, 2, 3, 4, 1), encoded.losses

    def terms(self, learner: Learner, draw: Draw) -> dict[str, Tensor]:
        """Give `loss`, and `trivial` and `straight`: no motion, and motion in straight lines."""
        options = self.options
        whole = draw.view(self.augmentation, crop=draw.data.crop)
        lost = draw_mask(
            whole.visible,
            self.layout,
            share=options.mask_share,
            span=options.mask_span,
            generator=draw.generator,
        )
        partial = conceal(whole, self.layout, lost=lost, num_spatial=self.num_spatial)
        whole, partial, lost = draw.placed(whole), draw.placed(partial), lost.to(draw.device)
        places = whole.positions[:, : self.num_spatial]
        motion = motion_of(places, whole.visible, stride=options.motion_stride)
        predicted, own = learner.model(partial.positions, partial.visible, partial.frames)
        found = {
            "loss": motion_error(predicted, motion, lost),
            "trivial": motion_error(torch.zeros_like(motion.values), motion, lost),
        }
        if not self.training:
            found["straight"] = motion_error(self._lines(partial) / motion.unit, motion, lost)
        return {**found, **own}

    def _lines(self, partial: Batch) -> Tensor:
        """Motion, in metres, of joints that move in straight lines from sighting to sighting."""
        places = partial.positions[:, : self.num_spatial]
        bodies = gather_bodies(places, partial.visible, partial.frames)
        filled = bodies.scatter(self.straight(bodies)[0].positions).permute(0, 2, 3, 4, 1)
        return steps(filled, partial.visible, stride=self.options.motion_stride)[0]

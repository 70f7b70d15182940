"""Contrastive learning: which two views are of the same clip."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.data.dataset import Batch
from skelgraph.models.output import Encoded
from skelgraph.nn.pooling import at_least_one, masked_mean
from skelgraph.nn.precision import full_precision
from skelgraph.nn.temporal_conv import stride_mask
from skelgraph.training.config import PretrainOptions
from skelgraph.training.learner import Learner
from skelgraph.training.pretrain.objective import Draw, Objective
from skelgraph.transforms.options import AugmentOptions

WIDTH = 128


class ViewMatching(Objective):
    """Tell a clip's other view from the views of other clips.

    Args:
        model: Has `encode`.
        name: Of the model, for messages.
        options: Crop, temperature, weight of the extreme view.
        augmentation: Of the two normal views.
        extreme: Of the third view.

    Source:
        Guo et al. 2022 (AimCLR), arXiv:2112.03590: query and key of normal views, and the
        divergence of an extreme view's likenesses from the query's. Negatives are the keys of the
        batch, both ways of pairing counted once (Chen et al. 2021, arXiv:2104.02057), in place of
        a queue: the sets here have hundreds of clips, and a queue would hold each several times.
        Keys come from the averaged weights in evaluation. Not taken over: dropping by energy and
        mining of neighbours.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        name: str,
        options: PretrainOptions,
        augmentation: AugmentOptions,
        extreme: AugmentOptions,
    ) -> None:
        super().__init__(model, name=name)
        self.options, self.augmentation, self.extreme = options, augmentation, extreme
        channels = self.model.config.channels[-1]
        self.projector = nn.Sequential(
            nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, WIDTH)
        )

    def forward(
        self, positions: Tensor, visible: Tensor, frames: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Give each clip's place on the unit sphere, (N, WIDTH), and the model's own losses."""
        encoded = self.model.encode(positions, visible, frames, returns=("losses",))
        found = self.projector(pooled(encoded))
        return functional.normalize(full_precision(found), dim=1), encoded.losses

    def terms(self, learner: Learner, draw: Draw) -> dict[str, Tensor]:
        """Give `loss`, `trivial` (all clips equally likely), `match`, `top1`, `divergence`."""
        options = self.options
        query, key = (
            draw.placed(draw.view(self.augmentation, crop=options.view_crop)) for _ in range(2)
        )
        keys = self.keys_of(learner, key)  # first: lending weights would spoil a later gradient
        queries, own = run(learner, query)
        scores = queries @ keys.t() / options.temperature
        match = info_nce(scores)
        trivial = chance(scores) * (1 + options.divergence_weight)
        found = {"match": match, "top1": matched(scores), "trivial": trivial}
        total = match
        if options.divergence_weight > 0:
            extreme = draw.placed(draw.view(self.extreme, crop=options.view_crop))
            others, _ = run(learner, extreme)
            found["divergence"] = divergence(others @ keys.t() / options.temperature, scores)
            total = total + options.divergence_weight * found["divergence"]
        return {"loss": total, **found, **own}

    def keys_of(self, learner: Learner, batch: Batch) -> Tensor:
        """Places of the clips under the averaged weights, without gradient, shape (N, WIDTH)."""
        training = self.training
        learner.model.eval()
        with torch.no_grad(), learner.average.lent_to(learner.bare):
            keys, _ = run(learner, batch)
        if training:
            learner.set_training()
        return keys


def run(learner: Learner, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """Run the learner's model over a batch."""
    found: tuple[Tensor, dict[str, Tensor]] = learner.model(
        batch.positions, batch.visible, batch.frames
    )
    return found


def pooled(encoded: Encoded) -> Tensor:
    """Mean of the features over joints seen, frames and bodies, shape (N, C')."""
    bodies = encoded.bodies
    seen = at_least_one(bodies.visible.any(1))
    values = masked_mean(encoded.features, seen[:, None, None], dim=3)
    frames = stride_mask(bodies.frames, encoded.stride)
    values = masked_mean(values, None if frames is None else frames[:, None], dim=2)
    return bodies.mean(values)


def info_nce(scores: Tensor) -> Tensor:
    """Mean cross-entropy of finding the key of one's own clip; a scalar.

    Args:
        scores: Cosine over temperature of query i and key j, shape (N, N).

    Source:
        van den Oord et al. 2018, arXiv:1807.03748, equation 4.

    Example:
        >>> round(float(info_nce(torch.eye(2))), 4)
        0.3133
    """
    return functional.cross_entropy(scores, torch.arange(len(scores), device=scores.device))


def divergence(scores: Tensor, normal: Tensor) -> Tensor:
    """Mean cross-entropy of an extreme view's likenesses against the normal view's; a scalar.

    Args:
        scores: Of extreme views and keys, shape (N, N).
        normal: Of normal views and keys, which take no gradient here.

    Source:
        Guo et al. 2022, section 3.3, arXiv:2112.03590, whose likenesses go over a queue.
    """
    target = normal.detach().softmax(1)
    return -(target * scores.log_softmax(1)).sum(1).mean()


def matched(scores: Tensor) -> Tensor:
    """Share of the queries whose own key is the nearest; a scalar."""
    place = torch.arange(len(scores), device=scores.device)
    return (scores.detach().argmax(1) == place).float().mean()


def chance(scores: Tensor) -> Tensor:
    """Loss of `info_nce`, and of `divergence`, if all keys are equally likely; a scalar."""
    return scores.new_tensor(float(len(scores))).log()

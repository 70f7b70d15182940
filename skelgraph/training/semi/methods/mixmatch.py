"""Every clip is mixed with another one, and so are their labels, given or guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Beta
from torch.nn import functional

from skelgraph.data.dataset import Batch
from skelgraph.data.joining import join_batches
from skelgraph.training.learner import Learner
from skelgraph.training.semi.method import (
    WEAK,
    WEAK_AGAIN,
    Method,
    Selection,
    StepBatch,
    StepLosses,
)
from skelgraph.training.semi.methods.checking import AMOUNT, POSITIVE, SHARE, check_options
from skelgraph.training.semi.methods.matching import likeliest, shown
from skelgraph.training.semi.methods.ramps import linear_ramp
from skelgraph.training.semi.passes import logits_of, predict


@dataclass(frozen=True)
class MixMatchOptions:
    """How labels are guessed and clips mixed.

    Args:
        weight: Weight of the unlabelled loss once it is reached.
        full: Share of the steps at which it is reached; it rises linearly from 0.
        temperature: Sharpening of guessed labels; below 1 makes them surer.
        mixing: Both parameters of the Beta distribution of a clip's share in its mixture.

    Raises:
        ConfigError: If a value is out of range.
    """

    weight: float = 75.0
    full: float = 1.0
    temperature: float = 0.5
    mixing: float = 0.75

    def __post_init__(self) -> None:
        check_options(
            "mixmatch", self, weight=AMOUNT, full=SHARE, temperature=POSITIVE, mixing=POSITIVE
        )


class MixMatch(Method):
    """Minimise CE on mixtures of labelled clips + weight(t) * squared error on the others.

    A clip's guessed label is the mean prediction for its two weak views, sharpened; both views
    are taught it. Every clip of a step is mixed with a random one, labelled or not, of which its
    share is the smaller. Chance comes from torch's global generator.

    Source:
        Berthelot et al. 2019, arXiv:1905.02249, algorithm 1 and equations 2 to 4 and 7 to 11.
        The guesses come from evaluation, and all mixtures run in one pass. What of two skeletons
        mixes: see `mix`.
    """

    views: ClassVar[tuple[str, ...]] = (WEAK, WEAK_AGAIN)

    def losses(self, learners: Sequence[Learner], batch: StepBatch, *, share: float) -> StepLosses:
        learner, labelled = learners[0], batch.labelled
        unlabelled = [batch.views[name] for name in self.views]
        probabilities = mean_probabilities(learner, unlabelled)
        guess = sharpen(probabilities, temperature=self.options.temperature)
        clips = join_batches([labelled, *unlabelled])
        targets = torch.cat([self._given(labelled.label), guess, guess])
        partners = torch.randperm(len(clips)).to(targets.device)
        shares = draw_shares(len(clips), mixing=self.options.mixing).to(targets)
        (logits,), extra = logits_of(learner, mix(clips, clips.select(partners), shares))
        mixed = mix_targets(targets, targets[partners], shares)
        first = len(labelled)
        supervised = functional.cross_entropy(logits[:first], mixed[:first])
        error = (logits[first:].softmax(1) - mixed[first:]).square().mean()
        weight = self.options.weight * linear_ramp(share, begin=0.0, full=self.options.full)
        terms = {
            "supervised": supervised.detach(),
            "unlabelled": error.detach(),
            **shown(probabilities, self.select(probabilities)),
        }
        return StepLosses((supervised + weight * error + extra,), terms)

    def select(self, probabilities: Tensor) -> Selection:
        """Take every clip: none is left out; see `Method.select`."""
        return likeliest(probabilities)

    def _given(self, labels: Tensor) -> Tensor:
        """Given labels as probabilities, smoothed, (N, classes)."""
        classes, smoothing = self.setting.num_classes, self.setting.label_smoothing
        return functional.one_hot(labels, classes).float() * (1 - smoothing) + smoothing / classes


def mean_probabilities(learner: Learner, views: Sequence[Batch]) -> Tensor:
    """Mean prediction for several views of the same clips, without gradient, (N, classes)."""
    return torch.stack([logits.softmax(1) for logits in predict(learner, *views)]).mean(0)


def sharpen(probabilities: Tensor, *, temperature: float) -> Tensor:
    """Raise to the power 1 / temperature and normalise, (N, classes).

    Example:
        >>> sharpen(torch.tensor([[0.75, 0.25]]), temperature=0.5)
        tensor([[0.9000, 0.1000]])
    """
    return (probabilities.clamp(min=1e-30).log() / temperature).softmax(1)


def draw_shares(count: int, *, mixing: float) -> Tensor:
    """Draw each clip's own share in its mixture, in [0.5, 1], (count,)."""
    drawn = Beta(mixing, mixing).sample((count,))
    return torch.maximum(drawn, 1 - drawn)


def mix_targets(own: Tensor, other: Tensor, shares: Tensor) -> Tensor:
    """Mix labels given as probabilities, (N, classes)."""
    return torch.lerp(other, own, shares[:, None])


def mix(own: Batch, other: Batch, shares: Tensor) -> Batch:
    """Mix each clip with another, joint by joint.

    A joint moves towards the other's only where both are seen, in frames of both: elsewhere
    the other has no place, or an invented one. So a mixture has the joints, bodies and frames of
    the clip that has the larger share. Bones get shorter where the two point apart.

    Args:
        own: Clips, (N, C, T, V, M).
        other: As many, as long.
        shares: Share of the own clip, (N,).

    Returns:
        Mixtures with the labels and places of `own`.
    """
    both = own.visible & other.visible  # (N, T, V, M)
    weight = 1 - (1 - shares.to(own.positions))[:, None, None, None] * both
    positions = torch.lerp(other.positions, own.positions, weight[:, None])
    return replace(own, positions=positions)

"""Predictions for unlabelled clips are made surer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from skelgraph.training.learner import Learner
from skelgraph.training.semi.method import (
    WEAK,
    Method,
    Selection,
    Setting,
    StepBatch,
    StepLosses,
)
from skelgraph.training.semi.methods.checking import AMOUNT, SHARE, check_options
from skelgraph.training.semi.methods.matching import likeliest, shown
from skelgraph.training.semi.methods.ramps import linear_ramp
from skelgraph.training.semi.passes import logits_of


@dataclass(frozen=True)
class EntropyOptions:
    """How much the entropy counts.

    Args:
        weight: Weight of the mean entropy, in nats, at the end.
        full: Share of the steps at which it is reached, in a straight line from 0.

    Raises:
        ConfigError: If a value is out of range.
    """

    weight: float = 0.1
    full: float = 0.25

    def __post_init__(self) -> None:
        check_options("entropy", self, weight=AMOUNT, full=SHARE)


class EntropyMinimisation(Method):
    """Minimise L_given + weight(t) mean(-sum p log p) of the weak views.

    There are no labels here, so nothing stops the gradient.

    Source:
        Grandvalet and Bengio 2004, "Semi-supervised learning by entropy minimization", NIPS 17,
        equation 4. There the weight is constant, between 0 and 1.
    """

    views: ClassVar[tuple[str, ...]] = (WEAK,)

    def __init__(self, options: EntropyOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        self.factor = 0.0

    def losses(self, learners: Sequence[Learner], batch: StepBatch, *, share: float) -> StepLosses:
        self.factor = linear_ramp(share, begin=0.0, full=self.options.full)
        (given, weak), extra = logits_of(learners[0], batch.labelled, batch.views[WEAK])
        supervised = self.supervised(given, batch.labelled)
        unlabelled = mean_entropy(weak)
        probabilities = weak.detach().softmax(1)
        terms = {
            "supervised": supervised.detach(),
            "unlabelled": unlabelled.detach(),
            **shown(probabilities, self.select(probabilities)),
        }
        total = supervised + self.options.weight * self.factor * unlabelled
        return StepLosses((total + extra,), terms)

    def select(self, probabilities: Tensor) -> Selection:
        """Take every clip as what it is drawn to, with the share of the full weight reached."""
        selection = likeliest(probabilities)
        return Selection(selection.labels, selection.weights * self.factor)

    def state_dict(self) -> dict[str, Any]:
        return {"factor": self.factor}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.factor = float(state["factor"])


def mean_entropy(logits: Tensor) -> Tensor:
    """Mean entropy of predictions, in nats; scalar.

    Args:
        logits: Shape (N, classes).

    Example:
        >>> import torch
        >>> round(float(mean_entropy(torch.zeros(3, 4))), 4)
        1.3863
    """
    logs = logits.log_softmax(1)
    return -(logs.exp() * logs).sum(1).mean()

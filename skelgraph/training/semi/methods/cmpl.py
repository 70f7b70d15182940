"""Cross-model pseudo-labels: two models of different width teach each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from skelgraph.training.learner import Learner
from skelgraph.training.semi.method import (
    STRONG,
    WEAK,
    Method,
    Selection,
    Setting,
    StepBatch,
    StepLosses,
)
from skelgraph.training.semi.methods.checking import AMOUNT, PROBABILITY, check_options
from skelgraph.training.semi.methods.fixmatch import FixedThreshold
from skelgraph.training.semi.methods.matching import shown, taught_loss
from skelgraph.training.semi.passes import logits_of, predict


@dataclass(frozen=True)
class CmplOptions:
    """What a model takes from the other.

    Args:
        threshold: Least probability of the likeliest class.
        weight: Weight of the unlabelled loss of each model.

    Raises:
        ConfigError: If a value is out of range.
    """

    threshold: float = 0.95
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_options("cmpl", self, threshold=PROBABILITY, weight=AMOUNT)


class Cmpl(Method):
    """Minimise L_given + weight * mean(1[max p >= threshold] CE(argmax p, q)) of each model.

    Here p is the other model's prediction for the weak view, without gradient, and q the model's
    own for the strong view. The wider model is the result.

    Source:
        Xu et al. 2022, arXiv:2112.09690; its auxiliary network is a narrower one of the family,
        here the model at a quarter of the width. Both models see the same strong view.
        Threshold and weight are FixMatch's.
    """

    views: ClassVar[tuple[str, ...]] = (WEAK, STRONG)
    second_model: ClassVar[str] = "quarter"

    def __init__(self, options: CmplOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        self.rule = FixedThreshold(options.threshold, device=setting.device)

    def losses(self, learners: Sequence[Learner], batch: StepBatch, *, share: float) -> StepLosses:
        first, second = (predict(learner, batch.views[WEAK])[0].softmax(1) for learner in learners)
        wide, its_terms = self._learn(learners[0], batch, second)
        narrow, other_terms = self._learn(learners[1], batch, first)
        more = {f"second_{name}": term for name, term in other_terms.items()}
        return StepLosses((wide, narrow), {**its_terms, **more})

    def select(self, probabilities: Tensor) -> Selection:
        """Apply the threshold to one model's predictions; see `Method.select`."""
        return self.rule.select(probabilities)

    def _learn(
        self, learner: Learner, batch: StepBatch, probabilities: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss and terms of a model, from the other's probabilities for the weak view."""
        selection = self.rule.select(probabilities)
        (given, strong), extra = logits_of(learner, batch.labelled, batch.views[STRONG])
        supervised = self.supervised(given, batch.labelled)
        unlabelled = taught_loss(strong, selection)
        terms = {
            "supervised": supervised.detach(),
            "unlabelled": unlabelled.detach(),
            **shown(probabilities, selection),
        }
        return supervised + self.options.weight * unlabelled + extra, terms

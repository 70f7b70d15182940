"""Every unlabelled clip is taught as its likeliest class, with a weight that rises."""

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
from skelgraph.training.semi.methods.checking import AMOUNT, SHARE, Range, check_options
from skelgraph.training.semi.methods.matching import likeliest, shown, taught_loss
from skelgraph.training.semi.methods.ramps import linear_ramp
from skelgraph.training.semi.passes import logits_of, predict


@dataclass(frozen=True)
class PseudoLabelOptions:
    """When pseudo-labels begin to count, and how much.

    Args:
        weight: Weight of their loss at the end.
        begin: Share of the steps after which it begins to rise from 0.
        full: Share of the steps at which it is reached.

    Raises:
        ConfigError: If a value is out of range.
    """

    weight: float = 3.0
    begin: float = 0.1
    full: float = 0.6

    def __post_init__(self) -> None:
        later = Range(
            f"a share of at least begin ({self.begin})", lambda full: self.begin <= full <= 1
        )
        check_options("pseudo_label", self, weight=AMOUNT, begin=SHARE, full=later)


class PseudoLabel(Method):
    """Minimise L_given + alpha(t) L_pseudo, labels renewed at each step.

    Source:
        Lee 2013, "Pseudo-Label", ICML workshop on challenges in representation learning,
        equations 15 and 16. There the labels come from the pass that learns, dropout included;
        here from the model in evaluation, on the same view.
    """

    views: ClassVar[tuple[str, ...]] = (WEAK,)

    def __init__(self, options: PseudoLabelOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        self.factor = 0.0

    def losses(self, learners: Sequence[Learner], batch: StepBatch, *, share: float) -> StepLosses:
        options, learner, weak = self.options, learners[0], batch.views[WEAK]
        self.factor = linear_ramp(share, begin=options.begin, full=options.full)
        (certain,) = predict(learner, weak)
        probabilities = certain.softmax(1)
        selection = likeliest(probabilities)
        (given, taught), extra = logits_of(learner, batch.labelled, weak)
        supervised = self.supervised(given, batch.labelled)
        unlabelled = taught_loss(taught, selection)
        terms = {
            "supervised": supervised.detach(),
            "unlabelled": unlabelled.detach(),
            **shown(probabilities, self.select(probabilities)),
        }
        total = supervised + options.weight * self.factor * unlabelled
        return StepLosses((total + extra,), terms)

    def select(self, probabilities: Tensor) -> Selection:
        """Take every clip, with the share of the full weight that was reached."""
        selection = likeliest(probabilities)
        return Selection(selection.labels, selection.weights * self.factor)

    def state_dict(self) -> dict[str, Any]:
        return {"factor": self.factor}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.factor = float(state["factor"])

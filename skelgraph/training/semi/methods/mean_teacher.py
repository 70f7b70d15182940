"""The averaged weights teach the latest ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

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
from skelgraph.training.semi.methods.checking import AMOUNT, SHARE, check_options
from skelgraph.training.semi.methods.matching import likeliest, shown
from skelgraph.training.semi.methods.ramps import bell_ramp
from skelgraph.training.semi.passes import logits_of, predict


@dataclass(frozen=True)
class MeanTeacherOptions:
    """How much agreement with the teacher counts.

    Args:
        weight: Weight of the squared distance at the end.
        full: Share of the steps at which it is reached, along exp(-5 (1 - t)^2).

    Raises:
        ConfigError: If a value is out of range.
    """

    weight: float = 10.0
    full: float = 0.25

    def __post_init__(self) -> None:
        check_options("mean_teacher", self, weight=AMOUNT, full=SHARE)


class MeanTeacher(Method):
    """Minimise L_given + weight(t) |p(strong) - p_teacher(weak)|^2.

    The teacher is the learner's moving average, in evaluation; its decay is `TrainOptions.ema`.
    The distance is summed over the classes: the paper's weight of 100 on their mean is, with its
    ten classes, 10 here.

    Source:
        Tarvainen and Valpola 2017, arXiv:1703.01780, equation 1 and section 3. There both sides
        see views of one kind and the teacher's has noise too, and labelled clips take part.
    """

    views: ClassVar[tuple[str, ...]] = (WEAK, STRONG)

    def __init__(self, options: MeanTeacherOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        self.factor = 0.0

    def losses(self, learners: Sequence[Learner], batch: StepBatch, *, share: float) -> StepLosses:
        learner = learners[0]
        self.factor = bell_ramp(share, full=self.options.full)
        (taught,) = predict(learner, batch.views[WEAK], averaged=True)
        target = taught.softmax(1)
        (given, strong), extra = logits_of(learner, batch.labelled, batch.views[STRONG])
        supervised = self.supervised(given, batch.labelled)
        unlabelled = (strong.softmax(1) - target).square().sum(1).mean()
        terms = {
            "supervised": supervised.detach(),
            "unlabelled": unlabelled.detach(),
            **shown(target, self.select(target)),
        }
        total = supervised + self.options.weight * self.factor * unlabelled
        return StepLosses((total + extra,), terms)

    def select(self, probabilities: Tensor) -> Selection:
        """Take every clip, with the share of the full weight that was reached.

        The likeliest class stands for the whole distribution, which is what is taught.
        """
        selection = likeliest(probabilities)
        return Selection(selection.labels, selection.weights * self.factor)

    def state_dict(self) -> dict[str, Any]:
        return {"factor": self.factor}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.factor = float(state["factor"])
